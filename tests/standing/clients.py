"""Clients of a base whose processes come and go: they ask again, and hold it to what it answers."""

import json
import random
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.standing.ledger import Ledger
from tests.standing.servers import Home, Server

PATIENCE_SECONDS = 180
"""How long a client asks again before that is a fault."""

IDLE_SECONDS = 2
"""How long a connection may be idle: less than ``http.idle_seconds``."""


class GivenUp(Exception):
    """Raised where somebody was not answered for too long; the ledger has it as a fault."""


class Client:
    """Somebody who asks whichever process is there, and asks again as HTTP says."""

    def __init__(self, home: Home, ledger: Ledger, seed: str) -> None:
        self.chance = random.Random(seed)
        self.ledger = ledger
        self._home = home
        self._connections: dict[Server, _Kept] = {}

    def ask(self, kind: str, method: str, path: str, body: object = None) -> Any:
        """Ask until there is an answer that is no 503; give its JSON, or its bytes.

        Raises:
            GivenUp: there was none in time, or one that should not be.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            server = self.chance.choice(self._home.servers)
            answered = self._try(server, kind, (method, path, body))
            if answered is not None:
                return answered
        self.ledger.fail(f"{method} {path}: no answer in {PATIENCE_SECONDS} s")
        raise GivenUp

    def _try(self, server: Server, kind: str, asked: tuple[str, str, object]) -> Any:
        method, path, body = asked
        deaths, was_up, began = server.deaths, server.is_up, time.perf_counter()
        try:
            status, headers, content = self._send(server, method, path, body)
        except (OSError, HTTPException) as error:
            self._connections.pop(server).connection.close()
            if was_up and server.is_up and server.deaths == deaths:
                self.ledger.fail(f"{method} {path}: {error!r} of a process that lives")
            self.ledger.excuse(type(error).__name__)
            time.sleep(0.1)
            return None
        self.ledger.time(kind, (time.perf_counter() - began) * 1000)
        if status == 503 and "Retry-After" in headers:
            self.ledger.excuse(f"503 {json.loads(content)['detail']}")
            time.sleep(float(headers["Retry-After"]))
            return None
        if status not in (200, 201, 202):
            self.ledger.fail(f"{method} {path}: {status} {content[:300]!r}")
            raise GivenUp
        return json.loads(content) if headers["Content-Type"] == "application/json" else content

    def _send(self, server: Server, method: str, path: str, body: object) -> tuple[int, Any, bytes]:
        kept = self._connections.get(server)
        if kept is None or not kept.is_good(server):
            if kept is not None:
                kept.connection.close()
            connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
            kept = self._connections[server] = _Kept(connection, server.deaths)
        if body is None:
            kept.connection.request(method, path)
        elif isinstance(body, bytes):
            media_type = {"Content-Type": "application/octet-stream"}
            kept.connection.request(method, path, body, media_type)
        else:
            sent = json.dumps(body).encode()
            kept.connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = kept.connection.getresponse()
        content = answer.read()
        kept.used_at = time.monotonic()
        return answer.status, answer.headers, content

    def close(self) -> None:
        """End its connections."""
        for kept in self._connections.values():
            kept.connection.close()


@dataclass
class _Kept:
    """A connection that is used again."""

    connection: HTTPConnection
    deaths: int
    used_at: float = field(default_factory=time.monotonic)

    def is_good(self, server: Server) -> bool:
        """Tell whether its process lives, and does not end it about now for being idle."""
        return self.deaths == server.deaths and time.monotonic() - self.used_at < IDLE_SECONDS
