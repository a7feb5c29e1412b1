"""No scheduler: others tick, with the same database, or nobody does."""

from collections.abc import Callable
from typing import ClassVar

from inkcre.ports.scheduler import SchedulerCapabilities
from inkcre.sections.scheduler import SchedulerOffSettings


class OffScheduler:
    """Nothing that ticks."""

    capabilities: ClassVar[SchedulerCapabilities] = SchedulerCapabilities(
        ticks=False, is_in_process=False
    )

    def __init__(self, settings: SchedulerOffSettings) -> None:
        del settings

    def start(self, tick: Callable[[], None]) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""
