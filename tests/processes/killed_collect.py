"""Collects in children that are killed before a statement; run as a program.

usage: python -m tests.processes.killed_collect KIND PLACE SOURCE CONFIG EVERY

A child is forked for each EVERY-th statement that a collect runs: the first is killed before the
first statement, the next EVERY statements later, and so on until a child comes to its end. After each kill another child
recovers: it lets the dead one's lease lapse, and runs what there is to run. What the base holds then
is written as one line of JSON on standard output. The last line is of the child that was not killed.
"""

import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.core import INKCRE
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.tick import tick
from inkcre.transfer.exports import export_lines
from tests.cli.prepared import import_everything
from tests.conftest import postgres_settings, sqlite_settings
from tests.on_base import enqueue_collect

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAPSED = timedelta(hours=2)


class Base:
    """A base that can be made anew, as it was at first."""

    def __init__(self, kind: str, place: str, config: dict[str, Any]) -> None:
        self.kind, self.place, self.config = kind, place, config
        if kind == "sqlite":
            shutil.copy(place, f"{place}.first")

    def restore(self) -> None:
        """Make it anew."""
        if self.kind == "sqlite":
            for suffix in ("-wal", "-shm"):
                Path(f"{self.place}{suffix}").unlink(missing_ok=True)
            shutil.copy(f"{self.place}.first", self.place)
            return
        name = self.place.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(self.place.replace(name, "postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}_now WITH (FORCE)".encode())
            create = f"CREATE DATABASE {name}_now TEMPLATE {name} STRATEGY file_copy"
            connection.execute(create.encode())

    def open(self, now: datetime) -> Components:
        """Return its components, at a moment."""
        if self.kind == "sqlite":
            settings = sqlite_settings(self.place, **self.config)
        else:
            name = self.place.partition("?")[0].rpartition("/")[2]
            settings = postgres_settings(self.place.replace(name, f"{name}_now"), **self.config)
        return build_components(settings, clock=lambda: now)


def collect(base: Base, source_id: int, kill_before: int) -> None:
    """Collect; be killed before a statement."""
    context = base.open(START)
    database: Any = context.database
    place, name = (database, "_run") if base.kind == "sqlite" else (database._driver, "_send")
    run, seen = getattr(place, name), 0

    def run_or_die(*arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(*arguments)

    setattr(place, name, run_or_die)
    if base.kind == "postgres":  # reads go another way
        fetch = database._fetch

        def fetch_or_die(*arguments: Any, **named: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return fetch(*arguments, **named)

        database._fetch = fetch_or_die
    enqueue_collect(context, source_id, full=False)
    tick(context, load_kinds(INKCRE), budget_seconds=60)


def recover(base: Base, source_id: int) -> None:
    """Let leases lapse, run what there is to run, and collect if the kill came before the job."""
    for hours in range(1, 4):
        tick(base.open(START + hours * LAPSED), load_kinds(INKCRE), budget_seconds=60)
    context = base.open(START + 4 * LAPSED)
    enqueue_collect(context, source_id, full=False)
    tick(context, load_kinds(INKCRE), budget_seconds=60)


def describe(base: Base) -> str:
    """Return what is in the base, but for ids and moments."""
    context = base.open(START)
    graph = []
    for line in export_lines(context.database):
        said = json.loads(line)
        graph.append(json.dumps(_without_times(said), sort_keys=True))
    from inkcre.jobs.jobs import list_jobs
    from inkcre.sources.items.item_rows import read_stamps
    from inkcre.sources.sources import list_sources

    (source, *_), _ = list_sources(context.database, limit=1)
    jobs, _ = list_jobs(context.database, {}, limit=1000)
    return json.dumps(
        {
            "graph": sorted(graph),
            "items": list(read_stamps(context.database, source.id)),
            "state": source.state,
            "unfinished": [job for job in jobs if job.state != "finished"],
        }
    )


def _without_times(said: Any) -> Any:
    if isinstance(said, dict):
        return {
            k: _without_times(v)
            for k, v in said.items()
            if k not in ("created_at", "updated_at", "id")
        }
    return [_without_times(v) for v in said] if isinstance(said, list) else said


def in_child(work: Any, *arguments: Any) -> int:
    """Do something in a child; give how it ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(*arguments)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1]


def main() -> None:
    """Kill at every statement, recover, describe."""
    kind, place, source, config, every = sys.argv[1:]
    import_everything()  # once, and not in each child
    base = Base(kind, place, json.loads(config))
    source_id, kill_before = int(source), 1
    while True:
        base.restore()
        status = in_child(collect, base, source_id, kill_before)
        assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
        assert in_child(recover, base, source_id) == 0
        assert in_child(lambda: print(describe(base))) == 0
        if status == 0:
            return
        kill_before += int(every)


if __name__ == "__main__":
    main()
