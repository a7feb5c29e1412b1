"""Reads the clock."""

import time

from pydantic import BaseModel

STARTED = time.time()


class Loud(BaseModel):
    """What was read."""

    started: float = STARTED
