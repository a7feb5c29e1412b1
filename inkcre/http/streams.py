"""Bodies as they come and go: nothing is gathered.

What reads and writes them is synchronous everywhere, so it waits for the event loop: in a thread of
a process, or by suspending the request on Workers. It waits for others, as long as they like, so it
has threads of its own: those that run requests must not all wait for slow clients.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from inkcre.errors import InkcreError
from inkcre.http import pace

logger = logging.getLogger("inkcre.http")

PASS_ON = "inkcre.pass_on"  # noqa: S105 - no secret
"""Key of a scope: what takes a body's stream itself, where the surroundings can send it."""


Answer = TypeVar("Answer")

Waiting = Literal["clients", "pages", "files"]
"""Whom something waits for: clients that send, servers of others, the place where files are."""

THREADS = 16
"""How many at once wait for each of them. Among the four that run requests, four slow clients
would keep everybody waiting."""

# By event loop, to which a limiter belongs: a process of tests has several.
_limiters: RunVar[dict[Waiting, CapacityLimiter]] = RunVar("inkcre_waiting")


def _limiter_for(waiting: Waiting) -> CapacityLimiter:
    try:
        limiters = _limiters.get()
    except LookupError:
        limiters = {}
        _limiters.set(limiters)
    if waiting not in limiters:
        limiters[waiting] = CapacityLimiter(THREADS)
    return limiters[waiting]


async def run_aside(waiting: Waiting, work: Callable[[], Answer]) -> Answer:
    """Run what waits for others in a thread of those that are there for it."""
    return await to_thread.run_sync(work, limiter=_limiter_for(waiting))


def read_body(request: Request) -> Iterator[bytes]:
    """Yield a request's body in the parts in which it comes.

    Raises:
        TooSlow: it comes too slowly, or not at all.
    """
    if sys.platform == "emscripten":
        parts = _read_on_workers(request.stream())
    else:
        parts = _read_in_a_thread(request.receive)
    return (part for part in parts if part)


def _read_on_workers(parts: AsyncIterator[bytes]) -> Iterator[bytes]:
    """Suspend the request for each part. Whoever receives them has one timer for all of them."""
    from pyodide.ffi import run_sync

    async def read_part() -> bytes | None:
        return await anext(parts, None)

    while (part := run_sync(read_part())) is not None:
        yield part


def _read_in_a_thread(receive: Receive) -> Iterator[bytes]:
    """Go to the event loop once for each message; a small body is one.

    Starlette's stream gives an empty part and an end behind the last one, and so two ways more: a
    twentieth of an upload of 4 KB.
    """
    from anyio import from_thread  # a Worker has no use for it

    kept, is_more = pace.Pace(), True

    async def receive_part() -> Message:
        with move_on_after(pace.SILENT_SECONDS):
            return await receive()
        raise pace.silent()

    while is_more:
        message = from_thread.run(receive_part)
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part, is_more = message.get("body", b""), message.get("more_body", False)
        yield part
        kept.count(len(part))


def _nothing() -> None:
    """Close what needs no closing."""


class StreamedResponse(StreamingResponse):
    """A response whose length is known and whose body is sent in the parts in which it is read."""

    def __init__(
        self, chunks: Iterable[bytes], size: int, status: int, headers: dict[str, str]
    ) -> None:
        headers["Content-Length"] = str(size)
        super().__init__(self._read_aside(iter(chunks)), status, headers, headers["Content-Type"])
        self._chunks = chunks

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Take the content type as it is: Starlette appends a charset to what is text."""
        self.raw_headers = [(n.lower().encode(), v.encode()) for n, v in (headers or {}).items()]

    async def _read_aside(self, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
        try:
            while (chunk := await run_aside("files", lambda: next(chunks, None))) is not None:
                yield chunk
        except InkcreError as error:
            # The status is on its way already: all that can be done is to break off.
            logger.warning("a response was broken off: %s", error)
            raise ClientDisconnect from error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; or only its head, where somebody else takes the body."""
        pass_on = scope.get(PASS_ON)
        if pass_on is None or not pass_on(self._chunks):
            try:
                with suppress(ConnectionError, ClientDisconnect):  # who asked has hung up
                    await super().__call__(scope, receive, send)
            finally:
                getattr(self._chunks, "close", _nothing)()
            return
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": b""})
