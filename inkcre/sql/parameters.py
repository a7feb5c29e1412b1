"""Many rows as one parameter: the only writer of what ``json_rows`` reads.

A database may take only so many bytes in one value (D1: 2 MB,
https://developers.cloudflare.com/d1/platform/limits/). What does not fit into one value goes into
several calls of the same statement, in one batch.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.rows import Query

R = TypeVar("R")

MAX_CHARACTER_BYTES = 4
"""How much of UTF-8 one character takes at the most."""


def calls_over(
    statement: Statement,
    name: str,
    rows: Iterable[Mapping[str, object]],
    database: Database,
    **parameters: object,
) -> list[Call]:
    """Return the calls that give a statement many rows: one, or as many as the database needs.

    Args:
        statement: what is called; each row must count by itself.
        name: the parameter that holds the rows.
        rows: objects of the columns that the statement reads; none make no call.
        database: whose limit counts.
        parameters: the statement's other parameters.
    """
    parts = split_rows(rows, database.capabilities.max_value_bytes)
    return [statement(**{name: part}, **parameters) for part in parts]


def read_over(
    query: Query[R],
    name: str,
    rows: Iterable[Mapping[str, object]],
    database: Database,
    **parameters: object,
) -> Iterator[R]:
    """Yield the records that a query of many rows finds; it is asked as often as rows need it."""
    for call in calls_over(query, name, rows, database, **parameters):
        yield from query.records(database.read(call))


class LateRows(Mapping[str, object]):
    """The parameters of a statement, of which many rows are written as JSON only when it runs.

    For rows that are many megabytes: as text they are there a second time.
    """

    def __init__(
        self, name: str, rows: Sequence[Mapping[str, object]], others: Mapping[str, object]
    ) -> None:
        self._name, self._others = name, others
        self.rows = rows

    def beside(self, **others: object) -> "LateRows":
        """Return the same rows beside other parameters."""
        return LateRows(self._name, self.rows, others)

    def __getitem__(self, name: str) -> object:
        """Return a parameter; the rows are written anew each time."""
        return as_parameter(self.rows) if name == self._name else self._others[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter([self._name, *self._others])

    def __len__(self) -> int:
        """Return how many parameters there are."""
        return 1 + len(self._others)


def as_parameter(rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows that are few by nature as one JSON array, each with its place as ``ord``."""
    return write_json([{"ord": number, **row} for number, row in enumerate(rows)])


def split_rows(rows: Iterable[Mapping[str, object]], max_bytes: int | None) -> list[str]:
    """Write rows as JSON arrays of at most so many bytes: as one where that is enough.

    ``ord`` is added to each: its place among all rows. A row that alone is larger than the limit is
    an array of its own, and for the database to refuse.
    """
    numbered = [{"ord": number, **row} for number, row in enumerate(rows)]
    whole = write_json(numbered)
    # Judged without encoding: nearly all are far below the limit.
    if max_bytes is None or len(whole) * MAX_CHARACTER_BYTES <= max_bytes:
        return [whole] if numbered else []
    parts: list[list[str]] = []
    room = 0
    for row in map(write_json, numbered):
        size = len(row.encode()) + 1
        if size > room:
            parts.append([])
            # Less the two brackets; each row above has its comma.
            room = max_bytes - 2
        parts[-1].append(row)
        room -= size
    return [f"[{','.join(part)}]" for part in parts]


def write_json(value: object) -> str:
    """Write JSON as it is kept and sent: short, every character as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
