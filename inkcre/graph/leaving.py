"""What goes when items have taken back what they said: all that has no sayer left.

Whoever takes back reads first what may go; whether it goes is decided where it is deleted, by the
rows as they are then. On PostgreSQL the rows are held before that look (``hold_calls``), so that
nobody gives one of them, or relates something to it, between the look and the end; who wanted to
waits, and finds it gone or kept. SQLite has one writer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, ColumnElement, Text, delete, exists, or_, select

from inkcre.graph.change_log import entries_of, entries_of_deleted, log_former
from inkcre.graph.file_notes import LET_GO_AROUND, let_go_call
from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import Expression, json_rows
from inkcre.sql.parameters import calls_over
from inkcre.sql.rows import Values

_left = json_rows("left", id=BigInteger())
_unsaid = json_rows("unsaid", id=BigInteger())
_around = json_rows("around", digest=Text())

# One order for all, so that two that hold the same rows do not wait for each other. SQLite's
# dialect leaves FOR UPDATE out.
HOLD_LEFT = Statement(
    select(blocks.c.id)
    .where(blocks.c.id.in_(select(_left.c.id)))
    .order_by(blocks.c.id)
    .with_for_update()
)
"""Hold blocks that their items may leave, or change."""

HOLD_UNSAID = Statement(
    select(relations.c.id)
    .where(relations.c.id.in_(select(_unsaid.c.id)))
    .order_by(relations.c.id)
    .with_for_update()
)
"""Hold relations that their items may take back."""

_relation = relations.alias("unsaid_relation")
_unsaid_relations = select(_relation).where(
    _relation.c.id.in_(select(_unsaid.c.id)),
    _relation.c.is_given == 0,
    ~exists().where(sayings.c.relation_id == _relation.c.id),
)
LOG_UNSAID = log_former(
    "deleted", lambda: [entries_of(_unsaid_relations.subquery("gone"), relations)]
)
"""Write down the relations that ``DELETE_UNSAID`` deletes."""

DELETE_UNSAID = Statement(
    delete(relations).where(relations.c.id.in_(_unsaid_relations.with_only_columns(_relation.c.id)))
)
"""Delete relations that nobody says any more."""

_block = blocks.alias("left_block")
_item = source_items.alias("sayer")
_holding = relations.alias("holding")
_is_said = exists().where(sayings.c.relation_id == _holding.c.id, sayings.c.is_link == 0)


def _holds(end: Expression) -> ColumnElement[bool]:
    """Tell whether a relation keeps a block: one that is given, or that says the block itself."""
    # A link from another item is no reason: it leads nowhere in the source as well.
    return exists().where(end == _block.c.id, or_(_holding.c.is_given == 1, _is_said))


_left_blocks = select(_block).where(
    _block.c.id.in_(select(_left.c.id)),
    _block.c.is_given == 0,
    ~exists().where(_item.c.block_id == _block.c.id, _item.c.digest != ""),
    ~_holds(_holding.c.from_),
    ~_holds(_holding.c.to_),
)
LOG_LEFT = log_former("deleted", lambda: entries_of_deleted(_left_blocks.cte("gone")))
"""Write down the blocks that ``DELETE_LEFT`` deletes, and their relations."""

FORGET_SILENT = Statement(
    delete(source_items).where(
        source_items.c.digest == "",
        source_items.c.block_id.in_(_left_blocks.with_only_columns(_block.c.id)),
    )
)
"""Forget items that say nothing any more, and only waited for these blocks: one whose block is NULL
remembers that a person has deleted it, and does not come back by itself. In front of
``DELETE_LEFT``."""

DELETE_LEFT = Values(
    delete(blocks)
    .where(blocks.c.id.in_(_left_blocks.with_only_columns(_block.c.id)))
    .returning(blocks.c.id),
    int,
)
"""Delete blocks that no item has any more, unless something that is given hangs on them; gives
them: D1 would count their relations too."""

_lone_blocks = select(_block).where(
    _block.c.digest.in_(select(_around.c.digest)),
    _block.c.is_given == 0,
    ~exists().where(_item.c.block_id == _block.c.id),
    ~exists().where(_holding.c.from_ == _block.c.id),
    ~exists().where(_holding.c.to_ == _block.c.id),
)
HOLD_LONE = Statement(
    _lone_blocks.with_only_columns(_block.c.id).order_by(_block.c.id).with_for_update()
)
"""Hold blocks that stood around others, and that no relation leads to any more."""

LOG_LONE = log_former("deleted", lambda: [entries_of(_lone_blocks.subquery("gone"), blocks)])
"""Write down the blocks that ``DELETE_LONE`` deletes."""

DELETE_LONE = Values(
    delete(blocks)
    .where(blocks.c.id.in_(_lone_blocks.with_only_columns(_block.c.id)))
    .returning(blocks.c.id),
    int,
)
"""Delete them; gives them."""


@dataclass
class Leaving:
    """What may go, for want of a sayer."""

    blocks: dict[int, None] = field(default_factory=dict)
    """Ids of blocks that items leave."""

    relations: dict[int, None] = field(default_factory=dict)
    """Ids of relations that items take back."""

    around: dict[str, None] = field(default_factory=dict)
    """Digests of blocks that these relations led to."""


def hold_calls(
    database: Database, leaving: Leaving, *, changing: Iterable[int] = ()
) -> Iterator[Call]:
    """Yield what holds the rows that may go: in front of what takes them back.

    So are blocks held that are ``changing``: who waits for a row looks around it as it was before.
    """
    held = dict.fromkeys([*leaving.blocks, *changing])
    yield from calls_over(HOLD_LEFT, "left", _by_id(held), database)
    yield from calls_over(HOLD_UNSAID, "unsaid", _by_id(leaving.relations), database)


def leave_calls(database: Database, leaving: Leaving, log: Mapping[str, object]) -> Iterator[Call]:
    """Yield what deletes all that has no sayer left: behind what has taken it back.

    Args:
        database: whose limits count.
        leaving: what may go.
        log: what the statements of the log are given in this batch.
    """
    unsaid, left = list(_by_id(leaving.relations)), list(_by_id(leaving.blocks))
    around = [{"digest": digest} for digest in leaving.around]
    yield from calls_over(LOG_UNSAID, "unsaid", unsaid, database, **log)
    yield from calls_over(DELETE_UNSAID, "unsaid", unsaid, database)
    if left:
        yield let_go_call(leaving.blocks)
    yield from calls_over(LOG_LEFT, "left", left, database, **log)
    yield from calls_over(FORGET_SILENT, "left", left, database)
    yield from calls_over(DELETE_LEFT, "left", left, database)
    yield from calls_over(HOLD_LONE, "around", around, database)
    yield from calls_over(LET_GO_AROUND, "let_go", around, database)
    yield from calls_over(LOG_LONE, "around", around, database, **log)
    yield from calls_over(DELETE_LONE, "around", around, database)


def count_gone(calls: Sequence[Call], answers: Sequence[Sequence[Row]]) -> int:
    """Return how many blocks a batch has deleted for want of a sayer."""
    deletions = (DELETE_LEFT, DELETE_LONE)
    return sum(
        len(rows) for call, rows in zip(calls, answers, strict=True) if call.statement in deletions
    )


def _by_id(ids: Iterable[int]) -> Iterator[dict[str, object]]:
    return ({"id": id_} for id_ in ids)
