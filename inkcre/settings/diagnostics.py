"""Problems with the settings, as data, and how they are written for people and machines.

No input value is in here, except quoted TOML lines, and those are masked unless the value
belongs to a known setting that is not a secret.
"""

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from inkcre.errors import OperatorError
from inkcre.settings.origins import (
    Definition,
    DotenvOrigin,
    KeyPath,
    Origin,
    SecretFileOrigin,
    TomlOrigin,
    display_path,
)
from inkcre.settings.schema import find_node
from inkcre.settings.toml import Keys, Place, TomlDocument

MASK = "********"


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

    def as_json(self) -> dict[str, Any]:
        """Give the problem as plain data."""
        return {
            "code": self.code,
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

    def as_text(self) -> str:
        """Write the problem the way a compiler would."""
        lines = [f"error[{self.code}]: {self.subject}: {self.message}"]
        width = max((len(str(x.place.line)) for x in self.labels if x.place), default=1)
        for label in self.labels:
            lines += _label_lines(label, width)
        gutter = " " * (width + 2)
        lines += [f"{gutter}= {note}" for note in self.notes]
        if self.help:
            lines.append(f"{gutter}= help: {self.help}")
        return "\n".join(lines)


def _label_lines(label: Label, width: int) -> list[str]:
    gutter = " " * (width + 2)
    lines = [f"{gutter[:-1]}--> {label.name}"]
    if label.shown is not None and label.place:
        marks = " " * (label.caret - 1) + "^" * label.length
        lines += [
            f"{gutter}|",
            f" {label.place.line:>{width}} | {label.shown}",
            f"{gutter}| {marks}",
        ]
    return lines


class SettingsError(OperatorError):
    """Say everything that is wrong with the settings, at once."""

    code = "settings"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(render_text(self.diagnostics))


def render_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Write problems for people."""
    problems = list(diagnostics)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    body = "\n\n".join(problem.as_text() for problem in problems)
    return f"{body}\n\n{count} in the settings"


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Write problems for machines: ``{"errors": […]}``."""
    return json.dumps({"errors": [p.as_json() for p in diagnostics]}, ensure_ascii=False, indent=2)


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that ``word`` was most likely meant to be."""
    matches = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return matches[0] if matches else None


@dataclass(frozen=True)
class Report:
    """Collect problems while loading goes on."""

    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, problem: Diagnostic) -> None:
        """Note one problem."""
        self.problems.append(problem)

    def stop_on_problems(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            raise SettingsError(self.problems)


def label_value(definition: Definition) -> Label:
    """Point at a definition's value."""
    return _label(definition.origin, definition.path, at_key=False)


def label_key(definition: Definition) -> Label:
    """Point at a definition's key; the value is masked, since nobody knows what it is."""
    return _label(definition.origin, definition.path, at_key=True)


def label_table(definition: Definition, table: KeyPath) -> Label:
    """Point at the table ``table`` through any definition inside it."""
    origin = definition.origin
    if not isinstance(origin, TomlOrigin):
        return Label(origin.describe())
    keys = origin.keys[: len(origin.keys) - (len(definition.path) - len(table))]
    if not keys:
        return Label(display_path(origin.document.path))
    return label_toml(origin.document, keys, at_key=True, masked=True)


def _label(origin: Origin, path: KeyPath, *, at_key: bool) -> Label:
    if isinstance(origin, TomlOrigin):
        node = find_node(path)
        masked = at_key or node is None or node.is_secret or not node.is_leaf
        return label_toml(origin.document, origin.keys, at_key=at_key, masked=masked)
    if isinstance(origin, DotenvOrigin):
        return Label(display_path(origin.path), Place(origin.line, 1, 1))
    if isinstance(origin, SecretFileOrigin):
        return Label(origin.describe())
    return Label(origin.describe())


def label_toml(document: TomlDocument, keys: Keys, *, at_key: bool, masked: bool) -> Label:
    """Quote the line on which a key or its value stands, and nothing else of the file."""
    source = display_path(document.path)
    span = document.span(keys)
    if span is None:
        return Label(f"{source} (line unknown)")
    is_header = span.key == span.value
    start, end = (span.key, _key_end(document.text, span.key, span.value)) if at_key else span[1:]
    if is_header:
        start, end = span.key, span.end
    place = document.place(start, end)
    line_start = document.text.rfind("\n", 0, start) + 1
    line_end = line_start + len(document.line(place.line))
    key_start = max(span.key, line_start)
    lead = document.text[line_start:key_start]
    lead = lead if not lead.strip() else "… "
    shown_end = span.value if masked and not is_header else min(span.end, line_end)
    shown = lead + document.text[key_start:shown_end] + (MASK if masked and not is_header else "")
    length = len(MASK) if masked and not at_key and not is_header else place.length
    return Label(source, place, shown, len(lead) + (start - key_start) + 1, length)


def _key_end(text: str, key: int, value: int) -> int:
    return key + len(text[key:value].rstrip().removesuffix("=").rstrip()) or key + 1
