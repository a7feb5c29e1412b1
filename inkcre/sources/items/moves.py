"""Items whose blocks people have deleted, when they are given under other keys.

A deletion by hand is of what was deleted: a file that is only called otherwise stays away too. Who
gives all there is tells a new name from a copy: the former key is not given any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from sqlalchemy import BigInteger, Text, bindparam, exists, null, select, update

from inkcre.graph.digests import block_digest
from inkcre.graph.tables import source_items
from inkcre.ports.database import Call, Database, Statement
from inkcre.sources.base import Item
from inkcre.sources.items.item_rows import read_stored
from inkcre.sources.items.revisions import short_key
from inkcre.sql.constructs import json_rows
from inkcre.sql.parameters import calls_over
from inkcre.sql.rows import Query


@dataclass(frozen=True)
class _Withheld:
    key: str
    block_digest: str


SELECT_WITHHELD = Query(
    select(source_items.c.key, source_items.c.block_digest)
    .where(
        source_items.c.source_id == bindparam("source", type_=BigInteger),
        source_items.c.block_id.is_(None),
        source_items.c.digest != "",
    )
    .order_by(source_items.c.key),
    _Withheld,
)
"""Read the items of a source whose blocks people have deleted."""

_moves = json_rows("moves", source=BigInteger(), from_key=Text(), to_key=Text())
_there = source_items.alias("there")
MOVE_ITEMS = Statement(
    update(source_items)
    .where(
        source_items.c.source_id == _moves.c.source,
        source_items.c.key == _moves.c.from_key,
        source_items.c.block_id.is_(None),
        ~exists().where(_there.c.source_id == _moves.c.source, _there.c.key == _moves.c.to_key),
    )
    .values(key=_moves.c.to_key, missing_since=null())
)
"""Give items whose blocks were deleted other keys."""


class MoveRow(TypedDict):
    """An item that gets another key."""

    source: int
    from_key: str
    to_key: str


@dataclass
class Moves:
    """What may have been moved in one collect: it is decided when all has been given."""

    source_id: int
    withheld: Mapping[str, Collection[str]]
    """The keys of the items whose blocks were deleted, by what these were."""

    aside: list[Item] = field(default_factory=list)
    """Items that are given under other keys than those."""

    def sets_aside(self, item: Item) -> bool:
        """Set an item aside if it says what was deleted under another key; tell whether it does."""
        keys = self.withheld.get(_digest_of(item))
        if not keys or short_key(item.key) in keys:
            return False
        self.aside.append(item)
        return True

    def calls(self, database: Database, seen: Collection[str]) -> Sequence[Call]:
        """Return what moves deleted items to the keys under which they are given; often nothing.

        Args:
            database: where they are.
            seen: the keys that were given.
        """
        keys = [short_key(item.key) for item in self.aside]
        # What is stored already was not moved here.
        stored = read_stored(database, self.source_id, keys) if keys else {}
        return calls_over(MOVE_ITEMS, "moves", self._find(seen, stored), database)

    def _find(self, seen: Collection[str], stored: Collection[str]) -> list[MoveRow]:
        found: list[MoveRow] = []
        left = {
            digest: [key for key in keys if key not in seen]
            for digest, keys in self.withheld.items()
        }
        for item in self.aside:
            key, former = short_key(item.key), left[_digest_of(item)]
            if former and key not in stored:
                found.append({"source": self.source_id, "from_key": former.pop(0), "to_key": key})
        return found


def read_moves(database: Database, source_id: int) -> Moves:
    """Return what tells which items of a source were moved."""
    withheld: dict[str, list[str]] = {}
    for each in SELECT_WITHHELD.read(database, source=source_id):
        withheld.setdefault(each.block_digest, []).append(each.key)
    return Moves(source_id, withheld)


def _digest_of(item: Item) -> str:
    block = item.star.block
    if block.resolver is None or block.content is None:
        return block.digest or ""
    return block_digest(block.resolver, block.storage, block.content)
