"""A base of 100,000 blocks behind the Worker, on workerd: ``make bench-edge ARGS=large``."""

import itertools
import json
import os
import random
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.workerd import ask
from inkcre.edge.local.migrations import apply_migrations
from inkcre.graph.digests import block_digest
from tests.conftest import PEPS
from tests.edge.homes import HOMES, build, migrated_database
from tests.edge.workerd.load import Load, send
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.postgres import PostgresServer

SIZES = (100, int(os.environ.get("BENCH_BLOCKS", "100000")))
NOTE_CHARACTERS = 1024
MIXED, CONNECTIONS = 2_000, 64
READS = 400
MIB = 2**20
WHEN = "2026-01-01T00:00:00.000000Z"
Size = Callable[[], int]
"""Gives the bytes that a base takes."""


def notes(count: int) -> Iterator[tuple[int, str, str, str, str, str]]:
    """Yield rows of blocks: notes cut out of the PEPs, no two the same."""
    stars = (json.loads(line) for line in PEPS.read_text().splitlines())
    arms = (arm["to_block"]["block"] for star in stars for arm in star.get("out_relations", ()))
    text = " ".join(block["content"] for block in arms)
    for number in range(1, count + 1):
        at = number * 97 % (len(text) - NOTE_CHARACTERS)
        content = f"{number} {text[at : at + NOTE_CHARACTERS]}"[:NOTE_CHARACTERS]
        yield number, WHEN, WHEN, "text", content, block_digest("text", None, content)


def relations(count: int) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield rows of relations, one a block: each is part of one that ten are part of."""
    for number in range(1, count + 1):
        yield WHEN, WHEN, number, max(1, number // 10), "part of"


BLOCK_NAMES = "(id, created_at, updated_at, resolver, content, digest)"
RELATION_NAMES = "(created_at, updated_at, from_, to_, content)"


def fill_postgres(url: str, count: int) -> Size:
    """Fill an empty base."""
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY blocks {BLOCK_NAMES} FROM STDIN".encode()) as copy:
                for note in notes(count):
                    copy.write_row(note)
            with cursor.copy(f"COPY relations {RELATION_NAMES} FROM STDIN".encode()) as copy:
                for relation in relations(count):
                    copy.write_row(relation)
        connection.execute("SELECT setval(pg_get_serial_sequence('blocks', 'id'), %s)", (count,))
        connection.execute("VACUUM ANALYZE")

    def size() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row is not None
            return int(row[0])

    return size


def fill_d1(state: Path, count: int) -> Size:
    """Fill an empty base, in the file that Miniflare keeps it in."""
    (file,) = (
        path for path in state.glob("v3/d1/**/*.sqlite") if not path.name.startswith("metadata")
    )
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, names, rows in (
            ("blocks", BLOCK_NAMES, notes(count)),
            ("relations", RELATION_NAMES, relations(count)),
        ):
            places = ", ".join("?" * len(names.split(",")))
            connection.executemany(f"INSERT INTO {table} {names} VALUES ({places})", rows)
    return lambda: file.stat().st_size


@dataclass(frozen=True)
class Found:
    """What one base came to."""

    home: str
    blocks: int
    at_start: float
    after: float
    size: float
    one: float
    many: float

    def as_row(self) -> str:
        """Write a line of the table."""
        return (
            f"| {self.home} | {self.blocks:,} | {self.size:,.1f} MiB | {self.at_start:.1f} MiB"
            f" | {self.after:.1f} MiB | {self.one:.1f} ms | {self.many:.1f} ms |"
        )


def measure(server: PostgresServer, folder: Path) -> str:
    """Measure both variants with a small base and a large one; give a table in Markdown."""
    head = (
        "| variant | blocks | database | heap after start | after 2,000 mixed requests"
        " | GET /blocks/{id}, 1 conn. | 16 conn. |"
    )
    lines = [head, "|---|---|---|---|---|---|---|"]
    for home in HOMES:
        build(HOMES[home], folder / home)
        for count in SIZES:
            lines.append(_measure_one(home, folder / home, count, server).as_row())
            print(lines[-1], flush=True)
    return "\n".join(lines)


def _measure_one(home: str, artifact: Path, count: int, server: PostgresServer) -> Found:
    options, size = _filled(home, artifact, count, server)
    with Workerd(options) as running:
        at_start = running.probe()["heap"] / MIB
        drawn = random.Random(count)
        paths = (f"/blocks/{drawn.randint(1, count)}" for _ in itertools.count())
        ask(running.port, connections=1, requests=20, paths=paths)
        one, many = (
            statistics.median(
                ask(running.port, connections=connections, requests=READS, paths=paths)
            )
            for connections in (1, 16)
        )
        outcomes = send(running.url, Load(MIXED, CONNECTIONS))
        assert outcomes == {"200": MIXED}, outcomes
        assert running.complaints() == []
        return Found(home, count, at_start, running.probe()["heap"] / MIB, size() / MIB, one, many)


def _filled(
    home: str, artifact: Path, count: int, server: PostgresServer
) -> tuple[WorkerdOptions, Size]:
    if home == "edge-postgres":
        url = migrated_database(server)
        lent = {"HYPERDRIVE": url}
        return WorkerdOptions(artifact, artifact.parent, hyperdrive=lent), fill_postgres(url, count)
    state = artifact.parent / f"state-{count}"
    apply_migrations(artifact, "DB", state)
    return WorkerdOptions(artifact, artifact.parent, state=state), fill_d1(state, count)
