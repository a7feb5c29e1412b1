"""The rules about migrations: one schema on each database, and that is the one of the code."""

import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, inspect, text

from inkcre.assembly.assembly import build_database
from inkcre.errors import InkcreError, last_line
from inkcre.ports.database import Migratable
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.sql.ddl import complete
from inkcre.sql.lines import MigrationLine, Migrations, lines_of
from inkcre.sql.revisions import render_revisions
from inkcre.testing.extension.candidate import POSTGRES_VARIABLE, Candidate
from inkcre.testing.extension.names import NAMES
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule, NotAsked

RENDER = "let the migration tell by op what is done, and read no rows: D1 is given SQL in text"
MEND = "write a migration that makes what the tables say, or mend the tables"


def find_on_sqlite(candidate: Candidate) -> Iterator[Breach]:
    """Yield how the schema that is made on SQLite is another than the tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.sqlite3"
        yield from _migrate_and_compare(candidate, "dev", {"database.path": str(path)}, "SQLite")


def find_on_d1(candidate: Candidate) -> Iterator[Breach]:
    """Yield how the schema that wrangler makes of the files for a D1 is another than the tables."""
    line = _line_of(candidate)
    if line is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d1.sqlite3"
        try:
            files = render_revisions("sqlite", lines_of(candidate.application))
            with closing(sqlite3.connect(path)) as connection:
                for _, sql in files:
                    connection.executescript(sql)
        except Exception as error:  # noqa: BLE001 - a migration raises what it likes
            yield Breach(_place(line, "D1"), f"cannot be made: {_tell(error)}", RENDER)
            return
        engine = create_engine(f"sqlite:///{path}")
        yield from _compare(engine, line, candidate, "D1")


def find_on_postgres(candidate: Candidate) -> Iterator[Breach]:
    """Yield how the schema that is made on PostgreSQL is another than the tables.

    It is made in a namespace of its own, which is dropped again.

    Raises:
        NotAsked: no database was given.
    """
    if _line_of(candidate) is None:
        return
    if not candidate.postgres_url:
        raise NotAsked(
            f"not run: no PostgreSQL was given; set {POSTGRES_VARIABLE}, or pass postgres_url, to a"
            " database in which a schema may be made and dropped again"
        )
    namespace = f"inkcre_kit_{uuid.uuid4().hex}"
    sign = "&" if "?" in candidate.postgres_url else "?"
    url = f"{candidate.postgres_url}{sign}options={quote(f'-csearch_path={namespace}')}"
    database = build_database(load_settings(
        "server", application=candidate.base, overrides={"database.url": url}, environ={}
    ))  # fmt: skip
    assert isinstance(database, Migratable)
    engine = database.migration_engine()
    _execute(engine, f"CREATE SCHEMA {namespace}")
    try:
        yield from _migrate_and_compare(candidate, "server", {"database.url": url}, "PostgreSQL")
    finally:
        _execute(engine, f"DROP SCHEMA {namespace} CASCADE")
        engine.dispose()
        database.close()


def _execute(engine: Engine, statement: str) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(text(statement))


def _line_of(candidate: Candidate) -> MigrationLine | None:
    lines = lines_of(candidate.application)
    return next((line for line in lines if line.part == candidate.extension.name), None)


def _migrate_and_compare(
    candidate: Candidate, profile: str, overrides: dict[str, object], on: str
) -> Iterator[Breach]:
    line = _line_of(candidate)
    if line is None:
        return
    settings = load_settings(profile, application=candidate.base, overrides=overrides, environ={})
    database = build_database(settings)
    assert isinstance(database, Migratable)
    try:
        schema.migrate(database, lines_of(candidate.application))
    except Exception as error:  # noqa: BLE001 - a migration raises what it likes
        yield Breach(_place(line, on), f"cannot be made: {_tell(error)}", MEND)
    else:
        yield from _compare(database.migration_engine(), line, candidate, on)
    finally:
        database.close()


def _tell(error: Exception) -> str:
    """Return what an error says; of one that was translated, what it was."""
    cause = error.__cause__
    if isinstance(error, InkcreError) and not cause:
        return error.message
    return last_line(cause or error)


def _place(line: MigrationLine, on: str) -> str:
    return f"migrations, on {on}: {line.migrations.folder}"


def _compare(
    engine: Engine, line: MigrationLine, candidate: Candidate, on: str
) -> Iterator[Breach]:
    """Yield how the tables of a line are others in a database than in the code."""
    with engine.connect() as connection:
        facts = [*_list_differences(connection, line.migrations)]
        facts += _list_other_names(connection, line.migrations)
        facts += _list_strangers(connection, lines_of(candidate.application))
    engine.dispose()
    for fact in facts:
        yield Breach(_place(line, on), fact, MEND)


def _list_differences(connection: Connection, kept: Migrations) -> Iterator[str]:
    """Yield what Alembic would change, of tables that are called as the line's are."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    prefix = kept.version_table.removesuffix("schema")

    def is_own(name: str | None, kind: str, parents: Mapping[str, object]) -> bool:
        table = str((name if kind == "table" else parents.get("table_name")) or "")
        is_asked = kind == "schema" or table.startswith(prefix)
        return is_asked and table != kept.version_table

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": is_own}
    )
    for difference in compare_metadata(context, complete(kept.metadata)):
        for step in difference if isinstance(difference, list) else [difference]:
            yield f"the tables would have to be changed: {_name_step(step)}"


def _list_strangers(connection: Connection, lines: Sequence[MigrationLine]) -> Iterator[str]:
    """Yield the tables that were made and that no line knows."""
    known = {line.migrations.version_table for line in lines}
    known |= {name for line in lines for name in line.migrations.metadata.tables}
    for name in sorted(set(inspect(connection).get_table_names()) - known):
        yield f"the table {name} is made, and is none of the tables"


def _name_step(step: Sequence[object]) -> str:
    """Name a step of Alembic's: what is done, and to what."""
    told = [part for part in step[1:] if isinstance(part, str)]
    for part in step[1:]:
        name = getattr(part, "name", None)
        if isinstance(name, str):
            table = getattr(getattr(part, "table", None), "name", None)
            told.append(f"{table}.{name}" if table else name)
    return f"{step[0]} {' '.join(told)}".strip()


def _list_other_names(connection: Connection, kept: Migrations) -> Iterator[str]:
    """Yield the constraints of the code that the database has by no name, or by another one.

    Alembic compares no primary keys and no names, and a later migration names what it drops.
    """
    inspector = inspect(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    present = set(inspector.get_table_names())
    for name, table in kept.metadata.tables.items():
        if name not in present:
            continue  # told already
        found = {key["name"] for key in inspector.get_foreign_keys(name)}
        found |= {key["name"] for key in inspector.get_unique_constraints(name)}
        found |= {key["name"] for key in inspector.get_check_constraints(name)}
        found.add(inspector.get_pk_constraint(name)["name"])
        for constraint in table.constraints:
            wanted = str(constraint.name or "")
            # SQLite gives a numbering key no name.
            is_numbered = (
                is_sqlite
                and constraint is table.primary_key
                and any(column.identity for column in table.columns)
            )
            if wanted and wanted not in found and not is_numbered:
                yield f"table {name}: the constraint {wanted} is not there by that name"


ON_SQLITE = ExtensionRule(
    "migrations-sqlite", "the migrations make on SQLite what the tables say", find_on_sqlite,
    after=(REFERENCES, NAMES),
)  # fmt: skip
ON_D1 = ExtensionRule(
    "migrations-d1", "the migrations make on D1 what the tables say, as SQL in text", find_on_d1,
    after=(REFERENCES, NAMES),
)  # fmt: skip
ON_POSTGRES = ExtensionRule(
    "migrations-postgres", "the migrations make on PostgreSQL what the tables say",
    find_on_postgres, after=(REFERENCES, NAMES),
)  # fmt: skip
