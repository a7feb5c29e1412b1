"""A request of Cloudflare's as the SDK's adapter takes it, its body read no further than it may be.

The adapter reads a whole body before the application sees any of it:
https://developers.cloudflare.com/workers/languages/python/packages/fastapi/. A body that may be
larger than is held at once is kept from it, and comes when the application asks for it. Not every
body: read by the application, those of many requests at once bring Pyodide down within thousands
(``memory access out of bounds``, five runs of six); read by the adapter they do not.
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message, Receive

BODILESS = ("GET", "HEAD", "OPTIONS")


class BoundedRequest:
    """What the adapter asks of a request: method, address, headers, body."""

    def __init__(self, request: Any, held_bytes: int, most_bytes: int) -> None:
        """Take a request, how much of its body may be held at once, and how much it may have."""
        self.method = str(request.method)
        self.url = request.url
        self.headers = list(request.headers.items())
        body = request.body if self.method not in BODILESS else None
        announced = self._announced()
        is_refused = announced is not None and announced > most_bytes  # without being read
        is_large = most_bytes if announced is None else announced
        self._stream = body if body and held_bytes < is_large and not is_refused else None
        self.size = min(is_large, held_bytes) if body and not is_refused else 0
        """How many bytes of the body may be held at once."""

        self.body = read_bounded(body, held_bytes) if self.size and not self._stream else None

    def _announced(self) -> int | None:
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else None

    def drop_body(self) -> None:
        """Leave the body unread."""
        self.body = self._stream = None

    def receiving(self, receive: Receive) -> Receive:
        """Give what receives a body that is kept from the adapter; else what the adapter has."""
        if self._stream is None:
            return receive
        parts: AsyncIterator[bytes] | None = _read(self._stream)

        async def receive_part() -> Message:
            nonlocal parts
            if parts is not None:
                part = await anext(parts, None)
                if part is not None:
                    return {"type": "http.request", "body": part, "more_body": True}
                parts = None
            return await receive()

        return receive_part


async def _read(body: Any) -> AsyncIterator[bytes]:
    async for part in body:  # an Uint8Array each
        yield part.to_bytes()


async def read_bounded(body: Any, max_bytes: int) -> AsyncIterator[Any]:
    """Yield the parts of a body until they are over the limit: enough to be refused, no more."""
    seen = 0
    async for part in body:  # an Uint8Array each
        if seen + part.length > max_bytes:
            yield part.subarray(0, max_bytes - seen + 1)
            return
        yield part
        seen += part.length
