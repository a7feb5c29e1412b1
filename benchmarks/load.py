"""A load from a second process: keep-alive connections over loopback, bounded in time.

``python -m benchmarks.load PORT CONNECTIONS SECONDS KIND SEED`` prints one JSON line: requests
answered, answers that were not 200, and the times of answers in milliseconds (median and p99).
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from typing import cast

BLOCKS = 10_000


def get_one(generator: random.Random) -> bytes:
    return f"GET /blocks/{generator.randint(1, BLOCKS)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def get_recent(_: random.Random) -> bytes:
    return b"GET /blocks/recent HTTP/1.1\r\nHost: x\r\n\r\n"


def put_graph(path: str) -> Callable[[random.Random], bytes]:
    def request(generator: random.Random) -> bytes:
        mark = generator.getrandbits(64)
        arcs = [
            {
                "relation": {"content": "holds"},
                "to_block": {"block": {"resolver": "text", "content": f"neighbour {mark} {n}"}},
            }
            for n in range(10)
        ]
        form = {"block": {"resolver": "text", "content": f"centre {mark}"}, "out_relations": arcs}
        body = json.dumps(form).encode()
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    return request


KINDS = {
    "one": get_one,
    "recent": get_recent,
    "graph": put_graph("/graph"),
    "rows": put_graph("/rows"),
}


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, make: Callable[[], bytes], until: float, times: list[float]) -> None:
        self.make, self.until, self.times = make, until, times
        self.bad = 0
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.transport.write(self.make())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self.times.append(now - self.asked)
        self.bad += not head.startswith(b"HTTP/1.1 200")
        self.buffer = b""
        if now < self.until:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set_result(None)


async def main(port: int, connections: int, seconds: float, kind: str, seed: int) -> None:
    loop = asyncio.get_running_loop()
    generator = random.Random(seed)
    times: list[float] = []
    started = time.perf_counter()
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(lambda: KINDS[kind](generator), started + seconds, times),
            "127.0.0.1",
            port,
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    elapsed = time.perf_counter() - started
    times.sort()
    print(
        json.dumps(
            {
                "rate": len(times) / elapsed,
                "bad": sum(client.bad for client in clients),
                "median_ms": 1000 * times[len(times) // 2],
                "p99_ms": 1000 * times[int(len(times) * 0.99)],
            }
        )
    )


if __name__ == "__main__":
    import uvloop

    port, connections, seconds, kind, seed = sys.argv[1:]
    uvloop.run(main(int(port), int(connections), float(seconds), kind, int(seed)))
