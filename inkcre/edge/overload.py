"""A limit on the requests that one isolate works on at a time."""

from starlette.types import ASGIApp, Receive, Scope, Send

from inkcre.errors import Unavailable
from inkcre.http.problems import respond_to


class LimitInFlight:
    """Answer 503 at once to what comes while enough requests are in flight.

    An isolate has 128 MB for all of them. Nobody waits for a place: a waiter that another
    request's context wakes hangs on Workers. Cloudflare starts further isolates under load.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or refuse it."""
        if self.in_flight >= self.limit:
            error = Unavailable(
                f"the Worker is busy with {self.limit} requests", hint="try again in a moment"
            )
            await respond_to(error)(scope, receive, send)
            return
        self.in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight -= 1
