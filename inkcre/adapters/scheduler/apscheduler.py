"""APScheduler: a thread of this process calls the tick.

Only one thing is scheduled, in memory: what is due, and when, is in the database. Its pace is kept
whatever is done to the clock (steady.py).
https://apscheduler.readthedocs.io/en/3.x/userguide.html
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from inkcre.errors import Unsupported
from inkcre.ports.scheduler import SchedulerCapabilities
from inkcre.sections.scheduler import ApschedulerSettings

logger = logging.getLogger("inkcre.scheduler")


class ApschedulerScheduler:
    """A thread that ticks."""

    capabilities: ClassVar[SchedulerCapabilities] = SchedulerCapabilities(
        ticks=True, is_in_process=True
    )

    def __init__(self, settings: ApschedulerSettings) -> None:
        self._tick_seconds = settings.tick_seconds
        self._scheduler: Any = None  # APScheduler 3 has no types

    def start(self, tick: Callable[[], None]) -> None:
        """Begin to call the tick: now, and then every so many seconds.

        Raises:
            Unsupported: APScheduler is not installed.
        """
        # Here, because what the adapter declares is asked for where nothing ticks.
        try:
            from apscheduler.executors.pool import ThreadPoolExecutor

            from inkcre.adapters.scheduler.steady import SteadyScheduler
        except ModuleNotFoundError as error:
            raise Unsupported(
                'scheduler.kind "apscheduler": apscheduler is not installed',
                hint="install inkcre[local]",
            ) from error
        # One thread for the one job, and one that finds it taken; by default there are ten.
        self._scheduler = SteadyScheduler(
            executors={"default": ThreadPoolExecutor(2)}, timezone=UTC
        )
        # By default a tick that is a second late is left out: here it comes however late, and of
        # several that were missed one:
        # https://apscheduler.readthedocs.io/en/3.x/userguide.html
        self._scheduler.add_job(
            _in_turn(tick),
            "interval",
            seconds=self._tick_seconds,
            next_run_time=datetime.now(UTC),
            max_instances=2,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Call no more, and wait for a call that is going on."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None


def _in_turn(tick: Callable[[], None]) -> Callable[[], None]:
    """Make a call that is left out while the one before goes on.

    With ``max_instances=1`` APScheduler warns of that each time, which is each second while a
    database is waited for.
    """
    turn = threading.Lock()

    def take_turn() -> None:
        if turn.acquire(blocking=False):
            try:
                tick()
            finally:
                turn.release()

    return take_turn
