"""What uvicorn does by itself with a connection, as we want it: what it answers, and when it ends.

What it refuses is answered as a problem: requests of which it hands no head on.

Its parser takes headers of any length, and refuses the rest in plain text:
https://uvicorn.dev/server-behavior/. Other servers have ways of their own for these.
"""

import asyncio
import os

from starlette.responses import Response
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from inkcre.errors import CallerError, InkcreError, MalformedHeader, TooSlow
from inkcre.http.heads import (
    DEFAULT,
    MAX_TARGET_BYTES,
    headers_too_large,
    target_too_long,
)
from inkcre.http.observation import ID_BYTES, REQUEST_ID
from inkcre.http.problems import respond_to
from inkcre.process.connections import ConnectionGuard


class ProblemProtocol(HttpToolsProtocol):
    """HTTP/1.1, with heads that are bounded, and refusals that can be read."""

    max_header_bytes = DEFAULT.max_header_bytes
    _head_bytes = 0
    _is_in_head = True

    def on_message_begin(self) -> None:
        """Begin another request."""
        super().on_message_begin()
        self._head_bytes, self._is_in_head = 0, True

    def on_headers_complete(self) -> None:
        """Hand a request on."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless its head is too large."""
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._most_of_a_head():
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, which are always the same
        """Answer what is no request, or none that is handed on, and hang up."""
        self.refuse(self._find_fault())

    def refuse(self, error: InkcreError) -> None:
        """Answer with a problem, whatever was asked, and hang up."""
        response = respond_to(error)
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            (REQUEST_ID, os.urandom(ID_BYTES).hex().encode()),
            (b"connection", b"close"),
        ]
        self._write(response, headers)
        self.transport.close()

    def _write(self, response: Response, headers: list[tuple[bytes, bytes]]) -> None:
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        head = STATUS_LINE[response.status_code] + b"".join(lines) + b"\r\n"
        self.transport.write(head + bytes(response.body))

    def _most_of_a_head(self) -> int:
        """Return how much is taken of one that is not whole; a little too much the app refuses."""
        return 2 * (self.max_header_bytes + MAX_TARGET_BYTES)

    def _find_fault(self) -> CallerError:
        # None before the first byte of a first request that can be one.
        if len(getattr(self, "url", b"")) > MAX_TARGET_BYTES:
            return target_too_long()
        if self._head_bytes > self._most_of_a_head():
            return headers_too_large(self.max_header_bytes)
        return MalformedHeader("is no HTTP/1.1", field="request", hint="look at what sends it")


class GuardedProtocol(ProblemProtocol):
    """A connection that is counted, and ended when its client keeps it waiting.

    uvicorn has one timer, for a connection that was answered and of which nothing has come since.
    What is waited for otherwise has no end there: the first head, a head of which a part has come,
    the rest of a body that nobody reads, a client that takes nothing of its answer. The body that
    an application reads has a pace of its own: ``inkcre.http.pace``.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        guard: ConnectionGuard,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._guard = guard
        self.max_header_bytes = guard.max_header_bytes
        self._waits_for: object = self
        """The request behind which nothing has come; ``self``: it is not waited for."""

        self._since = 0.0
        self._unsent, self._unsent_since = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        refusal = self._guard.admit(self, host, transport.get_extra_info("socket").fileno())
        if refusal is not None:
            self.refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._guard.leave(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to uvicorn's protocol of web sockets, with limits of its own."""
        super().handle_websocket_upgrade()
        self._guard.leave(self)

    def look(self, now: float) -> None:
        """End it if its client keeps it waiting for too long; called once a second."""
        if self._takes_nothing(now):
            self.transport.abort()
        elif not self.transport.is_closing() and self._sends_nothing(now):
            self._give_up()

    def _sends_nothing(self, now: float) -> bool:
        asked: RequestResponseCycle | None = self.cycle  # None before the first head
        is_answered = asked is None or asked.response_complete
        if not is_answered or self.timeout_keep_alive_task is not None:
            self._waits_for = self
        elif self._waits_for is not self.cycle:
            self._waits_for, self._since = self.cycle, now
        else:
            return now - self._since >= self._guard.head_seconds
        return False

    def _give_up(self) -> None:
        # Not a word to who has said none: browsers connect before they have something to ask.
        if self._is_in_head and self.scope is not None:
            self.refuse(TooSlow("head: has not come whole in time", hint="send it at once"))
        else:
            self.transport.close()

    def _takes_nothing(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or not unsent:
            self._unsent, self._unsent_since = unsent, now
            return False
        return now - self._unsent_since >= self._guard.silent_seconds
