"""Migrations: one history, two dialects."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from inkcre.assembly.assembly import build_components
from inkcre.errors import SchemaBehind
from inkcre.graph.digests import block_digest
from inkcre.graph.tables import VERSION_TABLE
from inkcre.ports.database import Database, Migratable
from inkcre.sql import schema
from inkcre.sql.ddl import complete
from inkcre.sql.lines import MigrationLine
from inkcre.sql.revisions import migrations_folder, render_sql
from tests.conftest import DRIVERS, new_postgres_database, postgres_settings, sqlite_settings
from tests.lines import HEADS, LINES, METADATA


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.part)
def test_head_is_the_last_migration(line: MigrationLine) -> None:
    """The revision that the application asks for is the one that the line's migrations end at."""
    own = migrations_folder()
    script = ScriptDirectory(str(own), version_locations=[str(own / line.migrations.folder)])
    assert script.get_heads() == [line.migrations.head]


def test_migrated_schema_is_the_declared_one(migratable: Database) -> None:
    """Tables, columns, constraints and indexes of a migrated base are those of the code."""
    assert isinstance(migratable, Migratable)
    engine = migratable.migration_engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        of_all_lines: Any = [complete(each) for each in METADATA]
        differences = [
            d for d in compare_metadata(context, of_all_lines) if not is_version_table(d)
        ]
        tables = {name: table for each in METADATA for name, table in each.tables.items()}
        declared = {c.name for t in tables.values() for c in t.constraints if c.name}
        found: set[str | None] = set()
        for table in tables:
            inspector = inspect(connection)
            found |= {k["name"] for k in inspector.get_foreign_keys(table)}
            found |= {k["name"] for k in inspector.get_unique_constraints(table)}
            found.add(inspector.get_pk_constraint(table)["name"])
    engine.dispose()
    if migratable.capabilities.dialect == "sqlite":  # it gives a numbering key no name
        declared = {name for name in declared if not str(name).startswith("pk_")}
    assert differences == []
    assert {n for n in found if n and (n in declared or not n.startswith("pk_"))} == declared


def is_version_table(difference: Any) -> bool:
    """Alembic keeps its own table beside ours."""
    names = {line.migrations.version_table for line in LINES}
    return bool(difference[0] == "remove_table" and difference[1].name in names)


def test_migrating_again_does_nothing(migratable: Database) -> None:
    """At head there is nothing to do."""
    schema.migrate(migratable, LINES)
    assert schema.read_revisions(migratable, LINES) == HEADS
    schema.require_head(migratable, LINES)


@pytest.mark.parametrize("kind", ["sqlite", *DRIVERS])
def test_two_who_migrate_at_once_migrate_once(kind: str, tmp_path: Path) -> None:
    """The second waits and finds nothing to do."""
    if kind in DRIVERS:
        settings = ["--profile", "server", "--set", f"database.url={new_postgres_database()}"]
        settings += ["--set", f"database.driver={DRIVERS[kind]}"]
    else:
        settings = ["--set", f"database.path={tmp_path / 'base.sqlite3'}"]
    command = [str(Path(sys.executable).with_name("inkcre")), "migrate", *settings]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum(b"schema is up to date" in text for text in said) == 4


def test_base_from_the_future_is_refused(migratable: Database) -> None:
    """A schema that this version does not know is not served either."""
    from sqlalchemy import Text, bindparam, column, table, update

    from inkcre.ports.database import Statement

    revision = Statement(
        update(table(VERSION_TABLE, column("version_num"))).values(
            version_num=bindparam("v", type_=Text)
        )
    )
    migratable.atomic([revision(v="9999")])
    with pytest.raises(SchemaBehind, match="9999"):
        schema.require_head(migratable, LINES)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_history_is_written_as_sql(dialect: str) -> None:
    """Both dialects, from nothing to head."""
    sql = render_sql(dialect, LINES)
    assert "CREATE TABLE blocks" in sql
    for line in LINES:
        assert (
            f"UPDATE {line.migrations.version_table} SET version_num='{line.migrations.head}'"
            in sql
        )
    assert ("AUTOINCREMENT" in sql) is (dialect == "sqlite")


def test_digest_is_what_postgresql_computes(postgres_url: str) -> None:
    """A block's digest can be computed where the block is, so existing rows can be given theirs."""
    import psycopg

    sql = r"""
        SELECT encode(sha256(
            convert_to(%(r)s, 'UTF8') || '\x00'::bytea || convert_to(coalesce(%(s)s, ''), 'UTF8')
            || '\x00'::bytea || convert_to(%(c)s, 'UTF8')), 'hex')
    """
    with psycopg.connect(postgres_url) as connection:
        for resolver, storage, content in (
            ("text", None, "é\N{GRINNING FACE}"),
            ("webpage", "url", ""),
        ):
            row = connection.execute(sql, {"r": resolver, "s": storage, "c": content}).fetchone()
            assert row == (block_digest(resolver, storage, content),)


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_tables_of_somebody_else_are_left_alone(postgres_url: str, driver: str) -> None:
    """A database that has other tables of our names is refused with one error, and unchanged."""
    import psycopg

    from inkcre.errors import Misconfigured

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE inkcre_schema")
    settings = postgres_settings(postgres_url, **{"database.driver": driver})
    other = build_components(settings).database
    with pytest.raises(Misconfigured, match="tables of these names"):
        schema.migrate(other, LINES)
    assert schema.read_revisions(other, LINES)["core"] is None
    other.close()


def test_migrating_a_base_from_the_future_says_so(tmp_path: Path) -> None:
    """A revision that is not in the history is named."""
    import sqlite3

    path = tmp_path / "base.sqlite3"
    database = build_components(sqlite_settings(path)).database
    schema.migrate(database, LINES)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(SchemaBehind, match="9999"):
        schema.migrate(database, LINES)
    database.close()
