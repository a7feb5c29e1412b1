"""A base as it is at one moment, in a file of SQLite, while others go on writing.

Of an SQLite base a copy is taken; of another one the rows are copied by a session that sees one
moment only: https://www.postgresql.org/docs/current/transaction-iso.html#XACT-REPEATABLE-READ
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, cast

from sqlalchemy import Connection, Executable, text

from inkcre.context import Components
from inkcre.errors import Unsupported
from inkcre.ports.database import (
    MIGRATE_HINT,
    Call,
    DatabaseCapabilities,
    Lifetime,
    Migratable,
    Row,
)
from inkcre.transfer.copies.bases import copy_rows, plan_move

ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class Snapshot:
    """A PostgreSQL database as it was when this was made. It is read, and nothing else."""

    lifetime: ClassVar[Lifetime] = "process"
    migrate_hint: ClassVar[str] = MIGRATE_HINT
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "postgresql", is_shared=True, can_migrate=False
    )

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing."""
        clause = cast(Executable, call.statement.clause)
        found = self._connection.execute(clause, dict(call.parameters))
        return [tuple(row) for row in found]

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Refuse: nothing is changed here."""
        raise Unsupported(f"a snapshot is only read, and not given {len(calls)} statements")

    def ping(self) -> None:
        """Do nothing: the session is there, or reading says that it is not."""

    def close(self) -> None:
        """Do nothing: who has made the session ends it."""


@contextmanager
def hold_moment(source: Components) -> Iterator[Components]:
    """Return a base's components, whose database stays as it is now.

    Raises:
        Unsupported: its database is not reached from a process.
    """
    database = source.database
    if not isinstance(database, Migratable):
        raise Unsupported("database: is not read as a whole from here", hint=database.migrate_hint)
    engine = database.migration_engine()
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(ONE_MOMENT)
            yield replace(source, database=Snapshot(connection))
    finally:
        engine.dispose()


def copy_moment(source: Components, target: Components) -> list[str]:
    """Copy a base as it is now into an empty one; return what cannot be taken along."""
    with hold_moment(source) as held:
        move = plan_move(held, target)
        for _ in copy_rows(move):
            pass
    return move.refused
