"""Problems with the settings, as data.

No input value is in here, except quoted TOML lines, and those are masked unless the value
belongs to a known setting that is not a secret.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from inkcre.settings.toml import Place

MASK = "********"

Level = Literal["warning", "error"]


@dataclass(frozen=True)
class Label:
    """A place that a problem points at; ``shown`` is the line as it may be quoted."""

    source: str
    place: Place | None = None
    shown: str | None = None
    caret: int = 1
    length: int = 1

    @property
    def name(self) -> str:
        """The place in the form that editors and terminals make clickable."""
        return f"{self.source}:{self.place.line}:{self.place.column}" if self.place else self.source


@dataclass(frozen=True)
class Diagnostic:
    """One problem: a stable code, what it is about, what is wrong, where, and what to do."""

    code: str
    subject: str
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    level: Level = "error"

    def as_json(self) -> dict[str, Any]:
        """Give the problem as plain data."""
        return {
            "code": self.code,
            "level": self.level,
            "subject": self.subject,
            "message": self.message,
            "places": [
                {
                    "source": label.source,
                    "line": label.place.line if label.place else None,
                    "column": label.place.column if label.place else None,
                }
                for label in self.labels
            ],
            "notes": list(self.notes),
            "help": self.help,
        }


def show_key(text: str) -> str:
    """Give a key that somebody typed; anything not of a key's shape may be a misplaced secret."""
    return text if re.fullmatch(r"[\w.-]{1,100}", text) else MASK


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that ``word`` was most likely meant to be."""
    import difflib  # there is no mistake on most starts, and none of an isolate's

    matches = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return matches[0] if matches else None
