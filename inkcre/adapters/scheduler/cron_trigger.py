"""Cloudflare's Cron Triggers: the platform calls the Worker's ``scheduled()``.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
"""

from collections.abc import Callable
from typing import ClassVar

from inkcre.ports.scheduler import SchedulerCapabilities
from inkcre.sections.scheduler import CronTriggerSettings


class CronTriggerScheduler:
    """The platform, which ticks by itself at the times of ``[workers] crons``."""

    capabilities: ClassVar[SchedulerCapabilities] = SchedulerCapabilities(
        ticks=True, is_in_process=False
    )

    def __init__(self, settings: CronTriggerSettings) -> None:
        self.budget_seconds = settings.budget_seconds
        """How long one tick begins further jobs."""

    def start(self, tick: Callable[[], None]) -> None:
        """Do nothing: the Worker's entry is called."""

    def stop(self) -> None:
        """Do nothing."""
