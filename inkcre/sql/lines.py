"""Lines of migrations: which tables each part of an application keeps, and how they came to be.

Each part has a line of its own, with a table for its revision, so that an application has the
tables of its parts and no others. The framework's line is in every application.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData

from inkcre.application import Application, refuse_clashes
from inkcre.errors import OperatorError
from inkcre.sql.tables import SCHEMA_HEAD, VERSION_TABLE, metadata

FORMER_VERSION_TABLE = "inkcre_schema"
"""Of the one history that made the framework's tables and the base's, until its 0005. The base's
line has gone on with it."""


@dataclass(frozen=True)
class Migrations:
    """What a part keeps in the database, and how its tables are made and changed."""

    folder: Path
    """Alembic's versions, without an environment: of an installed part an absolute path, of ours
    below ``migrations``."""

    metadata: MetaData
    """The tables as the code knows them. Each name begins with the part's and ``_``."""

    version_table: str
    """Where the revision is kept: the part's name and ``_schema``."""

    head: str
    """The revision that the code needs. Revisions are numbers of four digits, so that they sort as
    text."""


@dataclass(frozen=True)
class MigrationLine:
    """The migrations of one part of an application."""

    part: str
    migrations: Migrations

    def __str__(self) -> str:
        """Name the part, as errors do."""
        return f"extension {self.part}"

    def file_name(self, stem: str) -> str:
        """Return what a revision is called among those of all lines, in a folder for wrangler.

        Wrangler runs what it has not run yet, by the number at a name's begin and then by name, and
        remembers names: they may not depend on which other parts there are. The base's are those
        of the one history that was.
        """
        if self.migrations is FRAMEWORK:
            return f"0000_{self.part}_{stem}"
        if self.migrations.version_table == FORMER_VERSION_TABLE:
            return stem
        return f"10000_{self.part}_{stem}"


class ForeignTable(OperatorError):
    """Tell that a part keeps a table that is not called as the part's."""

    code = "foreign_table"


FRAMEWORK = Migrations(Path("framework"), metadata, VERSION_TABLE, SCHEMA_HEAD)
"""Small values, jobs and schedules."""


def lines_of(application: Application) -> tuple[MigrationLine, ...]:
    """Return an application's lines in the order in which they are run: the framework's first.

    Raises:
        BadReference: a part's reference names no migrations.
        ForeignTable: a part keeps a table that is not called as its own.
        Clash: two parts keep a table of one name.
    """
    lines = [MigrationLine(*brought) for brought in application.load_migrations(Migrations)]
    refuse_clashes((line, f"table {table}") for line in lines for table in _tables_of(line))
    return tuple(lines)


def _tables_of(line: MigrationLine) -> Iterator[str]:
    """Yield the names of all tables of a line, and refuse what is not called as its part's.

    The framework's and the base's are excepted: their names are those of existing deployments.
    """
    migrations, part = line.migrations, line.part
    if migrations is not FRAMEWORK and migrations.version_table != FORMER_VERSION_TABLE:
        if migrations.version_table != f"{part}_schema":
            raise _foreign(part, migrations.version_table, f"{part}_schema")
        for name in migrations.metadata.tables:
            if not name.startswith(f"{part}_"):
                raise _foreign(part, name, f"{part}_{name}")
    yield from (migrations.version_table, *migrations.metadata.tables)


def _foreign(part: str, name: str, wanted: str) -> ForeignTable:
    said = f"extension {part}: table {name}: its name does not begin with {part}_"
    return ForeignTable(said, hint=f"call it {wanted}")
