"""What happens around every request: its components are bound, its body is bounded.

Plain ASGI: Starlette's function middleware costs a task group a request and breaks streaming. A
layer that only passes a request on hands out the next one's awaitable: a coroutine of its own would
be a frame more that each step of the request goes through.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkcre.context import Components, bind, unbind
from inkcre.errors import TooLarge
from inkcre.http.paths import route_path
from inkcre.http.problems import problem_response, respond_to

Bindings = Mapping[str, Any]

EXPOSED_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
)
"""What a page of an origin that is allowed may read of a response besides the usual."""

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""RFC 9110, section 9.2.1, as far as there are routes."""


CHANGING_GET = "/source/"
"""Where the former version took GET for a change."""


class BindComponents:
    """Bind the components that an invocation is given to its context."""

    def __init__(
        self,
        app: ASGIApp,
        kept: Components | None,
        provide: Callable[[Bindings], AbstractContextManager[Components]],
        bindings: Bindings | None,
    ) -> None:
        """Take the components that live as long as the process, else what provides others."""
        self.app = app
        self.kept = kept
        self.provide = provide
        self.bindings = bindings

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request with components bound."""
        if scope["type"] == "lifespan":
            return self.app(scope, receive, send)
        if self.kept is not None:
            return self._handle(self.kept, scope, receive, send)
        return self._lend(scope, receive, send)

    async def _lend(self, scope: Scope, receive: Receive, send: Send) -> None:
        lent = self.bindings if self.bindings is not None else scope.get("inkcre.bindings", {})
        with self.provide(lent) as components:
            await self._handle(components, scope, receive, send)

    async def _handle(
        self, components: Components, scope: Scope, receive: Receive, send: Send
    ) -> None:
        token = bind(components)
        try:
            await self.app(scope, receive, send)
        finally:
            unbind(token)


class RefuseCrossSite:
    """Answer 403 to a change that a browser makes for a page of another site.

    CORS keeps such a page from reading answers, and from sending JSON; a file, or a form, it could
    send all the same: https://fetch.spec.whatwg.org/#cors-safelisted-request-header. Browsers say
    where a request comes from (https://www.w3.org/TR/fetch-metadata/); other clients say nothing.
    """

    def __init__(self, app: ASGIApp, allow_origins: Collection[str]) -> None:
        self.app = app
        self.allow_origins = allow_origins

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request that is not one of those."""
        is_change = scope["type"] == "http" and (
            scope["method"] not in SAFE_METHODS or route_path(scope).startswith(CHANGING_GET)
        )
        if not is_change or not self._is_foreign(Headers(scope=scope)):
            return self.app(scope, receive, send)
        response = problem_response(
            403,
            "cross_site",
            "A page of another site",
            "a page of another site may not change anything here",
            hint="add its origin to http.cors.allow_origins if it is yours",
        )
        return response(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if "*" in self.allow_origins or origin in self.allow_origins:
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            # "none" is a person who typed the address; "same-site" is a neighbour below the same
            # domain.
            return site not in ("same-origin", "none")
        # Browsers of before 2023 may not say the site:
        # https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
        return origin is not None and origin.partition("://")[2] != headers.get("host")


class _BodyTooLarge(Exception):
    """The body went over the limit while it was being read."""


class BoundBody:
    """Answer 413 to a body over the limit, at its announcement or as it streams in."""

    def __init__(self, app: ASGIApp, max_bytes: int, others: Mapping[str, tuple[int, str]]) -> None:
        """Take the limit, and others by path, each with the setting that it comes from."""
        self.app = app
        self.limit = (max_bytes, "http.max_body_bytes")
        self.others = others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request whose body is counted as it is read."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return self.app(scope, receive, send)
        return self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.others.get(route_path(scope), self.limit)
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

        # FastAPI answers 400 to whatever is raised while it reads a body: that answer is held back.
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
