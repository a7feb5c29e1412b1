"""A request of Cloudflare's as ASGI has it, its body read no further and no slower than it may be.

A small body is read before the application sees anything of it. One that may be larger than is
held at once comes when the application asks for it, a part at a time.
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Protocol
from urllib.parse import unquote, urlsplit

from starlette.types import Message, Receive, Scope

from inkcre.http import pace
from inkcre.javascript import JsProxy, Watchdog

BODILESS = ("GET", "HEAD", "OPTIONS")
ASGI = {"version": "3.0", "spec_version": "2.4"}
"""Since 2.4 whoever sends to a client that has hung up is told by an error, and need not listen."""


class Parts(Protocol):
    """A body, a part at a time."""

    async def read(self, seconds: float) -> bytes | None:
        """Return the next part; None is the end.

        Raises:
            TimeoutError: none has come in so many seconds.
        """

    def close(self) -> None:
        """Wait for no more."""


class StreamParts:
    """The parts of a ``ReadableStream``; one timer for all of them."""

    def __init__(self, stream: JsProxy) -> None:
        self._reader = stream.getReader()
        self._watchdog: Watchdog | None = None

    async def read(self, seconds: float) -> bytes | None:
        """Return the next part."""
        if self._watchdog is None:
            self._watchdog = Watchdog(seconds)
        self._watchdog.restart(seconds)
        part = await self._watchdog.until(self._reader.read())
        if part.done:
            return None
        content: bytes = part.value.to_bytes()
        return content

    def close(self) -> None:
        """Take the timer back."""
        if self._watchdog is not None:
            self._watchdog.stop()


class BoundedRequest:
    """Method, target, headers and body of a request."""

    def __init__(self, request: JsProxy, headers: list[tuple[str, str]] | None = None) -> None:
        """Take a request of JavaScript's."""
        self.method = str(request.method)
        url = urlsplit(str(request.url))
        self.path = unquote(url.path)
        self._raw_path, self._query, self._scheme = url.path, url.query, url.scheme
        self.headers = _read_headers(request) if headers is None else headers
        if all(name != "host" for name, _ in self.headers):  # Cloudflare knows it by the URL
            self.headers = [("host", url.netloc), *self.headers]
        self._parts: Parts | None = None
        self._rule = pace.DEFAULT
        self._held = b""
        self.is_streamed = False
        self.size = 0
        """How many bytes of the body may be held at once."""

        if self.method not in BODILESS and request.body:
            self.take(StreamParts(request.body))

    def take(self, body: Parts | None) -> None:
        """Take the body, of which nothing has been read."""
        self._parts = body

    def bound(self, held_bytes: int, most_bytes: int, rule: pace.PaceRule = pace.DEFAULT) -> None:
        """Tell how much of the body may be held at once, how much it may have, and its pace.

        One that announces more is left unread: the application refuses it by its headers.
        """
        self._rule = rule
        announced = self._announced()
        if announced is not None and announced > most_bytes:
            self.drop_body()
        # What comes out of a coded one is not announced.
        largest = most_bytes if announced is None or self._is_coded() else announced
        self.is_streamed = self._parts is not None and largest > held_bytes
        self.size = min(largest, held_bytes) if self._parts is not None else 0

    def _announced(self) -> int | None:
        lengths = [value for name, value in self.headers if name == "content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else None

    def _is_coded(self) -> bool:
        return any(name == "content-encoding" for name, _ in self.headers)

    def drop_body(self) -> None:
        """Leave the body, or what is left of it, unread."""
        if self._parts is not None:
            self._parts.close()
        self._parts = None

    async def hold_body(self) -> None:
        """Read the body now, if it is small: no further than a byte over what may be held.

        Raises:
            TooSlow: it does not come, or too slowly.
        """
        if self._parts is None or self.is_streamed:
            return
        held, announced = bytearray(), self._announced()
        async for part in _paced(self._parts, self._rule):
            held += part
            if len(held) > self.size or len(held) == announced:
                break
        self.drop_body()
        self._held = bytes(held[: self.size + 1])

    def scope(self, **more: object) -> Scope:
        """Describe the request: https://asgi.readthedocs.io/en/latest/specs/www.html."""
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": "1.1",
            "method": self.method,
            "scheme": self._scheme,
            "path": self.path,
            "raw_path": self._raw_path.encode(),
            "query_string": self._query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self.headers],
            **more,
        }

    def receiving(self) -> Receive:
        """Return what the application receives the body by, and then that the client has gone."""
        messages = self._messages()

        async def receive() -> Message:
            return await anext(messages, {"type": "http.disconnect"})

        return receive

    async def _messages(self) -> AsyncIterator[Message]:
        if self._parts is not None:
            async for part in _paced(self._parts, self._rule):
                yield {"type": "http.request", "body": part, "more_body": True}
        yield {"type": "http.request", "body": self._held, "more_body": False}


async def _paced(parts: Parts, rule: pace.PaceRule) -> AsyncIterator[bytes]:
    kept = pace.Pace(rule)
    while True:
        began = time.monotonic()
        try:
            part = await parts.read(rule.silent_seconds)
        except TimeoutError:
            raise pace.silent() from None
        if part is None:
            return
        kept.count(len(part), time.monotonic() - began)
        yield part


def _read_headers(request: JsProxy) -> list[tuple[str, str]]:
    import js

    # At once: one by one each would cross the border alone.
    pairs = json.loads(js.JSON.stringify(js.Array.from_(request.headers)))
    return [(str(name).lower(), str(value)) for name, value in pairs]
