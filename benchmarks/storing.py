"""Storage and key-value adapters beside the library that each is built on."""

import itertools
import logging
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import obstore
import psycopg
from obstore.store import LocalStore, MemoryStore, S3Store

from benchmarks.tables import Table
from inkcre.assembly.assembly import build_database, build_keyvalue, build_storage
from inkcre.core import INKCRE
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import ValueKey
from inkcre.ports.storage import FileKey
from inkcre.sections.schema import load_settings
from inkcre.sections.settings import Settings
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate
from tests.buckets import serve_bucket

ROUNDS = 5
SMALL, SMALL_COUNT = 4 * 1024, 10_000
LARGE, LARGE_COUNT = 10 * 1000 * 1000, 100
GOAL = 0.8

IN_MEMORY = (
    "3 and 5 µs, against one of a map: keys are checked, a file is told from a folder, it has a "
    "type, a time and an ETag, and is read in parts"
)
DURABLE = "ours is on the disk when put returns, the library's is not"
STORAGE_NOTES = {"storage memory, 4 KB": IN_MEMORY, "storage filesystem, 10 MB": DURABLE}
LENT = "a connection is lent by the pool and given back, so that threads share it"
LOCKED = (
    "two threads never meet on one connection, what SQLite says is translated, and a write looks"
    " whether the file is still the one that was opened"
)
"""What is had for what a row lacks beside the bare library."""

Act = Callable[[str], object]
SIDES = ("ours", "raw")


def time_all(act: Act, names: list[str]) -> float:
    """Do something to each name; give how many a second."""
    started = time.perf_counter()
    for name in names:
        act(name)
    return len(names) / (time.perf_counter() - started)


def compare(
    table: Table,
    what: str,
    sides: dict[str, tuple[Act, Act, Act]],
    count: int,
    note: str = "",
) -> None:
    """Put, get and forget, in rounds in which the sides take turns; add a row for put and get.

    Args:
        table: where the rows go.
        what: what they are called.
        sides: put, get and forget of each side.
        count: how many each side puts and gets in all rounds.
        note: what else is to be said of the rows.
    """
    rates: dict[str, dict[str, list[float]]] = {
        verb: {side: [] for side in SIDES} for verb in ("put", "get")
    }
    for number in range(ROUNDS):
        names = [f"{number}/{index:05}" for index in range(count // ROUNDS)]
        turn = SIDES if number % 2 else SIDES[::-1]
        for verb, place in (("put", 0), ("get", 1)):
            for side in turn:
                rates[verb][side].append(time_all(sides[side][place], names))
        for side in turn:
            time_all(sides[side][2], names)
    for verb, found in rates.items():
        ratio = statistics.median(o / r for o, r in zip(found["ours"], found["raw"], strict=True))
        ours, raw = (f"{statistics.median(found[side]):,.0f}/s" for side in SIDES)
        table.add(f"{what}: {verb}", ours, raw, ratio, f">= {GOAL}", ratio >= GOAL, note)


def read_raw(store: Any, name: str, size: int) -> int:
    """Read a file in the fastest way: whole when it is small, else in parts of the size of ours."""
    if size == SMALL:
        return len(obstore.get(store, name).bytes())
    return sum(map(len, obstore.get(store, name).stream(min_chunk_size=256 * 1024)))


def read_ours(storage: Any, name: str) -> int:
    """Go through a file in the parts in which it comes."""
    return sum(map(len, storage.get(FileKey(name)).chunks))


def storage_sides(storage: Any, store: Any, content: bytes) -> dict[str, tuple[Act, Act, Act]]:
    """Return what each side does, for content of a size."""
    return {
        "ours": (
            lambda name: storage.put(FileKey(name), content),
            lambda name: read_ours(storage, name),
            lambda name: storage.delete([FileKey(name)]),
        ),
        "raw": (
            lambda name: obstore.put(store, name, content),
            lambda name: read_raw(store, name, len(content)),
            lambda name: obstore.delete(store, name),
        ),
    }


def stores(stack: ExitStack) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each kind of storage, its section, and the bare store beneath it."""
    ours, raw = (stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2))
    yield "filesystem", {"kind": "filesystem", "path": ours}, LocalStore(prefix=raw)
    yield "memory", {"kind": "memory"}, MemoryStore()
    bucket = stack.enter_context(serve_bucket())
    yield (
        "s3 (moto)",
        bucket,
        S3Store(
            bucket["bucket"],
            region=bucket["region"],
            endpoint=bucket["endpoint"],
            access_key_id=bucket["access_key_id"],
            secret_access_key=bucket["secret_access_key"],
            client_options={"allow_http": True},
        ),
    )


def measure(table: Table, new_sqlite: Callable[[], str], new_postgres: Callable[[], str]) -> None:
    """Measure every adapter that a process has."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with ExitStack() as stack:
        for kind, section, store in stores(stack):
            overrides = {"storage": section}
            storage = build_storage(load_settings("dev", overrides=overrides, environ={}))
            for size, count, word in (
                (SMALL, SMALL_COUNT, "4 KB"),
                (LARGE, LARGE_COUNT, "10 MB"),
            ):
                sides = storage_sides(storage, store, bytes(size))
                note = {("memory", SMALL): IN_MEMORY, ("filesystem", LARGE): DURABLE}.get(
                    (kind, size)
                )
                compare(table, f"storage {kind}, {word}", sides, count, note or "")
    measure_keyvalues("sqlite", new_sqlite(), new_sqlite(), table)
    measure_keyvalues("postgres", new_postgres(), new_postgres(), table)


PUT = (
    "INSERT INTO keyvalues (key, value, expires_at) VALUES ({0}, {0}, {0}) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
)
GET = "SELECT value FROM keyvalues WHERE key = {0} AND (expires_at IS NULL OR expires_at > {0})"
DELETE = "DELETE FROM keyvalues WHERE key = {0}"


def measure_keyvalues(kind: str, ours: str, raw: str, table: Table) -> None:
    """Measure the table of values, on bases of their own, beside the bare driver."""
    profile, key = ("server", "database.url") if kind == "postgres" else ("dev", "database.path")

    def open_base(url: str) -> tuple[Settings, Database]:
        overrides: dict[str, Any] = {key: url, "keyvalue.kind": "database"}
        if kind == "postgres":  # else each put is a round trip more, to test its connection
            overrides["database.pool.pre_ping"] = False
        settings = load_settings(profile, overrides=overrides, environ={})
        database = build_database(settings)
        migrate(database, lines_of(INKCRE))
        return settings, database

    open_base(raw)[1].close()
    settings, database = open_base(ours)
    keyvalue = build_keyvalue(settings, database)
    value = bytes(SMALL)
    mark = "?" if kind == "sqlite" else "%s"
    put, get, delete = (text.format(mark) for text in (PUT, GET, DELETE))
    now = itertools.repeat(int(time.time() * 1000))
    connection: Any
    if kind == "sqlite":
        connection = sqlite3.connect(raw, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    else:
        connection = psycopg.connect(raw, autocommit=True)
    sides: dict[str, tuple[Act, Act, Act]] = {
        "ours": (
            lambda name: keyvalue.put(ValueKey(name), value, ttl_seconds=3600),
            lambda name: keyvalue.get(ValueKey(name)),
            lambda name: keyvalue.delete(ValueKey(name)),
        ),
        "raw": (
            lambda name: connection.execute(put, (name, value, next(now) + 3_600_000)),
            lambda name: connection.execute(get, (name, next(now))).fetchone(),
            lambda name: connection.execute(delete, (name,)),
        ),
    }
    how = "pre_ping off" if kind == "postgres" else "synchronous = FULL on both sides"
    note = f"{how}; {LENT if kind == 'postgres' else LOCKED}"
    compare(table, f"keyvalue database, {kind}, 4 KB", sides, SMALL_COUNT, note)
    connection.close()
    database.close()
