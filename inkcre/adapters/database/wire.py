"""A connection as pg8000 wants it, over a stream of bytes that something else brings.

On Workers it is a socket of JavaScript's, and not one of Python's, for two reasons. CPython gives a
socket with a timeout to ``poll()``, whose ``pollfd`` lies on the C stack; Pyodide writes the answer
there when the stack has long been moved away, and the isolate dies under overlapping requests
(docs/pyodide-notes.md). And a call that waits in C keeps its buffer until it is answered: 64 KiB a
request, where here nothing is held but what has come.
"""

import socket
import sys
import time
from typing import Protocol

from inkcre.javascript import JsProxy, Watchdog, make_bytes

RECEIVE_BYTES = 65_536


class Hyperdrive(Protocol):
    """What Workers lend: https://developers.cloudflare.com/hyperdrive/reference/."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def connect(self) -> JsProxy:
        """Return a socket: https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/."""


class Stream(Protocol):
    """Bytes to a server and from it, until a deadline."""

    def allow(self, seconds: float) -> None:
        """Set the deadline anew: so long from now."""

    def send(self, data: bytes) -> None:
        """Send bytes, now or soon.

        Raises:
            OSError: the connection is gone.
        """

    def receive(self) -> bytes:
        """Wait for bytes; none are the end.

        Raises:
            OSError: the connection is gone, or the deadline has passed (``TimeoutError``).
        """

    def close(self) -> None:
        """Hang up, whatever is on its way."""


def open_stream(binding: Hyperdrive, seconds: float) -> Stream:
    """Connect to what a binding names; the deadline is so many seconds away.

    Raises:
        OSError: nobody is there.
    """
    if sys.platform == "emscripten":
        return BindingStream(binding, seconds)
    return SocketStream(binding, seconds)


class BindingStream:
    """A socket of the platform's.

    Nobody waits until it is open or has taken what is sent: the first answer tells, and has the
    deadline.
    """

    def __init__(self, binding: Hyperdrive, seconds: float) -> None:
        self._watchdog = Watchdog(seconds)
        self._socket = binding.connect()
        self._reader = self._socket.readable.getReader()
        self._writer = self._socket.writable.getWriter()

    def allow(self, seconds: float) -> None:
        """Set the deadline anew."""
        self._watchdog.restart(seconds)

    def send(self, data: bytes) -> None:
        """Send bytes; what comes of it is seen by who waits for the answer."""
        _ignore(self._writer.write(make_bytes(data)))

    def receive(self) -> bytes:
        """Wait for bytes, suspending this request."""
        from pyodide.ffi import JsException

        try:
            part = self._watchdog.wait_for(self._reader.read())
        except JsException as error:
            raise ConnectionError(str(error)) from error
        return b"" if part.done else part.value.to_bytes()

    def close(self) -> None:
        """Hang up, and wait for nobody."""
        self._watchdog.stop()
        _ignore(self._socket.close())


def _ignore(promise: JsProxy) -> None:
    """Look at a promise's rejection, for nobody else does: it would be reported as unhandled."""
    import js

    promise.catch(js.Boolean)


class SocketStream:
    """A socket of a process: where an application of Workers' settings is tried without Workers."""

    def __init__(self, binding: Hyperdrive, seconds: float) -> None:
        self._socket = socket.create_connection((binding.host, int(binding.port)), seconds)
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Set the deadline anew."""
        self._due = time.monotonic() + seconds

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.settimeout(self._remaining())
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Wait for bytes."""
        self._socket.settimeout(self._remaining())
        return self._socket.recv(RECEIVE_BYTES)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _remaining(self) -> float:
        remaining = self._due - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining


class Wire:
    """The file that pg8000 makes of a socket, and the socket: bytes gathered and split up."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = bytearray()
        self._written: list[bytes] = []

    def makefile(self, mode: str) -> "Wire":  # noqa: ARG002 - the socket's own signature
        """Return the file: this."""
        return self

    def write(self, data: bytes) -> None:
        """Keep bytes until ``flush``."""
        self._written.append(bytes(data))

    def flush(self) -> None:
        """Send what was written.

        Raises:
            OSError: the connection is gone.
        """
        written, self._written = b"".join(self._written), []
        self._stream.send(written)

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer when the server has closed.

        Raises:
            OSError: the connection is gone, or they do not come in time.
        """
        while len(self._received) < size:
            received = self._stream.receive()
            if not received:
                break
            self._received += received
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
