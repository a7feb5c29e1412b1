"""Rows of items: the statements that read and write what sources have given."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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

from inkcre.graph.file_notes import let_go_call
from inkcre.graph.tables import blocks, relations, source_items, sources
from inkcre.jobs.jobs import insert_jobs, pending
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import IGNORE_TWINS, json_rows, moment
from inkcre.sql.text import clean
from inkcre.sql.timestamps import format_moment
from inkcre.sql.values import dump

MAX_KEY_BYTES = 512
"""A longer key is kept as its SHA-256, for an index row of PostgreSQL takes 2,704 bytes; so is one
that no database keeps."""

_source = bindparam("source", type_=BigInteger)
_now = moment(bindparam("now", type_=Text))
_keys = json_rows("keys", key=Text())
_twin = source_items.alias("twin")
_is_shared = exists().where(
    _twin.c.block_id == source_items.c.block_id,
    or_(_twin.c.source_id != source_items.c.source_id, _twin.c.key != source_items.c.key),
)
KNOWN_COLUMNS = (
    source_items.c.key,
    source_items.c.digest,
    source_items.c.stamp,
    source_items.c.arcs,
    source_items.c.block_id,
    source_items.c.is_own,
    source_items.c.block_digest,
    blocks.c.digest,
    _is_shared,
)

SELECT_KNOWN = Statement(
    select(*KNOWN_COLUMNS)
    .select_from(
        _keys.join(
            source_items,
            and_(source_items.c.key == _keys.c.key, source_items.c.source_id == _source),
        ).outerjoin(blocks, blocks.c.id == source_items.c.block_id)
    )
)  # fmt: skip
"""Read what is known of some items of a source."""

SELECT_SOURCE_ID = Statement(select(sources.c.id).where(sources.c.id == _source))
"""Tell whether a source is there."""

SELECT_STAMPS = Statement(
    select(source_items.c.key, source_items.c.stamp)
    .where(source_items.c.source_id == _source, source_items.c.key > bindparam("after", type_=Text))
    .order_by(source_items.c.key)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of a source's keys and stamps."""

SELECT_SHARING = Statement(
    select(source_items.c.block_id, source_items.c.source_id, source_items.c.key,
           source_items.c.arcs)
    .select_from(_keys.join(_twin, and_(_twin.c.key == _keys.c.key, _twin.c.source_id == _source))
    .join(source_items, source_items.c.block_id == _twin.c.block_id))
)  # fmt: skip
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

_stale = json_rows(
    "stale", from_id=BigInteger(), from_digest=Text(), to_id=BigInteger(), to_digest=Text(),
    to_key=Text(), content=Text(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_to_item = source_items.alias("to_item")
DELETE_STALE = Statement(
    delete(relations).where(
        relations.c.id.in_(
            select(relations.c.id)
            .select_from(
                _stale.outerjoin(_from, _from.c.digest == _stale.c.from_digest)
                .outerjoin(_to, _to.c.digest == _stale.c.to_digest)
                .outerjoin(
                    _to_item,
                    and_(_to_item.c.key == _stale.c.to_key, _to_item.c.source_id == _source),
                )
                .join(
                    relations,
                    and_(
                        relations.c.from_ == func.coalesce(_stale.c.from_id, _from.c.id),
                        relations.c.to_
                        == func.coalesce(_stale.c.to_id, _to.c.id, _to_item.c.block_id),
                        relations.c.content == _stale.c.content,
                    ),
                )
            )
            .scalar_subquery()
        )
    )
)
"""Delete the relations that an item's former edition made and this one does not."""

_items = json_rows(
    "items", key=Text(), digest=Text(), stamp=Text(), arcs=Text(), block_id=BigInteger(),
    block_digest=Text(), is_own=BigInteger(),
)  # fmt: skip
UPSERT_ITEMS = Statement(
    insert(source_items)
    .from_select(
        [
            "source_id", "key", "digest", "stamp", "arcs", "block_id", "block_digest", "is_own",
        ],
        select(
            _source, _items.c.key, _items.c.digest, _items.c.stamp, _items.c.arcs,
            func.coalesce(_items.c.block_id, blocks.c.id), _items.c.block_digest,
            case(
                (_items.c.is_own == 0, 0),
                (or_(_items.c.block_id.is_not(None), blocks.c.created_at == _now), 1),
                else_=0,
            ),
        )
        .select_from(_items.outerjoin(blocks, blocks.c.digest == _items.c.block_digest))
        .where(true())
        .suffix_with(
            "ON CONFLICT (source_id, key) DO UPDATE SET digest = excluded.digest,"
            " stamp = excluded.stamp, arcs = excluded.arcs, block_id = excluded.block_id,"
            " block_digest = excluded.block_digest, is_own = excluded.is_own"
        ),
    )
    .returning(source_items.c.key, source_items.c.block_id)
)  # fmt: skip
"""Remember items as they are now. A new block is an item's own if it was not there before, and was
made at this moment: somebody else may have made it since."""

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
        .where(_from_item.c.block_id.is_not(None), _to_item.c.block_id.is_not(None))
        .suffix_with(IGNORE_TWINS),
    )
)
"""Relate items of a source to each other, as far as both have blocks."""

DELETE_ITEMS = Statement(
    delete(source_items).where(
        source_items.c.source_id == _source, source_items.c.key.in_(select(_keys.c.key))
    )
)
"""Forget items."""

_left = json_rows("left_blocks", id=BigInteger(), digest=Text())
LOCK_LEFT = Statement(
    select(blocks.c.id)
    .where(blocks.c.id.in_(select(_left.c.id)))
    .order_by(blocks.c.id)
    .with_for_update()
)
"""Hold blocks, so that no item comes to one of them between a look at its items and its end."""

HAND_OVER = Statement(
    update(source_items).where(source_items.c.block_id.in_(select(_left.c.id))).values(is_own=1)
)
"""Let the other items of blocks that were made for an item have them as their own."""

_now_left = blocks.alias("now_left")
_neighbour = source_items.alias("neighbour")


def _is_attached(here: ColumnElement[Any], there: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a relation touches a block whose other end is of no item of the source."""
    is_ours = exists().where(_neighbour.c.block_id == there, _neighbour.c.source_id == _source)
    return exists().where(here == _left.c.id, ~is_ours)


DELETE_LEFT = Statement(
    delete(blocks).where(
        blocks.c.id.in_(
            select(_now_left.c.id)
            .select_from(_left.join(_now_left, _now_left.c.id == _left.c.id))
            .where(
                _now_left.c.digest == _left.c.digest,
                ~exists().where(_twin.c.block_id == _left.c.id),
                ~_is_attached(relations.c.from_, relations.c.to_),
                ~_is_attached(relations.c.to_, relations.c.from_),
            )
        )
    )
)
"""Delete blocks that no item has any more, unless somebody else has attached something to them."""


_organizing = json_rows("organizing", key=Text(), dedupe_key=Text())
ENQUEUE_ORGANIZING = Statement(
    insert_jobs(
        pending(
            kind=literal("organize", Text),
            payload=literal('{"block_id":', Text)
            + cast(source_items.c.block_id, Text)
            + literal("}", Text),
            run_at=_now,
            lane=null(),
            dedupe_key=_organizing.c.dedupe_key,
            source_id=_source,
        )
        .select_from(
            _organizing.join(
                source_items,
                and_(source_items.c.key == _organizing.c.key, source_items.c.source_id == _source),
            )
        )
        .where(source_items.c.block_id.is_not(None))
    )
)
"""Add the jobs that organize the blocks of some items."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item, and of its block as it is now."""

    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    is_own: int
    written_digest: str
    """Of the block as it was written for the item."""

    block_digest: str | None
    """Of the block as it is now."""

    is_shared: int

    @property
    def is_pristine(self) -> bool:
        """Whether the block was made for an item, and nobody has stated or changed it since."""
        return bool(self.is_own) and self.block_digest == self.written_digest

    def left(self) -> dict[str, Any]:
        """Give the row for those who see to a block that its item leaves."""
        return {"id": self.block_id, "digest": self.block_digest}


def short_key(key: str) -> str:
    """Give a key as it is kept."""
    content = key.encode("utf-8", "surrogatepass")
    if len(content) <= MAX_KEY_BYTES and key == clean(key):
        return key
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_stamps(database: Database, source_id: int) -> Iterator[tuple[str, str | None]]:
    """Yield the keys and stamps of all items of a source, in order."""
    after, limit = "", 5000
    while True:
        page = database.read(SELECT_STAMPS(source=source_id, after=after, limit=limit))
        yield from ((row[0], row[1]) for row in page)
        if len(page) < limit:
            return
        after = page[-1][0]


def read_known(database: Database, source_id: int, keys: Iterable[str]) -> dict[str, Known]:
    """Give what is known of some items, by key; of new ones nothing."""
    asked = dump([{"key": key} for key in keys])
    rows = database.read(SELECT_KNOWN(keys=asked, source=source_id))
    return {key: Known(key, *rest) for key, *rest in rows}


Claims = dict[tuple[int, str], set[tuple[int, str]]]
"""Which items, by source and key, make an arc (as JSON) of a block."""


def read_claims(database: Database, source_id: int, known: Iterable[Known]) -> Claims:
    """Give who makes the arcs of the blocks that some items share with others."""
    keys = [{"key": item.key} for item in known if item.is_shared]
    claims: Claims = {}
    if not keys:
        return claims
    for block_id, source, key, arcs in database.read(
        SELECT_SHARING(keys=dump(keys), source=source_id)
    ):
        for arc in json.loads(arcs):
            claims.setdefault((block_id, dump(arc)), set()).add((source, key))
    return claims


def leave_calls(source_id: int, left: Sequence[dict[str, Any]]) -> list[Call]:
    """Give the statements that see to blocks which their items have left, behind ``LOCK_LEFT``."""
    if not left:
        return []
    given = dump(left)
    return [
        HAND_OVER(left_blocks=given),
        let_go_call(row["id"] for row in left),
        DELETE_LEFT(left_blocks=given, source=source_id),
    ]


def link_call(source_id: int, links: Sequence[tuple[str, str, str]], now: datetime) -> Call:
    """Give the statement that relates items to each other: from key, to key, what it says."""
    rows = [{"from_key": from_, "to_key": to, "content": says} for from_, to, says in links]
    return LINK_ITEMS(links=dump(rows), source=source_id, now=format_moment(now))
