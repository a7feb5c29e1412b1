"""The Worker beside a bare one on workerd, Cloudflare's runtime: ``make bench-edge ARGS=workerd``."""

import asyncio
import os
import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.tables import Table
from tests.edge.workerd.runtime import Workerd, WorkerdOptions

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "400"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
CONNECTIONS = (1, 16)
PATH = "/blocks/1"


class Client(asyncio.Protocol):
    """One connection that is kept, and asks again as soon as it is answered."""

    def __init__(self, times: list[float], requests: int) -> None:
        self._times = times
        self._left = requests
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

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


def ask(port: int, *, connections: int, requests: int) -> list[float]:
    """Ask for a block over and over; give the time of each answer in milliseconds."""
    times: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        each = requests // connections
        clients = [
            (await loop.create_connection(lambda: Client(times, each), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        await asyncio.gather(*(client.done for client in clients))

    asyncio.run(run())
    return times
