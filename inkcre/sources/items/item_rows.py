"""Rows of items: the statements that read and write what sources have given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
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
    or_,
    select,
    true,
    update,
)

from inkcre.graph.change_log import entries_of, entries_of_deleted, log_former
from inkcre.graph.made_rows import marked
from inkcre.graph.tables import blocks, relations, source_items, sources
from inkcre.jobs.new_rows import insert_jobs, pending
from inkcre.ports.database import Database, Statement
from inkcre.sources.items.revisions import Makers, StoredItem, read_arcs
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows, timestamp
from inkcre.sql.parameters import read_over, write_json
from inkcre.sql.rows import Query

_source = bindparam("source", type_=BigInteger)
_now = timestamp(bindparam("now", type_=Text))
_keys = json_rows("keys", source=BigInteger(), key=Text())
_twin = source_items.alias("twin")
_is_shared = exists().where(
    _twin.c.block_id == source_items.c.block_id,
    or_(_twin.c.source_id != source_items.c.source_id, _twin.c.key != source_items.c.key),
)
SELECT_STORED = Query(
    select(
        source_items.c.key,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_id,
        (source_items.c.is_own == 1).label("is_own"),
        source_items.c.block_digest.label("written_digest"),
        blocks.c.digest.label("block_digest"),
        _is_shared.label("is_shared"),
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
    .where(source_items.c.source_id == _source, source_items.c.key > bindparam("after", type_=Text))
    .order_by(source_items.c.key)
    .limit(bindparam("limit", type_=Integer)),
    _Stamp,
)
"""Read a page of a source's keys and stamps."""


@dataclass(frozen=True)
class _Sharing:
    block_id: int
    source_id: int
    key: str
    arcs: str


SELECT_SHARING = Query(
    select(
        source_items.c.block_id,
        source_items.c.source_id,
        source_items.c.key,
        source_items.c.arcs,
    ).select_from(
        _keys.join(_twin, and_(_twin.c.key == _keys.c.key, _twin.c.source_id == _source)).join(
            source_items, source_items.c.block_id == _twin.c.block_id
        )
    ),
    _Sharing,
)
"""Read the items that have a block together with some items of a source, these included."""

_centres = json_rows(
    "centres", id=BigInteger(), old_digest=Text(), storage=Text(), resolver=Text(),
    content=Text(), digest=Text(),
)  # fmt: skip
UPDATE_CENTRES = Statement(
    update(blocks)
    .where(blocks.c.id == _centres.c.id)
    .values(
        updated_at=_now,
        storage=_centres.c.storage,
        resolver=_centres.c.resolver,
        content=case((blocks.c.digest == _centres.c.old_digest, _centres.c.content), else_=null()),
        digest=_centres.c.digest,
    )
)
"""Let blocks follow their items; break NOT NULL, and so the batch, if one is not what was read."""

_former = select(blocks).where(blocks.c.id.in_(select(_centres.c.id)))
LOG_CENTRES = log_former("changed", lambda: [entries_of(_former.subquery("former"), blocks)])
"""Write down the blocks that ``UPDATE_CENTRES`` changes."""

_obsolete = json_rows(
    "obsolete", from_id=BigInteger(), from_digest=Text(), to_id=BigInteger(), to_digest=Text(),
    to_key=Text(), content=Text(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_to_item = source_items.alias("to_item")
_obsolete_ids = (
    select(relations.c.id)
    .select_from(
        _obsolete.outerjoin(_from, _from.c.digest == _obsolete.c.from_digest)
        .outerjoin(_to, _to.c.digest == _obsolete.c.to_digest)
        .outerjoin(
            _to_item,
            and_(_to_item.c.key == _obsolete.c.to_key, _to_item.c.source_id == _source),
        )
        .join(
            relations,
            and_(
                relations.c.from_ == func.coalesce(_obsolete.c.from_id, _from.c.id),
                relations.c.to_ == func.coalesce(_obsolete.c.to_id, _to.c.id, _to_item.c.block_id),
                relations.c.content == _obsolete.c.content,
            ),
        )
    )
    .scalar_subquery()
)
_gone_relation = relations.alias("gone_relation")
_gone = select(_gone_relation).where(_gone_relation.c.id.in_(_obsolete_ids))
LOG_OBSOLETE = log_former("deleted", lambda: [entries_of(_gone.subquery("gone"), relations)])
"""Write down the relations that ``DELETE_OBSOLETE`` deletes."""

DELETE_OBSOLETE = Statement(delete(relations).where(relations.c.id.in_(_obsolete_ids)))
"""Delete the relations that an item's former revision made and this one does not."""

_items = json_rows(
    "items", key=Text(), digest=Text(), stamp=Text(), arcs=Text(), block_id=BigInteger(),
    block_digest=Text(), is_own=BigInteger(),
)  # fmt: skip
_is_own = case(
    (_items.c.is_own == 0, 0),
    (or_(_items.c.block_id.is_not(None), blocks.c.created_at == _now), 1),
    else_=0,
)
"""Whether an item's block is its own. A new one is if it was not there before, and was made at this
moment: somebody else may have made it since."""


@dataclass(frozen=True)
class ItemBlock:
    """Which block an item has now."""

    key: str
    block_id: int | None


UPSERT_ITEMS = Query(
    insert(source_items)
    .from_select(
        [
            "source_id", "key", "digest", "stamp", "arcs", "block_id", "block_digest", "is_own",
        ],
        select(
            _source, _items.c.key, _items.c.digest, _items.c.stamp, _items.c.arcs,
            func.coalesce(_items.c.block_id, blocks.c.id), _items.c.block_digest, _is_own,
        )
        .select_from(_items.outerjoin(blocks, blocks.c.digest == _items.c.block_digest))
        .where(true())
        .suffix_with(
            "ON CONFLICT (source_id, key) DO UPDATE SET digest = excluded.digest,"
            " stamp = excluded.stamp, arcs = excluded.arcs, block_id = excluded.block_id,"
            " block_digest = excluded.block_digest, is_own = excluded.is_own"
        ),
    )
    .returning(source_items.c.key, source_items.c.block_id),
    ItemBlock,
)  # fmt: skip
"""Remember items as they are now."""

_links = json_rows("links", from_key=Text(), to_key=Text(), content=Text())
_from_item = source_items.alias("from_item")
LINK_ITEMS = Statement(
    insert(relations).from_select(
        ["created_at", "updated_at", "from_", "to_", "content"],
        select(_now, _now, _from_item.c.block_id, _to_item.c.block_id, _links.c.content)
        .select_from(
            _links.join(
                _from_item,
                and_(_from_item.c.key == _links.c.from_key, _from_item.c.source_id == _source),
            ).join(
                _to_item,
                and_(_to_item.c.key == _links.c.to_key, _to_item.c.source_id == _source),
            )
        )
        .where(
            _from_item.c.block_id.is_not(None), _to_item.c.block_id.is_not(None), marked(relations)
        )
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)
"""Relate items of a source to each other, as far as both have blocks."""

DELETE_ITEMS = Statement(
    delete(source_items).where(
        source_items.c.source_id == _source, source_items.c.key.in_(select(_keys.c.key))
    )
)
"""Forget items."""

_orphaned = json_rows("orphaned", id=BigInteger(), digest=Text())
LOCK_ORPHANED = Statement(
    select(blocks.c.id)
    .where(blocks.c.id.in_(select(_orphaned.c.id)))
    # One order for all, so that two that lock the same blocks do not wait for each other. SQLite
    # has one writer, and its dialect leaves FOR UPDATE out.
    .order_by(blocks.c.id)
    .with_for_update()
)
"""Hold blocks, so that no item comes to one of them between a look at its items and its end."""

HAND_OVER = Statement(
    update(source_items).where(source_items.c.block_id.in_(select(_orphaned.c.id))).values(is_own=1)
)
"""Let the other items of blocks that were made for an item have them as their own."""

_present = blocks.alias("present")
_neighbour = source_items.alias("neighbour")


def _is_attached(here: ColumnElement[int], there: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a relation touches a block whose other end is of no item of the source."""
    # A link from another item is no reason to keep one that is gone: it leads nowhere in the source
    # as well.
    is_ours = exists().where(_neighbour.c.block_id == there, _neighbour.c.source_id == _source)
    return exists().where(here == _orphaned.c.id, ~is_ours)


_left = (
    select(_present)
    .select_from(_orphaned.join(_present, _present.c.id == _orphaned.c.id))
    .where(
        _present.c.digest == _orphaned.c.digest,
        ~exists().where(_twin.c.block_id == _orphaned.c.id),
        ~_is_attached(relations.c.from_, relations.c.to_),
        ~_is_attached(relations.c.to_, relations.c.from_),
    )
)
LOG_ORPHANED = log_former("deleted", lambda: entries_of_deleted(_left.cte("gone")))
"""Write down the blocks that ``DELETE_ORPHANED`` deletes, and their relations."""

DELETE_ORPHANED = Statement(
    delete(blocks).where(blocks.c.id.in_(_left.with_only_columns(_present.c.id)))
)
"""Delete blocks that no item has any more, unless somebody else has attached something to them."""


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


def read_makers(database: Database, source_id: int, stored: Iterable[StoredItem]) -> Makers:
    """Return who makes the arcs of the blocks that some items share with others."""
    makers: Makers = {}
    rows = ({"key": item.key} for item in stored if item.is_shared)
    for item in read_over(SELECT_SHARING, "keys", rows, database, source=source_id):
        for arc in read_arcs(item.arcs):
            key = item.block_id, write_json(arc)
            makers.setdefault(key, set()).add((item.source_id, item.key))
    return makers
