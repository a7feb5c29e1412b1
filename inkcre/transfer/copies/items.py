"""Copying what is known of items: which block is whose, what it was, and what somebody has deleted.

Behind blocks and sources. Without it, a collect in the target would bring everything again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    insert,
    or_,
    select,
    tuple_,
)

from inkcre.graph.tables import blocks, source_items
from inkcre.ports.database import Statement
from inkcre.sources.items.revisions import Arc, read_arcs, revision_digest, sort_arcs
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter, write_json
from inkcre.sql.rows import Query, count_of
from inkcre.transfer.copies.ids import NOBODY, find_block_ids
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

E = TypeVar("E")

ITEM_NAMES = ("digest", "stamp", "arcs", "block_digest", "now_digest", "missing_since")


@dataclass(frozen=True)
class _Remembered:
    """What is known of an item."""

    digest: str
    stamp: str | None
    arcs: str
    block_digest: str
    now_digest: str | None
    """Of its block as it is; None: deleted."""

    missing_since: str | None


@dataclass(frozen=True)
class _Item(_Remembered):
    source_id: int
    key: str
    block_id: int | None

    @property
    def others_block(self) -> int | None:
        """The block that its star called the item's by id: one that others had made."""
        return self.block_id if self.block_digest == "" else None


@dataclass(frozen=True)
class _FoundItem(_Remembered):
    ord: int


READ_ITEMS = Query(
    select(
        source_items.c.source_id,
        source_items.c.key,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_digest,
        blocks.c.digest.label("now_digest"),
        as_rfc3339(source_items.c.missing_since).label("missing_since"),
        source_items.c.block_id,
    )
    .select_from(source_items.outerjoin(blocks, blocks.c.id == source_items.c.block_id))
    .where(
        tuple_(source_items.c.source_id, source_items.c.key)
        > tuple_(bindparam("after_source_id", type_=BigInteger), bindparam("after_key", type_=Text))
    )
    .order_by(source_items.c.source_id, source_items.c.key)
    .limit(bindparam("limit", type_=Integer)),
    _Item,
)
"""Read a page of what is known of items, and what their blocks are now; NULL: deleted."""

_items = json_rows(
    "items", ord=BigInteger(), source=BigInteger(), key=Text(), digest=Text(), stamp=Text(),
    arcs=Text(), block_digest=Text(), now_digest=Text(), missing_since=Text(),
)  # fmt: skip
ADD_ITEMS = Statement(
    insert(source_items).from_select(
        [
            "source_id", "key", "digest", "stamp", "arcs", "block_digest", "missing_since",
            "block_id",
        ],
        select(
            _items.c.source,
            _items.c.key,
            _items.c.digest,
            _items.c.stamp,
            _items.c.arcs,
            _items.c.block_digest,
            timestamp(_items.c.missing_since),
            blocks.c.id,
        )
        .select_from(_items.outerjoin(blocks, blocks.c.digest == _items.c.now_digest))
        .where(or_(_items.c.now_digest.is_(None), blocks.c.id.is_not(None)))
        .order_by(_items.c.ord)
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)  # fmt: skip
"""Add what is known of items, as far as their blocks are there: without one, an item would be one
that somebody has deleted."""

_item_keys = json_rows("keys", ord=BigInteger(), source=BigInteger(), key=Text())
FIND_ITEMS = Query(
    select(
        _item_keys.c.ord,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_digest,
        blocks.c.digest.label("now_digest"),
        as_rfc3339(source_items.c.missing_since).label("missing_since"),
    ).select_from(
        _item_keys.join(
            source_items,
            and_(
                source_items.c.source_id == _item_keys.c.source,
                source_items.c.key == _item_keys.c.key,
            ),
        ).outerjoin(blocks, blocks.c.id == source_items.c.block_id)
    ),
    _FoundItem,
)
"""Read what is known of items, by source and key."""


def _read_items(move: Move) -> Iterator[list[_Item]]:
    pages = read_pages(move.source.database, READ_ITEMS, {"source_id": 0, "key": ""})
    return pages if move.keeps_ids else (_rename_blocks(move, page) for page in pages)


def _rename_blocks(move: Move, page: Sequence[_Item]) -> list[_Item]:
    """Rewrite the ids of blocks by which stars of some items referred to others' blocks."""
    arcs = [read_arcs(item.arcs) for item in page]
    asked = {id_ for made in arcs for id_ in find_named(made)}
    asked |= {item.others_block for item in page if item.others_block is not None}
    ids = find_block_ids(move, asked)
    return [_rename_item(item, made, ids) for item, made in zip(page, arcs, strict=True)]


def find_named(arcs: Iterable[Arc]) -> set[int]:
    """Return the ids of blocks that arcs name."""
    return {end for arc in arcs for end in (arc.from_, arc.to_) if isinstance(end, int)}


def rename_arc(arc: Arc, ids: Mapping[int, int]) -> Arc:
    """Return an arc with the ids of blocks that they have in the target."""

    def rename(end: E) -> E | int:
        return ids[end] if isinstance(end, int) else end

    return Arc(rename(arc.from_), rename(arc.to_), arc.content)


def _rename_item(item: _Item, arcs: Sequence[Arc], ids: Mapping[int, int]) -> _Item:
    if not find_named(arcs) and item.others_block is None:
        return item

    # Sorted and digested anew: else the first collect in the target would take each of them for
    # edited.
    renamed = sort_arcs(rename_arc(arc, ids) for arc in arcs)
    centre = item.block_digest if item.others_block is None else ids[item.others_block]
    return replace(item, arcs=write_json(renamed), digest=revision_digest(centre, renamed))


def _with_sources(move: Move, page: Sequence[_Item], *names: str) -> list[Mapping[str, object]]:
    rows = zip(page, pick(page, "key", *names), strict=True)
    return [{"source": move.source_ids.get(i.source_id, NOBODY), **row} for i, row in rows]


def _add_items(move: Move, page: list[_Item]) -> int:
    known = [item for item in page if item.source_id in move.source_ids]
    rows = as_parameter(_with_sources(move, known, *ITEM_NAMES))
    [added] = move.target.database.atomic([ADD_ITEMS(items=rows)])
    return count_of(added)


def _find_items(move: Move, page: list[_Item]) -> Mapping[int, _FoundItem]:
    return find_rows(move.target.database, FIND_ITEMS, _with_sources(move, page))


def _compare_items(_: Move, __: _Item) -> Sequence[str]:
    return ITEM_NAMES


ITEMS = Part(
    "items",
    _read_items,
    _add_items,
    _find_items,
    _compare_items,
    lambda row: f"item {row.key} of source {row.source_id}",
)
