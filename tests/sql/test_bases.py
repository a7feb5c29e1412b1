"""Bases of former versions, brought to today's schema: every row and every file is there."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from inkcre.assembly.assembly import build_components
from inkcre.errors import Misconfigured
from inkcre.graph.tables import VERSION_TABLE
from inkcre.sql import schema
from inkcre.sql.revisions import render_revisions
from inkcre.sql.schema import FORMER_REVISIONS
from inkcre.sql.tables import VERSION_TABLE as FRAMEWORK_VERSION_TABLE
from tests.conftest import ROOT, new_postgres_database, postgres_settings, sqlite_settings
from tests.lines import LINES

BASES = ROOT / "tests" / "data" / "bases"
FROZEN = sorted(path.name.partition(".")[0] for path in BASES.glob("*.sqlite3"))

DROPPED = {"sweeps"}
"""Tables of former versions that are there no more: what they said lasted for minutes."""

UPGRADED = {*DROPPED, VERSION_TABLE, FRAMEWORK_VERSION_TABLE}
"""Tables that an upgrade may change."""

TURNED = {"is_own"}
"""Columns that say the same in another way now."""

Rows = dict[str, list[tuple[Any, ...]]]
Execute = Callable[[str], list[tuple[Any, ...]]]


def rows_of(execute: Execute, columns: dict[str, list[str]]) -> Rows:
    """Read all rows of tables, of the columns that they had, in an order that is always the same."""
    return {
        table: sorted(execute(f"SELECT {', '.join(names)} FROM {table}"), key=repr)
        for table, names in columns.items()
    }


def kept(rows: Rows) -> Rows:
    """Leave out what an upgrade may change."""
    return {name: found for name, found in rows.items() if name not in UPGRADED}


def whose(execute: Execute) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return what items say: their blocks, and their relations with what somebody else has given."""
    return execute(
        "SELECT key, blocks.is_given FROM source_items JOIN blocks ON blocks.id = block_id"
        " ORDER BY key"
    ), execute(
        "SELECT key, relations.content, relations.is_given FROM sayings"
        " JOIN source_items ON source_items.id = item_id"
        " JOIN relations ON relations.id = relation_id ORDER BY key"
    )


KEYS = ("key 0", "key 1", "key 2")
WHOSE = [(key, 0) for key in KEYS], [(key, "tagged", 0) for key in KEYS]
"""Of the frozen bases."""


def digests_of(folder: Path) -> dict[str, str]:
    """Return what each file below a folder is, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sqlite_execute(path: Path) -> Execute:
    """Return what runs SQL on an SQLite file."""

    def execute(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path)) as connection, connection:
            return connection.execute(sql).fetchall()

    return execute


def sqlite_columns(execute: Execute) -> dict[str, list[str]]:
    """Name the columns of every table of ours."""
    tables = execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {
        name: [r[1] for r in execute(f"PRAGMA table_info({name})") if r[1] not in TURNED]
        for (name,) in tables
        if not name.startswith(("sqlite_", "d1_", "_cf_"))
    }


def framework_of(revision: str) -> str:
    """Return the revision of the framework's line that a frozen base has."""
    path = BASES / f"{revision}.sqlite3"
    if "framework_schema" not in sqlite_columns(sqlite_execute(path)):
        return FORMER_REVISIONS[revision]
    [(found,)] = sqlite_execute(path)("SELECT version_num FROM framework_schema")
    return str(found)


@pytest.mark.parametrize("revision", FROZEN)
def test_frozen_base_has_rows_in_every_table(revision: str) -> None:
    """So that nothing of a base can be lost without being missed."""
    columns = sqlite_columns(sqlite_execute(BASES / f"{revision}.sqlite3"))
    assert all(rows_of(sqlite_execute(BASES / f"{revision}.sqlite3"), columns).values())
    assert len(digests_of(BASES / f"{revision}.files")) >= 4


@pytest.mark.parametrize("revision", FROZEN)
def test_sqlite_base_of_before_is_brought_to_head(revision: str, tmp_path: Path) -> None:
    """Its rows are what they were, and its files too."""
    path = shutil.copy(BASES / f"{revision}.sqlite3", tmp_path / "base.sqlite3")
    shutil.copytree(BASES / f"{revision}.files", tmp_path / "files")
    execute = sqlite_execute(Path(path))
    columns = sqlite_columns(execute)
    before = rows_of(execute, columns)
    context = build_components(sqlite_settings(path, **{"storage.path": str(tmp_path / "files")}))
    schema.migrate(context.database, LINES)
    schema.require_head(context.database, LINES)
    context.database.close()
    for table in DROPPED:
        columns.pop(table, None)
    assert kept(rows_of(execute, columns)) == kept(before)
    assert whose(execute) == WHOSE
    assert digests_of(tmp_path / "files") == digests_of(BASES / f"{revision}.files")


@pytest.mark.parametrize("revision", FROZEN)
def test_postgres_base_of_before_is_brought_to_head(revision: str) -> None:
    """Restored from a dump, its rows are what they were."""
    url = new_postgres_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((BASES / f"{revision}.postgres.sql").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:

        def execute(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql.encode()).fetchall()

        columns: dict[str, list[str]] = {}
        for table, column in execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY ordinal_position"
        ):
            if column not in TURNED:
                columns.setdefault(table, []).append(column)
        before = rows_of(execute, columns)
        assert all(before.values())
        database = build_components(postgres_settings(url)).database
        schema.migrate(database, LINES)
        schema.require_head(database, LINES)
        database.close()
        for table in DROPPED:
            columns.pop(table, None)
        assert kept(rows_of(execute, columns)) == kept(before)
        assert whose(execute) == WHOSE


@pytest.mark.parametrize("revision", FROZEN)
def test_d1_base_of_before_is_brought_to_head(revision: str, tmp_path: Path) -> None:
    """By the SQL that is rendered for it, ahead of time, one script a revision."""
    path = tmp_path / "d1.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript((BASES / f"{revision}.d1.sql").read_text())
    connection.execute("PRAGMA foreign_keys = ON")  # as D1 has them
    execute = sqlite_execute(path)
    columns = sqlite_columns(execute)
    before = rows_of(execute, columns)
    applied = {name for (name,) in execute("SELECT name FROM d1_migrations")}
    for name, sql in render_revisions("sqlite", LINES):
        if f"{name}.sql" not in applied:
            connection.executescript(sql)
    connection.close()
    database = build_components(sqlite_settings(path)).database
    schema.require_head(database, LINES)
    database.close()
    for table in DROPPED:
        columns.pop(table, None)
    assert kept(rows_of(execute, columns)) == kept(before)
    assert whose(execute) == WHOSE


@pytest.mark.parametrize("revision", FROZEN)
def test_copy_of_a_file_is_kept_before_its_schema_changes(revision: str, tmp_path: Path) -> None:
    """It is the base as it was, called by its revision; at head there is nothing to keep."""
    path = tmp_path / "base.sqlite3"
    shutil.copy(BASES / f"{revision}.sqlite3", path)
    columns = sqlite_columns(sqlite_execute(path))
    before = rows_of(sqlite_execute(path), columns)
    database = build_components(sqlite_settings(path)).database
    framework = framework_of(revision)
    copy = tmp_path / f"base.sqlite3.framework-{framework}.core-{revision}"
    assert schema.migrate(database, LINES) == str(copy)
    assert rows_of(sqlite_execute(copy), columns) == before
    assert schema.migrate(database, LINES) is None
    database.close()
    assert not list(tmp_path.glob("*.part"))


def test_new_base_has_no_copy(tmp_path: Path) -> None:
    """There was nothing before; in memory there is no place either."""
    for path in (tmp_path / "new.sqlite3", ":memory:"):
        database = build_components(sqlite_settings(path)).database
        assert schema.migrate(database, LINES) is None
        database.close()
    assert [found.name for found in tmp_path.iterdir()] == ["new.sqlite3"]


def test_copy_that_cannot_be_kept_leaves_the_base_as_it_is(tmp_path: Path) -> None:
    """Where its place is taken by a folder, nothing has changed, and the error says so."""
    path = tmp_path / "base.sqlite3"
    shutil.copy(BASES / f"{FROZEN[0]}.sqlite3", path)
    place = tmp_path / f"base.sqlite3.framework-{FORMER_REVISIONS[FROZEN[0]]}.core-{FROZEN[0]}"
    place.mkdir()
    (place / "mine").touch()
    database = build_components(sqlite_settings(path)).database
    with pytest.raises(Misconfigured, match=r"database\.path"):
        schema.migrate(database, LINES)
    assert schema.read_revisions(database, LINES)["core"] == FROZEN[0]
    database.close()
    assert not list(tmp_path.glob("*.part"))
