"""Lines of an import, gathered into what is written together."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from inkcre.errors import Invalid
from inkcre.graph.forms import parse_star
from inkcre.graph.plans import Plan, plan_star
from inkcre.transfer.arrivals import PAGE, PAGE_BYTES, Following
from inkcre.transfer.file_lines import ArrivingFile
from inkcre.transfer.line_forms import LineKind, WrongLine, kind_of
from inkcre.transfer.wide_stars import PART_CHARACTERS, WideStar, is_wide, judge_star
from inkcre.wording import say_fault

L = TypeVar("L")

BATCH_ROWS = 10_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch is written when it has this many rows or bytes: about a tenth of a second of writing."""


@dataclass(frozen=True)
class Line:
    """One line of an import, or a part of a wide one, and the plan that it became."""

    number: int
    plan: Plan
    size: int
    ends: bool = True
    """Whether the line ends here."""


@dataclass(frozen=True)
class BadLine:
    """A line that was not imported, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class WideLine:
    """A line that is written in parts."""

    number: int
    star: WideStar

    def parts(self) -> Iterator[Line]:
        """Yield what is written together."""
        plan, begin = Plan(), 0
        for some, at in self.star.plans():
            plan.merge(some)
            rows = len(plan.blocks) + len(plan.relations)
            if rows >= BATCH_ROWS or at - begin >= PART_CHARACTERS:
                yield Line(self.number, plan, at - begin, ends=False)
                plan, begin = Plan(), at
        yield Line(self.number, plan, len(self.star.content) - begin)

    def whole(self) -> Line:
        """Return it as one, as large as that may be."""
        plan = Plan()
        for some, _ in self.star.plans():
            plan.merge(some)
        return Line(self.number, plan, len(self.star.content))


def parse_line(number: int, content: bytes) -> Line | BadLine | None:
    """Turn one line into rows; None when it is blank."""
    return _parse_text(number, _decode(content), len(content))


def _decode(content: bytes) -> str | None:
    # Decoded here: json.loads takes UTF-16 too, by the first bytes of each line.
    try:
        return "" if content.isspace() else content.decode()
    except UnicodeDecodeError:
        return None


def _parse_text(number: int, text: str | None, size: int) -> Line | BadLine | None:
    if text is None:
        return BadLine(number, "not UTF-8 text")
    if not text:
        return None
    return _judge(number, lambda: Line(number, plan_star(parse_star(json.loads(text))), size))


def _judge(number: int, read: Callable[[], L]) -> L | BadLine:
    """Read a line, and say what is wrong with it."""
    try:
        return read()
    except WrongLine as error:
        return BadLine(number, str(error))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return BadLine(number, f"{where}: {say_fault(first)}")
    except Invalid as error:
        return BadLine(number, error.message)
    except RecursionError:
        return BadLine(number, "nested too deeply")
    except json.JSONDecodeError as error:
        return BadLine(number, f"not JSON: {error.msg} at column {error.colno}")
    except OverflowError:
        return BadLine(number, "a time is outside of the years 1 to 9999 in UTC")
    except ValueError:
        return BadLine(number, "a number is too long")


class _NumberedLines:
    """Lines with their numbers, of which none is kept: one may be of many megabytes."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        content = next(self._lines)
        self._number += 1
        # Editors on Windows put the mark before the first line.
        return self._number, content.removeprefix(BOM_UTF8) if self._number == 1 else content


@dataclass
class _Gathered:
    """Lines that have come and are no batch yet: of stars, or of one other kind."""

    stars: list[Line] = field(default_factory=list)
    kind: LineKind = "star"
    others: list[tuple[int, bytes]] = field(default_factory=list)
    rows: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is a batch."""
        if self.kind == "star":
            return self.rows >= BATCH_ROWS or self.size >= BATCH_BYTES
        return len(self.others) >= PAGE or self.size >= PAGE_BYTES

    def batch(self) -> Iterator[list[Line] | Following]:
        """Yield what there is, if there is something."""
        if self.stars:
            yield self.stars
        if self.others:
            yield Following(self.kind, self.others)


def read_batches(
    lines: Iterable[bytes], bad: list[BadLine]
) -> Iterator[list[Line] | WideLine | ArrivingFile | Following]:
    """Yield lines as they are written together; add stars that make no sense to ``bad``."""
    numbered = _NumberedLines(lines)
    gathered = _Gathered()
    for number, content in numbered:
        kind = kind_of(content)
        if kind != gathered.kind:
            yield from gathered.batch()
            gathered = _Gathered(kind=kind)
        if kind == "file":
            yield ArrivingFile(number, content, numbered)
        elif kind != "star":
            gathered.others.append((number, content))
            gathered.size += len(content)
        elif is_wide(content):
            yield from gathered.batch()
            gathered = _Gathered()
            yield from _read_wide(number, content, bad)
        else:
            # What a line becomes is a few times as large: it goes first.
            text, size = _decode(content), len(content)
            del content
            _gather_star(gathered, _parse_text(number, text, size), bad)
            del text
        if gathered.is_full:
            yield from gathered.batch()
            gathered = _Gathered(kind=kind)
    yield from gathered.batch()


def _gather_star(gathered: _Gathered, parsed: Line | BadLine | None, bad: list[BadLine]) -> None:
    if isinstance(parsed, BadLine):
        bad.append(parsed)
    elif parsed:
        gathered.stars.append(parsed)
        gathered.rows += len(parsed.plan.blocks) + len(parsed.plan.relations)
        gathered.size += parsed.size


def _read_wide(number: int, content: bytes, bad: list[BadLine]) -> Iterator[WideLine]:
    read = _judge(number, lambda: WideLine(number, judge_star(content)))
    if isinstance(read, BadLine):
        bad.append(read)
    else:
        yield read
