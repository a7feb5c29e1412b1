"""The scheduler port: what calls the tick at a steady pace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class SchedulerCapabilities:
    """What an adapter declares of itself."""

    ticks: bool
    """Whether the tick is called at all."""

    is_in_process: bool
    """Whether it is called by a thread of this process, rather than by the platform."""


class Scheduler(Protocol):
    """Calls a function at a steady pace, never twice at a time, and not for missed times."""

    capabilities: ClassVar[SchedulerCapabilities]

    def start(self, tick: Callable[[], None]) -> None:
        """Begin: the first call comes at once. Where the platform calls, nothing happens here.

        What ``tick`` raises ends that call only, and is logged.
        """

    def stop(self) -> None:
        """Call no more, and return when a call that is going on has ended."""
