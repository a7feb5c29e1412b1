"""Draws an id."""

import uuid

from pydantic import BaseModel

DRAWN = str(uuid.uuid4())


class Loud(BaseModel):
    """What was drawn."""

    word: str = DRAWN
