"""A socket as pg8000 wants it, with no layer of C between its user and the network.

Pyodide suspends a call that waits for the network, and moves the stack under it out of the way. The
more of C calling Python is on that stack, as in the standard library's buffered files, the more can
go wrong. With four isolates busy on two cores, two runs of four, of 5,000 requests each, ended with
an isolate dead on its way back through one; without it none of four. Here Python calls ``recv``.
"""

import socket

RECEIVE_BYTES = 65_536


class Wire:
    """A connection to a server: a socket, and the file that pg8000 makes of it."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        """Connect.

        Args:
            host: a name or an address.
            port: the server's.
            timeout_seconds: how long the server may say nothing, then and later.

        Raises:
            OSError: nobody is there.
        """
        self._socket = socket.create_connection((host, port), timeout_seconds)
        self._received = bytearray()
        self._written: list[bytes] = []

    def makefile(self, mode: str) -> "Wire":  # noqa: ARG002 - the socket's own signature
        """Give the file: this."""
        return self

    def write(self, data: bytes) -> None:
        """Keep bytes until ``flush``."""
        self._written.append(bytes(data))

    def flush(self) -> None:
        """Send what was written.

        Raises:
            OSError: the connection is gone, or the server takes nothing.
        """
        written, self._written = b"".join(self._written), []
        self._socket.sendall(written)

    def read(self, size: int) -> bytes:
        """Give so many bytes; fewer when the server has closed.

        Raises:
            OSError: the connection is gone, or the server says nothing.
        """
        while len(self._received) < size:
            received = self._socket.recv(max(RECEIVE_BYTES, size - len(self._received)))
            if not received:
                break
            self._received += received
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
