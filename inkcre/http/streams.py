"""Bodies as they come and go: nothing is gathered.

What reads and writes them is synchronous everywhere, so it waits for the event loop: in a thread of
a process, or by suspending the request on Workers. It waits for others, as long as they like, so it
has threads of its own: those that run requests must not all wait for slow clients.
"""

import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from inkcre.errors import TimedOut

PASS_ON = "inkcre.pass_on"  # noqa: S105 - no secret
"""Key of a scope: what takes a body's stream itself, where the surroundings can send it."""


Answer = TypeVar("Answer")

THREADS = 16
"""How many at once wait for clients, or for other servers."""

SILENT_SECONDS = 60
"""How long a client may send nothing of a body that it has announced."""

_limiter: RunVar[CapacityLimiter] = RunVar("inkcre_waiting_threads")


async def run_aside(work: Callable[[], Answer]) -> Answer:
    """Run what waits for others in a thread of those that are there for it."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(THREADS)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)


def read_body(request: Request) -> Iterator[bytes]:
    """Yield a request's body in the parts in which it comes.

    Raises:
        TimedOut: none has come for a long time.
    """
    parts = request.stream()

    async def read_part() -> bytes | None:
        with move_on_after(SILENT_SECONDS):
            return await anext(parts, None)
        raise TimedOut("body: nothing more has come for a long time")

    while (part := _wait(read_part)) is not None:
        if part:
            yield part


def _wait(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    if sys.platform == "emscripten":
        from pyodide.ffi import run_sync

        return run_sync(work())
    from anyio import from_thread  # a Worker has no use for it

    return from_thread.run(work)


class StreamedResponse(StreamingResponse):
    """A response whose length is known and whose body is sent in the parts in which it is read."""

    def __init__(
        self, chunks: Iterable[bytes], size: int, status: int, headers: dict[str, str]
    ) -> None:
        headers["Content-Length"] = str(size)
        super().__init__(chunks, status, headers, media_type=headers.pop("Content-Type"))
        self._chunks = chunks

    def init_headers(self, headers: Any = None) -> None:
        """Take the content type as it is: Starlette appends a charset to what is text."""
        media_type, self.media_type = self.media_type, None
        super().init_headers(headers)
        if media_type:
            self.headers["Content-Type"] = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; or only its head, where somebody else takes the body."""
        pass_on = scope.get(PASS_ON)
        if pass_on is None or not pass_on(self._chunks):
            with suppress(ConnectionError):  # who asked has hung up
                await super().__call__(scope, receive, send)
            return
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": b""})
