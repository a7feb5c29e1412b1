"""How problems are written: for people, for machines, and for GitHub's annotations."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from inkcre.settings.diagnostics import Diagnostic, Label, Level

Role = Literal["error", "warning", "note", "title", "frame", "help"]
"""What a piece of a diagnostic is, for whoever gives it a colour."""

Paint = Callable[[Role, str], str]
"""Dress a piece of text according to its role."""

MAX_CELLS = 120
"""A longer line is quoted around its caret only."""

TAB = "    "


def plain(_: Role, text: str) -> str:
    """Leave a text as it is."""
    return text


def render_text(diagnostics: Iterable[Diagnostic], paint: Paint = plain, *, command: str) -> str:
    """Write problems for people, the way a compiler would; ``command`` explains their codes."""
    problems = list(diagnostics)
    body = "\n\n".join(render_diagnostic(problem, paint) for problem in problems)
    codes = {problem.code for problem in problems}
    code = codes.pop() if len(codes) == 1 else "CODE"
    more = f"`{command} explain {code}` tells more"
    return f"{body}\n\n{count_problems(problems)} in the settings; {more}"


def count_problems(problems: Sequence[Diagnostic]) -> str:
    """Tell how many problems there are, and how many only warnings; notes are none."""
    errors = sum(problem.level == "error" for problem in problems)
    warnings = sum(problem.level == "warning" for problem in problems)
    counts = [(errors, "problem"), (warnings, "warning")]
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    return " and ".join(said) or "no problem"


def render_diagnostic(problem: Diagnostic, paint: Paint = plain) -> str:
    """Write one problem: what, where, and what to do."""
    title = paint(problem.level, f"{problem.level}[{problem.code}]")
    lines = [
        f"{title}{paint('title', f': {visible(problem.subject)}: {visible(problem.message)}')}"
    ]
    width = max((len(str(x.place.line)) for x in problem.labels if x.place), default=1)
    for label in problem.labels:
        lines += _label_lines(label, width, problem.level, paint)
    gutter = paint("frame", f"{' ' * (width + 2)}=")
    lines += [f"{gutter} {visible(note)}" for note in problem.notes]
    if problem.help:
        lines.append(f"{gutter} {paint('help', 'help:')} {visible(problem.help)}")
    return "\n".join(lines)


def _label_lines(label: Label, width: int, level: Level, paint: Paint) -> list[str]:
    arrow = paint("frame", " " * (width + 1) + "-->")
    lines = [f"{arrow} {visible(label.name)}"]
    if label.shown is not None and label.place:
        quoted, lead, marked = _quote(label)
        bar = paint("frame", f"{' ' * (width + 2)}|")
        number = paint("frame", f" {label.place.line:>{width}} |")
        lines += [bar, f"{number} {quoted}", f"{bar} {' ' * lead}{paint(level, '^' * marked)}"]
    return lines


def _quote(label: Label) -> tuple[str, int, int]:
    """Return a line as it is shown, and the cells before and under its carets."""
    shown = label.shown or ""
    start, end = label.caret - 1, label.caret - 1 + label.length
    before, marked, after = (visible(s) for s in (shown[:start], shown[start:end], shown[end:]))
    if cells(before) > MAX_CELLS // 2:
        before = "…" + _last_cells(before, MAX_CELLS // 2)
    if cells(before) + cells(marked) > MAX_CELLS:
        marked, after = _first_cells(marked, MAX_CELLS - cells(before)), "…"
    elif cells(before) + cells(marked) + cells(after) > MAX_CELLS:
        after = _first_cells(after, MAX_CELLS - cells(before) - cells(marked)) + "…"
    return before + marked + after, cells(before), max(1, cells(marked))


def _first_cells(text: str, room: int) -> str:
    used = 0
    for index, character in enumerate(text):
        used += cells(character)
        if used > room:
            return text[:index]
    return text


def _last_cells(text: str, room: int) -> str:
    return _first_cells(text[::-1], room)[::-1]


def cells(text: str) -> int:
    """Count the columns of a terminal that a text takes (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(_character_cells(character) for character in text)


def _character_cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def visible(text: str) -> str:
    """Write what a terminal would obey, or reorder a line by, as its escape; tabs as spaces."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == " " else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return TAB
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Write problems for machines: ``{"errors": […], "warnings": […], "notes": […]}``."""
    problems = list(diagnostics)
    found = {
        f"{level}s": [p.as_json() for p in problems if p.level == level]
        for level in ("error", "warning", "note")
    }
    return json.dumps(found, indent=2)


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Write problems as workflow commands, which GitHub shows beside the lines that they name.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    return "\n".join(_annotation(problem) for problem in diagnostics)


def _annotation(problem: Diagnostic) -> str:
    properties = {"title": f"{problem.code}: {problem.subject}"}
    place = next((label for label in problem.labels if label.place), None)
    if place and place.place:
        line, column, length = place.place
        properties |= {
            "file": place.source,
            "line": str(line),
            "col": str(column),
            "endColumn": str(column + length),
        }
    sentences = [f"{problem.subject}: {problem.message}", *problem.notes]
    if problem.help:
        sentences.append(f"help: {problem.help}")
    written = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    level = "notice" if problem.level == "note" else problem.level
    return f"::{level} {written}::{_escape_data(chr(10).join(sentences))}"


def _escape_data(text: str) -> str:
    lines = [visible(line) for line in text.replace("%", "%25").split("\n")]
    return "%0A".join(lines)


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
