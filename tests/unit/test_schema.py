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
from inkcre.graph.ddl import metadata
from inkcre.graph.digests import block_digest
from inkcre.ports.database import Database, Migratable
from inkcre.sql import schema
from inkcre.sql.tables import SCHEMA_HEAD, VERSION_TABLE
from tests.conftest import new_postgres_database, postgres_settings, sqlite_settings


def test_head_is_the_last_migration() -> None:
    """The revision that the application asks for is the one that the migrations end at."""
    script = ScriptDirectory(str(schema.migrations_folder()))
    assert script.get_heads() == [SCHEMA_HEAD]


def test_migrated_schema_is_the_declared_one(migratable: Database) -> None:
    """Tables, columns, constraints and indexes of a migrated base are those of the code."""
    assert isinstance(migratable, Migratable)
    engine = migratable.migration_engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [d for d in compare_metadata(context, metadata) if not is_version_table(d)]
        declared = {c.name for t in metadata.tables.values() for c in t.constraints if c.name}
        found: set[str | None] = set()
        for table in metadata.tables:
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
    return bool(difference[0] == "remove_table" and difference[1].name == VERSION_TABLE)


def test_migrating_again_does_nothing(migratable: Database) -> None:
    """At head there is nothing to do."""
    schema.migrate(migratable)
    assert schema.read_revision(migratable) == SCHEMA_HEAD
    schema.require_head(migratable)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_who_migrate_at_once_migrate_once(kind: str, tmp_path: Path) -> None:
    """The second waits and finds nothing to do."""
    if kind == "postgres":
        settings = ["--profile", "server", "--set", f"database.url={new_postgres_database()}"]
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
        schema.require_head(migratable)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_history_is_written_as_sql(dialect: str) -> None:
    """Both dialects, from nothing to head."""
    sql = schema.render_sql(dialect)
    assert "CREATE TABLE blocks" in sql
    assert f"'{SCHEMA_HEAD}'" in sql
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


def test_tables_of_somebody_else_are_left_alone(postgres_url: str) -> None:
    """A database that has other tables of our names is refused with one error, and unchanged."""
    import psycopg

    from inkcre.errors import Misconfigured

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE inkcre_schema")
    other = build_components(postgres_settings(postgres_url)).database
    with pytest.raises(Misconfigured, match="tables of these names"):
        schema.migrate(other)
    assert schema.read_revision(other) is None
    other.close()


def test_migrating_a_base_from_the_future_says_so(tmp_path: Path) -> None:
    """A revision that is not in the history is named."""
    import sqlite3

    path = tmp_path / "base.sqlite3"
    database = build_components(sqlite_settings(path)).database
    schema.migrate(database)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(SchemaBehind, match="9999"):
        schema.migrate(database)
    database.close()
