"""Each read of a filled base goes by an index: no large table is gone through from end to end."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import CompoundSelect, Delete, Select, Update
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from inkcre.assembly.assembly import build_database
from inkcre.ports.database import Statement
from inkcre.sql.schema import migrate
from tests.conftest import sqlite_settings
from tests.lines import LINES
from tests.unit.test_golden_sql import own_statements

ROWS = 30_000
LARGE = (
    "blocks",
    "relations",
    "jobs",
    "source_items",
    "sayings",
    "file_notes",
    "keyvalues",
    "changes",
)

WHOLE: Mapping[str, str] = {
    "graph.file_notes.SELECT_SOME_NAMED": "reads the first hundred files in the order of an index",
    "graph.changes.DROP_FORGOTTEN": "reads the first changes in the order of an index",
    "graph.changes.FORGET": "reads the first changes in the order of an index",
    "jobs.jobs.COUNT_JOBS": "counts all jobs, for the metrics",
    "sources.items.releases.HOLD_ITEMS": "holds all items of a source, which all are here",
    "sources.items.releases.SELECT_BROUGHT": "counts what a source has brought, which all is here",
    "sources.items.releases.SELECT_LEAVING": "counts what a source has brought, which all is here",
    "sources.items.releases.SELECT_SILENT": "reads a group of a source's items, which all are here",
    "transfer.copies.values.COUNT_KEPT": "counts all values, for a copy",
    "transfer.tally.COUNT_FILES": "counts all files, for an export",
    "transfer.tally.LEFT_OUT.values": "counts all values, for an export",
    "transfer.tally.LEFT_OUT.waiting-jobs": "counts all jobs that wait, for an export",
}
"""Reads that go through a whole table, and why they may."""

WRITING = ("graph.changes.", "graph.leaving.", "sources.items.saying_rows.")
"""Rooms of writes that are asked too: they look for what they delete."""

NOW = "2026-01-01T00:00:00.000000Z"
DIGEST = "d5"
KEY = json.dumps(
    [
        {
            "ord": 0, "id": 5, "digest": DIGEST, "key": "k5", "from_id": 5, "to_id": 6,
            "from_digest": DIGEST, "to_digest": "d6", "content": "c", "kind": "collect",
            "slot": None, "source_id": 1, "name": "k5", "type": "rss", "created_at": NOW,
        }
    ]
)  # fmt: skip
SAMPLES: Mapping[str, Any] = {
    "now": NOW, "before": 9_000_000, "after": 5, "limit": 50, "id": 5, "block": 5, "digest": DIGEST,
    "content": "c", "from_": 5, "to_": 6, "resolver": "text", "storage": "file", "state": "pending",
    "kind": "collect", "source": 1, "serial_key": "source:1", "payload": "{}", "lease": "l", "epoch": 1,
    "token": "t", "last": 9_000_000, "last_relation": 9_000_000, "after_from": 5, "relation": "c",
    "keep_ms": 1, "name": "blocks", "key": "k5", "after_key": "k5", "after_id": 5, "sweep": "s",
    "after_digest": DIGEST, "after_source_id": 1, "after_name": "a",
}  # fmt: skip

FILL = """
INSERT INTO sources (created_at, updated_at, type, config, state)
  VALUES ('{now}', '{now}', 'rss', '{{}}', '{{}}');
INSERT INTO blocks (created_at, updated_at, storage, resolver, content, digest)
  SELECT '{now}', '{now}', CASE WHEN n % 20 = 0 THEN 'file' END,
    CASE WHEN n % 3 = 0 THEN 'text' ELSE 'webpage' END, 'sha256:' || n, 'd' || n FROM {numbers};
INSERT INTO relations (created_at, updated_at, from_, to_, content)
  SELECT '{now}', '{now}', n, 1 + n % {rows}, 'c' FROM {numbers};
INSERT INTO jobs (created_at, kind, payload, state, attempts, run_at, finished_at, dedupe_key)
  SELECT '{now}', 'collect', '{{}}', 'finished', 1, '{now}', '{now}', 'x' || n FROM {numbers};
INSERT INTO source_items
    (source_id, key, digest, arcs, block_id, block_digest)
  SELECT 1, 'k' || n, 'd' || n, '[]', n, 'd' || n FROM {numbers};
INSERT INTO sayings (item_id, place, relation_id, is_link) SELECT n, 0, n, n % 2 FROM {numbers};
INSERT INTO file_notes (digest, storage, noted_at)
  SELECT 'd' || n, 'storage', {rows} + n FROM {numbers};
INSERT INTO keyvalues (key, value, expires_at)
  SELECT 'k' || n, {blob}, CASE WHEN n % 2 = 0 THEN n END FROM {numbers};
INSERT INTO changes (created_at, action, last_of_blocks, last_of_relations)
  SELECT '{now}', 'graph.put', {rows}, {rows} FROM {numbers};
ANALYZE;
"""

Explain = Callable[[Statement], str]
"""Gives the plan of a statement, as the database tells it."""


def parameters_of(compiled: Any) -> dict[str, Any]:
    """Return a plausible value for each parameter of a statement."""
    values: dict[str, Any] = {}
    for name, default in compiled.params.items():
        kind = compiled.binds[name].type.python_type
        sample = SAMPLES.get(name, default)
        if sample is None and kind is str:
            sample = KEY
        if kind is str and name in ("after", "before"):
            sample = NOW if name == "before" else "k5"
        if kind is int and not isinstance(sample, int):
            sample = 5
        values[name] = sample
    return values


def name_tables(plan: str, statement: str) -> str:
    """Return a plan of SQLite with tables in the place of what a statement calls them."""
    aliases = {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)", statement)}
    return re.sub(
        r"^(SCAN|SEARCH) (\w+)",
        lambda m: f"{m[1]} {aliases.get(m[2], m[2])}",
        plan,
        flags=re.MULTILINE,
    )


@pytest.fixture(scope="module")
def sqlite_plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explain]:
    """Explain on a filled base in a file."""
    path: Path = tmp_path_factory.mktemp("plans") / "base.sqlite3"
    database = build_database(sqlite_settings(path))
    migrate(database, LINES)
    database.close()
    numbers = (
        f"(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {ROWS})"
        " SELECT n FROM t)"
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILL.format(now=NOW, rows=ROWS, numbers=numbers, blob="x'00'"))

        def explain(statement: Statement) -> str:
            compiled = statement.clause.compile(dialect=sqlite_dialect(paramstyle="named"))
            asked = f"EXPLAIN QUERY PLAN {compiled}"
            rows = connection.execute(asked, parameters_of(compiled))
            return name_tables("\n".join(row[3] for row in rows), str(compiled))

        yield explain


@pytest.fixture(scope="module")
def postgres_plans(migrated_template: str) -> Iterator[Explain]:
    """Explain on a filled base of a server."""
    from tests.conftest import new_postgres_database

    numbers = f"generate_series(1, {ROWS}) AS t(n)"
    filling = FILL.format(now=NOW, rows=ROWS, numbers=numbers, blob="'\\x00'::bytea")
    with psycopg.connect(new_postgres_database(migrated_template), autocommit=True) as connection:
        connection.execute(filling.encode())
        # A row that is looked up costs little more than the next one, as on a disk without arms:
        # else this many rows are too few for a server to take an index for a hundred of them.
        connection.execute("SET random_page_cost = 1.1")
        for name in ("blocks", "relations"):  # as a batch begins
            connection.execute(f"SET inkcre.last_of_{name} = {ROWS - 10}".encode())

        def explain(statement: Statement) -> str:
            dialect = psycopg_dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
            compiled = statement.clause.compile(dialect=dialect)
            asked = f"EXPLAIN {compiled}".encode()
            return "\n".join(row[0] for row in connection.execute(asked, parameters_of(compiled)))

        yield explain


def reads() -> dict[str, Statement]:
    """Return the statements that only read, and those that read first, by their names."""
    return {
        name: one
        for name, one in own_statements().items()
        if (isinstance(one.clause, Select | CompoundSelect) and not name.startswith("process."))
        or ".LOG_" in name
        or (name.startswith(WRITING) and isinstance(one.clause, Update | Delete))
    }


SQLITE_SCAN = re.compile(
    r"^SCAN (\w+)(?! USING COVERING INDEX sqlite_autoindex_storages)", re.MULTILINE
)
POSTGRES_SCAN = re.compile(r"Seq Scan on (\w+)")


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_no_read_goes_through_a_large_table(dialect: str, request: pytest.FixtureRequest) -> None:
    """But for the few that count a whole table, each with its reason."""
    explain = request.getfixturevalue(f"{dialect}_plans")
    scans: dict[str, str] = {}
    asked = 0
    for name, statement in reads().items():
        plan = explain(statement)
        asked += 1
        pattern = SQLITE_SCAN if dialect == "sqlite" else POSTGRES_SCAN
        large = [table for table in pattern.findall(plan) if table.rstrip("_0123456789") in LARGE]
        if large:
            scans[name] = plan
    print(f"{asked} reads explained")
    assert asked >= 40
    assert {name: plan for name, plan in scans.items() if name not in WHOLE} == {}
