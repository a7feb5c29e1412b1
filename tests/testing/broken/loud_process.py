"""Starts a process."""

from pydantic import BaseModel


def _ask() -> str:
    import subprocess

    return subprocess.run(["true"], check=True, capture_output=True, text=True).stdout


SAID = _ask()


class Loud(BaseModel):
    """What was said."""

    word: str = SAID
