"""What uvicorn answers by itself, as problems: requests of which it hands no head on.

Its parser takes headers of any length, and refuses the rest in plain text:
https://uvicorn.dev/server-behavior/. Other servers have ways of their own for these.
"""

import os

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from inkcre.errors import CallerError, MalformedHeader
from inkcre.http.heads import (
    MAX_HEADER_BYTES,
    MAX_TARGET_BYTES,
    headers_too_large,
    target_too_long,
)
from inkcre.http.observation import ID_BYTES, REQUEST_ID
from inkcre.http.problems import respond_to

MAX_HEAD_BYTES = 2 * (MAX_HEADER_BYTES + MAX_TARGET_BYTES)
"""How much is taken of a head that is not whole. What is a little large the application refuses."""


class ProblemProtocol(HttpToolsProtocol):
    """HTTP/1.1, with heads that are bounded, and refusals that can be read."""

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
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, which are always the same
        """Answer what is no request, or none that is handed on, and hang up."""
        response = respond_to(self._find_fault())
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

    def _find_fault(self) -> CallerError:
        # None before the first byte of a first request that can be one.
        if len(getattr(self, "url", b"")) > MAX_TARGET_BYTES:
            return target_too_long()
        if self._head_bytes > MAX_HEAD_BYTES:
            return headers_too_large()
        return MalformedHeader("is no HTTP/1.1", field="request", hint="look at what sends it")
