"""What is noted of every request: an id, a line of the log, and numbers."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkcre.tracing import trace

logger = logging.getLogger("inkcre.access")

REQUEST_ID = "x-request-id"
GIVEN_IDS = (REQUEST_ID, "cf-ray")
"""Headers in which those in front of us name a request."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""Those that are counted by name; anybody can make up others."""

_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")

Observe = Callable[[str, str, int, float], None]
"""Takes the method, the route, the status, and the seconds."""


class ObserveRequests:
    """Give each request an id, in its log lines and in its response, and count it."""

    def __init__(self, app: ASGIApp, observe: Observe | None) -> None:
        self.app = app
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request that is noted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _find_id(Headers(scope=scope))
        began, status = time.perf_counter(), 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).append(REQUEST_ID, request_id)
            await send(message)

        with trace(request=request_id):
            try:
                await self.app(scope, receive, send_noted)
            finally:
                self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        if self.observe is not None:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.observe(method, route, status, seconds)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s %s %d %.1f ms", scope["method"], scope["path"], status, seconds * 1000)


def _find_id(headers: Headers) -> str:
    for name in GIVEN_IDS:
        given = headers.get(name)
        if given is not None and _USABLE.fullmatch(given):
            return given
    return uuid.uuid4().hex
