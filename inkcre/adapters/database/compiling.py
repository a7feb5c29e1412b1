"""Statements to constant text, once each: shared by the SQL adapters beside it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Dialect

from inkcre.ports.database import Call, Statement

Parameters = Mapping[str, Any] | tuple[Any, ...]


class CompiledStatement:
    """A statement's text in one dialect, and how its parameters are handed to the driver."""

    __slots__ = ("arrange", "counts", "names", "text")

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.clause.compile(dialect=dialect)
        self.text = str(compiled)
        self.counts = statement.counts
        # The only place that has the names that SQLAlchemy makes up.
        self.names = tuple(
            [entry.keyname for entry in getattr(compiled, "_result_columns", None) or ()]
        )
        # What SQLAlchemy adds by itself, such as SQLite's OFFSET, comes with its value.
        own = {name: value for name, value in compiled.params.items() if value is not None}
        positions = getattr(compiled, "positiontup", None)
        names = tuple(positions) if positions is not None else None
        self.arrange = _arrangement(names, own)


def _arrangement(
    names: tuple[str, ...] | None, own: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], Parameters]:
    if names is None:
        return (lambda values: {**own, **values}) if own else (lambda values: values)
    if own:
        return lambda values: tuple([values[n] if n in values else own[n] for n in names])
    return lambda values: tuple([values[n] for n in names])


class StatementCache:
    """Keep compiled statements by identity. Two threads may compile one twice: both are right."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[Statement, CompiledStatement] = {}

    def get(self, statement: Statement) -> CompiledStatement:
        """Return a statement's text, compiled when it is first asked for."""
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = self._compiled[statement] = CompiledStatement(statement, self._dialect)
        return compiled


LARGE_CHARACTERS = 4 * 1024 * 1024
"""Of a value that is worth a new connection. Batches of imports are smaller."""


def has_large(calls: Iterable[Call]) -> bool:
    """Tell whether one of the values is so large that nobody should keep it by accident.

    sqlite3 keeps prepared statements, each with the values that it was given last, and has no call
    that lets go of them: https://www.sqlite.org/c3ref/clear_bindings.html
    """
    return any(
        isinstance(value, (str, bytes)) and len(value) >= LARGE_CHARACTERS
        for call in calls
        for value in call.parameters.values()
    )
