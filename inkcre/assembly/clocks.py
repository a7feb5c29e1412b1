"""The time by which a base goes: its server's where it has one, else this machine's.

Of several machines that share a base each has a clock, and one of them may be wrong. So nothing
that is due, and no lease, goes by a process's own clock: it asks the server from time to time, and
counts on from there by a clock that nobody sets. One file has one machine, whose clock it is.

Whoever's clock it is may be put on. Every lease would have lapsed then, of jobs that are running:
so both kinds notice a step, and leases of before go by the time of before.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from inkcre.errors import InkcreError
from inkcre.ports.clock import ClockSkewed
from inkcre.ports.database import Timed

logger = logging.getLogger("inkcre.clock")

MEASURE_SECONDS = 30
"""How long the server's time is counted on before it is asked for again."""

RETRY_SECONDS = 5
"""How long to wait after a server that did not tell it; and who else asks meanwhile need not."""

STEP_SECONDS = 2.0
"""A clock that moves by more than that beside a steady one was set; NTP moves it less at once."""

SETTLING_SECONDS = 330 + MEASURE_SECONDS
"""How long there may be leases of before a step: the longest one that nobody extends, and until
every process has noticed."""

MAX_SKEW_SECONDS = 2.0
"""More than that, and times written by two machines tell a story that did not happen."""

Read = Callable[[], float]
"""Gives seconds: since 1970, or since whenever."""


class Steps:
    """By how much a clock was put on, as long as there may be leases of before."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._until = 0.0

    def note(self, seconds: float, at: float) -> None:
        """Take note of a step, at a moment of a steady clock; one back takes off from one on."""
        self._seconds = max(0.0, self.left(at) + seconds)
        self._until = at + SETTLING_SECONDS

    def left(self, at: float) -> float:
        """Return by how much leases of before are to be spared."""
        return self._seconds if at < self._until else 0.0


class MachineClock:
    """This machine's clock."""

    def __init__(self, own: Read = time.time, steady: Read = time.monotonic) -> None:
        self._own = own
        self._steady = steady
        self._steps = Steps()
        self._offset: float | None = None

    def __call__(self) -> datetime:
        """Return the time now."""
        now, at = self._own(), self._steady()
        offset = self._offset
        if offset is None:
            self._offset = now - at
        elif abs(now - at - offset) > STEP_SECONDS:
            self._offset = now - at
            self._steps.note(now - at - offset, at)
        return _moment(now)

    def settle(self, now: datetime) -> datetime:
        """Return the time by which leases of before a step have lapsed."""
        return now - timedelta(seconds=self._steps.left(self._steady()))


@dataclass(frozen=True)
class _Measurement:
    """One moment by the server's clock and by two of this process."""

    server: float
    own: float
    steady: float
    error: float
    """How far the server's may be off: half of the round trip."""

    def server_at(self, steady: float) -> float:
        return self.server + steady - self.steady

    def is_set_since(self, own: float, steady: float) -> bool:
        """Tell whether this process's clock was set since, or its machine has slept."""
        return abs((own - self.own) - (steady - self.steady)) > STEP_SECONDS

    def skew(self) -> float:
        return self.own - self.server


class ServerTime:
    """What a process, or an isolate, knows of its server's time."""

    def __init__(self, own: Read = time.time, steady: Read = time.monotonic) -> None:
        self._own = own
        self._steady = steady
        self._steps = Steps()
        self._last: _Measurement | None = None
        self._ask_at = 0.0
        self._is_told = False

    def now(self, read: Read) -> float:
        """Return the server's time, in seconds since 1970; ask for it if it was long ago.

        Raises:
            SurroundingsError: the server does not tell it, and never has.
        """
        last = self._last
        if last is None or self._is_due(last):
            last = self._ask(read, last)
        return last.server_at(self._steady())

    def _is_due(self, last: _Measurement) -> bool:
        at = self._steady()
        is_old = at - last.steady > MEASURE_SECONDS or last.is_set_since(self._own(), at)
        return is_old and at >= self._ask_at

    def _ask(self, read: Read, last: _Measurement | None) -> _Measurement:
        # Before it is asked, and without a lock: in a Worker whoever waits for one waits for ever.
        self._ask_at = self._steady() + RETRY_SECONDS
        try:
            found = self._measure(read)
        except InkcreError:
            if last is None:
                raise
            return last
        found = self._last = found if last is None else self._compare(found, last)
        self._ask_at = 0.0
        self._tell_skew(found)
        return found

    def _measure(self, read: Read) -> _Measurement:
        own, began = self._own(), self._steady()
        server = read()
        error = (self._steady() - began) / 2
        return _Measurement(server - error, own, began, error)

    def _compare(self, found: _Measurement, last: _Measurement) -> _Measurement:
        """Return what is to be gone by: what does not contradict what is known changes nothing."""
        counted = last.server_at(found.steady)
        off = found.server - counted
        if abs(off) <= found.error:
            return replace(found, server=counted)
        if abs(off) - found.error > STEP_SECONDS:
            logger.warning("the database's clock has moved by %.1f s since it was asked last", off)
            self._steps.note(off, found.steady)
        return found

    def settle_seconds(self) -> float:
        """Return by how much leases are to be spared."""
        return self._steps.left(self._steady())

    def skew(self) -> float | None:
        """Return by how many seconds this process's clock is ahead; None: nobody has asked."""
        return None if self._last is None else self._last.skew()

    def find_skew(self) -> ClockSkewed | None:
        """Return what is to be told if the two clocks are far apart."""
        last = self._last
        return None if last is None else _judge(last)

    def _tell_skew(self, found: _Measurement) -> None:
        """Say once in the log that the clocks are far apart, and once that they agree again."""
        skewed = _judge(found)
        if skewed and not self._is_told:
            logger.warning("%s; leases and due times go by the database's", skewed)
        if self._is_told and not skewed:
            logger.info("clock: agrees with the database's again")
        self._is_told = skewed is not None


def _judge(found: _Measurement) -> ClockSkewed | None:
    skew = found.skew()
    if abs(skew) - found.error <= MAX_SKEW_SECONDS:
        return None
    side = "ahead of" if skew > 0 else "behind"
    return ClockSkewed(
        f"clock: this machine's is {abs(skew):.1f} s {side} the database's",
        hint="let both machines set their clocks by NTP",
    )


class ServerClock:
    """A server's clock, seen from one database adapter."""

    def __init__(self, database: Timed, known: ServerTime) -> None:
        self._database = database
        self._known = known

    def __call__(self) -> datetime:
        """Return the time now; from time to time that is one statement.

        Raises:
            SurroundingsError: the server does not tell it, and never has.
        """
        return _moment(self._known.now(self._database.read_clock))

    def settle(self, now: datetime) -> datetime:
        """Return the time by which leases of before a step have lapsed."""
        return now - timedelta(seconds=self._known.settle_seconds())

    def skew_seconds(self) -> float:
        """Return by how many seconds this process's clock is ahead."""
        self()
        return self._known.skew() or 0.0

    def find_skew(self) -> ClockSkewed | None:
        """Return what is to be told if the two clocks are far apart."""
        with suppress(InkcreError):
            self()
        return self._known.find_skew()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
