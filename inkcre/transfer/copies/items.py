"""Copying what is known of items: which block is whose, what it was, and what somebody has deleted.

Behind blocks and sources. Without it, a collect in the target would bring everything again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    insert,
    or_,
    select,
    tuple_,
)

from inkcre.graph.tables import blocks, source_items
from inkcre.ports.database import Statement
from inkcre.sources.items.revisions import Arc, revision_digest, sort_arcs
from inkcre.sql.constructs import IGNORE_TWINS, json_rows, moment, shown
from inkcre.sql.values import dump
from inkcre.transfer.copies.ids import NOBODY, find_block_ids
from inkcre.transfer.copies.parts import (
    CopiedRow,
    Move,
    Part,
    as_rows,
    find_rows,
    pick,
    read_pages,
)

ITEM_NAMES = ("digest", "stamp", "arcs", "block_digest", "is_own", "now_digest")
READ_ITEMS = Statement(
    select(
        source_items.c.source_id,
        source_items.c.key,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_digest,
        source_items.c.is_own,
        blocks.c.digest,
        source_items.c.block_id,
        shown(blocks.c.created_at),
    )
    .select_from(source_items.outerjoin(blocks, blocks.c.id == source_items.c.block_id))
    .where(
        tuple_(source_items.c.source_id, source_items.c.key)
        > tuple_(bindparam("after_source_id", type_=BigInteger), bindparam("after_key", type_=Text))
    )
    .order_by(source_items.c.source_id, source_items.c.key)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of what is known of items, and what their blocks are now; NULL: deleted."""

_items = json_rows(
    "items", ord=BigInteger(), source=BigInteger(), key=Text(), digest=Text(), stamp=Text(),
    arcs=Text(), block_digest=Text(), is_own=BigInteger(), now_digest=Text(), made_at=Text(),
)  # fmt: skip
ADD_ITEMS = Statement(
    insert(source_items).from_select(
        ["source_id", "key", "digest", "stamp", "arcs", "block_digest", "is_own", "block_id"],
        select(
            _items.c.source,
            _items.c.key,
            _items.c.digest,
            _items.c.stamp,
            _items.c.arcs,
            _items.c.block_digest,
            case(
                (or_(blocks.c.id.is_(None), blocks.c.created_at == moment(_items.c.made_at)),
                 _items.c.is_own),
                else_=0,
            ),
            blocks.c.id,
        )
        .select_from(_items.outerjoin(blocks, blocks.c.digest == _items.c.now_digest))
        .where(or_(_items.c.now_digest.is_(None), blocks.c.id.is_not(None)))
        .order_by(_items.c.ord)
        .suffix_with(IGNORE_TWINS),
    ),
    counts=True,
)  # fmt: skip
"""Add what is known of items, as far as their blocks are there: without one, an item would be one
that somebody has deleted. A block that the target had before, made at another moment, is no item's
own: it is not changed or deleted with the item."""

_item_keys = json_rows("keys", ord=BigInteger(), source=BigInteger(), key=Text())
FIND_ITEMS = Statement(
    select(
        _item_keys.c.ord,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_digest,
        source_items.c.is_own,
        blocks.c.digest,
    ).select_from(
        _item_keys.join(
            source_items,
            and_(
                source_items.c.source_id == _item_keys.c.source,
                source_items.c.key == _item_keys.c.key,
            ),
        ).outerjoin(blocks, blocks.c.id == source_items.c.block_id)
    )
)
"""Read what is known of items, by source and key."""


def _read_items(move: Move) -> Iterator[list[CopiedRow]]:
    names = ("source_id", "key", *ITEM_NAMES, "block_id", "made_at")
    after = {"source_id": 0, "key": ""}
    for page in read_pages(move.source.database, READ_ITEMS, names, after):
        if not move.keeps_ids:
            _rename_blocks(move, page)
        yield [{**row, "source": move.source_ids.get(row["source_id"], NOBODY)} for row in page]


def _rename_blocks(move: Move, page: list[CopiedRow]) -> None:
    """Rewrite the ids of blocks by which stars of some items referred to others' blocks."""
    arcs = {number: json.loads(row["arcs"]) for number, row in enumerate(page)}
    asked = {end for said in arcs.values() for arc in said for end in arc if isinstance(end, int)}
    asked |= {row["block_id"] for row in page if _is_of_others(row)}
    if not asked:
        return
    ids = find_block_ids(move, asked)

    def rename(end: Any) -> Any:
        return ids[end] if isinstance(end, int) else end

    for number, row in enumerate(page):
        named = any(isinstance(end, int) for arc in arcs[number] for end in arc)
        if not named and not _is_of_others(row):
            continue
        renamed = sort_arcs([Arc(*map(rename, arc)) for arc in arcs[number]])
        centre = ids[row["block_id"]] if _is_of_others(row) else row["block_digest"]
        row |= {"arcs": dump(renamed), "digest": revision_digest(centre, renamed)}


def _is_of_others(row: CopiedRow) -> bool:
    """Tell whether an item's star said by id which block is the item's."""
    return row["block_digest"] == "" and row["block_id"] is not None


def _add_items(move: Move, page: list[CopiedRow]) -> int:
    names = ("source", "key", *ITEM_NAMES, "made_at")
    known = pick([row for row in page if row["source"] != NOBODY], *names)
    [[(added,)]] = move.target.database.atomic([ADD_ITEMS(items=as_rows(known))])
    return int(added)


def _find_items(move: Move, page: list[CopiedRow]) -> Mapping[int, CopiedRow]:
    keys = pick(page, "source", "key")
    return find_rows(move.target.database, FIND_ITEMS, ITEM_NAMES, keys)


def _compare_items(move: Move, _: CopiedRow) -> Sequence[str]:
    return ITEM_NAMES if move.keeps_ids else [name for name in ITEM_NAMES if name != "is_own"]


ITEMS = Part(
    "items",
    _read_items,
    _add_items,
    _find_items,
    _compare_items,
    lambda row: f"item {row['key']} of source {row['source_id']}",
)
