"""Reads a file."""

from pathlib import Path

from pydantic import BaseModel

SAID = Path(__file__).with_name("said.txt").read_text()


class Loud(BaseModel):
    """What was read."""

    word: str = SAID
