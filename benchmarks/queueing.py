"""Jobs through the queue beside procrastinate's, on one PostgreSQL; and ticks that find nothing."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import procrastinate
import psycopg
from sqlalchemy import delete

from benchmarks.queue_worker import PROCRASTINATE, WORK, noop
from benchmarks.tables import Table
from inkcre.assembly.assembly import build_database
from inkcre.core import INKCRE
from inkcre.jobs.due import enqueue_due
from inkcre.jobs.jobs import NewJob, enqueue_call
from inkcre.jobs.kinds import NoPayload
from inkcre.ports.database import Database, Statement
from inkcre.sections.schema import load_settings
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp

JOBS = 3000
ROUNDS = 3
PROCESSES = (1, 3)
SCHEDULES = 10_000
TICKS = 300
SIDES = ("ours", "procrastinate")


def measure(table: Table, new_sqlite: Callable[[], str], new_postgres: Callable[[], str]) -> None:
    """Add the rows."""
    urls = {side: new_postgres() for side in SIDES}
    database = open_database("postgres", urls["ours"])
    database.atomic([Statement(delete(schedules))()])  # the housekeeping's
    with psycopg.connect(urls["procrastinate"], autocommit=True) as connection:
        connector = procrastinate.SyncPsycopgConnector(conninfo=urls["procrastinate"])
        with procrastinate.App(connector=connector).open() as app:
            app.schema_manager.apply_schema()
        fill = {
            "ours": lambda: fill_ours(database),
            "procrastinate": lambda: fill_theirs(urls["procrastinate"]),
        }
        for processes in PROCESSES:
            rates: dict[str, list[float]] = {side: [] for side in SIDES}
            for _ in range(ROUNDS):
                for side in SIDES:
                    fill[side]()
                    connection.execute("CHECKPOINT")
                    rates[side].append(JOBS / drain(side, urls[side], processes))
            ratio = statistics.median(
                ours / theirs for ours, theirs in zip(*(rates[s] for s in SIDES), strict=True)
            )
            ours, theirs = (statistics.median(rates[side]) for side in SIDES)
            table.add(
                f"jobs through the queue, {processes} process{'es' * (processes > 1)}",
                f"{ours:,.0f}/s", f"{theirs:,.0f}/s", ratio, ">= 1", ratio >= 1,
                "4 at a time in each process; baseline: procrastinate",
            )  # fmt: skip
    database.close()
    measure_tick(table, "sqlite", new_sqlite())
    measure_tick(table, "postgres", new_postgres())


def open_database(kind: str, place: str) -> Database:
    profile, key = ("server", "url") if kind == "postgres" else ("dev", "path")
    overrides = {f"database.{key}": place, "http.host": "127.0.0.1"}
    database = build_database(load_settings(profile, overrides=overrides, environ={}))
    migrate(database, lines_of(INKCRE))
    return database


def fill_ours(database: Database) -> None:
    now = datetime.now(UTC)
    database.atomic([enqueue_call([NewJob(WORK, NoPayload()) for _ in range(JOBS)], now)])


def fill_theirs(url: str) -> None:
    connector = procrastinate.SyncPsycopgConnector(conninfo=url)
    with procrastinate.App(connector=connector).open() as app:
        task = app.task(name=PROCRASTINATE)(noop)
        task.batch_defer(*({} for _ in range(JOBS)))


def drain(side: str, url: str, processes: int) -> float:
    """Let processes work until nothing is left; give the seconds from the start of the work."""
    program = [sys.executable, "-m", "benchmarks.queue_worker", side, url]
    running = [
        subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        for _ in range(processes)
    ]  # fmt: skip
    for worker in running:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for worker in running:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in running:
        assert worker.stdout
        assert worker.stdout.readline() == "done\n"
    seconds = time.perf_counter() - began
    for worker in running:
        assert worker.wait(30) == 0
    return seconds


def measure_tick(table: Table, kind: str, place: str) -> None:
    """Time ticks that find nothing among many schedules."""
    database = open_database(kind, place)
    now = datetime.now(UTC)
    made, due = format_timestamp(now), format_timestamp(now + timedelta(days=1))
    columns = "created_at, updated_at, kind, payload, cron, next_run_at, source_id"
    row = f"'{made}', '{made}', 'collect', '{{}}', '0 7 * * *', '{due}'"
    engine = database.migration_engine()  # type: ignore[attr-defined]
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM schedules")
        for source_id in range(SCHEDULES):
            connection.exec_driver_sql(
                f"INSERT INTO schedules ({columns}) VALUES ({row}, {source_id})"
            )
    engine.dispose()
    times = []
    for _ in range(TICKS):
        began = time.perf_counter()
        assert enqueue_due(database, now, "UTC").enqueued == 0
        times.append(1000 * (time.perf_counter() - began))
    database.close()
    median = statistics.median(times)
    table.add(
        f"tick, {SCHEDULES:,} schedules, none due, {kind}", f"{median:.2f} ms", "5 ms",
        median / 5, "<= 1", median <= 5, "the whole of it, network included; baseline: the limit",
    )  # fmt: skip
