"""What the copying of every table has in common: pages of rows, and how two of them compare.

Rows are read from one base, written down as the other base is to have them, added there as far as
they are not there, and looked for there. All of it a page at a time.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inkcre.context import Components
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.values import dump

CopiedRow = dict[str, Any]
"""A row as the target is to have it, by column; what it is called there may be another id."""

PAGE = 500


@dataclass
class Move:
    """A copy of one base into another."""

    source: Components
    target: Components
    keeps_ids: bool
    """Whether rows have the same ids in the target. If not, whatever names them is rewritten."""

    source_ids: dict[int, int] = field(default_factory=dict)
    """What sources are called in the target, by what they are called here."""

    refused: list[str] = field(default_factory=list)
    """What cannot be taken along, each with the reason."""


@dataclass(frozen=True)
class Part:
    """One table's part of a copy."""

    name: str
    """What its rows are called."""

    pages: Callable[[Move], Iterator[list[CopiedRow]]]
    """Reads the source's rows, as the target is to have them."""

    add: Callable[[Move, list[CopiedRow]], int]
    """Adds the rows that are not there yet; gives how many."""

    find: Callable[[Move, list[CopiedRow]], Mapping[int, CopiedRow]]
    """Reads the target's rows that are these, by their place in the page."""

    compare: Callable[[Move, CopiedRow], Sequence[str]]
    """Gives the columns in which a row has to be the same in both bases."""

    label: Callable[[CopiedRow], str]
    """Names a row to people."""


@dataclass
class Compared:
    """How a table's rows compare in two bases."""

    name: str
    rows: int = 0
    missing: int = 0
    differing: int = 0
    _here: int = 0
    _there: int = 0
    named: list[str] = field(default_factory=list)
    """The first few rows that are missing or another."""

    @property
    def bad(self) -> int:
        """How many rows are not there as they should be."""
        return self.missing + self.differing

    @property
    def digests(self) -> tuple[str, str]:
        """The sums of the digests of all rows, here and there: equal if the rows are."""
        return f"{self._here:064x}", f"{self._there:064x}"

    def count(self, label: str, here: Sequence[Any], there: Sequence[Any] | None) -> None:
        """Count a row, given what is compared of it in both bases; None where it is missing."""
        self.rows += 1
        self._here = _sum(self._here, here)
        if there is None:
            self.missing += 1
            self._name(f"{label}: is not there")
            return
        self._there = _sum(self._there, there)
        if list(here) != list(there):
            self.differing += 1
            self._name(f"{label}: is there, and is another")

    def _name(self, said: str) -> None:
        if len(self.named) < 20:
            self.named.append(said)


def _sum(total: int, values: Sequence[Any]) -> int:
    said = json.dumps(values, ensure_ascii=False, default=bytes.hex).encode()
    return (total + int.from_bytes(hashlib.sha256(said).digest())) % 2**256


def add_rows(part: Part, move: Move) -> Iterator[int]:
    """Add a table's rows, a page at a time; yield how many of each page were not there yet."""
    for page in part.pages(move):
        yield part.add(move, page)


def compare_rows(part: Part, move: Move) -> Compared:
    """Look for every row of a table in the target."""
    found = Compared(part.name)
    for page in part.pages(move):
        theirs = part.find(move, page)
        for number, row in enumerate(page):
            columns = part.compare(move, row)
            other = theirs.get(number)
            there = None if other is None else [other[name] for name in columns]
            found.count(part.label(row), [row[name] for name in columns], there)
    return found


def read_pages(
    database: Database,
    statement: Callable[..., Call],
    names: Sequence[str],
    after: Mapping[str, Any],
    *,
    limit: int = PAGE,
) -> Iterator[list[CopiedRow]]:
    """Yield pages of named rows; ``after`` has the columns by which they are ordered."""
    while True:
        rows = database.read(
            statement(**{f"after_{name}": value for name, value in after.items()}, limit=limit)
        )
        page = [dict(zip(names, row, strict=True)) for row in rows]
        if page:
            yield page
        if len(page) < limit:
            return
        after = {name: page[-1][name] for name in after}


def as_rows(page: Sequence[CopiedRow]) -> str:
    """Write a page as a parameter, each row with its place as ``ord``."""
    return dump([{"ord": number, **row} for number, row in enumerate(page)])


def find_rows(
    database: Database, statement: Statement, names: Sequence[str], keys: Sequence[CopiedRow]
) -> dict[int, CopiedRow]:
    """Read rows by their keys; the statement gives each one's place first, then ``names``."""
    rows = database.read(statement(keys=as_rows(keys)))
    return {int(row[0]): dict(zip(names, row[1:], strict=True)) for row in rows}


def pick(page: Sequence[CopiedRow], *names: str) -> list[CopiedRow]:
    """Give some columns of rows."""
    return [{name: row[name] for name in names} for row in page]
