"""What gives the time."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType

Clock = Callable[[], datetime]
"""Gives the time now, with a time zone."""

Zone = NewType("Zone", str)
"""The time zone of schedules that name none: ``scheduler.timezone``."""
