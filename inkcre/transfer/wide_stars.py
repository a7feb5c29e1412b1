"""Lines of an import that are stars of many arcs: read a few arcs at a time, and written in parts.

What JSON, forms and rows make of a small arc is ten times as large as its text. Such a line is
read twice instead: first it is judged, so that one with a mistake leaves nothing behind; then it is
written, and between two parts others come to write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from inkcre.graph.forms import ARCS, moved_by, parse_star
from inkcre.graph.plans import Plan, Reference, plan_star
from inkcre.transfer.json_text import JsonText
from inkcre.transfer.line_forms import WrongLine

WIDE_BYTES = 4 * 1024 * 1024
WIDE_ARCS = 1000
"""A line is wide that has more of both. So many arcs are read at once, too."""

PART_CHARACTERS = 1024 * 1024
"""Or so much text of them; and so much of them is written together. (Text may take four bytes a
character, and is there several times on its way into a statement.)"""

_UNKNOWN = "0" * 64
"""What stands for the centre until it is known: its key may be the last one."""

_ARC_KEYS = {key for key, _ in ARCS}
_END_KEYS = [f'"{end}"'.encode() for _, end in ARCS]


def is_wide(content: bytes) -> bool:
    """Tell whether a line is to be read in parts."""
    return len(content) > WIDE_BYTES and sum(map(content.count, _END_KEYS)) > WIDE_ARCS


@dataclass(frozen=True)
class WideStar:
    """A star that makes sense, as it came."""

    content: bytes
    centre: Plan
    """The star without its arcs."""

    references: Sequence[Reference]
    """What its parts take to be there: if not before, some may be blocks of other parts."""

    storages: frozenset[str]

    def plans(self) -> Iterator[tuple[Plan, int]]:
        """Yield the rows of its arcs, some at a time, and how many characters have been read."""
        text = JsonText(self.content)
        root = next(iter(self.centre.nodes))
        centre = {"id": root} if isinstance(root, int) else {"digest": root}
        yield self.centre, 0
        for plan in _read_plans(text, centre):
            yield plan, text.position


def judge_star(content: bytes) -> WideStar:
    """Read a wide line once.

    Raises:
        WrongLine: it is no JSON.
        pydantic.ValidationError: it is no star.
        Invalid: it is nested too deeply.
    """
    references: dict[Reference, None] = {}
    storages: set[str | None] = set()
    plan = Plan()
    for plan in _read_plans(JsonText(content), {"digest": _UNKNOWN}):
        references.update(dict.fromkeys(plan.unresolved()))
        storages |= {row["storage"] for row in plan.blocks.values()}
    references.pop(_UNKNOWN, None)
    return WideStar(content, plan, list(references), frozenset(filter(None, storages)))


def _read_plans(text: JsonText, centre: Mapping[str, object]) -> Iterator[Plan]:
    """Yield the rows of arcs, and at last those of the star without them."""
    star: dict[str, object] = {}
    if text.peek() != "{":
        parse_star(text.value())  # says what it should be
    for key in text.members():
        if key in star:
            raise WrongLine(f"{key}: is there twice")
        if key in _ARC_KEYS and text.peek() == "[":
            star[key] = []
            yield from _read_arcs(text, key, centre)
        else:
            star[key] = text.value()
    text.end()
    yield plan_star(parse_star(star))


def _read_arcs(text: JsonText, key: str, centre: Mapping[str, object]) -> Iterator[Plan]:
    arcs: list[object] = []
    number, begin = 0, text.position
    for _ in text.elements():
        arcs.append(text.value())
        if len(arcs) == WIDE_ARCS or text.position - begin >= PART_CHARACTERS:
            yield _plan_arcs(key, arcs, number, centre)
            number, begin = number + len(arcs), text.position
            arcs = []
    yield _plan_arcs(key, arcs, number, centre)


def _plan_arcs(key: str, arcs: list[object], number: int, centre: Mapping[str, object]) -> Plan:
    try:
        return plan_star(parse_star({"block": centre, key: arcs}))
    except ValidationError as error:
        raise moved_by(error, number) from None
