"""Connections that are kept, and lent to one user at a time: shared by the adapters beside it.

By hand, and not SQLAlchemy's: that makes two objects for each loan, looks for listeners and takes
several locks, which cost a tenth of a request where threads meet. And it lends what has been idle
for longest, so that a request after another finds a session that is cold.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inkcre.ports.database import PoolUsage


class PoolBusy(Exception):
    """Every connection was lent for as long as one waits."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections there are, and how long they are waited for."""

    kept: int
    """How many stay open when nobody uses them."""

    most: int
    """How many are open at once."""

    timeout_seconds: float
    recycle_seconds: float = -1
    """Age at which a connection is replaced; -1: never."""


class PooledConnection:
    """A connection of a pool."""

    __slots__ = ("connection", "opened_at", "used_at")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.opened_at = time.monotonic()
        self.used_at: float | None = None
        """When it was given back; None: it has not been used."""


class ConnectionPool:
    """Connections, each of which has ``close()``. It opens none before one is asked for."""

    def __init__(self, connect: Callable[[], Any], limits: PoolLimits) -> None:
        self._connect = connect
        self._limits = limits
        self._idle: list[PooledConnection] = []
        self._number = 0
        """Those that are idle, lent, or being opened."""
        self._is_closed = False
        self._renewed_at = 0.0
        # The lock alone is taken by C; a condition is entered by Python, four times as slowly.
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)

    def take(self) -> PooledConnection:
        """Lend a connection: the one that came back last, a new one when none is idle.

        Raises:
            PoolBusy: every one was lent for as long as one waits.
        """
        with self._lock:
            if not self._idle and self._number >= self._limits.most:
                self._wait()
            kept = self._idle.pop() if self._idle else None
            self._number += kept is None
        if kept is None:
            return self._open()
        if self._is_old(kept):
            self._close(kept)
            return self._open()  # in its place
        return kept

    def give(self, lent: PooledConnection) -> None:
        """Take a connection back; close it when it is one too many, or the pool is closed."""
        lent.used_at = time.monotonic()
        with self._lock:
            is_current = lent.opened_at >= self._renewed_at and not self._is_closed
            is_kept = is_current and len(self._idle) < self._limits.kept
            if is_kept:
                self._idle.append(lent)
            else:
                self._number -= 1
            self._has_room.notify()
        if not is_kept:
            self._close(lent)

    def discard(self, lent: PooledConnection) -> None:
        """Take a connection back that is of no more use."""
        self._leave_place()
        self._close(lent)

    def renew(self) -> None:
        """Replace what is open now: what is idle at once, and what is lent when it comes back."""
        with self._lock:
            self._renewed_at = time.monotonic()
        self._close_idle()

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        with self._lock:
            self._is_closed = True
        self._close_idle()

    def usage(self) -> PoolUsage:
        """Tell how many are lent, and how many wait to be."""
        with self._lock:
            return PoolUsage(self._number - len(self._idle), len(self._idle))

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            self._number -= len(idle)
            self._has_room.notify_all()
        for kept in idle:
            self._close(kept)

    def _wait(self) -> None:
        def has_room() -> bool:
            return bool(self._idle) or self._number < self._limits.most

        if not self._has_room.wait_for(has_room, self._limits.timeout_seconds):
            raise PoolBusy

    def _open(self) -> PooledConnection:
        try:
            return PooledConnection(self._connect())
        except BaseException:
            self._leave_place()
            raise

    def _leave_place(self) -> None:
        with self._lock:
            self._number -= 1
            self._has_room.notify()

    def _is_old(self, kept: PooledConnection) -> bool:
        recycle = self._limits.recycle_seconds
        return recycle >= 0 and time.monotonic() - kept.opened_at > recycle

    @staticmethod
    def _close(ended: PooledConnection) -> None:
        ended.connection.close()
