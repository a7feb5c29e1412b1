"""Who may be connected, and for how long: what uvicorn leaves to whoever stands in front of it.

All of it is work of a connection, or of a second; a request costs nothing more. What is looked at
once a second needs no timer of its own.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from itertools import islice
from typing import Protocol

from inkcre.errors import OutOfDescriptors, TooManyConnections, Unavailable
from inkcre.process.descriptors import Descriptors
from inkcre.sections.http import HttpSettings

logger = logging.getLogger("inkcre")

LOOK_SECONDS = 1.0
"""How often connections are looked at; all limits of time are as exact as that."""

LOOKED_AT_ONCE = 32
"""To end one with an answer takes a tenth of a millisecond."""

TELL_SECONDS = 60.0
"""How often one thing is logged at most, and how long ``/readyz`` tells of it."""

NETWORK_BITS = 64
"""What one customer has of IPv6: https://www.rfc-editor.org/rfc/rfc6177"""


class OpenConnection(Protocol):
    """A connection, as far as it is watched."""

    def look(self, now: float) -> None:
        """End it if its client keeps it waiting for too long."""


def find_peer(host: str) -> str | None:
    """Return whose connections count together; None: nobody's.

    Proxies, balancers and containers' bridges are at loopback and private addresses, and each has
    the connections of everybody behind it.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:  # a Unix socket
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_global:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> NETWORK_BITS << NETWORK_BITS))
    return str(address)


class ConnectionGuard:
    """The connections of one server, counted and looked at."""

    def __init__(self, http: HttpSettings) -> None:
        self.head_seconds = http.head_seconds
        self.max_header_bytes = http.max_header_bytes
        self.silent_seconds = http.body_silent_seconds
        self._most, self._most_of_peer = http.max_connections, http.max_peer_connections
        self._descriptors = Descriptors()
        self._peers: Counter[str] = Counter()
        self._admitted: dict[OpenConnection, str | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._refused: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self._shortage_at: float | None = None

    @property
    def number(self) -> int:
        """How many are open."""
        return len(self._admitted)

    def admit(self, connection: OpenConnection, host: str, descriptor: int) -> Unavailable | None:
        """Count a connection; or tell why it is none that is taken.

        Whoever hears that it is taken says ``leave`` when it is over.
        """
        loop = self._loop or self._start()
        peer = find_peer(host) if self._most_of_peer else None
        refusal = self._find_refusal(peer, descriptor)
        if refusal is not None:
            if isinstance(refusal, OutOfDescriptors):
                self._shortage_at = loop.time()
            self._tell(refusal)
            return refusal
        self._admitted[connection] = peer
        if peer is not None:
            self._peers[peer] += 1
        return None

    def _find_refusal(self, peer: str | None, descriptor: int) -> Unavailable | None:
        if self._descriptors.is_last(descriptor):
            return self._descriptors.describe()
        if len(self._admitted) >= self._most:
            return TooManyConnections(
                f"connections: {self._most} are open",
                hint="try again, or raise http.max_connections",
            )
        if peer is not None and self._peers[peer] >= self._most_of_peer:
            return TooManyConnections(
                f"connections: {self._most_of_peer} are open from one address",
                hint="use those that are open, or raise http.max_peer_connections",
            )
        return None

    def leave(self, connection: OpenConnection) -> None:
        """Count a connection no more."""
        peer = self._admitted.pop(connection, None)
        if peer is not None:
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    def find_notice(self) -> OutOfDescriptors | None:
        """Return what is to be told of descriptors: when there was none within the last minute."""
        at, loop = self._shortage_at, self._loop
        if at is None or loop is None or loop.time() - at > TELL_SECONDS:
            return None
        return self._descriptors.describe()

    def _start(self) -> asyncio.AbstractEventLoop:
        """Begin to look, with the first connection."""
        loop = self._loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        loop.call_later(LOOK_SECONDS, self._look)
        return loop

    def _look(self) -> None:
        loop = self._loop
        assert loop is not None
        if self._descriptors.are_out():
            self._note_shortage(loop.time())
        self._look_on(iter(tuple(self._admitted)), loop)

    def _look_on(
        self, connections: Iterator[OpenConnection], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Look at a few, and let requests come in between."""
        now = loop.time()
        some = tuple(islice(connections, LOOKED_AT_ONCE))
        try:
            for connection in some:
                if connection in self._admitted:  # it may have ended in between
                    connection.look(now)
        finally:  # a fault of ours at one is logged by the loop, and is no end of looking
            if some:
                loop.call_soon(self._look_on, connections, loop)
            else:
                loop.call_later(LOOK_SECONDS, self._look)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Take asyncio's word, where it is the loop, that a connection could not be taken."""
        # It tries again after a second: asyncio.constants.ACCEPT_RETRY_DELAY.
        if context.get("message") == "socket.accept() out of system resource":
            self._note_shortage(loop.time())
        else:
            loop.default_exception_handler(context)

    def _note_shortage(self, now: float) -> None:
        self._shortage_at = now
        self._tell(self._descriptors.describe())

    def _tell(self, refusal: Unavailable) -> None:
        """Log it once a minute, and how often it was."""
        assert self._loop is not None
        now, said = self._loop.time(), refusal.message
        self._refused[said] += 1
        if now - self._told.get(said, -TELL_SECONDS) < TELL_SECONDS:
            return
        self._told[said] = now
        logger.warning("%s; seen %d times: %s", said, self._refused.pop(said), refusal.hint)
