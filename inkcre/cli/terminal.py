"""Colours: on a terminal, unless somebody said otherwise."""

import os
from typing import IO

from inkcre.settings.renderers import Paint, Role, plain

CODES: dict[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "title": "1",
    "frame": "1;34",
    "help": "1;36",
}
"""Select Graphic Rendition, ECMA-48 section 8.3.117."""


def choose_paint(stream: IO[str]) -> Paint:
    """Return colours for a terminal and none for a pipe.

    ``NO_COLOR`` (https://no-color.org) turns them off, ``FORCE_COLOR`` turns them on.
    """
    if os.environ.get("NO_COLOR"):
        return plain
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    return _colour if os.environ.get("FORCE_COLOR") or is_terminal else plain


def _colour(role: Role, text: str) -> str:
    return f"\x1b[{CODES[role]}m{text}\x1b[0m"
