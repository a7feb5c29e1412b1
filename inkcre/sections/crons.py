"""Cron expressions as Cloudflare takes them.

Five fields, UTC, with its own numbers for weekdays: 1 is Sunday, and there is no 0.
https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions
"""

import re
from dataclasses import dataclass

from pydantic_core import PydanticCustomError


@dataclass(frozen=True)
class Field:
    """One field: what it may be."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    special: str = r"(?!)"
    """Further forms, as a regular expression."""


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31, special=r"L|LW|\d{1,2}W"),
    Field(
        "month", 1, 12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    Field(
        "day of the week", 1, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
        special=r"L|\w{1,3}L|\w{1,3}#[1-5]",
    ),
)  # fmt: skip
_PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?")


def check_cron(expression: str) -> str:
    """Return an expression that Cloudflare takes.

    Raises:
        PydanticCustomError: it does not; says which field and what it may be.
    """
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise _refuse(f"it has {len(parts)} fields and not {len(FIELDS)}")
    for field, text in zip(FIELDS, parts, strict=True):
        if not all(_fits(field, part) for part in text.split(",")):
            words = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
            raise _refuse(f"the {field.name} is from {field.lowest} to {field.highest}{words}")
    return expression


def _refuse(why: str) -> PydanticCustomError:
    return PydanticCustomError(
        "cron",
        'input should be a cron expression such as "*/5 * * * mon": {why}',
        {"why": why},
    )


def _fits(field: Field, part: str) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return re.fullmatch(field.special, part, flags=re.IGNORECASE) is not None
    ends = [end for end in found.group(1, 2) if end is not None]
    is_special = len(ends) == 1 and re.fullmatch(field.special, part, flags=re.IGNORECASE)
    return bool(is_special) or all(_is_value(field, end) for end in ends)


def _is_value(field: Field, text: str) -> bool:
    if text.isdecimal():
        return field.lowest <= int(text) <= field.highest
    return text.lower() in field.names
