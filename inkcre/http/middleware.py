"""What happens around every request: its components are bound, another site's page is refused.

Plain ASGI: Starlette's function middleware costs a task group a request and breaks streaming. A
layer that only passes a request on hands out the next one's awaitable: a coroutine of its own would
be a frame more that each step of the request goes through.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from inkcre.context import Components, bind, unbind
from inkcre.http.bounds import SAFE_METHODS
from inkcre.http.paths import route_path
from inkcre.http.problems import problem_response

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
