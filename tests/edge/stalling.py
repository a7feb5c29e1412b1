"""PostgreSQL servers that hold up whoever asks them, in front of a real one."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Fault = Literal["silent", "dripping", "half a row"]
FAULTS: tuple[Fault, ...] = ("silent", "dripping", "half a row")
"""Takes the connection and says nothing · says a byte at a time · stops in the middle of an answer."""

READY = b"Z\x00\x00\x00\x05I"
"""What ends a login: https://www.postgresql.org/docs/current/protocol-message-formats.html."""


@dataclass
class Stalling:
    """A server that lets people in as another does, and then stalls."""

    url: str
    fault: Fault = "silent"
    """What it does to who comes from now on."""


@contextmanager
def stalling(url: str) -> Iterator[Stalling]:
    """Let a server stall in front of the one at ``url``, for as long as the block."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = (parts.hostname or "", parts.port or 5432)
        port = listener.getsockname()[1]
        netloc = f"{parts.netloc.rpartition(':')[0]}:{port}"
        stalled = Stalling(urlunsplit(parts._replace(netloc=netloc)))
        threading.Thread(target=_accept, args=(listener, address, stalled), daemon=True).start()
        yield stalled


def _accept(listener: socket.socket, address: tuple[str, int], stalled: Stalling) -> None:
    with contextlib.suppress(OSError):  # closed: it is over
        while True:
            client, _ = listener.accept()
            threading.Thread(
                target=_stall, args=(client, address, stalled.fault), daemon=True
            ).start()


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
