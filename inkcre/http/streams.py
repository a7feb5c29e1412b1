"""Bodies as they come and go: nothing is gathered.

Routes are synchronous everywhere, so a body is read by waiting for the event loop: from a worker
thread in a process, by suspending the request on Workers.
"""

import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any

from anyio import from_thread
from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

PASS_ON = "inkcre.pass_on"  # noqa: S105 - no secret
"""Key of a scope: what takes a body's stream itself, where the surroundings can send it."""


def read_body(request: Request) -> Iterator[bytes]:
    """Yield a request's body in the parts in which it comes."""
    parts = request.stream()

    async def read_part() -> bytes | None:
        return await anext(parts, None)

    while (part := _wait(read_part)) is not None:
        if part:
            yield part


def _wait(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    if sys.platform == "emscripten":
        from pyodide.ffi import run_sync

        return run_sync(work())
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
