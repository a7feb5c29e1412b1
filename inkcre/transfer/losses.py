"""What of a damaged base cannot be read, and the way around it.

SQLite says that a page is damaged, or gives what was never written, for it keeps no checksums of
pages: a block has its own, its digest. https://www.sqlite.org/howtocorrupt.html
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import BigInteger, Text, text

from inkcre.errors import DatabaseDamaged
from inkcre.ports.database import DAMAGE_HINT, Database
from inkcre.sql.rows import Query

R = TypeVar("R")

SHOWN_RANGES = 5


@dataclass
class Lost:
    """The ids of a table under which nothing could be read; there need not have been a row."""

    ids: set[int] = field(default_factory=set)

    def ranges(self) -> list[tuple[int, int]]:
        """Return the first and the last id of each run."""
        found: list[tuple[int, int]] = []
        for id_ in sorted(self.ids):
            if found and found[-1][1] == id_ - 1:
                found[-1] = found[-1][0], id_
            else:
                found.append((id_, id_))
        return found


@dataclass
class Losses:
    """What could not be read, and what was left out because it names that."""

    blocks: Lost = field(default_factory=Lost)
    relations: Lost = field(default_factory=Lost)
    sources: Lost = field(default_factory=Lost)
    items: Lost = field(default_factory=Lost)
    digests: set[str] = field(default_factory=set)
    """Of blocks that say something else than what was written."""

    others: list[str] = field(default_factory=list)
    """What else, in words."""

    def __bool__(self) -> bool:
        return bool(self.said())

    def said(self) -> list[str]:
        """Say what is lost, a line for each table."""
        tables = ("blocks", "relations", "sources", "items")
        return [
            *(_say(name, lost) for name in tables if (lost := getattr(self, name)).ids),
            *self.others,
        ]


def _say(name: str, lost: Lost) -> str:
    ranges = lost.ranges()
    shown = [str(low) if low == high else f"{low} to {high}" for low, high in ranges[:SHOWN_RANGES]]
    more = f" and {len(ranges) - SHOWN_RANGES} ranges more" if len(ranges) > SHOWN_RANGES else ""
    return f"{name}: {len(lost.ids)} could not be read: {', '.join(shown)}{more}"


def read_around(
    read: Callable[[int, int], Sequence[R]], first: int, last: int, lost: Lost
) -> Iterator[R]:
    """Yield the rows of the ids from the first to the last, but for what is damaged.

    Args:
        read: gives those of a range, both ends included, or raises ``DatabaseDamaged``.
        first: the first id.
        last: the last id; none is looked for when it is below the first.
        lost: is told the ids that cannot be read.
    """
    ranges = [(first, last)] if first <= last else []
    while ranges:
        low, high = ranges.pop()
        try:
            yield from read(low, high)
        except DatabaseDamaged:
            if low == high:
                lost.ids.add(low)
                continue
            middle = (low + high) // 2
            ranges += [(middle + 1, high), (low, middle)]


@dataclass(frozen=True)
class _Sequence:
    name: str
    seq: int


SELECT_SEQUENCES = Query(
    text("SELECT name, seq FROM sqlite_sequence").columns(name=Text, seq=BigInteger),
    _Sequence,
)
"""Read the last ids that SQLite knows to have been given: https://www.sqlite.org/autoinc.html."""


def read_last_ids(database: Database) -> dict[str, int]:
    """Return the last ids that were given, by table, past what is in the tables."""
    return {row.name: row.seq for row in SELECT_SEQUENCES.read(database)}


def require_right(*, is_right: bool) -> None:
    """Raise unless what was read can have been written.

    Raises:
        DatabaseDamaged: it cannot.
    """
    if not is_right:
        raise DatabaseDamaged("database: what is read was never written", hint=DAMAGE_HINT)
