"""The Workers artifact beside one written by hand, in the same harness: ``make bench-edge``."""

import json
import os
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import large, workerd
from benchmarks.__main__ import describe
from benchmarks.tables import Table, write_section
from inkcre.edge.artifact.builder import Artifact
from inkcre.edge.artifact.folder import write_folder
from inkcre.edge.artifact.lock import lock_file, read_lock
from inkcre.edge.artifact.wheels import fetch_wheels, read_wheel
from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.tools import tools_folder
from tests.alone import working_alone
from tests.edge.conftest import Running
from tests.edge.homes import build, migrated_database
from tests.edge.test_runtime import load
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.postgres import PostgresServer
from tests.proxies import CountingProxy, counting

STARTS = int(os.environ.get("BENCH_STARTS", "5"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "200"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
MIB = 2**20
BARE_ROOTS = {"fastapi", "sqlalchemy", "pg8000", "workers-runtime-sdk"}
OURS_ONLY = {"pydantic-settings", "python-dotenv", "python-multipart"}
POLICIES = (1_000, 10_000, 50_000, 10**12)


def build_bare(folder: Path, ours: Artifact) -> int:
    """Write the artifact of the hand-written Worker, its packages whole; give its size in bytes."""
    packages = [p for p in read_lock(lock_file().read_text()) if p.name not in OURS_ONLY]
    assert {p.name for p in packages} >= BARE_ROOTS
    wheels = fetch_wheels(packages, tools_folder() / "wheels")
    files: dict[str, bytes] = {
        "src/worker.py": Path(__file__).with_name("bare_worker.py").read_bytes()
    }
    for package in packages:
        files |= {f"python_modules/{n}": c for n, c in read_wheel(wheels[package.name]).items()}
    size = sum(map(len, files.values()))
    configuration = {**ours.configuration, "name": "bare"}
    write_folder({"wrangler.jsonc": json.dumps(configuration).encode(), **files}, folder)
    return size


@contextmanager
def started(options: HarnessOptions, log: Path) -> Iterator[Running]:
    """Run a harness until the end of the block."""
    running = Running(Harness(options, log), log)
    try:
        yield running
    finally:
        running.harness.close()


def ask(url: str, method: str = "GET", body: Any = None) -> float:
    """Send one request; give its time in milliseconds."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={"content-type": "application/json"}
    )
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
        assert answer.status in (200, 201)
    return 1000 * (time.perf_counter() - begun)


def measure_starts(sides: dict[str, HarnessOptions], folder: Path, table: Table) -> None:
    """Start each side anew, in turn: the heap after the import, and the first response."""
    heaps: dict[str, list[float]] = {side: [] for side in sides}
    firsts: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(STARTS):
        for side, options in sides.items():
            with started(options, folder / f"{side}.log") as running:
                heaps[side].append(running.memory()["atStart"]["used"] / MIB)
                firsts[side].append(ask(f"{running.url}/blocks/1"))
    add(table, "heap in use after start", heaps, "MiB", 1.15)
    add(table, "time to the first response, a block", firsts, "ms", 1.25)


def measure_warm(sides: dict[str, HarnessOptions], folder: Path, table: Table) -> None:
    """Ask both for a block, one at a time, in rounds that take turns."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    with ExitStack() as stack:
        running = {
            side: stack.enter_context(started(options, folder / f"{side}.log"))
            for side, options in sides.items()
        }
        for side in sides:
            for _ in range(20):
                ask(f"{running[side].url}/blocks/1")
        for _ in range(ROUNDS):
            for side in sides:
                asked = [ask(f"{running[side].url}/blocks/1") for _ in range(REQUESTS)]
                times[side].append(statistics.median(asked))
    add(table, "GET /blocks/{id}, warm, 1 conn.", times, "ms", 1.25)


def add(table: Table, what: str, found: dict[str, list[float]], unit: str, goal: float) -> None:
    """Add a row: medians, and the median of the ratios of each round."""
    ratio = statistics.median(o / b for o, b in zip(found["ours"], found["bare"], strict=True))
    ours, bare = (statistics.median(found[side]) for side in ("ours", "bare"))
    table.add(what, f"{ours:.1f} {unit}", f"{bare:.1f} {unit}", ratio, f"<= {goal}", ratio <= goal)


NEIGHBOURS = [f"neighbour {n}" for n in range(10)]
GRAPHS: dict[str, dict[str, Any]] = {
    "ours": {
        "block": {"resolver": "text", "content": "centre"},
        "out_relations": [
            {
                "relation": {"content": "has"},
                "to_block": {"block": {"resolver": "text", "content": n}},
            }
            for n in NEIGHBOURS
        ],
    },
    "bare": {"centre": "centre", "neighbours": NEIGHBOURS},
}


def count_trips(sides: dict[str, HarnessOptions], folder: Path, table: Table) -> None:
    """Count what one PUT of a graph with ten neighbours costs, and one GET, over the wire."""
    counted: dict[str, dict[str, tuple[int, int]]] = {}
    for side, options in sides.items():
        url = options.hyperdrive["HYPERDRIVE"]
        with counting(urlsplit(url).port or 0) as proxy:
            through = url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")
            lent = replace(options, hyperdrive={"HYPERDRIVE": through})
            with started(lent, folder / f"{side}.log") as running:
                put = f"{running.url}/graph"
                ask(put, "PUT", GRAPHS[side])
                counted[side] = {
                    "PUT /graph, 10 neighbours": count(proxy, put, "PUT", GRAPHS[side]),
                    "GET /blocks/{id}": count(proxy, f"{running.url}/blocks/1"),
                }
    for what in counted["ours"]:
        for number, unit in enumerate(("round trips after login", "statements")):
            ours, bare = (counted[side][what][number] for side in ("ours", "bare"))
            table.add(f"{what}: {unit}", str(ours), str(bare), ours / bare, "counted", is_met=True)


def count(proxy: CountingProxy, url: str, method: str = "GET", body: Any = None) -> tuple[int, int]:
    """Return the round trips of one request, without those of the login, and its statements."""
    time.sleep(0.3)
    before, proxy.sent = proxy.turns, b""
    ask(url, method, body)
    time.sleep(0.3)
    startup_and_password = 2
    farewell = 1  # nobody waits for an answer to it
    trips = proxy.turns - before - startup_and_password - farewell
    return trips, sum(code in "PQ" for code in frames(proxy.sent))


def frames(sent: bytes) -> Iterator[str]:
    """Yield the kind of each message of a client, after the one that opens the connection."""
    at = int.from_bytes(sent[:4])
    while at + 5 <= len(sent):
        yield chr(sent[at])
        at += 1 + int.from_bytes(sent[at + 1 : at + 5])


def measure_policies(options: HarnessOptions, folder: Path) -> str:
    """Load our side under several policies of the collector; give a table in Markdown."""
    lines = [
        "| a collection after | collections | ms a request | longest, ms | heap in use, MiB |",
        "|---|---|---|---|---|",
    ]
    requests = 3_000
    for limit in POLICIES:
        with started(options, folder / "policy.log") as running:
            running.run(
                "import gc, time, inkcre.edge.collector as c\n"
                f"c.ALLOCATIONS = {limit}\n"
                "c.pauses = []\n"
                "def note(phase, info, begun=[0.0]):\n"
                "    if phase == 'start':\n"
                "        begun[0] = time.perf_counter()\n"
                "    else:\n"
                "        c.pauses.append(1000 * (time.perf_counter() - begun[0]))\n"
                "gc.callbacks.append(note)\n1"
            )
            outcomes = load(running, requests=requests, connections=64)
            assert outcomes["right"] == requests, outcomes
            pauses = running.run("import inkcre.edge.collector as c\nc.pauses")
            used = running.memory()["used"] / MIB
            name = "never" if limit == POLICIES[-1] else f"{limit:,}"
            longest = max(pauses, default=0)
            mean = sum(pauses) / requests
            row = f"| {name} | {len(pauses)} | {mean:.3f} | {longest:.1f} | {used:.1f} |"
            print(row, flush=True)
            lines.append(row)
    return "\n".join(lines)


BINDINGS = """
import time, worker
from inkcre.edge.bindings import WorkerBindings
from inkcre.ports.keyvalue import ValueKey
from inkcre.ports.storage import FileKey
from pyodide.ffi import run_sync, to_js
bindings = WorkerBindings(env)
content = bytes({size})
names = ["{round}/%05d" % n for n in range({count})]
def rate(act):
    begun = time.perf_counter()
    for name in names:
        act(name)
    return len(names) / (time.perf_counter() - begun)
def read(reader):
    while not (part := run_sync(reader.read())).done:
        part.value.to_bytes()
with worker.Default.app._assembled_for(bindings).provide(bindings) as context:
    raw = bindings["{binding}"]
    sides = dict(
        ours_put=lambda n: context.{port}.put({key}(n), content),
        raw_put=lambda n: run_sync(raw.put(n, to_js(content))),
        ours_get=lambda n: {ours_get},
        raw_get=lambda n: {raw_get},
    )
    found = {{name: rate(sides[name]) for name in {order}}}
    for name in names:
        run_sync(raw.delete(name))
found
"""
"""Puts and gets through an adapter and through the binding beneath it, inside the Worker."""

ADAPTERS = (
    ("storage r2", "FILES", "storage", "FileKey",
     "[None for _ in context.storage.get(FileKey(n)).chunks]",
     "read(run_sync(raw.get(n)).body.getReader())",
     (("4 KB", 4096, 10_000), ("10 MB", 10_000_000, 100))),
    ("keyvalue kv", "KV", "keyvalue", "ValueKey",
     "context.keyvalue.get(ValueKey(n))",
     "run_sync(raw.get(n, 'arrayBuffer')).to_bytes()",
     (("4 KB", 4096, 10_000),)),
)  # fmt: skip


def measure_bindings(options: HarnessOptions, folder: Path, table: Table) -> None:
    """Put and get through R2 and KV, in rounds in which the sides take turns."""
    for what, binding, port, key, ours_get, raw_get, sizes in ADAPTERS:
        for word, size, count_ in sizes:
            rates: dict[str, list[float]] = {}
            with started(options, folder / "bindings.log") as running:
                for number in range(ROUNDS):
                    order = ["ours_put", "raw_put", "ours_get", "raw_get"]
                    if number % 2:
                        order = ["raw_put", "ours_put", "raw_get", "ours_get"]
                    source = BINDINGS.format(
                        size=size, round=number, count=count_ // ROUNDS, binding=binding, port=port,
                        key=key, ours_get=ours_get, raw_get=raw_get, order=order,
                    )  # fmt: skip
                    for name, found in running.run(source).items():
                        rates.setdefault(name, []).append(found)
            for verb in ("put", "get"):
                pairs = zip(rates[f"ours_{verb}"], rates[f"raw_{verb}"], strict=True)
                ratio = statistics.median(ours / raw for ours, raw in pairs)
                medians = [statistics.median(rates[f"{side}_{verb}"]) for side in ("ours", "raw")]
                ours, raw = (f"{median:,.0f}/s" for median in medians)
                table.add(f"{what}, {word}: {verb}", ours, raw, ratio, ">= 0.8", ratio >= 0.8)


def measure_whole(
    sides: dict[str, HarnessOptions], ours: Artifact, bare_size: int, folder: Path
) -> Table:
    """Measure the Worker beside the bare one; write it down."""
    table = Table()
    ratio = ours.size / bare_size
    table.add(
        "artifact", f"{ours.size / MIB:.1f} MiB", f"{bare_size / MIB:.1f} MiB", ratio,
        "<= 0.7", ratio <= 0.7, "baseline: packages whole",
    )  # fmt: skip
    for side, options in sides.items():
        with started(options, folder / f"{side}.log") as running:
            ask(f"{running.url}/graph", "PUT", GRAPHS[side])
    measure_starts(sides, folder, table)
    measure_warm(sides, folder, table)
    count_trips(sides, folder, table)
    policies = measure_policies(sides["ours"], folder)
    write(
        "The edge",
        table,
        f"The collector's policy, 3,000 mixed requests at 64 connections:\n\n{policies}\n",
    )
    return table


def measure_workerd(sides: dict[str, HarnessOptions], folder: Path) -> Table:
    """Measure both on Cloudflare's runtime; write it down."""
    options = {
        side: WorkerdOptions(
            told.artifact, folder, hyperdrive=dict(told.hyperdrive), is_probed=False
        )
        for side, told in sides.items()
    }
    for side, one in options.items():
        with Workerd(one) as running:
            ask(f"{running.url}/graph", "PUT", GRAPHS[side])
    table = Table()
    parts = workerd.measure(options, table)
    write("The edge on workerd", table, parts, on="workerd, PostgreSQL by the Hyperdrive binding")
    return table


def write(title: str, table: Table, more: str = "", on: str = "Pyodide in Node") -> None:
    """Print a table and write it down."""
    figures = f"{table.as_markdown()}\n\n{more}" if table.rows else more
    text = f"{describe().format(postgres='18')}\n\n{figures}"
    print(f"\n{text}")
    write_section(title, f"Printed by `make bench-edge`, on {on}.", text)


def main() -> None:
    parts = sys.argv[1:] or ["worker", "workerd", "bindings"]
    tables: list[Table] = []
    with working_alone() as folder:
        server = PostgresServer().start()
        try:
            ours = build({}, folder / "ours")
            bare_size = build_bare(folder / "bare", ours)
            sides = {
                side: HarnessOptions(
                    folder / side,
                    hyperdrive={"HYPERDRIVE": migrated_database(server)},
                    control=True,
                )
                for side in ("ours", "bare")
            }
            if "worker" in parts:
                tables.append(measure_whole(sides, ours, bare_size, folder))
            if "workerd" in parts:
                tables.append(measure_workerd(sides, folder))
            if "large" in parts:
                figures = large.measure(server, folder / "large")
                write("A base of 100,000 blocks on the edge", Table(), figures, on="workerd")
            if "bindings" in parts:
                tables.append(Table())
                measure_bindings(sides["ours"], folder, tables[-1])
                write("Files and small values on the edge", tables[-1])
        finally:
            server.remove()
    sys.exit(0 if all(row[5] == "yes" for table in tables for row in table.rows) else 1)


if __name__ == "__main__":
    main()
