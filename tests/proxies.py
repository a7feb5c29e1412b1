"""Proxies between a client and PostgreSQL: one looks at what goes over the wire, one encrypts it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NOTHING_YET = b"nothing yet"


class Proxy:
    """Takes connections for a server, each in a thread of its own."""

    def __init__(self, server_port: int, *, port: int = 0) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


class CountingProxy(Proxy):
    """Count how often a client waits for an answer, and keep what it sent."""

    def __init__(self, server_port: int, *, port: int = 0) -> None:
        self.turns = 0
        self.sent = b""
        super().__init__(server_port, port=port)

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        with client, server, suppress(OSError):
            while sent := _receive(client):
                if sent != NOTHING_YET:
                    self.turns += 1
                while sent and sent != NOTHING_YET:  # what follows unanswered is the same turn
                    self.sent += sent
                    _send(server, sent)
                    sent = _receive(client)
                answer = _receive(server)
                if answer != NOTHING_YET:
                    _send(client, answer)


def _send(connection: socket.socket, sent: bytes) -> None:
    """Send bytes, however long the other side takes to read them."""
    connection.settimeout(None)
    connection.sendall(sent)


def _receive(connection: socket.socket) -> bytes:
    """Wait a moment for bytes; empty when the other side has closed."""
    connection.settimeout(0.05)
    try:
        return connection.recv(1 << 20)
    except TimeoutError:
        return NOTHING_YET


@contextmanager
def counting(server_port: int) -> Iterator[CountingProxy]:
    """Return a proxy in front of a server's port."""
    proxy = CountingProxy(server_port)
    try:
        yield proxy
    finally:
        proxy.close()


class EncryptingProxy(Proxy):
    """Encrypt for a server that cannot, as PostgreSQL does: asked to, and after saying so."""

    def __init__(self, server_port: int, certificate: Path) -> None:
        self.greeted = 0
        """How many clients came through the handshake."""

        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(server_port)

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if len(client.recv(8, socket.MSG_WAITALL)) < 8:
                return
            client.sendall(b"S")
            with (
                self._context.wrap_socket(client, server_side=True) as encrypted,
                socket.create_connection(("127.0.0.1", self._server_port)) as server,
            ):
                self.greeted += 1
                while sent := _receive(encrypted):
                    if sent != NOTHING_YET:
                        _send(server, sent)
                    answer = _receive(server)
                    if answer != NOTHING_YET:
                        _send(encrypted, answer)


@contextmanager
def encrypting(server_port: int, certificate: Path) -> Iterator[EncryptingProxy]:
    """Return a proxy that encrypts, in front of a server's port."""
    proxy = EncryptingProxy(server_port, certificate)
    try:
        yield proxy
    finally:
        proxy.close()


class PoolerProxy(Proxy):
    """Refuse what a session is to be started with, as PgBouncer does; pass all else on."""

    REFUSED = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter in options: jit\0\0"

    def __init__(self, server_port: int, *, refused: bytes = b"options") -> None:
        self.refused = 0
        self.let_in = 0
        self._refuses = refused
        super().__init__(server_port)

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            size = client.recv(4, socket.MSG_WAITALL)
            start = client.recv(int.from_bytes(size, "big") - 4, socket.MSG_WAITALL)
            if self._refuses in start[4:].split(b"\0"):
                self.refused += 1
                length = len(self.REFUSED) + 4
                client.sendall(b"E" + length.to_bytes(4, "big") + self.REFUSED)
                return
            self.let_in += 1
            with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                server.sendall(size + start)
                back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                back.start()
                _pass_on(client, server)


def _pass_on(from_: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while sent := from_.recv(1 << 16):
            to.sendall(sent)
        to.shutdown(socket.SHUT_WR)
