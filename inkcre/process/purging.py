"""Deleting what an extension has kept in a base: its tables, its schedules and its jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    Delete,
    Dialect,
    MetaData,
    Table,
    Text,
    delete,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects.postgresql import dialect as postgresql
from sqlalchemy.dialects.sqlite import dialect as sqlite
from sqlalchemy.schema import DropTable

from inkcre.discovery import find_extension
from inkcre.errors import Conflict, Unsupported
from inkcre.extension import load_reference
from inkcre.jobs.kinds import JobKind
from inkcre.ports.database import Database, Migratable
from inkcre.sections.settings import Settings
from inkcre.sql.lines import MigrationLine, Migrations
from inkcre.sql.tables import jobs, schedules


@dataclass(frozen=True)
class Belongings:
    """What of a base is an extension's."""

    line: MigrationLine | None
    kinds: tuple[str, ...]
    """Its kinds of jobs."""

    def tables(self) -> list[Table]:
        """Return its tables, those first that refer to others, and the one of its revision."""
        if self.line is None:
            return []
        migrations = self.line.migrations
        version = Table(migrations.version_table, MetaData(), Column("version_num", Text))
        return [*reversed(migrations.metadata.sorted_tables), version]

    def statements(self) -> Iterator[Delete | DropTable]:
        """Yield what deletes all of it."""
        for table in (jobs, schedules):
            yield delete(table).where(table.c.kind.in_(self.kinds))
        for table in self.tables():
            yield DropTable(table, if_exists=True)


def find_belongings(settings: Settings, name: str) -> Belongings:
    """Return what of a base is an extension's, by its record.

    Raises:
        Conflict: it is enabled.
        UnknownExtension: it is not installed, so that nobody knows what is its.
        BadReference: its record names what is not there.
    """
    application = settings.application
    if any(part.name == name for part in application.enabled):
        raise Conflict(
            f"extension {name}: is enabled", hint=f"run `inkcre extensions disable {name}` first"
        )
    part = find_extension(application, name)
    line = None
    if part.migrations:
        line = MigrationLine(name, load_reference(part.migrations, Migrations, of=part))
    kinds = (load_reference(reference, JobKind, of=part).name for reference in part.jobs)
    return Belongings(line, tuple(kinds))


def count_rows(database: Database, belongings: Belongings) -> dict[str, int]:
    """Return how many rows of it there are, by table; of what is not there nothing.

    Raises:
        Unsupported: the database's schema is not changed from here.
    """
    with _connect(database) as connection:
        there = set(inspect(connection).get_table_names())
        counts = {
            table.name: _count(connection, table)
            for table in belongings.tables()
            if table.name in there
        }
        for table in (jobs, schedules):
            rows = _count(connection, table, belongings.kinds)
            if rows:
                counts[f"{table.name} of its kinds"] = rows
    return counts


def _count(connection: Connection, table: Table, kinds: tuple[str, ...] | None = None) -> int:
    counted = select(func.count()).select_from(table)
    if kinds is not None:
        counted = counted.where(table.c.kind.in_(kinds))
    return int(connection.execute(counted).scalar_one())


def purge_rows(database: Database, belongings: Belongings) -> None:
    """Delete all of it, in one transaction.

    Raises:
        Unsupported: the database's schema is not changed from here.
    """
    with _connect(database) as connection:
        for statement in belongings.statements():
            connection.execute(statement)


@contextmanager
def _connect(database: Database) -> Iterator[Connection]:
    if not isinstance(database, Migratable):
        raise Unsupported(
            "database: its schema is not changed from here",
            hint="run what `inkcre extensions purge NAME --sql` writes",
        )
    engine = database.migration_engine()
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def render_for(belongings: Belongings, kind: str) -> str:
    """Write what deletes all of it as SQL, for a kind of databases.

    Of D1 also what wrangler remembers to have run: else it would not make the tables again.
    https://developers.cloudflare.com/d1/reference/migrations/
    """
    dialects: dict[str, type[Dialect]] = {"postgres": postgresql, "hyperdrive": postgresql}
    dialect = dialects.get(kind, sqlite)()
    lines = [
        str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        for statement in belongings.statements()
    ]
    if kind == "d1" and belongings.line:
        begin = belongings.line.file_name("")
        lines.append(
            f"DELETE FROM d1_migrations WHERE substr(name, 1, {len(begin)}) = '{begin}'"  # noqa: S608 - a name of ours
        )
    return "".join(f"{' '.join(line.split())};\n" for line in lines)
