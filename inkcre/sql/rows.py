"""Rows as records: a query names the dataclass that each of its rows is.

A column reaches the field of the same name. Whether a statement gives what its record needs is
checked once, when the statement is made, which is when its module is imported:
a row costs no check.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast, get_args, get_origin

from sqlalchemy import ReturnsRows

from inkcre.errors import BadReference, DatabaseDamaged, InvariantBroken
from inkcre.ports.database import Database, Row, Statement

R = TypeVar("R")

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
"""What JSON can say."""

JSON_TEXT = {"decode": json.loads}
"""Metadata of a field whose column is JSON as text; NULL stays None."""

SHOWN_CHARACTERS = 200
"""How much is shown of a text that is no JSON."""


def _show_whatever(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return {"not_json": text[:SHOWN_CHARACTERS]}
    return found


def _show_object(text: str) -> Json:
    try:
        return _read_object(text)
    except (ValueError, TypeError):
        return {"not_json": "no object is there; it is not shown, for it may hold a secret"}


JSON_OR_NOT = {"decode": _show_whatever}
"""As ``JSON_TEXT``, of a row that is to be shown whatever is in it: ``not_json`` has that."""

OBJECT_OR_NOT = {"decode": _show_object}
"""As ``JSON_OR_NOT``, of an object with secrets: what is none is not shown."""


@dataclass(frozen=True)
class Id:
    """The id of a row that was added, changed or found."""

    id: int


class Query(Statement, Generic[R]):
    """A statement whose rows are records: frozen dataclasses without slots.

    Raises:
        BadReference: the names of the statement's columns are not those of the record's fields.
    """

    __slots__ = ("_decoders", "_names", "_record")

    def __init__(
        self,
        clause: ReturnsRows,
        record: type[R],
        *,
        is_durable: bool = True,
        adds_jobs: bool = False,
    ) -> None:
        """Pair a clause with the record that each of its rows is."""
        super().__init__(clause, is_durable=is_durable, adds_jobs=adds_jobs)
        wanted: Any = record
        found = fields(wanted)
        self._record = record
        self._names = tuple(str(name) for name in clause.exported_columns.keys())  # noqa: SIM118
        self._decoders = [
            (f.name, _decoder_of(f.metadata["decode"], f.type))
            for f in found
            if "decode" in f.metadata
        ]
        # SQLite and D1 have numbers for them.
        self._decoders += [(f.name, bool) for f in found if f.type in (bool, bool | None)]
        names = [f.name for f in found]
        if sorted(self._names) != sorted(names):
            raise BadReference(
                f"{record.__module__}.{record.__name__}: is no record of its statement, which gives"
                f" {', '.join(self._names)}; its fields are {', '.join(names)}"
            )

    @property
    def record(self) -> type[R]:
        """What each row is."""
        return self._record

    def records(self, rows: Iterable[Row]) -> list[R]:
        """Return the record of each row, for rows that came out of a batch."""
        return [self._make(row) for row in rows]

    def first(self, rows: Iterable[Row]) -> R | None:
        """Return the record of the first row; None when there is none."""
        return next(map(self._make, rows), None)

    def read(self, database: Database, **parameters: object) -> list[R]:
        """Run the statement by itself; return its records in order."""
        return self.records(database.read(self(**parameters)))

    def read_first(self, database: Database, **parameters: object) -> R | None:
        """Run the statement by itself; return its first record, None when it has no row."""
        return self.first(database.read(self(**parameters)))

    def _make(self, row: Row) -> R:
        # Past __init__: a frozen dataclass sets each field through object.__setattr__, which took
        # four times as long as the dictionary that it replaces, 0.4 ms of a page of a hundred.
        made = object.__new__(self._record)
        values = made.__dict__
        values.update(zip(self._names, row, strict=True))
        name = ""
        try:
            for name, decode in self._decoders:
                if values[name] is not None:
                    values[name] = decode(values[name])
        except (ValueError, TypeError, LookupError) as error:
            raise _never_written(name, values.get("id")) from error
        return made


def _decoder_of(decode: Callable[[str], Json], kind: object) -> Callable[[str], Json]:
    """Return what decodes a column for a field of a type; for an object it takes nothing else."""
    kinds = (get_origin(each) for each in (kind, *get_args(kind)))
    return _read_object if decode is json.loads and dict in kinds else decode


def _read_object(text: str) -> Json:
    found: Json = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(type(found).__name__)
    return found


def _never_written(name: str, id_: object) -> DatabaseDamaged:
    place = "a row" if id_ is None else f"the row with id {id_}"
    return DatabaseDamaged(
        f"database: {name} in {place} is nothing that was written there",
        hint="bring a backup back with `inkcre restore`, or mend the row by SQL",
    )


def count_of(rows: list[Row]) -> int:
    """Return how many rows a statement that counts has changed."""
    [[count]] = rows
    assert isinstance(count, int)
    return count


V = TypeVar("V")


class Values(Statement, Generic[V]):
    """A statement whose rows have one column, and so are values.

    Raises:
        InvariantBroken: it has another number of columns.
    """

    __slots__ = ()

    def __init__(self, clause: ReturnsRows, kind: type[V], *, is_durable: bool = True) -> None:
        """Take a clause, and what its values are: that is for readers, and is not checked."""
        super().__init__(clause, is_durable=is_durable)
        if len(clause.exported_columns) != 1:
            raise InvariantBroken(f"a row of these is no {kind.__name__} alone: {clause}")

    @staticmethod
    def values(rows: Iterable[Row]) -> list[V]:
        """Return the value of each row, for rows that came out of a batch."""
        # The statement was made with its kind: a row costs no check.
        return cast("list[V]", [row[0] for row in rows])

    def read(self, database: Database, **parameters: object) -> list[V]:
        """Run the statement by itself; return its values in order."""
        return self.values(database.read(self(**parameters)))

    def read_first(self, database: Database, **parameters: object) -> V | None:
        """Run the statement by itself; return its first value, None when it has no row."""
        return next(iter(self.read(database, **parameters)), None)

    def read_one(self, database: Database, **parameters: object) -> V:
        """Run a statement that always has a row, such as a count; return its value."""
        return self.read(database, **parameters)[0]
