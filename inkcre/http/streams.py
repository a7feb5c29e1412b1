"""Bodies as they go, and what waits for others: nothing is gathered.

What reads them is synchronous everywhere, so it runs in a thread of a process, or suspends the
request on Workers. It waits for others, as long as they like, so it has threads of its own: those
that run requests must not all wait for a slow disk, or for a page.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal, TypeVar

from anyio import CapacityLimiter, WouldBlock, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from inkcre.errors import InkcreError

logger = logging.getLogger("inkcre.http")

PASS_ON = "inkcre.pass_on"  # noqa: S105 - no secret
"""Key of a scope: what takes a body's stream itself, where the surroundings can send it."""


Answer = TypeVar("Answer")

Waiting = Literal["clients", "straight", "pages", "files"]
"""Whom something waits for: the place where what clients have sent is kept, and, of these, clients
whose bodies go there straight; servers of others; the place where files are read."""

THREADS = 16
"""How many at once wait for each of them. Among the four that run requests, four slow ones would
keep everybody waiting."""

STRAIGHT = THREADS // 2
"""How many of those that keep what clients have sent may wait for the clients."""

# By event loop, to which a limiter belongs: a process of tests has several.
_limiters: RunVar[dict[Waiting, CapacityLimiter]] = RunVar("inkcre_waiting")


def _limiter_for(waiting: Waiting) -> CapacityLimiter:
    try:
        limiters = _limiters.get()
    except LookupError:
        limiters = {}
        _limiters.set(limiters)
    if waiting not in limiters:
        limiters[waiting] = CapacityLimiter(STRAIGHT if waiting == "straight" else THREADS)
    return limiters[waiting]


async def run_aside(waiting: Waiting, work: Callable[[], Answer]) -> Answer:
    """Run what waits for others in a thread of those that are there for it."""
    return await to_thread.run_sync(work, limiter=_limiter_for(waiting))


def read_suspending(parts: AsyncIterator[bytes]) -> Iterator[bytes]:
    """Yield a body on Workers as it comes: each part suspends the request until it is there."""
    from pyodide.ffi import run_sync

    async def read_part() -> bytes | None:
        return await anext(parts, None)

    while (part := run_sync(read_part())) is not None:
        if part:
            yield part


def read_in_a_thread(receive: Receive) -> Iterator[bytes]:
    """Yield a body as it comes: go to the event loop once for each message, and wait for it.

    Starlette's stream gives an empty part and an end behind the last one, and so two ways more.
    """
    from anyio import from_thread  # a Worker has no use for it

    async def receive_part() -> Message:
        return await receive()

    is_more = True
    while is_more:
        message = from_thread.run(receive_part)
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        is_more = message.get("more_body", False)
        if part := message.get("body", b""):
            yield part


@contextmanager
def having_place() -> Iterator[bool]:
    """Take one of the places of those whose threads wait for their clients, if one is free."""
    limiter, borrower = _limiter_for("straight"), object()
    try:
        limiter.acquire_on_behalf_of_nowait(borrower)
    except WouldBlock:
        yield False
        return
    try:
        yield True
    finally:
        limiter.release_on_behalf_of(borrower)


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
