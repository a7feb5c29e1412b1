"""Items of a source that is another now, or goes: what they say becomes given, and they are gone.

What a source has brought is its owner's. Where the source leads to another place, its next collect
does not find the former items, and would let all go that they brought; where it is deleted, nobody
would say it any more. So the batch that does this first tells of all blocks and relations that they
were given (``release_calls``). Who does want them to go has the items deleted one by one before
(``forget_items``), and what others say or what something given hangs on stays then too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    union,
    update,
)

from inkcre.errors import InvariantBroken
from inkcre.graph.leaving import Leaving, count_gone
from inkcre.graph.tables import blocks, relations, sayings, source_items, sources
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sources.items.item_rows import read_stamps
from inkcre.sources.items.items import delete_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.items.writes import deletion_calls
from inkcre.sql.constructs import Expression, json_elements, timestamp
from inkcre.sql.rows import Query

GROUP = 100
"""How many items are forgotten in one batch."""

_source = bindparam("source", type_=BigInteger)
_read_at = timestamp(bindparam("read_at", type_=Text))
_is_what_was_read = exists().where(
    sources.c.id == _source, sources.c.updated_at == func.coalesce(_read_at, sources.c.updated_at)
)
"""Whoever changes a source releases nothing if somebody else has changed it meanwhile."""

_mine = source_items.alias("own_item")
_is_mine = _mine.c.source_id == _source
_own = select(_mine.c.block_id).where(_is_mine, _mine.c.block_id.is_not(None))
_said = (
    select(sayings.c.relation_id)
    .select_from(_mine.join(sayings, sayings.c.item_id == _mine.c.id))
    .where(_is_mine, sayings.c.relation_id.is_not(None))
)
_arc = json_elements(_mine.c.arcs, "arc")
_end = blocks.alias("end_block")


def _around(place: str) -> Select[*tuple[int]]:
    """Return the blocks at one end of what the items say, by what they were."""
    # Also where a person has deleted the relation since: such a block goes with its item too.
    digest: Expression = _arc.c.value.op("->>")(literal_column(place))
    return (
        select(_end.c.id)
        .select_from(_mine.join(_arc, true()).join(_end, _end.c.digest == digest))
        .where(_is_mine)
    )


_around_all = union(_around("0"), _around("1")).subquery("around")
_ends_of_said = union(
    select(relations.c.from_.label("id")).where(relations.c.id.in_(_said)),
    select(relations.c.to_).where(relations.c.id.in_(_said)),
).subquery("ends_of_said")
# One within the other: D1 takes five selects in one compound, and this may grow.
_brought = union(_own, select(_around_all.c.id), select(_ends_of_said.c.id))
"""Ids of all blocks that the source has brought, or has found there and says too."""

HOLD_SOURCE = Statement(select(sources.c.id).where(sources.c.id == _source).with_for_update())
"""Hold a source: who brings a new item of it waits, and finds the source gone or another."""

_held = (
    select(source_items.c.id)
    .where(source_items.c.source_id == _source)
    .order_by(source_items.c.id)
    .with_for_update()
    .subquery("held")
)
HOLD_ITEMS = Statement(select(func.count()).select_from(_held))
"""Hold the items of a source: who changes one of them waits, and finds it gone. Counted, as they
may be many."""

KEEP_RELATIONS = Statement(
    update(relations)
    .where(relations.c.is_given == 0, relations.c.id.in_(_said), _is_what_was_read)
    .values(is_given=1)
)
"""Tell of all relations that a source's items say that they were given."""

KEEP_BLOCKS = Statement(
    update(blocks)
    .where(blocks.c.is_given == 0, blocks.c.id.in_(_brought), _is_what_was_read)
    .values(is_given=1)
)
"""The same of their blocks, and of those around."""

RELEASE_ITEMS = Statement(
    delete(source_items).where(source_items.c.source_id == _source, _is_what_was_read)
)
"""Forget a source's items, with what they say, behind what keeps that."""

_items: Expression = (
    select(func.count()).where(_is_mine, _mine.c.digest != "").scalar_subquery().label("items")
)
_number: Expression = (
    select(func.count()).select_from(_brought.subquery("brought")).scalar_subquery()
)


@dataclass(frozen=True)
class Brought:
    """How much a source has brought, and how much of it would go."""

    items: int
    """Items that are there, as far as the source knows."""

    blocks: int
    blocks_gone: int


SELECT_BROUGHT = Query(
    select(_items, _number.label("blocks"), literal(0, BigInteger).label("blocks_gone")), Brought
)
"""Count what a source has brought, all of which stays."""

_other = source_items.alias("other_item")
_is_others = _other.c.source_id != _source
_touching = relations.alias("touching")
_saying = sayings.alias("other_saying")


def _is_said(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Tell whether an item of another source says a relation."""
    says = and_(_saying.c.relation_id == _touching.c.id, _other.c.id == _saying.c.item_id)
    return exists().where(says, _is_others, *conditions)


_is_nobodys = ~exists().where(sayings.c.relation_id == _touching.c.id)


def _touches(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # Two, and not OR: each goes along its own index.
    return or_(*(exists().where(end == blocks.c.id, condition) for end in _ends))


_ends = (_touching.c.from_, _touching.c.to_)
_left = (
    select(blocks.c.id)
    .where(
        blocks.c.id.in_(_own),
        blocks.c.is_given == 0,
        ~exists().where(_other.c.block_id == blocks.c.id, _is_others, _other.c.digest != ""),
        not_(_touches(or_(_touching.c.is_given == 1, _is_said(_saying.c.is_link == 0)))),
    )
    .cte("left_blocks")
)
_goes_along = and_(_is_nobodys, or_(*(end.in_(select(_left.c.id)) for end in _ends)))
_lone = (
    select(blocks.c.id)
    .where(
        blocks.c.id.in_(select(_around_all.c.id)),
        blocks.c.is_given == 0,
        blocks.c.id.not_in(_own),
        ~exists().where(_other.c.block_id == blocks.c.id, _is_others),
        not_(
            _touches(
                and_(or_(_touching.c.is_given == 1, _is_said(), _is_nobodys), not_(_goes_along))
            )
        ),
    )
    .cte("lone_blocks")
)
SELECT_LEAVING = Query(
    select(
        _items,
        _number.label("blocks"),
        (
            select(func.count()).select_from(_left).scalar_subquery()
            + select(func.count()).select_from(_lone).scalar_subquery()
        ).label("blocks_gone"),
    ),
    Brought,
)
"""Count what a source has brought, and what of it goes if its items are forgotten: what
``DELETE_LEFT`` and ``DELETE_LONE`` would delete, had all items taken back what they say."""


@dataclass(frozen=True)
class _Silent:
    id: int
    block_id: int


SELECT_SILENT = Query(
    select(source_items.c.id, source_items.c.block_id)
    .where(
        source_items.c.source_id == _source,
        source_items.c.id > bindparam("after", type_=BigInteger),
        source_items.c.digest == "",
        source_items.c.block_id.is_not(None),
    )
    .order_by(source_items.c.id)
    .limit(GROUP),
    _Silent,
)
"""Read a group of items that say nothing any more, and whose blocks others kept."""


def release_calls(source_id: int, read_at: str | None = None) -> list[Call]:
    """Return what keeps all that a source has brought, and forgets its items.

    What they answer is for ``count_released``.

    Args:
        source_id: whose items they are.
        read_at: when the source was changed last, as it was read: if it is another since, nothing
            is released. None: whatever it is.
    """
    told = {"source": source_id, "read_at": read_at}
    return [
        HOLD_SOURCE(source=source_id),
        HOLD_ITEMS(source=source_id),
        SELECT_BROUGHT(source=source_id),
        KEEP_RELATIONS(**told),
        KEEP_BLOCKS(**told),
        RELEASE_ITEMS(**told),
    ]


def count_released(calls: Sequence[Call], answers: Sequence[Sequence[Row]]) -> Brought:
    """Return how much a batch with ``release_calls`` has kept."""
    for call, rows in zip(calls, answers, strict=True):
        if call.statement is SELECT_BROUGHT:
            return SELECT_BROUGHT.records(rows)[0]
    raise InvariantBroken("a batch that releases nothing was to count what it released")


def forget_items(database: Database, source_id: int) -> Written:
    """Let a source's items take back all that they say, in groups; what has no sayer left goes.

    Where that is killed, the next attempt goes on.
    """
    keys = [key for key, _ in read_stamps(database, source_id)]
    written = Written()
    for start in range(0, len(keys), GROUP):
        some = keys[start : start + GROUP]
        written += delete_items(database, source_id, some, write=database.atomic)
    # What kept the blocks of some may have gone with a group behind theirs.
    for group in _silent_groups(database, source_id):
        leaving = Leaving(blocks={each.block_id: None for each in group})
        calls = list(deletion_calls(database, source_id, [each.id for each in group], leaving))
        written.blocks_gone += count_gone(calls, database.atomic(calls))
    return written


def _silent_groups(database: Database, source_id: int) -> Iterator[list[_Silent]]:
    after = 0
    while group := SELECT_SILENT.read(database, source=source_id, after=after):
        yield group
        after = group[-1].id
