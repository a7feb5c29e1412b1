"""What happens around every request: its components are bound, its body is bounded.

Plain ASGI: Starlette's function middleware costs a task group a request and breaks streaming.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkcre.errors import TooLarge
from inkcre.http.problems import respond_to
from inkcre.ports.components import Components, bind, unbind

Bindings = Mapping[str, Any]


class BindComponents:
    """Bind the components that an invocation is given to its context."""

    def __init__(
        self,
        app: ASGIApp,
        provide: Callable[[Bindings], AbstractContextManager[Components]],
        bindings: Bindings | None,
    ) -> None:
        self.app = app
        self.provide = provide
        self.bindings = bindings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request with components bound."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        lent = self.bindings if self.bindings is not None else scope.get("inkcre.bindings", {})
        with self.provide(lent) as components:
            token = bind(components)
            try:
                await self.app(scope, receive, send)
            finally:
                unbind(token)


class _BodyTooLarge(Exception):
    """The body went over the limit while it was being read."""


class BoundBody:
    """Answer 413 to a body over the limit, at its announcement or as it streams in."""

    def __init__(self, app: ASGIApp, max_bytes: int, others: Mapping[str, tuple[int, str]]) -> None:
        """Take the limit, and others by path, each with the setting that it comes from."""
        self.app = app
        self.limit = (max_bytes, "http.max_body_bytes")
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request whose body is counted as it is read."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = self.others.get(scope["path"], self.limit)
        max_bytes, _ = limit
        if _announced_bytes(scope) > max_bytes:
            await self._refuse(limit, scope, receive, send)
            return
        seen = 0
        refused = False

        async def receive_counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > max_bytes:
                refused = True
                raise _BodyTooLarge
            return message

        async def send_unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        with suppress(_BodyTooLarge):
            await self.app(scope, receive_counted, send_unless_refused)
        if refused:
            await self._refuse(limit, scope, receive, send)

    async def _refuse(
        self, limit: tuple[int, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = respond_to(
            TooLarge(
                f"body: larger than {limit[0]} bytes",
                hint=f"send it in parts, or raise {limit[1]}",
            )
        )
        response.headers["Connection"] = "close"  # the rest is not read
        await response(scope, receive, send)


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
