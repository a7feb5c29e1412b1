"""Rows of graphs: the statements that write a plan, and read it back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    insert,
    select,
    union_all,
    update,
)

from inkcre.graph.long_rows import COUNT_LONG_BLOCK, NO_TIMES, is_long
from inkcre.graph.made_rows import is_new, marked
from inkcre.graph.ownership import HAS_ITEMS
from inkcre.graph.plans import BlockRow, Plan, Reference
from inkcre.graph.records import BLOCK_COLUMNS, Block
from inkcre.graph.relations import RELATION_COLUMNS, Relation
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import (
    ON_CONFLICT_DO_NOTHING,
    ColumnType,
    DeclaredTable,
    RowSource,
    json_rows,
    json_rows_if,
    timestamp,
)
from inkcre.sql.parameters import as_parameter, calls_over, read_over
from inkcre.sql.rows import Id, Query
from inkcre.sql.timestamps import format_timestamp

_BLOCK_ROW: Mapping[str, ColumnType] = {
    "ord": BigInteger(), "created_at": Text(), "updated_at": Text(), "storage": Text(),
    "resolver": Text(), "content": Text(), "digest": Text(),
}  # fmt: skip
_new_blocks = json_rows("blocks", **_BLOCK_ROW)
_now = bindparam("now", type_=Text)

_is_given = bindparam("is_given", type_=Integer)

_insert_blocks = insert(blocks).from_select(
    ["created_at", "updated_at", "storage", "resolver", "content", "digest", "is_given"],
    select(
        timestamp(func.coalesce(_new_blocks.c.created_at, _now)),
        timestamp(func.coalesce(_new_blocks.c.updated_at, _new_blocks.c.created_at, _now)),
        _new_blocks.c.storage,
        _new_blocks.c.resolver,
        _new_blocks.c.content,
        _new_blocks.c.digest,
        _is_given,
    )
    .where(marked(blocks))
    .order_by(_new_blocks.c.ord)
    .suffix_with(ON_CONFLICT_DO_NOTHING),
)
INSERT_BLOCKS = Query(_insert_blocks.returning(blocks.c.id), Id)
"""Add blocks that are not there yet; gives the ids of those added."""

# For imports, of which a batch is ten thousand rows: nobody there asks for the ids.
COUNT_BLOCKS = Statement(_insert_blocks, counts=True)
"""Add blocks that are not there yet; gives how many were added."""

_RELATION_ROW: Mapping[str, ColumnType] = {
    "ord": BigInteger(), "created_at": Text(), "updated_at": Text(), "from_id": BigInteger(),
    "from_digest": Text(), "to_id": BigInteger(), "to_digest": Text(), "content": Text(),
}  # fmt: skip
_new_relations = json_rows("relations", **_RELATION_ROW)
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_ends = _new_relations.outerjoin(_from, _from.c.digest == _new_relations.c.from_digest).outerjoin(
    _to, _to.c.digest == _new_relations.c.to_digest
)
_from_id = func.coalesce(_new_relations.c.from_id, _from.c.id)
_to_id = func.coalesce(_new_relations.c.to_id, _to.c.id)

_insert_relations = insert(relations).from_select(
    ["created_at", "updated_at", "from_", "to_", "content", "is_given"],
    select(
        timestamp(func.coalesce(_new_relations.c.created_at, _now)),
        timestamp(func.coalesce(_new_relations.c.updated_at, _new_relations.c.created_at, _now)),
        _from_id,
        _to_id,
        _new_relations.c.content,
        _is_given,
    )
    .select_from(_ends)
    .where(marked(relations))
    .order_by(_new_relations.c.ord)
    .suffix_with(ON_CONFLICT_DO_NOTHING),
)
INSERT_RELATIONS = Query(_insert_relations.returning(relations.c.id), Id)
COUNT_RELATIONS = Statement(_insert_relations, counts=True)
"""Add relations that are not there yet; an end that is not there breaks NOT NULL or the key."""

_wanted = json_rows("wanted", ord=BigInteger(), id=BigInteger(), digest=Text())


@dataclass(frozen=True)
class WrittenBlock(Block):
    """A block of a written graph."""

    ord: int
    """Where the plan names it."""

    key: str
    """Its digest."""

    is_given: int

    def plain(self) -> Block:
        """Return the block alone."""
        return Block(
            self.id, self.created_at, self.updated_at, self.storage, self.resolver, self.content
        )


@dataclass(frozen=True)
class WrittenRelation(Relation):
    """A relation of a written graph."""

    ord: int
    """Where the plan names it."""

    is_given: int

    def plain(self) -> Relation:
        """Return the relation alone."""
        return Relation(
            self.id, self.created_at, self.updated_at, self.from_, self.to_, self.content
        )


def _nodes(found: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(
        _wanted.c.ord,
        *BLOCK_COLUMNS,
        blocks.c.digest.label("key"),
        blocks.c.is_given,
    ).select_from(_wanted.join(blocks, found))


# Two branches, and not OR, here and below: each goes along its own index.
SELECT_NODES = Query(
    union_all(_nodes(blocks.c.digest == _wanted.c.digest), _nodes(blocks.c.id == _wanted.c.id)),
    WrittenBlock,
)
"""Read the blocks of a written graph back, by digest or id."""


def _resolve(rows: RowSource) -> tuple[RowSource, ColumnElement[int]]:
    """Return rows of relations with the ids of their ends, and the id of each one that is there.

    Each is found by its whole unique key. As an ordinary join PostgreSQL, which takes any JSON
    array for a hundred rows, meets a hub with its arcs first and its ends after: n squared.
    """
    from_, to_ = blocks.alias("from_block"), blocks.alias("to_block")
    resolved = (
        select(
            rows.c.ord,
            func.coalesce(rows.c.from_id, from_.c.id).label("from_"),
            func.coalesce(rows.c.to_id, to_.c.id).label("to_"),
            rows.c.content,
        )
        .select_from(
            rows.outerjoin(from_, from_.c.digest == rows.c.from_digest).outerjoin(
                to_, to_.c.digest == rows.c.to_digest
            )
        )
        .cte("resolved")
        .prefix_with("MATERIALIZED")
    )
    same = relations.alias("same")
    found = (
        select(same.c.id)
        .where(
            same.c.from_ == resolved.c.from_,
            same.c.to_ == resolved.c.to_,
            same.c.content == resolved.c.content,
        )
        .correlate(resolved)
        .scalar_subquery()
    )
    return resolved, found


_resolved, _found_id = _resolve(_new_relations)
SELECT_ARCS = Query(
    select(_resolved.c.ord, *RELATION_COLUMNS, relations.c.is_given).select_from(
        _resolved.join(relations, relations.c.id == _found_id)
    ),
    WrittenRelation,
)
"""Read the relations of a written graph back, by their ends."""


def _are_new(of: DeclaredTable) -> ColumnElement[bool]:
    """Tell whether all rows of the batch were not there before: then there is nothing to give."""
    made = select(func.count()).select_from(of).where(is_new(of)).correlate(None)
    return made.scalar_subquery() == bindparam("number", type_=Integer)


_may_be_theirs = and_(HAS_ITEMS, ~_are_new(blocks))
_maybe_blocks = json_rows_if(_may_be_theirs, "blocks", **_BLOCK_ROW)
GIVE_BLOCKS = Statement(
    update(blocks)
    .where(blocks.c.is_given == 0, blocks.c.digest.in_(select(_maybe_blocks.c.digest)))
    .values(is_given=1)
)
"""Tell of blocks that they were given: in front of the log."""

_maybe_relations = json_rows_if(and_(HAS_ITEMS, ~_are_new(relations)), "relations", **_RELATION_ROW)
_maybe_resolved, _maybe_id = _resolve(_maybe_relations)
_given_ids = select(_maybe_id).select_from(_maybe_resolved)
GIVE_RELATIONS = Statement(
    update(relations)
    .where(relations.c.is_given == 0, relations.c.id.in_(_given_ids))
    .values(is_given=1)
)
"""Tell of relations that they were given."""


@dataclass(frozen=True)
class _KnownBlock:
    id: int
    digest: str


def _known(found: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(blocks.c.id, blocks.c.digest).select_from(_wanted.join(blocks, found))


SELECT_KNOWN = Query(
    union_all(_known(blocks.c.digest == _wanted.c.digest), _known(blocks.c.id == _wanted.c.id)),
    _KnownBlock,
)
"""Tell which of some ids and digests exist."""


def write_calls(
    database: Database,
    plan: Plan,
    now: datetime,
    *,
    counting: bool = False,
    is_given: bool = True,
) -> list[Call]:
    """Return the calls that write a plan: at most two, unless the database needs more.

    They give the ids of the rows that they add, or with ``counting`` how many they add. What is
    there already is left as it is: behind them belong ``give_calls``, if it is given.
    """
    add_blocks = COUNT_BLOCKS if counting else INSERT_BLOCKS
    add_relations = COUNT_RELATIONS if counting else INSERT_RELATIONS
    said = {"now": format_timestamp(now), "is_given": int(is_given)}
    rows: Iterable[BlockRow] = plan.blocks.values()
    if counting:
        return [
            *_count_in_order(database, rows, **said),
            *calls_over(add_relations, "relations", plan.relations.values(), database, **said),
        ]
    return [
        *calls_over(add_blocks, "blocks", rows, database, **said),
        *calls_over(add_relations, "relations", plan.relations.values(), database, **said),
    ]


def _count_in_order(database: Database, rows: Iterable[BlockRow], **said: object) -> Iterator[Call]:
    """Yield the calls that add blocks, in order, each long one by itself."""
    for are_long, some in groupby(rows, is_long):
        if are_long:
            yield from (COUNT_LONG_BLOCK(**{**NO_TIMES, **row}, **said) for row in some)
        else:
            yield from calls_over(COUNT_BLOCKS, "blocks", some, database, **said)


def rows_of(call: Call) -> str:
    """Return the rows that a call of ``write_calls`` adds, as JSON with what they are found by."""
    if call.statement is COUNT_LONG_BLOCK:
        return as_parameter([{"digest": call.parameters["digest"]}])
    return str(call.parameters[GIVING[call.statement][1]])  # written once: it may be long


NEVER_ALL = -1
"""A number of rows that is not that of those which a batch has made."""

GIVING: Mapping[Statement, tuple[Statement, str]] = {
    INSERT_BLOCKS: (GIVE_BLOCKS, "blocks"),
    COUNT_BLOCKS: (GIVE_BLOCKS, "blocks"),
    COUNT_LONG_BLOCK: (GIVE_BLOCKS, "blocks"),
    INSERT_RELATIONS: (GIVE_RELATIONS, "relations"),
    COUNT_RELATIONS: (GIVE_RELATIONS, "relations"),
}
"""What tells of rows that they are given, by what adds them, and the parameter that both read."""


def give_calls(plan: Plan, calls: Iterable[Call], *, is_alone: bool = True) -> list[Call]:
    """Return the calls that tell of what ``calls`` write of a plan that it is given.

    They go behind those, and in front of the log's.

    Args:
        plan: what is given.
        calls: what writes it.
        is_alone: whether nothing else of the batch makes blocks or relations. Then all that is new
            is the plan's, and where that is all of it, there is nothing to look for.
    """
    numbers = {"blocks": len(plan.blocks), "relations": len(plan.relations)}
    if not is_alone:
        numbers = dict.fromkeys(numbers, NEVER_ALL)
    given: list[Call] = []
    for call in calls:
        statement, name = GIVING[call.statement]
        given.append(statement(number=numbers[name], **{name: rows_of(call)}))
    return given


def as_wanted(references: Iterable[Reference]) -> Iterator[dict[str, Reference]]:
    """Return ids and digests as rows that ask for their blocks."""
    return ({"id" if isinstance(r, int) else "digest": r} for r in references)


def find_missing(database: Database, references: Sequence[Reference]) -> list[Reference]:
    """Return those of some ids and digests that do not exist."""
    known: set[Reference] = set()
    for block in read_over(SELECT_KNOWN, "wanted", as_wanted(references), database):
        known |= {block.id, block.digest}
    return [reference for reference in references if reference not in known]


def files_of(plan: Plan) -> list[str]:
    """Return the contents of a plan's blocks that have files."""
    return [row["content"] for row in plan.blocks.values() if row["storage"] == "file"]
