"""Reads the clock."""

from datetime import UTC, datetime

from pydantic import BaseModel

STARTED = datetime.now(UTC)


class Loud(BaseModel):
    """What was read."""

    started: datetime = STARTED
