"""A request as the SDK's adapter takes it, with a body that is read no further than it may be.

The adapter reads a whole body before the application sees any of it:
https://developers.cloudflare.com/workers/languages/python/packages/fastapi/
"""

from collections.abc import AsyncIterator
from typing import Any

BODILESS = ("GET", "HEAD", "OPTIONS")


class BoundedRequest:
    """What the adapter asks of a request: method, address, headers, body."""

    def __init__(self, request: Any, max_bytes: int) -> None:
        self.method = str(request.method)
        self.url = request.url
        self.headers = list(request.headers.items())
        body = request.body if self.method not in BODILESS else None
        self.size = self._body_size(max_bytes) if body else 0
        self.body = read_bounded(body, max_bytes) if self.size else None

    def _body_size(self, max_bytes: int) -> int:
        """Give how many bytes may be read: none of what is announced as too large."""
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        if not lengths or not lengths[0].isdigit():
            return max_bytes
        announced = int(lengths[0])
        return announced if announced <= max_bytes else 0

    def drop_body(self) -> None:
        """Leave the body unread."""
        self.body = None


async def read_bounded(body: Any, max_bytes: int) -> AsyncIterator[Any]:
    """Yield the parts of a body until they are over the limit: enough to be refused, no more."""
    seen = 0
    async for part in body:  # an Uint8Array each
        if seen + part.length > max_bytes:
            yield part.subarray(0, max_bytes - seen + 1)
            return
        yield part
        seen += part.length
