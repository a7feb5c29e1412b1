"""What the log of changes costs: an import and PUT /graph, with it and without, in turn."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import importing, serving
from benchmarks.tables import Table
from benchmarks.unlogged import without_log

GOAL = 0.95
ROUNDS = 5


def measure(kind: str, new_url: Callable[[], str], source: Path, table: Table) -> None:
    """Measure both on one kind of database."""
    measure_import(kind, new_url, source, table)
    measure_graphs(kind, new_url(), table)


def measure_import(kind: str, new_url: Callable[[], str], source: Path, table: Table) -> None:
    ours: list[float] = []
    bare: list[float] = []

    def run_bare() -> None:
        with without_log():
            bare.append(importing.time_ours(kind, new_url(), source))

    def run_ours() -> None:
        ours.append(importing.time_ours(kind, new_url(), source))

    for number in range(ROUNDS):
        for run in (run_ours, run_bare) if number % 2 else (run_bare, run_ours):
            run()
    ratio = statistics.median(b / o for o, b in zip(ours, bare, strict=True))
    with_log, without = (
        f"{300_000 / statistics.median(seconds):,.0f} rows/s" for seconds in (ours, bare)
    )
    note = "baseline: without the log of changes"
    what = f"{kind}: import, with the log of changes"
    table.add(what, with_log, without, ratio, f">= {GOAL}", ratio >= GOAL, note)


@contextmanager
def both(kind: str, url: str) -> Iterator[dict[str, int]]:
    """Serve the application with the log and without, on the same base."""
    profile, key = serving.PROFILES[kind]
    ports = {"ours": serving.free_port(), "baseline": serving.free_port()}
    settings = {key: url, "logging.level": "error", "storage.kind": "memory"}
    with ExitStack() as stack:
        for side, port in ports.items():
            command = [sys.executable, "-m", "uvicorn", "benchmarks.unlogged:app"]
            command += ["--port", str(port), "--log-level", "error", "--no-access-log"]
            environ = {
                "BENCH_PROFILE": profile,
                "BENCH_SETTINGS": json.dumps(settings),
                "BENCH_LOGGED": str(int(side == "ours")),
            }
            stack.enter_context(serving.process(command, port, **environ))
        yield ports


def measure_graphs(kind: str, url: str, table: Table) -> None:
    serving.fill(kind, url)
    row = serving.Row("PUT /graph, 10 neighbours, 1 conn.", ("graph", "graph"), 1, GOAL)
    samples: list[serving.Sample] = []
    for number in range(serving.ROUNDS):
        with both(kind, url) as ports:
            samples.append(serving.compare(row, ports, number))
    serving.report(table, f"{kind}: {row.what}, with the log of changes", GOAL, samples)
