"""Draws lots."""

import random

from pydantic import BaseModel

DRAWN = random.choice("abc")


class Loud(BaseModel):
    """What was drawn."""

    word: str = DRAWN
