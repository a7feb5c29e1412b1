"""Import of a large file, ours beside the bare statements with rows that are made already."""

import json
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from benchmarks.tables import Table
from inkcre.adapters.database.compiling import StatementCache
from inkcre.assembly.assembly import build_database, utc_now
from inkcre.core import INKCRE
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.plans import Plan
from inkcre.ports.database import Call, Database
from inkcre.sections.schema import load_settings
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate
from inkcre.transfer.imports import import_lines
from inkcre.transfer.line_batches import BATCH_ROWS, Line, parse_line

STARS = 10_000
BLOCKS_PER_STAR = 10
ROUNDS = 3


def make_arc(relation: str, block: dict[str, str]) -> dict[str, Any]:
    return {"relation": {"content": relation}, "to_block": {"block": block}}


def write_input(path: Path) -> None:
    """Write 100,000 blocks and 200,000 relations as stars."""
    with path.open("w") as file:
        for number in range(STARS):
            arcs: list[dict[str, Any]] = []
            for index in range(BLOCKS_PER_STAR - 1):
                block = {"resolver": "text", "content": f"part {number} {index} " + "x" * 100}
                arcs += [make_arc(relation, block) for relation in ("holds", "shows")]
            centre = {"resolver": "text", "content": f"centre {number}"}
            arcs += [make_arc(relation, centre) for relation in ("is", "was")]
            file.write(json.dumps({"block": centre, "out_relations": arcs}) + "\n")


def make_batches(path: Path, database: Database) -> list[list[Call]]:
    """Turn the input into the statements and parameters that write it, batch by batch."""
    batches: list[list[Call]] = []
    whole, rows = Plan(), 0
    with path.open("rb") as file:
        for number, content in enumerate(file, 1):
            line = parse_line(number, content)
            assert isinstance(line, Line)
            whole.merge(line.plan)
            rows += len(line.plan.blocks) + len(line.plan.relations)
            if rows >= BATCH_ROWS:
                batches.append(write_calls(database, whole, utc_now(), counting=True))
                whole, rows = Plan(), 0
    if rows:
        batches.append(write_calls(database, whole, utc_now(), counting=True))
    return batches


def new_base(kind: str, url: str) -> Any:
    """Make an empty base and give its adapter."""
    profile, key = ("server", "database.url") if kind == "postgres" else ("dev", "database.path")
    database = build_database(load_settings(profile, overrides={key: url}, environ={}))
    migrate(database, lines_of(INKCRE))
    return database


def time_ours(kind: str, url: str, source: Path) -> float:
    """Import the file; give the seconds."""
    database = new_base(kind, url)
    started = time.perf_counter()
    with source.open("rb") as file:
        *_, last = import_lines(database, file, utc_now)
    seconds = time.perf_counter() - started
    assert (last.created_blocks, last.created_relations) == (100_000, 200_000)
    database.close()
    return seconds


def time_bare(kind: str, url: str, batches: list[list[Call]]) -> float:
    """Run the same statements on the bare driver, with parameters made beforehand."""
    new_base(kind, url).close()
    dialect: Any = psycopg_dialect if kind == "postgres" else sqlite_dialect
    statements_of = StatementCache(dialect())
    ready = []
    for batch in batches:
        compiled = [(statements_of.get(c.statement), c.parameters) for c in batch]
        ready.append([(c.text, c.arrange(parameters)) for c, parameters in compiled])
    begin = "BEGIN"
    connection: Any
    if kind == "postgres":
        connection = psycopg.connect(url, autocommit=True)
    else:
        connection = sqlite3.connect(url, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        begin = "BEGIN IMMEDIATE"
    started = time.perf_counter()
    for statements in ready:
        connection.execute(begin)
        for text, parameters in statements:
            connection.execute(text, parameters)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def measure(kind: str, new_url: Callable[[], str], source: Path, table: Table) -> None:
    """Measure imports into one kind of database, taking turns."""
    base = new_base(kind, new_url())
    batches = make_batches(source, base)
    base.close()
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(time_bare(kind, new_url(), batches))
        ours.append(time_ours(kind, new_url(), source))
    ratio = statistics.median(b / o for b, o in zip(bare, ours, strict=True))
    rows = 300_000
    table.add(
        f"{kind}: import of 100,000 blocks and 200,000 relations",
        f"{rows / statistics.median(ours):,.0f} rows/s",
        f"{rows / statistics.median(bare):,.0f} rows/s",
        ratio,
        ">= 0.7",
        ratio >= 0.7,
        "baseline: bare driver, same SQL, parameters made beforehand",
    )
