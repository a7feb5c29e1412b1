"""Many clients at once, of whom some hang up before they are answered."""

import asyncio
import json
import random
import uuid
from collections import Counter
from dataclasses import dataclass

import httpx2 as httpx

ANSWER_SECONDS = 60
PATIENCE_SECONDS = 0.03
"""A client that gives up does so at some moment before this."""


@dataclass(frozen=True)
class Load:
    """A mix of requests, the same each time."""

    requests: int
    connections: int
    given_up: float = 0.0
    """The share of requests whose clients hang up."""


def send(url: str, load: Load) -> Counter[str]:
    """Send a mix of requests; count the answers by status, ``given up``, ``lost`` and ``late``.

    A connection that ends without an answer is lost. The first that is late, or finds nobody, ends
    it all: the isolate is gone.
    """
    star = {"block": {"resolver": "text", "content": f"centre {uuid.uuid4().hex}"}}
    answer = httpx.put(f"{url}/graph", json=star, timeout=60)
    assert answer.status_code == 200, answer.text
    return asyncio.run(_send(url, load, answer.json()["blocks"][0]["id"]))


def send_first(url: str, count: int) -> Counter[str]:
    """Send so many requests at once to an isolate that has answered none; count as ``send`` does."""
    return asyncio.run(_send_first(int(url.rpartition(":")[2]), count))


async def _send_first(port: int, count: int) -> Counter[str]:
    requests = [
        _head("GET", "/blocks?limit=10") if number % 2 else _head("PUT", "/graph", _lone(number))
        for number in range(count)
    ]
    return Counter(await asyncio.gather(*(_ask(port, request, None) for request in requests)))


def _lone(number: int) -> bytes:
    return json.dumps({"block": {"resolver": "text", "content": f"first {number}"}}).encode()


async def _send(url: str, load: Load, centre: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    drawn = random.Random(7)
    mark = uuid.uuid4().hex
    waiting = iter(range(load.requests))
    port = int(url.rpartition(":")[2])

    async def visit() -> None:
        for number in waiting:
            if outcomes["late"] or outcomes["nobody"]:
                return
            request = _request(drawn.random(), centre, f"{mark} {number}")
            gives_up = drawn.random() < load.given_up
            outcomes[await _ask(port, request, drawn.random() if gives_up else None)] += 1

    await asyncio.gather(*(visit() for _ in range(load.connections)))
    return outcomes


async def _ask(port: int, request: bytes, patience: float | None) -> str:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return "nobody"
    try:
        writer.write(request)
        await writer.drain()
        if patience is not None:
            await asyncio.sleep(patience * PATIENCE_SECONDS)
            return "given up"
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await reader.read()
        return answer.split(b" ", 2)[1].decode() if answer else "lost"
    except TimeoutError:
        return "late"
    except OSError:
        return "lost"
    finally:
        writer.transport.abort()


def _request(kind: float, centre: int, mark: str) -> bytes:
    if kind < 0.35:
        return _head("GET", f"/blocks/{centre}")
    if kind < 0.5:
        return _head("GET", "/blocks?limit=10")
    if kind < 0.6:
        return _head("GET", f"/blocks/{centre}/graph?depth=2&limit=20")
    if kind < 0.65:
        return _head("GET", "/readyz")
    arm = {"relation": {"content": "about"}, "to_block": {"block": {"id": centre}}}
    star = {"block": {"resolver": "text", "content": f"load {mark}"}, "out_relations": [arm]}
    return _head("PUT", "/graph", json.dumps(star).encode())


def _head(method: str, target: str, body: bytes = b"") -> bytes:
    about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return (
        f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{about}\r\n".encode() + body
    )
