"""Rows of undoing: the statements that look at what has become of a change, and take it back.

A batch that undoes holds first what it is about to change or delete, and breaks unless that is as
it was seen: nothing that somebody has written in between is lost.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union,
    update,
)

from inkcre.graph.change_log import (
    complete_row,
    entries_of,
    entries_of_deleted,
    log_former,
)
from inkcre.graph.made_rows import marked
from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Statement
from inkcre.sql.constructs import Expression, as_rfc3339, json_rows, timestamp
from inkcre.sql.rows import Query

_wanted = json_rows("wanted", id=BigInteger())


@dataclass(frozen=True)
class SeenBlock:
    """What has become of a block."""

    id: int
    digest: str
    updated_at: str
    is_given: int


@dataclass(frozen=True)
class SeenRelation:
    """What has become of a relation."""

    id: int
    from_: int
    to_: int
    content: str
    is_given: int


@dataclass(frozen=True)
class Sayer:
    """A block or relation, and a source of which an item says it."""

    id: int
    source_id: int


SELECT_SEEN = Query(
    select(
        blocks.c.id,
        blocks.c.digest,
        as_rfc3339(blocks.c.updated_at).label("updated_at"),
        blocks.c.is_given,
    ).select_from(_wanted.join(blocks, blocks.c.id == _wanted.c.id)),
    SeenBlock,
)
"""Read blocks as they are."""


def _relations(found: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(
        relations.c.id,
        relations.c.from_,
        relations.c.to_,
        relations.c.content,
        relations.c.is_given,
    ).select_from(_wanted.join(relations, found))


SELECT_SEEN_RELATIONS = Query(_relations(relations.c.id == _wanted.c.id), SeenRelation)
"""Read relations as they are."""

# Two branches, and not OR, here and below: each goes along its own index.
_around = union(
    _relations(relations.c.from_ == _wanted.c.id), _relations(relations.c.to_ == _wanted.c.id)
)
SELECT_AROUND = Query(_around, SeenRelation)
"""Read the relations of blocks."""

SELECT_BLOCK_SAYERS = Query(
    select(source_items.c.block_id.label("id"), source_items.c.source_id)
    .select_from(_wanted.join(source_items, source_items.c.block_id == _wanted.c.id))
    .where(source_items.c.digest != "")
    .distinct(),
    Sayer,
)
"""Read which sources have items that are some blocks."""

SELECT_RELATION_SAYERS = Query(
    select(sayings.c.relation_id.label("id"), source_items.c.source_id)
    .select_from(
        _wanted.join(sayings, sayings.c.relation_id == _wanted.c.id).join(
            source_items, source_items.c.id == sayings.c.item_id
        )
    )
    .distinct(),
    Sayer,
)
"""Read which sources have items that say some relations."""

_same = json_rows("same", from_=BigInteger(), to_=BigInteger(), content=Text())
_same_id = (
    select(relations.c.id)
    .where(
        relations.c.from_ == _same.c.from_,
        relations.c.to_ == _same.c.to_,
        relations.c.content == _same.c.content,
    )
    .correlate(_same)
    .scalar_subquery()
)
_alike = relations.alias("alike")
SELECT_SAME = Query(
    select(
        _alike.c.id, _alike.c.from_, _alike.c.to_, _alike.c.content, _alike.c.is_given
    ).select_from(_same.join(_alike, _alike.c.id == _same_id)),
    SeenRelation,
)
"""Read relations by what they say."""

_gone = json_rows("gone", id=BigInteger())
_lone = json_rows("lone", id=BigInteger())
_seen = json_rows("seen", id=BigInteger(), digest=Text(), updated_at=Text(), is_given=BigInteger())
_seen_relations = json_rows("seen_relations", id=BigInteger(), is_given=BigInteger())
_known = json_rows("known", id=BigInteger())

# One order for all, as wherever rows are held. SQLite's dialect leaves FOR UPDATE out.
HOLD_SEEN = Statement(
    select(blocks.c.id)
    .where(blocks.c.id.in_(select(_seen.c.id)))
    .order_by(blocks.c.id)
    .with_for_update()
)
"""Hold blocks: no relation comes to them, and nobody changes them, until the batch ends."""

HOLD_SEEN_RELATIONS = Statement(
    select(relations.c.id)
    .where(relations.c.id.in_(select(_seen_relations.c.id)))
    .order_by(relations.c.id)
    .with_for_update()
)
"""The same of relations."""


def _action_if(condition: ColumnElement[bool]) -> ColumnElement[str]:
    return case((condition, cast(bindparam("action", type_=Text), Text)), else_=null())


_is_as_seen = exists().where(
    blocks.c.id == _seen.c.id,
    blocks.c.digest == _seen.c.digest,
    blocks.c.updated_at == timestamp(_seen.c.updated_at),
    blocks.c.is_given == _seen.c.is_given,
)
EXPECT_SEEN = complete_row(
    action=_action_if(~exists(select(_seen.c.id).where(~_is_as_seen.correlate(_seen))))
)
"""Break the batch unless blocks are as they were seen."""

_is_relation_as_seen = exists().where(
    relations.c.id == _seen_relations.c.id, relations.c.is_given == _seen_relations.c.is_given
)
EXPECT_SEEN_RELATIONS = complete_row(
    action=_action_if(
        ~exists(
            select(_seen_relations.c.id).where(~_is_relation_as_seen.correlate(_seen_relations))
        )
    )
)
"""The same of relations."""


def _strange(end: Expression) -> ColumnElement[bool]:
    return exists(
        select(relations.c.id)
        .select_from(_gone.join(relations, end == _gone.c.id))
        .where(relations.c.id.not_in(select(_known.c.id)))
    )


EXPECT_ALONE = complete_row(
    action=_action_if(~or_(_strange(relations.c.from_), _strange(relations.c.to_)))
)
"""Break the batch if blocks that go have relations that were not seen."""

_going = select(blocks).where(blocks.c.id.in_(select(_gone.c.id)))
LOG_GOING = log_former("deleted", lambda: entries_of_deleted(_going.cte("going")))
"""Write down the blocks that ``DELETE_GONE`` deletes, and their relations."""

_going_alone = select(relations).where(relations.c.id.in_(select(_lone.c.id)))
LOG_LONE_RELATIONS = log_former(
    "deleted", lambda: [entries_of(_going_alone.subquery("going"), relations)]
)
"""Write down the relations that ``DELETE_LONE_RELATIONS`` deletes."""

WITHHOLD_GONE = Statement(
    update(sayings)
    .where(
        sayings.c.relation_id.in_(
            union(
                *(
                    select(relations.c.id).select_from(_gone.join(relations, end == _gone.c.id))
                    for end in (relations.c.from_, relations.c.to_)
                )
            )
        )
    )
    .values(relation_id=null())
)
"""Let items that say relations of blocks which go remember that a person has deleted them."""

WITHHOLD_LONE = Statement(
    update(sayings).where(sayings.c.relation_id.in_(select(_lone.c.id))).values(relation_id=null())
)
"""The same of relations that go alone."""

DELETE_GONE = Statement(delete(blocks).where(blocks.c.id.in_(select(_gone.c.id))))
DELETE_LONE_RELATIONS = Statement(delete(relations).where(relations.c.id.in_(select(_lone.c.id))))

_back = json_rows(
    "back", ord=BigInteger(), id=BigInteger(), created_at=Text(), updated_at=Text(),
    storage=Text(), resolver=Text(), content=Text(), digest=Text(), is_given=BigInteger(),
)  # fmt: skip
_reverted = select(blocks).where(blocks.c.id.in_(select(_back.c.id)))
LOG_REVERTED = log_former("changed", lambda: [entries_of(_reverted.subquery("reverted"), blocks)])
"""Write down the blocks that ``REVERT`` changes."""

FREE_DIGESTS = Statement(
    update(blocks)
    .where(blocks.c.id.in_(select(_back.c.id)))
    .values(digest=literal_column("'undone '", Text) + cast(blocks.c.id, Text))
)
"""Take blocks their digests, in front of ``REVERT``: one may become what another is so far."""

_is_item = exists().where(source_items.c.block_id == blocks.c.id, source_items.c.digest != "")
REVERT = Statement(
    update(blocks)
    .where(blocks.c.id == _back.c.id)
    .values(
        created_at=timestamp(_back.c.created_at),
        updated_at=timestamp(_back.c.updated_at),
        storage=_back.c.storage,
        resolver=_back.c.resolver,
        content=_back.c.content,
        digest=_back.c.digest,
        is_given=case((_is_item, _back.c.is_given), else_=literal_column("1", Integer)),
    )
)
"""Let blocks be what they were; given, unless they are an item's still."""

# Gathered once: no index leads to items by what their blocks were.
_waits = _back.c.digest.in_(
    select(source_items.c.block_digest).where(
        source_items.c.block_id.is_(None), source_items.c.digest != ""
    )
)
ADD_BACK = Statement(
    insert(blocks).from_select(
        ["id", "created_at", "updated_at", "storage", "resolver", "content", "digest", "is_given"],
        select(
            _back.c.id,
            timestamp(_back.c.created_at),
            timestamp(_back.c.updated_at),
            _back.c.storage,
            _back.c.resolver,
            _back.c.content,
            _back.c.digest,
            case((_waits, _back.c.is_given), else_=literal_column("1", Integer)),
        )
        .where(marked(blocks))
        .order_by(_back.c.ord),
    )
)
"""Add blocks again under the ids that they had; given, unless an item waits for one."""

_back_relations = json_rows(
    "relations", ord=BigInteger(), id=BigInteger(), created_at=Text(), updated_at=Text(),
    from_=BigInteger(), to_=BigInteger(), content=Text(),
)  # fmt: skip
ADD_RELATIONS_BACK = Statement(
    insert(relations).from_select(
        ["id", "created_at", "updated_at", "from_", "to_", "content", "is_given"],
        select(
            _back_relations.c.id,
            timestamp(_back_relations.c.created_at),
            timestamp(_back_relations.c.updated_at),
            _back_relations.c.from_,
            _back_relations.c.to_,
            _back_relations.c.content,
            literal_column("1", Integer),
        )
        .where(marked(relations))
        .order_by(_back_relations.c.ord),
    )
)
"""Add relations again under the ids that they had; given, for a person brings them back."""

_found = json_rows("found", digest=Text())
_its_block = (
    select(func.min(blocks.c.id))
    .where(blocks.c.digest == source_items.c.block_digest)
    .correlate(source_items)
    .scalar_subquery()
)
REUNITE = Statement(
    update(source_items)
    .where(
        source_items.c.block_id.is_(None),
        source_items.c.block_digest.in_(select(_found.c.digest)),
    )
    .values(block_id=_its_block)
)
"""Let items have blocks again that have come back: else they would be withheld for good."""

LOG_BACK = complete_row(
    blocks=bindparam("blocks", type_=Text), relations=bindparam("relations", type_=Text)
)
"""Write down which ids have come back: they are below those by which new ones are told."""
