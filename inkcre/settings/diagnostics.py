"""Problems with the settings, as data.

No input value is in here, except quoted TOML lines, and those are masked unless the value
belongs to a known setting that is not a secret. Whatever looks like a secret all the same is masked
when a problem is made, so that no way of writing it, nor a traceback, can show it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from inkcre.settings.masks import mask, mask_forms
from inkcre.settings.toml import Place

Level = Literal["note", "warning", "error"]


@dataclass(frozen=True)
class Label:
    """A place that a problem points at; ``shown`` is the line as it may be quoted."""

    source: str
    place: Place | None = None
    shown: str | None = None
    caret: int = 1
    length: int = 1

    def __post_init__(self) -> None:
        # The name of a file that was read is no secret, be it as random as a cache's folder.
        source = mask_forms(self.source) if self.place else mask(self.source)
        object.__setattr__(self, "source", source)
        shown = self.shown and mask(self.shown)
        if shown and shown != self.shown:  # where its carets stood is not there any more
            object.__setattr__(self, "shown", shown)
            object.__setattr__(self, "caret", 1)
            object.__setattr__(self, "length", len(shown))

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", mask(self.subject))
        object.__setattr__(self, "message", mask(self.message))
        object.__setattr__(self, "notes", tuple(mask(note) for note in self.notes))
        object.__setattr__(self, "help", self.help and mask(self.help))

    def as_json(self) -> dict[str, object]:
        """Return the problem as plain data."""
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


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that ``word`` was most likely meant to be."""
    import difflib  # there is no mistake on most starts, and none of an isolate's

    matches = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return matches[0] if matches else None
