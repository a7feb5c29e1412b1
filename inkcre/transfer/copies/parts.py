"""What the copying of every table has in common: pages of rows, and how two of them compare.

Rows are read from one base, written down as the other base is to have them, added there as far as
they are not there, and looked for there. All of it a page at a time.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from inkcre.context import Components
from inkcre.ports.database import Database
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query

R = TypeVar("R")

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


class Placed(Protocol):
    """A row that was looked for."""

    @property
    def ord(self) -> int:
        """Its place among the keys by which it was."""


F = TypeVar("F", bound=Placed)


@dataclass(frozen=True)
class Part(Generic[R]):
    """One table's part of a copy; its rows are of one record."""

    name: str
    """What its rows are called."""

    pages: Callable[[Move], Iterator[list[R]]]
    """Reads the source's rows, as the target is to have them, but for what sources are called."""

    add: Callable[[Move, list[R]], int]
    """Adds the rows that are not there yet; gives how many."""

    find: Callable[[Move, list[R]], Mapping[int, object]]
    """Reads the target's rows that are these, by their place in the page."""

    compare: Callable[[Move, R], Sequence[str]]
    """Gives the columns in which a row has to be the same in both bases."""

    label: Callable[[R], str]
    """Names a row to people."""

    def add_rows(self, move: Move) -> Iterator[int]:
        """Add the rows, a page at a time; yield how many of each page were not there yet."""
        for page in self.pages(move):
            yield self.add(move, page)

    def compare_rows(self, move: Move) -> "Compared":
        """Look for every row in the target."""
        found = Compared(self.name)
        for page in self.pages(move):
            theirs = self.find(move, page)
            for number, row in enumerate(page):
                columns = self.compare(move, row)
                other = theirs.get(number)
                there = None if other is None else _values(other, columns)
                found.count(self.label(row), _values(row, columns), there)
        return found


def _values(row: object, names: Sequence[str]) -> list[object]:
    return [getattr(row, name) for name in names]


class AnyPart(Protocol):
    """One table's part of a copy, whatever its rows are."""

    @property
    def name(self) -> str:
        """What its rows are called."""

    def add_rows(self, move: Move) -> Iterator[int]:
        """Add the rows, a page at a time; yield how many of each page were not there yet."""

    def compare_rows(self, move: Move) -> "Compared":
        """Look for every row in the target."""


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

    def count(self, label: str, here: Sequence[object], there: Sequence[object] | None) -> None:
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
        # A base of which all is missing need not be listed.
        if len(self.named) < 20:
            self.named.append(said)


def _sum(total: int, values: Sequence[object]) -> int:
    said = json.dumps(values, ensure_ascii=False, default=bytes.hex).encode()
    return (total + int.from_bytes(hashlib.sha256(said).digest())) % 2**256


def read_pages(
    database: Database,
    query: Query[R],
    after: Mapping[str, object],
    *,
    limit: int = PAGE,
    **parameters: object,
) -> Iterator[list[R]]:
    """Yield pages of rows; ``after`` has the columns by which they are ordered."""
    while True:
        place = {f"after_{name}": value for name, value in after.items()}
        page = query.read(database, **place, **parameters, limit=limit)
        if page:
            yield page
        if len(page) < limit:
            return
        after = {name: getattr(page[-1], name) for name in after}


def find_rows(
    database: Database, query: Query[F], keys: Sequence[Mapping[str, object]]
) -> dict[int, F]:
    """Read rows by their keys; return each by its key's place."""
    return {row.ord: row for row in query.read(database, keys=as_parameter(keys))}


def pick(page: Sequence[object], *names: str) -> list[dict[str, object]]:
    """Return some columns of rows."""
    return [{name: getattr(row, name) for name in names} for row in page]
