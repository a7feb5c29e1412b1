"""Rows of items: the statements that read and write what sources have given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    true,
    update,
)

from inkcre.graph.change_log import entries_of, log_former
from inkcre.graph.tables import blocks, source_items, sources
from inkcre.jobs.new_rows import insert_jobs, pending
from inkcre.ports.database import Database, Statement
from inkcre.sources.items.revisions import StoredItem
from inkcre.sources.items.saying_rows import is_said_by_others
from inkcre.sql.constructs import RowSource, json_rows, timestamp
from inkcre.sql.parameters import read_over
from inkcre.sql.rows import Query, Values

_source = bindparam("source", type_=BigInteger)
_now = timestamp(bindparam("now", type_=Text))
_keys = json_rows("keys", source=BigInteger(), key=Text())
SELECT_STORED = Query(
    select(
        source_items.c.id,
        source_items.c.key,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_id,
        (blocks.c.is_given == 1).label("is_given"),
        source_items.c.block_digest.label("written_digest"),
        blocks.c.digest.label("block_digest"),
    ).select_from(
        _keys.join(
            source_items,
            # By the source in each row: by one parameter SQLite goes through all of its items, and
            # through all of the keys for each.
            and_(source_items.c.key == _keys.c.key, source_items.c.source_id == _keys.c.source),
        ).outerjoin(blocks, blocks.c.id == source_items.c.block_id)
    ),
    StoredItem,
)
"""Read what is stored of some items of a source."""

SELECT_SOURCE_ID = Statement(select(sources.c.id).where(sources.c.id == _source))
"""Tell whether a source is there."""


@dataclass(frozen=True)
class _Stamp:
    key: str
    stamp: str | None


SELECT_STAMPS = Query(
    select(source_items.c.key, source_items.c.stamp)
    .where(
        source_items.c.source_id == _source,
        source_items.c.key > bindparam("after", type_=Text),
        source_items.c.digest != "",
    )
    .order_by(source_items.c.key)
    .limit(bindparam("limit", type_=Integer)),
    _Stamp,
)
"""Read a page of a source's keys and stamps, but of items that say nothing any more."""


SELECT_MISSING = Values(
    select(source_items.c.key).where(
        source_items.c.source_id == _source, source_items.c.missing_since.is_not(None)
    ),
    str,
)
"""Read the keys of the items that a source misses."""

_centres = json_rows(
    "centres", id=BigInteger(), item_id=BigInteger(), old_digest=Text(), storage=Text(),
    resolver=Text(), content=Text(), digest=Text(),
)  # fmt: skip
UPDATE_CENTRES = Statement(
    update(blocks)
    .where(blocks.c.id == _centres.c.id)
    .values(
        updated_at=_now,
        storage=_centres.c.storage,
        resolver=_centres.c.resolver,
        content=case(
            (
                and_(
                    blocks.c.digest == _centres.c.old_digest,
                    blocks.c.is_given == 0,
                    ~is_said_by_others(blocks.c.id, _centres.c.item_id),
                ),
                _centres.c.content,
            ),
            else_=null(),
        ),
        digest=_centres.c.digest,
    )
)
"""Let blocks follow their items; break NOT NULL, and so the batch, if one is not what was read, or
not the item's alone."""

_former = select(blocks).where(blocks.c.id.in_(select(_centres.c.id)))
LOG_CENTRES = log_former("changed", lambda: [entries_of(_former.subquery("former"), blocks)])
"""Write down the blocks that ``UPDATE_CENTRES`` changes."""

_items = json_rows(
    "items", key=Text(), digest=Text(), stamp=Text(), arcs=Text(), block_id=BigInteger(),
    block_digest=Text(), id=BigInteger(), seen_digest=Text(), seen_block_id=BigInteger(),
)  # fmt: skip


@dataclass(frozen=True)
class ItemBlock:
    """Which block an item has now."""

    key: str
    block_id: int | None


# Held, so that nobody makes another text of one: an item that waits for that by its foreign key
# alone would have it then. SQLite has one writer, and its dialect leaves FOR KEY SHARE out.
_theirs = (
    select(blocks.c.id, blocks.c.digest)
    .where(blocks.c.digest.in_(select(_items.c.block_digest)))
    .order_by(blocks.c.id)
    .with_for_update(read=True, key_share=True)
    .subquery("theirs")
)
_block_id = func.coalesce(_items.c.block_id, _theirs.c.id)
# Breaks NOT NULL, and so the batch, if somebody has let the block go meanwhile, or changed it: an
# item without a block is one whose block a person has deleted.
_has_block = _block_id.is_not(None)
# The same, if somebody has written the item since it was read: what he said would be nobody's.
_before = (
    select(source_items.c.id, source_items.c.digest, source_items.c.block_id)
    .where(source_items.c.id.in_(select(_items.c.id)))
    .order_by(source_items.c.id)
    .with_for_update()
    .subquery("before")
)
_is_as_seen = and_(
    _before.c.digest == _items.c.seen_digest,
    _before.c.block_id.is_not_distinct_from(_items.c.seen_block_id),
)
_COLUMNS = ["source_id", "key", "digest", "stamp", "arcs", "block_id", "block_digest"]
_with_blocks = _items.outerjoin(_theirs, _theirs.c.digest == _items.c.block_digest)


def _rows(is_fit: ColumnElement[bool], source: RowSource) -> Select[*tuple[object, ...]]:
    return (
        select(
            _source, _items.c.key, case((is_fit, _items.c.digest)), _items.c.stamp, _items.c.arcs,
            _block_id, _items.c.block_digest,
        )
        .select_from(source)
        .where(true())
    )  # fmt: skip


INSERT_ITEMS = Query(
    insert(source_items)
    .from_select(_COLUMNS, _rows(_has_block, _with_blocks))
    .returning(source_items.c.key, source_items.c.block_id),
    ItemBlock,
)
"""Remember new items; one of the same key that somebody has just added is a conflict."""

UPDATE_ITEMS = Query(
    insert(source_items)
    .from_select(
        _COLUMNS,
        _rows(
            and_(_has_block, _is_as_seen),
            _with_blocks.outerjoin(_before, _before.c.id == _items.c.id),
        ).suffix_with(
            "ON CONFLICT (source_id, key) DO UPDATE SET digest = excluded.digest,"
            " stamp = excluded.stamp, arcs = excluded.arcs, block_id = excluded.block_id,"
            " block_digest = excluded.block_digest"
        ),
    )
    .returning(source_items.c.key, source_items.c.block_id),
    ItemBlock,
)
"""Remember items as they are now, if they are what was read."""

WRITE_ITEMS = (INSERT_ITEMS, UPDATE_ITEMS)

_gone = json_rows("gone", id=BigInteger())
_are_gone = source_items.c.id.in_(select(_gone.c.id))
SILENCE_ITEMS = Statement(
    update(source_items)
    .where(_are_gone)
    .values(digest="", stamp=null(), arcs="[]", missing_since=null())
)
"""Let items say nothing any more."""

FORGET_ITEMS = Statement(
    delete(source_items).where(
        _are_gone,
        ~exists().where(blocks.c.id == source_items.c.block_id, blocks.c.is_given == 0),
    )
)
"""Forget items but those whose blocks stay for what others have attached to them: such an item
finds its block when it returns. Behind what deletes blocks."""

_organizing = json_rows("organizing", key=Text(), idempotency_key=Text())
ENQUEUE_ORGANIZING = Statement(
    insert_jobs(
        pending(
            kind=literal("organize", Text),
            # Written in SQL: the block's id is known only once the same batch has made it.
            payload=literal('{"block_id":', Text)
            + cast(source_items.c.block_id, Text)
            + literal("}", Text),
            run_at=_now,
            serial_key=null(),
            idempotency_key=_organizing.c.idempotency_key,
            source_id=_source,
        )
        .select_from(
            _organizing.join(
                source_items,
                and_(source_items.c.key == _organizing.c.key, source_items.c.source_id == _source),
            )
        )
        .where(source_items.c.block_id.is_not(None))
    ),
    adds_jobs=True,
)
"""Add the jobs that organize the blocks of some items."""


PAGE = 5000
"""How many stamps are read at once."""


def read_stamps(database: Database, source_id: int) -> Iterator[tuple[str, str | None]]:
    """Yield the keys and stamps of all items of a source, in order."""
    after = ""
    while True:
        page = SELECT_STAMPS.read(database, source=source_id, after=after, limit=PAGE)
        yield from ((each.key, each.stamp) for each in page)
        if len(page) < PAGE:
            return
        after = page[-1].key


def read_stored(database: Database, source_id: int, keys: Iterable[str]) -> dict[str, StoredItem]:
    """Return what is stored of some items, by key; of new ones nothing."""
    rows = ({"source": source_id, "key": key} for key in keys)
    found = read_over(SELECT_STORED, "keys", rows, database)
    return {item.key: item for item in found}
