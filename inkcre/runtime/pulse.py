"""Whether the tick comes, by a clock that nobody sets."""

import time
from collections.abc import Callable

from inkcre.errors import TickStalled
from inkcre.sections.settings import Settings

SPARE_SECONDS = 30
"""How late the tick may be, besides one that is left out, before it is told: a database that is
away holds it up for as long as it is waited for."""


class Pulse:
    """When the tick was called last."""

    def __init__(self, tick_seconds: int, now: Callable[[], float] = time.monotonic) -> None:
        self._tick_seconds = tick_seconds
        self._now = now
        self._last: float | None = None

    def beat(self) -> None:
        """Take note of a tick, or that they begin."""
        self._last = self._now()

    def end(self) -> None:
        """Expect no more of them."""
        self._last = None

    def overdue_seconds(self) -> float:
        """Return for how long the next tick has been due; 0: it is not."""
        last = self._last
        return 0.0 if last is None else max(0.0, self._now() - last - self._tick_seconds)

    def find_stall(self) -> TickStalled | None:
        """Return what is to be told if the tick does not come."""
        overdue = self.overdue_seconds()
        if overdue <= self._tick_seconds + SPARE_SECONDS:
            return None
        return TickStalled(
            f"tick: did not come for {overdue + self._tick_seconds:.0f} seconds",
            hint="read the log; start the process again if there is nothing",
        )


def build_pulse(settings: Settings) -> Pulse | None:
    """Make what knows of the ticks, where a thread of this process is to call them."""
    seconds = getattr(settings.scheduler, "tick_seconds", None)
    return None if seconds is None else Pulse(seconds)
