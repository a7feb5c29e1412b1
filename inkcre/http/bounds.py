"""Bodies that are no larger and no slower than they may be, as they come and when decoded."""

import sys
from collections.abc import Awaitable, Mapping
from contextlib import suppress

from anyio import move_on_after
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkcre.errors import CallerError, TooLarge, TooSlow, UnknownCoding
from inkcre.http.codings import decoding, find_coding, forget_coding
from inkcre.http.pace import PaceRule, paced
from inkcre.http.paths import route_path
from inkcre.http.problems import respond_to

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""RFC 9110, section 9.2.1, as far as there are routes. What they have of a body nobody reads."""

IS_EDGE = sys.platform == "emscripten"

DRAINED_BYTES = 64 * 1024 * 1024
DRAINED_SECONDS = 10
"""How much of a refused body is still taken, and for how long. Proxies that are answered while they
send tell their client 502: of 48 refusals at once nginx handed 19 on."""


class _BodyRefused(Exception):
    """The body was over the limit, or too slow, while it was being read."""


class BoundBody:
    """Answer 413 to a body over the limit, at its announcement or as it streams in.

    One that does not come, or too slowly, is answered 408. A coded one is decoded here, and counted
    before and behind that; in a coding that is not known it is answered 415 (RFC 9110, section
    15.5.16).
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        others: Mapping[str, tuple[int, str]],
        pace: PaceRule,
    ) -> None:
        """Take the limit, and others by path, each with the setting that it comes from."""
        self.app = app
        self.pace = pace
        self.limit = (max_bytes, "http.max_body_bytes")
        self.others = others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request whose body is counted as it is read."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return self.app(scope, receive, send)
        return self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.others.get(route_path(scope), self.limit)
        if not IS_EDGE:  # where they are paced before the application sees them
            receive = paced(receive, self.pace)
        coming = _Bounded(receive, limit)
        if _announced_bytes(scope) > limit[0]:
            await _refuse(respond_to(_too_large(limit)), coming, scope, send)
            return
        body = coming
        try:
            if coding := find_coding(scope["headers"]):
                forget_coding(scope)
                body = _Bounded(decoding(coming.receive, coding), limit)
        except UnknownCoding as error:
            await _refuse(respond_to(error), coming, scope, send)
            return

        # FastAPI answers 400 to whatever is raised while it reads a body: that answer is held back.
        async def send_unless_refused(message: Message) -> None:
            if coming.fault is None and body.fault is None:
                await send(message)

        with suppress(_BodyRefused):
            await self.app(scope, body.receive, send_unless_refused)
        if fault := coming.fault or body.fault:
            await _refuse(respond_to(fault), coming, scope, send)


class _Bounded:
    """A body that is received up to a limit, as long as it comes."""

    def __init__(self, receive: Receive, limit: tuple[int, str]) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self.is_more = True
        """Whether there is more of it to come."""

        self.fault: CallerError | None = None
        """What it is refused for."""

    async def receive(self) -> Message:
        """Receive what comes next, unless it is too much, or does not come."""
        try:
            message = await self.receive_any()
        except TooSlow as error:
            self.fault = error
            raise _BodyRefused from None
        if self._seen > self._limit[0]:
            self.fault = _too_large(self._limit)
            raise _BodyRefused
        return message

    async def receive_any(self) -> Message:
        """Receive what comes next."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self.is_more = message.get("more_body", False)
        return message


def _too_large(limit: tuple[int, str]) -> TooLarge:
    return TooLarge(
        f"body: larger than {limit[0]} bytes", hint=f"send it in parts, or raise {limit[1]}"
    )


async def _refuse(response: Response, coming: _Bounded, scope: Scope, send: Send) -> None:
    is_slow = isinstance(coming.fault, TooSlow)
    if is_slow or not await _drain(coming, scope):
        response.headers["Connection"] = "close"  # the rest is not read
    await response(scope, coming.receive_any, send)


async def _drain(coming: _Bounded, scope: Scope) -> bool:
    """Take what still comes of a body, and leave it; tell whether that is all of it."""
    if IS_EDGE:  # whoever is in front of the isolate takes it, or ends it
        return False
    # Who asks before it sends is told first, and need not send.
    is_asking = any(name == b"expect" for name, _ in scope["headers"])
    if is_asking or _announced_bytes(scope) > DRAINED_BYTES:
        return False
    seen = 0
    with move_on_after(DRAINED_SECONDS), suppress(TooSlow):
        while coming.is_more and seen <= DRAINED_BYTES:
            seen += len((await coming.receive_any()).get("body", b""))
    return not coming.is_more


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
