"""The Worker beside a bare one on workerd: ``make bench-edge ARGS=workerd``."""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.tables import Table
from tests.edge.workerd.runtime import Workerd, WorkerdOptions

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "400"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
CONNECTIONS = (1, 16)
BLOCK = itertools.repeat("/blocks/1")


class Client(asyncio.Protocol):
    """One connection that is kept, and asks again as soon as it is answered."""

    def __init__(self, times: list[float], requests: int, paths: Iterator[str]) -> None:
        self._times = times
        self._left = requests
        self._paths = paths
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(f"GET {next(self._paths)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not _is_whole(self._buffer):
            return
        self._times.append(1000 * (time.perf_counter() - self._asked))
        assert self._buffer.startswith(b"HTTP/1.1 200"), self._buffer
        self._buffer = b""
        self._left -= 1
        if self._left > 0:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._left > 0:
            self.done.set_exception(error or ConnectionError("the connection was lost"))
        else:
            self.done.set_result(None)


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    _, is_counted, length = head.lower().partition(b"content-length:")
    if is_counted:
        return bool(found) and len(body) >= int(length.partition(b"\r")[0])
    return bool(found) and body.endswith(b"0\r\n\r\n")


def ask(port: int, *, connections: int, requests: int, paths: Iterator[str] = BLOCK) -> list[float]:
    """Ask for blocks over and over; give the time of each answer in milliseconds."""
    times: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        each = requests // connections
        clients = [
            (await loop.create_connection(lambda: Client(times, each, paths), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        await asyncio.gather(*(client.done for client in clients))

    asyncio.run(run())
    return times


def cpu_milliseconds(process_id: int) -> float:
    """Return the processor's time that a process has taken."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_reads(running: Mapping[str, Workerd], table: Table) -> None:
    """Ask both for a block, in rounds in which the sides take turns at being first."""
    for connections in CONNECTIONS:
        times: dict[str, list[float]] = {side: [] for side in running}
        work: dict[str, list[float]] = {side: [] for side in running}
        for side in running:
            ask(running[side].port, connections=connections, requests=10 * connections)
        for number in range(ROUNDS):
            for side in sorted(running, reverse=bool(number % 2)):
                before = cpu_milliseconds(running[side].process_id)
                found = ask(running[side].port, connections=connections, requests=REQUESTS)
                spent = cpu_milliseconds(running[side].process_id) - before
                times[side].append(statistics.median(found))
                work[side].append(spent / len(found))
        what = f"GET /blocks/{{id}}, {connections} conn."
        _add(table, what, times, "<= 1.25", limit=1.25)
        _add(table, f"{what}: CPU of workerd, a request", work, "measured")


def _add(
    table: Table,
    what: str,
    found: Mapping[str, list[float]],
    goal: str,
    *,
    limit: float = float("inf"),
) -> None:
    ratios = [o / b for o, b in zip(found["ours"], found["bare"], strict=True)]
    ratio = statistics.median(ratios)
    ours, bare = (f"{statistics.median(found[side]):.1f} ms" for side in ("ours", "bare"))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} rounds"
    table.add(what, ours, bare, ratio, goal, ratio <= limit, spread)


PARTS = """
import copy, js, time
from pyodide.ffi import run_sync
from inkcre.adapters.database.hyperdrive import SETTLE, STATEMENTS
from inkcre.adapters.database.pipelining import PipeliningConnection
from inkcre.adapters.database.wire import BindingStream, Wire
from inkcre.edge.bindings import WorkerBindings
from inkcre.graph.block_rows import SELECT_BLOCK

lent = WorkerBindings(env)["HYPERDRIVE"]

class Noted:
    # A stream that remembers the last answer.
    def __init__(self):
        self.stream, self.answer = BindingStream(lent, 60), b""
    def send(self, data):
        self.stream.send(data)
        self.answer = b""
    def receive(self):
        part = self.stream.receive()
        self.answer += part
        return part
    def close(self):
        self.stream.close()

class Replayed:
    # A stream whose answer has been there before.
    def __init__(self, answer):
        self.answer = answer
    def send(self, data):
        pass
    def receive(self):
        return self.answer

def log_in(stream):
    return PipeliningConnection(
        lent.user, sock=Wire(stream), database=lent.database, password=lent.password,
        application_name="inkcre", ssl_context=False,
    )

words = ("user", lent.user, "database", lent.database, "")
hello = (3 << 16).to_bytes(4) + b"".join(word.encode() + bytes(1) for word in words)
hello = (len(hello) + 4).to_bytes(4) + hello

def connect():
    stream = BindingStream(lent, 30)
    stream.send(hello)
    assert stream.receive()
    stream.close()

def login():
    log_in(BindingStream(lent, 30)).close()

compiled = STATEMENTS.get(SELECT_BLOCK)
sent = [(SETTLE, ("30000",)), (compiled.text, compiled.arrange({"id": 1}))]
noted = Noted()
kept = log_in(noted)
assert len(kept.run(sent)[1].rows) == 1
replayed = copy.copy(kept)
replayed._sock = Wire(Replayed(noted.answer))

def read():
    kept.run(sent)

def conversion():
    replayed.run(sent)

def request():
    asked = js.Request.new("http://x/blocks/1")
    assert run_sync(worker.Default.app.answer(asked, env)).status == 200

def milliseconds(act):
    for _ in range(10):
        act()
    begun = time.perf_counter()
    for _ in range(200):
        act()
    return 1000 * (time.perf_counter() - begun) / 200

found = {act.__name__: milliseconds(act) for act in (connect, login, read, conversion, request)}
kept.close()
found
"""
"""What a request does, and parts of it alone, inside the isolate; milliseconds of each."""


def measure_parts(options: WorkerdOptions) -> str:
    """Time a request of ours by part, inside the isolate; give a table in Markdown."""
    rounds: dict[str, list[float]] = {}
    with Workerd(options) as running:
        for _ in range(ROUNDS):
            outside = statistics.median(ask(running.port, connections=1, requests=200))
            for name, spent in _split(running.run(PARTS), outside).items():
                rounds.setdefault(name, []).append(spent)
    lines = ["| part of GET /blocks/{id}, 1 conn. | ms | least and most |", "|---|---|---|"]
    for name, times in rounds.items():
        middle = statistics.median(times)
        lines.append(f"| {name} | {middle:.2f} | {min(times):.2f} to {max(times):.2f} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def _split(found: Mapping[str, float], outside: float) -> dict[str, float]:
    ours = found["request"] - found["login"] - found["read"]
    return {
        "connect: the socket, until the server's first byte": found["connect"],
        "login: the password, until the server is ready": found["login"] - found["connect"],
        "statements: two, in one round trip": found["read"] - found["conversion"],
        "conversion: messages made and read, without waiting": found["conversion"],
        "ours: everything else inside the isolate": ours,
        "the whole, inside the isolate": found["request"],
        "the whole, as a client sees it": outside,
    }  # fmt: skip


def measure(sides: Mapping[str, WorkerdOptions], table: Table) -> str:
    """Measure both sides; give what is to stand under the table."""
    with ExitStack() as stack:
        running = {side: stack.enter_context(Workerd(sides[side])) for side in sides}
        measure_reads(running, table)
        for side in sides:
            assert running[side].complaints() == []
    parts = measure_parts(replace(sides["ours"], is_probed=True))
    return (
        "A connection a request on both sides. Where the time of ours goes, medians of"
        f" {ROUNDS} rounds of 200 each:\n\n{parts}\n"
    )
