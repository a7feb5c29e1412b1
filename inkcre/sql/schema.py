"""The database's schema: which revision each line of it has, and bringing all up to date.

Alembic is imported only by the functions that need it: the application must not load it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from sqlalchemy import (
    Connection,
    Text,
    column,
    inspect,
    literal_column,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from inkcre.errors import Misconfigured, SchemaBehind, Unavailable, Unsupported
from inkcre.ports.database import Database, Migratable, Statement
from inkcre.sql.lines import FORMER_VERSION_TABLE, FRAMEWORK, MigrationLine

Revisions = Mapping[str, str | None]
"""Revisions by the names of parts, in the order of their lines; None where there is no schema."""

FORMER_REVISIONS: Mapping[str, str] = {
    "0002": "0001",
    "0003": "0001",
    "0004": "0002",
    "0005": "0002",
}
"""Which revision of the framework's line a base has that was made by the one history before, by
that history's revision: its tables are there, and none says so."""

LOCK_KEY = 0x696E6B637265
"""An arbitrary number, the same for everybody who migrates."""

_one_at_a_time = threading.Lock()
"""Alembic keeps its state in module globals."""


@cache
def _select_revisions(version_tables: tuple[str, ...]) -> Statement:
    """Return the statement that reads the revisions of several lines at once."""
    return Statement(
        union_all(
            *(
                select(literal_column(f"'{name}'", Text), column("version_num", Text)).select_from(
                    table(name)
                )
                for name in version_tables
            )
        )
    )


def read_revisions(database: Database, lines: Sequence[MigrationLine]) -> Revisions:
    """Return the revision of each line."""
    names = tuple(line.migrations.version_table for line in lines)
    try:
        found = _read(database, names)
    except SchemaBehind:  # one is not there: they are asked for one by one
        asked = dict.fromkeys((*names, FORMER_VERSION_TABLE))
        found = {name: _read_alone(database, name) for name in asked}
        if found.get(FRAMEWORK.version_table) is None:
            former = found[FORMER_VERSION_TABLE]
            found[FRAMEWORK.version_table] = FORMER_REVISIONS.get(former or "")
    return {line.part: found.get(line.migrations.version_table) for line in lines}


def _read(database: Database, version_tables: tuple[str, ...]) -> dict[str, str | None]:
    """Read what tables of revisions say, of those that are not empty.

    Raises:
        SchemaBehind: one of them is not there.
        Misconfigured: one of them says two things.
    """
    found: dict[str, str | None] = {}
    for name, revision in database.read(_select_revisions(version_tables)()):
        if str(name) in found:
            raise Misconfigured(
                f"database: {name} has several rows, {found[str(name)]} and {revision} among them:"
                " which revision the schema has cannot be told",
                hint=f"delete all rows of {name} but that of its last migration",
            )
        found[str(name)] = str(revision)
    return found


def _read_alone(database: Database, version_table: str) -> str | None:
    try:
        return _read(database, (version_table,)).get(version_table)
    except SchemaBehind:
        return None


def is_made(database: Database) -> bool:
    """Tell whether there is a base, of whatever revision, and made for whatever parts."""
    names = (FRAMEWORK.version_table, FORMER_VERSION_TABLE)
    return any(_read_alone(database, name) for name in names)


def is_at_head(database: Database, lines: Sequence[MigrationLine]) -> bool:
    """Tell whether every line has the revision that this version needs."""
    return read_revisions(database, lines) == heads_of(lines)


def heads_of(lines: Sequence[MigrationLine]) -> Revisions:
    """Return the revision of each line that this version needs."""
    return {line.part: line.migrations.head for line in lines}


def describe(revisions: Revisions) -> str:
    """Say which revision each line has."""
    return ", ".join(f"{part} at {revision or 'nothing'}" for part, revision in revisions.items())


def is_behind(revisions: Revisions, lines: Sequence[MigrationLine]) -> bool:
    """Tell whether an upgrade has something to do."""
    return any((revisions[line.part] or "") < line.migrations.head for line in lines)


def require_head(database: Database, lines: Sequence[MigrationLine]) -> None:
    """Raise unless the schema is the one that this version needs.

    Raises:
        SchemaBehind: it is not, and of which lines; the hint is the command to run.
    """
    revisions = read_revisions(database, lines)
    for line in lines:
        if (revisions[line.part] or "") > line.migrations.head:
            raise _unknown_revision(line, revisions)
    behind = [line for line in lines if revisions[line.part] != line.migrations.head]
    if behind:
        said = "; ".join(
            f"the schema of {line.part} is at {revisions[line.part] or 'nothing'},"
            f" this version needs {line.migrations.head}"
            for line in behind
        )
        raise SchemaBehind(f"database: {said}", hint=database.migrate_hint)


def migrate(database: Database, lines: Sequence[MigrationLine]) -> str | None:
    """Bring the schema up to date, all lines in one transaction; do nothing when it is.

    Where the base is a file, a copy of it is kept before it changes, called by its revisions; an
    empty one needs none.

    Args:
        database: what is changed.
        lines: in the order in which they are run.

    Returns:
        Where the copy is, None when there is none.
    """
    if not isinstance(database, Migratable):
        raise Unsupported(
            "database: its schema is not changed from here", hint=database.migrate_hint
        )
    from inkcre.sql.revisions import require_versions  # not by who only asks for revisions

    for line in lines:
        require_versions(line)
    revisions = read_revisions(database, lines)
    # Before a transaction, which on SQLite takes the write lock: a command that lists what is there
    # would wait for whoever writes.
    if revisions == heads_of(lines):
        return None
    had = {part: revision for part, revision in revisions.items() if revision}
    # An upgrade that went wrong could only be undone from a backup, which a laptop seldom has.
    name = ".".join(f"{part}-{revision}" for part, revision in had.items())
    kept = database.keep_copy(name) if had and is_behind(revisions, lines) else None
    engine = database.migration_engine()
    try:
        with (
            _one_at_a_time,
            _translated(),
            engine.connect() as connection,
            connection.begin(),
        ):
            _take_turn(connection)
            for line in lines:
                _upgrade(connection, line, revisions)
    finally:
        engine.dispose()
    return kept


def _take_turn(connection: Connection) -> None:
    """Wait until nobody else migrates; whoever comes second finds nothing to do."""
    if connection.dialect.name == "postgresql":
        # Waiting for one's turn, and changing large tables, take as long as they take.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


def _upgrade(connection: Connection, line: MigrationLine, revisions: Revisions) -> None:
    from alembic import command
    from alembic.util import CommandError

    from inkcre.sql.revisions import alembic_config

    config = alembic_config(line)
    config.attributes["connection"] = connection
    try:
        former = _find_former(connection) if line.migrations is FRAMEWORK else None
        if former:
            command.stamp(config, former)
        command.upgrade(config, line.migrations.head)
    except CommandError as error:
        raise _unknown_revision(line, revisions) from error


def _find_former(connection: Connection) -> str | None:
    """Return what the one history before has made of the framework's line; None where it has not.

    Looked at again in the transaction, where nobody else changes it.
    """
    has_table = inspect(connection).has_table
    if has_table(FRAMEWORK.version_table) or not has_table(FORMER_VERSION_TABLE):
        return None
    former = select(column("version_num", Text)).select_from(table(FORMER_VERSION_TABLE))
    return FORMER_REVISIONS.get(connection.execute(former).scalar() or "")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        # SQLite has one class of error for a table that is there already and for a file that is
        # busy: only the text tells them apart.
        if isinstance(error, (OperationalError, InterfaceError)) and "already exists" not in str(
            error.orig
        ):
            raise Unavailable("database: no answer while the schema was being changed") from error
        raise Misconfigured(
            "database: has tables of these names that are not this program's",
            hint="use an empty database; nothing was changed. If they are, no revision is there:"
            " restore a backup, or put it back into the table that says it",
        ) from error
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise Misconfigured(f"database.path: {reason}") from error


def _unknown_revision(line: MigrationLine, revisions: Revisions) -> SchemaBehind:
    return SchemaBehind(
        f"database: the schema of {line.part} is at {revisions[line.part]}, which this version does"
        " not know",
        hint=f"use the version that made it; this one ends at {line.migrations.head}",
    )
