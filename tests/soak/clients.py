"""A thousand slow uploads, two hundred half heads and two hundred silent sockets, and who is beside.

Prints the time that a read and a small upload take, alone and beside them. They come from a process
of their own, so that what they cost on their side is not in the figures.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import httpx2 as httpx

from inkcre.process.descriptors import raise_limit
from tests.cli.test_run import running

PART_BYTES, PAUSE_SECONDS = 3000, 2.0
"""What a slow client sends, and how often: a little more than it has to."""

ENDLESS_BYTES = 10**9
GOAL = 2.0
"""How many times as long the 99th percentile of reads may take."""

HALF = b"GET /blocks HTTP/1.1\r\nHost: a\r\nX-Half: "
UPLOAD = f"POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: {ENDLESS_BYTES}\r\n\r\n".encode()


async def keep(port: int, sent: bytes, *, is_upload: bool) -> None:
    """Be one such client until the end, over another connection whenever one is ended."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            if is_upload:
                while True:
                    await asyncio.sleep(PAUSE_SECONDS)
                    writer.write(bytes(PART_BYTES))
                    await writer.drain()
            await reader.read()
            writer.close()
        await asyncio.sleep(0.1)


async def bother(port: int, uploads: int, others: int) -> None:
    """Be all of them; say so when all are there."""
    kinds = [(UPLOAD, True, uploads), (HALF, False, others), (b"", False, others)]
    async with asyncio.TaskGroup() as group:
        for sent, is_upload, number in kinds:
            for _ in range(number):
                group.create_task(keep(port, sent, is_upload=is_upload))
                await asyncio.sleep(0.002)  # a few at a time
        print("all are there", flush=True)


@contextmanager
def bothered(port: int, uploads: int, others: int) -> Iterator[None]:
    """Have them in a process of their own."""
    command = [sys.executable, "-m", "tests.soak.clients", str(port), str(uploads), str(others)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "all are there\n"
            time.sleep(2 * PAUSE_SECONDS)
            yield
            assert process.poll() is None
        finally:
            process.terminate()


class Prober:
    """A client that asks now and then."""

    def __init__(self, port: int) -> None:
        self._port = port

    def take(self, seconds: float) -> dict[str, list[float]]:
        """Read, and upload once in twenty, for so long; give the milliseconds of each."""
        taken: dict[str, list[float]] = {"reads": [], "uploads": []}
        until, number = time.monotonic() + seconds, 0
        client = HTTPConnection("127.0.0.1", self._port, timeout=60)
        while time.monotonic() < until:
            number += 1
            if number % 20:
                taken["reads"].append(self._ask(client, "GET", "/blocks/1"))
            else:
                sent = os.urandom(20)
                taken["uploads"].append(self._ask(client, "POST", "/files", sent))
            time.sleep(0.002)
        client.close()
        return taken

    def _ask(
        self, client: HTTPConnection, method: str, path: str, sent: bytes | None = None
    ) -> float:
        began = time.perf_counter()
        client.request(method, path, sent)
        answer = client.getresponse()
        answer.read()
        assert answer.status in (200, 201), answer.status
        return (time.perf_counter() - began) * 1000


def at_99(times: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(times, n=100)[98]


def play(seconds: float, uploads: int, others: int, rounds: int) -> dict[str, float]:
    """Measure alone and beside them, in turns; print each, and give the ratios of the medians."""
    seen: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (url, process):
        port = int(url.rpartition(":")[2])
        prober = Prober(port)
        httpx.post(f"{url}/blocks", json={"resolver": "text", "content": "a block"})
        prober.take(1)
        for number in range(rounds):
            for where, taken in _take_both(prober, port, seconds, uploads, others):
                for what, times in taken.items():
                    p99 = at_99(times)
                    seen.setdefault((what, where), []).append(p99)
                    median = statistics.median(times)
                    print(f"round {number + 1}, {what} {where}: median {median:.2f} ms, p99 {p99:.2f} ms, {len(times)} times")  # fmt: skip
        print(f"resident: {_resident(process.pid)} MiB")
    ratios = {}
    for what in ("reads", "uploads"):
        alone, beside = (statistics.median(seen[what, where]) for where in ("alone", "beside"))
        ratios[what] = beside / alone
        print(f"p99 of {what}: alone {alone:.2f} ms, beside {beside:.2f} ms, ratio {beside / alone:.2f}")  # fmt: skip
    return ratios


def _take_both(
    prober: Prober, port: int, seconds: float, uploads: int, others: int
) -> Iterator[tuple[str, dict[str, list[float]]]]:
    yield "alone", prober.take(seconds)
    with bothered(port, uploads, others):
        yield "beside", prober.take(seconds)
    time.sleep(1)


def _resident(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(found.split()[1]) // 1024


def main(arguments: Sequence[str]) -> int:
    """Play it; fail if reads take more than twice as long beside them."""
    parser = argparse.ArgumentParser(prog="clients")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--others", type=int, default=200, help="half heads, and silent sockets")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    ratios = play(chosen.seconds, chosen.uploads, chosen.others, chosen.rounds)
    return 0 if ratios["reads"] <= GOAL else 1


if __name__ == "__main__":
    raise_limit(10_000)
    asyncio.run(bother(*map(int, sys.argv[1:4])))
