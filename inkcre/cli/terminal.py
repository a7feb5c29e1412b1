"""What is said to people, and its colours: on a terminal, unless somebody said otherwise."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import IO

from inkcre.settings.renderers import Paint, Role, plain

_is_quiet: ContextVar[bool] = ContextVar("inkcre_quiet", default=False)


def keep_quiet(value: bool) -> None:
    """Let the commands that are run from here on say nothing but what was asked for."""
    _is_quiet.set(value)


def is_quiet() -> bool:
    """Tell whether nothing is said but what was asked for."""
    return _is_quiet.get()


def say(line: str, *, aside: bool = False) -> None:
    """Tell what was done, unless nobody wants to know; ``aside`` from what the command writes."""
    if not is_quiet():
        print(line, file=sys.stderr if aside else sys.stdout, flush=True)


@contextmanager
def telling_progress(what: str) -> Iterator[Callable[[str], None]]:
    """Return what tells how far something is, in one line of a terminal; in a pipe nothing is."""
    is_shown = sys.stderr.isatty() and not is_quiet()
    told = 0.0

    def tell(how_far: str) -> None:
        nonlocal told
        if is_shown and time.monotonic() - told >= 0.2:
            told = time.monotonic()
            print(f"\r\x1b[K{what}: {how_far}", file=sys.stderr, end="", flush=True)

    yield tell
    if is_shown:
        print("\r\x1b[K", file=sys.stderr, end="", flush=True)


def local_time(moment: str | datetime) -> str:
    """Write a moment, of RFC 3339 if it is text, as the reader's clock has it, with the zone."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")


def write_json(document: Mapping[str, object]) -> None:
    """Write one document of JSON; where standard output is not UTF-8, in ASCII alone."""
    is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(document, indent=2, ensure_ascii=is_ascii))


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
