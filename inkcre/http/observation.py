"""What is noted of every request: an id, a line of the log, and numbers."""

import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkcre.http.heads import DEFAULT, HeadLimits, find_fault
from inkcre.http.problems import respond_to, respond_to_unforeseen
from inkcre.tracing import trace

logger = logging.getLogger("inkcre.access")

REQUEST_ID = b"x-request-id"
GIVEN_IDS = (REQUEST_ID, b"cf-ray")
"""Headers in which those in front of us name a request."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""Those that are counted by name; anybody can make up others."""

CLIENT_CLOSED = 499
"""What is noted of a request whose client has gone before it was answered, as nginx notes it."""

ASKED = "http.response.debug"
"""What a test client says that wants to be raised what nobody foresaw, beside its answer:
https://starlette.dev/testclient/."""

ID_BYTES = 16
"""As many as a UUID has, in as many digits."""

_USABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")

Observe = Callable[[str, str, int, float], None]
"""Takes the method, the route, the status, and the seconds."""


class ObserveRequests:
    """Return each request an id, in its log lines and in its response, and count it.

    The request's top loop too: what nobody foresaw is logged, and answered with a problem response
    unless a response has started. One layer does both, for each costs every request its frames.
    """

    def __init__(self, app: ASGIApp, observe: Observe | None, limits: HeadLimits = DEFAULT) -> None:
        self.app = app
        self.limits = limits
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request that is noted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _find_id(scope["headers"])
        began, status = time.perf_counter(), 0

        def send_noted(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request_id)]
            return send(message)

        with trace(request=request_id.decode()):
            try:
                fault = find_fault(scope, self.limits)
                app = self.app if fault is None else respond_to(fault)
                await app(scope, receive, send_noted)
            except ClientDisconnect:
                pass  # nobody is there to be answered
            except Exception as error:
                # A response that is on its way cannot become another: the server breaks it off.
                is_late = bool(status)
                response = await respond_to_unforeseen(Request(scope, receive), error)
                if not is_late:
                    await response(scope, receive, send_noted)
                if is_late or ASKED in scope.get("extensions", {}):
                    raise
            finally:
                self._note(scope, status or CLIENT_CLOSED, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        if self.observe is not None:
            # The route, not the path: each path that anybody makes up would be a series for ever.
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.observe(method, route, status, seconds)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s %s %d %.1f ms", scope["method"], scope["path"], status, seconds * 1000)


def _find_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the id that a request was given, else a new one; of a repeated header, the first."""
    given: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in GIVEN_IDS:
            given.setdefault(name, value)
    for name in GIVEN_IDS if given else ():
        if name in given and _USABLE.fullmatch(given[name]):
            return given[name]
    # Not uuid4(), which makes an object of as many bytes: ids and numbers of requests had cost a
    # fifth of the rate.
    return os.urandom(ID_BYTES).hex().encode()
