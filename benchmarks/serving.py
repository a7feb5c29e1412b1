"""Requests a second, ours beside the baseline."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import Table
from inkcre.assembly.assembly import build_database, utc_now
from inkcre.core import INKCRE
from inkcre.graph.forms import FlatGraph
from inkcre.graph.graphs import write_graph
from inkcre.sections.schema import load_settings
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "1"))
CONNECTIONS = tuple(map(int, os.environ.get("BENCH_CONNECTIONS", "1 16 64").split()))
BLOCKS = 10_000
PROFILES = {"postgres": ("server", "database.url"), "sqlite": ("dev", "database.path")}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def process(command: list[str], port: int, **environ: str) -> Iterator[int]:
    """Run a server until the end of the block."""
    server = subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/blocks/1", timeout=5).read()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.communicate(timeout=30)


def fill(kind: str, url: str) -> None:
    """Make a base of short blocks."""
    profile, key = PROFILES[kind]
    settings = load_settings(profile, overrides={key: url}, environ={})
    database = build_database(settings)
    migrate(database, lines_of(INKCRE))
    nodes = [{"resolver": "text", "content": f"block {n} " + "x" * 200} for n in range(BLOCKS)]
    write_graph(database, FlatGraph.model_validate({"blocks": nodes}), utc_now())
    database.close()


@contextmanager
def both(kind: str, url: str) -> Iterator[dict[str, int]]:
    """Serve the application and the baseline on the same base."""
    profile, key = PROFILES[kind]
    ours, bare = free_port(), free_port()
    inkcre = [str(Path(sys.executable).with_name("inkcre")), "run", "--profile", profile]
    options = {
        key: url,
        "http.port": str(ours),
        "http.host": "127.0.0.1",
        "logging.level": "error",
        "storage.kind": "memory",  # a base that somebody keeps in this folder has its own files
    }
    for name, value in options.items():
        inkcre += ["--set", f"{name}={value}"]
    uvicorn = [sys.executable, "-m", "uvicorn", "benchmarks.baseline:app", "--port", str(bare)]
    with ExitStack() as stack:
        stack.enter_context(process(inkcre, ours))
        uvicorn += ["--log-level", "error", "--no-access-log"]
        stack.enter_context(process(uvicorn, bare, BASELINE_URL=url))
        yield {"ours": ours, "baseline": bare}


def load(port: int, connections: int, kind: str, seed: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(SECONDS)]
    done = subprocess.run([*command, kind, str(seed)], capture_output=True, check=True, timeout=60)
    result: dict[str, float] = json.loads(done.stdout)
    assert not result["bad"], f"{kind}: {result['bad']} answers were not 200"
    return result


@dataclass(frozen=True)
class Row:
    """One line of the table: what is asked of each side, over how many connections."""

    what: str
    kinds: tuple[str, str]
    connections: int
    goal: float


ROWS = [
    Row(f"{path}, {connections} conn.", (kind, kind), connections, 0.9)
    for kind, path in (("one", "GET /blocks/{id}"), ("recent", "GET /blocks/recent"))
    for connections in CONNECTIONS
] + [Row("PUT /graph, 10 neighbours, 1 conn.", ("graph", "rows"), 1, 5)]

Sample = tuple[dict[str, float], dict[str, float]]


def measure(kind: str, url: str, table: Table) -> None:
    """Measure reads and graph writes on one database.

    Both sides take turns within a round, so that what else the machine does falls on both. Each
    round starts both servers anew: which core a database's process lands on is luck, and lasts.
    """
    fill(kind, url)
    samples: dict[Row, list[Sample]] = {row: [] for row in ROWS}
    for number in range(ROUNDS):
        with both(kind, url) as ports:
            for row in ROWS:
                samples[row].append(compare(row, ports, number))
    for row in ROWS:
        report(table, f"{kind}: {row.what}", row.goal, samples[row])


def compare(row: Row, ports: dict[str, int], number: int) -> Sample:
    """Load both sides in turn, twice each in a mirrored order; give the mean of each."""
    taken: dict[str, list[dict[str, float]]] = {"ours": [], "baseline": []}
    order = ["ours", "baseline"] if number % 2 else ["baseline", "ours"]
    for turn, side in enumerate([*order, *reversed(order)]):
        kind = row.kinds[0] if side == "ours" else row.kinds[1]
        taken[side].append(load(ports[side], row.connections, kind, 10 * number + turn))
    ours, bare = (mean(taken[side]) for side in ("ours", "baseline"))
    return ours, bare


def mean(results: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.mean(r[key] for r in results) for key in results[0]}


def report(table: Table, what: str, goal: float, samples: list[Sample]) -> None:
    """Write a row: medians over the rounds."""
    ratio = statistics.median(ours["rate"] / bare["rate"] for ours, bare in samples)
    ours, bare = (
        {key: statistics.median(s[side][key] for s in samples) for key in ("rate", "p99_ms")}
        for side in (0, 1)
    )
    table.add(
        what,
        f"{ours['rate']:,.0f}/s",
        f"{bare['rate']:,.0f}/s",
        ratio,
        f">= {goal}",
        ratio >= goal,
        f"p99 {ours['p99_ms']:.1f} ms against {bare['p99_ms']:.1f} ms",
    )
