"""What gives the time."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType, Protocol, runtime_checkable

from inkcre.errors import Unavailable

Clock = Callable[[], datetime]
"""Gives the time now, with a time zone."""

Zone = NewType("Zone", str)
"""The time zone of schedules that name none: ``scheduler.timezone``."""


class ClockSkewed(Unavailable):
    """Tell that this machine's clock and the database's are far apart."""

    code = "clock_skewed"


@runtime_checkable
class Stepped(Protocol):
    """A clock that notices when it is put on."""

    def __call__(self) -> datetime:
        """Return the time now."""

    def settle(self, now: datetime) -> datetime:
        """Return the time by which leases that were taken before a step have lapsed.

        It is ``now``, less what the clock was put on by lately, until nothing is left of before.
        """


@runtime_checkable
class MeasuredClock(Protocol):
    """A clock of somebody else's, with which this process's own is compared."""

    def __call__(self) -> datetime:
        """Return the time now."""

    def skew_seconds(self) -> float:
        """Return how far this process's own clock is ahead of it, as it was last measured.

        Raises:
            SurroundingsError: it could not be measured so far.
        """

    def find_skew(self) -> ClockSkewed | None:
        """Return what is to be told if the two are far apart; None too where nobody knows."""


def settled(clock: Clock, now: datetime) -> datetime:
    """Return the time by which leases have lapsed: see ``Stepped``."""
    return clock.settle(now) if isinstance(clock, Stepped) else now
