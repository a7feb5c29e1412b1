"""Cloudflare D1, which is SQLite behind an HTTP call.

It has no transactions to hold open: ``batch`` runs a list of statements, all or nothing.
https://developers.cloudflare.com/d1/worker-api/d1-database/#batch

Pyodide is imported where it is used: what the adapter declares can be asked for anywhere.

Its limits: 100 bound parameters a statement, 2 MB a value, 100 KB a statement's text.
https://developers.cloudflare.com/d1/platform/limits/
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, TypeVar

from sqlalchemy import func, select, table
from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite_dialect

from inkcre.adapters.database.compiling import CompiledStatement, StatementCache
from inkcre.adapters.database.resultcodes import translate_code
from inkcre.errors import InkcreError, InvariantBroken, QuotaExceeded, TooLarge, Unavailable
from inkcre.javascript import JsProxy
from inkcre.ports.database import Call, DatabaseCapabilities, Lifetime, Row, Statement
from inkcre.sections.database import D1Settings

MAX_SAFE_INTEGER = 2**53 - 1
"""From here on Pyodide makes a BigInt, and D1 takes none."""

MAX_VALUE_BYTES = 2_000_000
"""How large a string, and a row, may be: https://developers.cloudflare.com/d1/platform/limits/.
What runs D1 locally takes more, so it is asked for here."""

COUNT_TABLES = Statement(select(func.count()).select_from(table("sqlite_schema")))
"""Read something that every database has."""

Result = TypeVar("Result")

STATEMENTS = StatementCache(sqlite_dialect())
"""Compiled once for all invocations."""


class D1Database:
    """A D1 database, for one invocation."""

    lifetime: ClassVar[Lifetime] = "invocation"
    migrate_hint: ClassVar[str] = (
        "run `npx wrangler d1 migrations apply` in the folder that `inkcre build` writes"
    )
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "sqlite", is_shared=True, can_migrate=False, max_value_bytes=MAX_VALUE_BYTES
    )

    def __init__(self, settings: D1Settings, lend: Callable[[], JsProxy]) -> None:
        self._setting = f"bindings.{settings.binding}"
        self._lend = lend

    @classmethod
    def prepare(cls, statements: Iterable[Statement]) -> None:
        """Compile statements ahead of their first use."""
        for statement in statements:
            STATEMENTS.get(statement)

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing, in one round trip."""
        from pyodide.ffi import run_sync

        def run() -> list[Row]:
            compiled, prepared = self._prepare(call)
            return _rows(compiled, run_sync(prepared.all()))

        return self._translated(run)

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one transaction and one round trip."""
        if not calls:
            return []
        from pyodide.ffi import run_sync, to_js

        def run() -> list[list[Row]]:
            prepared = [self._prepare(call) for call in calls]
            results = run_sync(self._lend().batch(to_js([statement for _, statement in prepared])))
            return [
                _rows(compiled, result)
                for (compiled, _), result in zip(prepared, results, strict=True)
            ]

        return self._translated(run)

    def ping(self) -> None:
        """Raise unless the database answers."""
        self.read(COUNT_TABLES())

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _prepare(self, call: Call) -> tuple[CompiledStatement, JsProxy]:
        compiled = STATEMENTS.get(call.statement)
        parameters = compiled.arrange(call.parameters)
        prepared = self._lend().prepare(compiled.text)
        return compiled, prepared.bind(*map(_to_javascript, parameters)) if parameters else prepared

    def _translated(self, work: Callable[[], Result]) -> Result:
        from pyodide.ffi import JsException

        try:
            return work()
        except JsException as error:
            raise translate(str(error), setting=self._setting) from error


def _to_javascript(value: object) -> JsProxy:
    from pyodide.ffi import jsnull, to_js

    if value is None:
        return jsnull
    if isinstance(value, (str, bytes)) and len(value) * 4 > MAX_VALUE_BYTES:
        size = len(value.encode() if isinstance(value, str) else value)
        if size > MAX_VALUE_BYTES:
            raise TooLarge(f"database: a value of {size} bytes; D1 takes {MAX_VALUE_BYTES}")
    if isinstance(value, int) and abs(value) >= MAX_SAFE_INTEGER:
        return str(value)  # a column of numbers compares it as a number all the same
    return to_js(value)


def _rows(compiled: CompiledStatement, result: JsProxy) -> list[Row]:
    if compiled.counts:
        return [(int(result.meta.changes),)]
    # Rows are objects by column's name. Their text crosses the border at once, and NULL with it;
    # as objects every value would cross alone.
    import js

    rows: list[Mapping[str, object]] = json.loads(js.JSON.stringify(result.results))
    return [tuple([_from_javascript(row[name]) for name in compiled.names]) for row in rows]


def _from_javascript(value: object) -> object:
    # A BLOB comes as a list of numbers.
    return bytes(value) if isinstance(value, list) else value


def translate(message: str, *, setting: str) -> InkcreError:
    """Translate into the port's words what D1 said.

    It says ``D1_ERROR: <SQLite's text>: <code> (extended: <code>)``, or that it cannot be reached:
    https://developers.cloudflare.com/d1/observability/debug-d1/
    """
    words = message.replace("(", " ").replace(")", " ").replace(":", " ").split()
    codes = [word for word in words if word.startswith("SQLITE_")]
    if "maximum DB size" in message:
        return QuotaExceeded("database: D1 has no room left")
    if "D1_TYPE_ERROR" in message:
        return InvariantBroken("database: D1 was given a value of a type that it has not")
    if not codes and "no such" not in message:
        return Unavailable("database: no answer from D1")
    return translate_code(
        codes[-1] if codes else "", message, setting=setting, migrate_hint=D1Database.migrate_hint
    )
