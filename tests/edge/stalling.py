"""PostgreSQL servers that hold up whoever asks them, in front of a real one."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Fault = Literal["silent", "dripping", "half a row"]
FAULTS: tuple[Fault, ...] = ("silent", "dripping", "half a row")
"""Takes the connection and says nothing · says a byte at a time · stops in the middle of an answer."""

READY = b"Z\x00\x00\x00\x05I"
"""What ends a login: https://www.postgresql.org/docs/current/protocol-message-formats.html."""


@contextmanager
def stalling(url: str, fault: Fault) -> Iterator[str]:
    """Return the address of a server that lets people in as the one at ``url`` does, and then stalls."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = (parts.hostname or "", parts.port or 5432)
        threading.Thread(target=_accept, args=(listener, address, fault), daemon=True).start()
        port = listener.getsockname()[1]
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))


def _accept(listener: socket.socket, address: tuple[str, int], fault: Fault) -> None:
    with contextlib.suppress(OSError):  # closed: it is over
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_stall, args=(client, address, fault), daemon=True).start()


def _stall(client: socket.socket, address: tuple[str, int], fault: Fault) -> None:
    with client, contextlib.suppress(OSError):
        if fault == "silent":
            while client.recv(65_536):
                pass
            return
        with socket.create_connection(address) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            login = b""
            while not login.endswith(READY):
                received = server.recv(65_536)
                login += received
                client.sendall(received)
            answer = server.recv(65_536)
            if fault == "half a row":
                client.sendall(answer[: len(answer) // 2])
                client.recv(1)
            for byte in answer:
                client.sendall(bytes([byte]))
                time.sleep(0.05)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
