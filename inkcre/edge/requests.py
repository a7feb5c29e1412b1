"""A request of Cloudflare's as the application takes it: its body comes when it is asked for.

The SDK's adapter reads a whole body before the application sees any of it, so it is shown none:
https://developers.cloudflare.com/workers/languages/python/packages/fastapi/
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message, Receive

BODILESS = ("GET", "HEAD", "OPTIONS")


class LazyRequest:
    """What the adapter asks of a request: method, address, headers, and a body that is none."""

    body = None

    def __init__(self, request: Any) -> None:
        self.method = str(request.method)
        self.url = request.url
        self.headers = list(request.headers.items())
        self._body = request.body if self.method not in BODILESS else None

    def measure(self, max_bytes: int, most_bytes: int) -> int:
        """Give how many bytes of a body may be held at once, at most ``max_bytes``.

        None of one that announces more than ``most_bytes``: it is refused unread.
        """
        if not self._body:
            return 0
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        if not lengths or not lengths[0].isdigit():
            return max_bytes
        announced = int(lengths[0])
        return min(announced, max_bytes) if announced <= most_bytes else 0

    def receiving(self, receive: Receive) -> Receive:
        """Give what receives the body in its parts, and then what the adapter has to say."""
        parts = _read(self._body) if self._body else None

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
