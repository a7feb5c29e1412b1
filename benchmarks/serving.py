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
from pathlib import Path

from benchmarks.tables import Table
from inkcre.assembly import build_components, utc_now
from inkcre.infobase.forms import FlatGraph
from inkcre.infobase.graphs import write_graph
from inkcre.schema import migrate
from inkcre.settings.loader import load_settings

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
CONNECTIONS = (1, 16, 64)
BLOCKS = 10_000


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def process(command: list[str], port: int, **environ: str) -> Iterator[int]:
    """Run a server until the end of the block."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("INKCRE_")}
    server = subprocess.Popen(command, env={**clean, **environ}, stderr=subprocess.PIPE)
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


def fill(profile: str, key: str, url: str) -> None:
    """Make a base of short blocks."""
    settings = load_settings(profile, overrides={key: url}, environ={})
    database = build_components(settings).database
    migrate(database)
    nodes = [{"resolver": "text", "content": f"block {n} " + "x" * 200} for n in range(BLOCKS)]
    write_graph(database, FlatGraph.model_validate({"blocks": nodes}), utc_now())
    database.close()


@contextmanager
def both(kind: str, url: str) -> Iterator[dict[str, int]]:
    """Serve the application and the baseline on the same base."""
    profile, key = ("server", "database.url") if kind == "postgres" else ("dev", "database.path")
    fill(profile, key, url)
    ours, bare = free_port(), free_port()
    inkcre = [str(Path(sys.executable).with_name("inkcre")), "run", "--profile", profile]
    options = {key: url, "http.port": str(ours), "http.host": "127.0.0.1", "logging.level": "error"}
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


def measure(kind: str, url: str, table: Table) -> None:
    """Measure reads and graph writes on one database."""
    with both(kind, url) as ports:
        for name, path in (("one", "GET /blocks/{id}"), ("recent", "GET /blocks/recent")):
            for connections in CONNECTIONS:
                compare(
                    table,
                    f"{kind}: {path}, {connections} conn.",
                    ports,
                    connections,
                    (name, name),
                    0.9,
                )
        compare(
            table, f"{kind}: PUT /graph, 10 neighbours, 1 conn.", ports, 1, ("graph", "rows"), 5
        )


def compare(
    table: Table,
    what: str,
    ports: dict[str, int],
    connections: int,
    kinds: tuple[str, str],
    goal: float,
) -> None:
    """Take turns, so that what else the machine does falls on both."""
    ours, bare = [], []
    for name, samples, kind in (("ours", ours, kinds[0]), ("baseline", bare, kinds[1])):
        load(ports[name], connections, kind, 0)
        samples.clear()
    for number in range(ROUNDS):
        ours.append(load(ports["ours"], connections, kinds[0], 2 * number + 1))
        bare.append(load(ports["baseline"], connections, kinds[1], 2 * number + 2))
    our_rate = statistics.median(s["rate"] for s in ours)
    bare_rate = statistics.median(s["rate"] for s in bare)
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, bare, strict=True))
    note = f"p99 {statistics.median(s['p99_ms'] for s in ours):.1f} ms"
    note += f" against {statistics.median(s['p99_ms'] for s in bare):.1f} ms"
    table.add(
        what, f"{our_rate:,.0f}/s", f"{bare_rate:,.0f}/s", ratio, f">= {goal}", ratio >= goal, note
    )
