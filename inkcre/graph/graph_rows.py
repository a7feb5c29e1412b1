"""Rows of graphs: the statements that write a plan, and read it back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    insert,
    select,
    union_all,
    update,
)

from inkcre.graph.blocks import Block
from inkcre.graph.made_rows import marked
from inkcre.graph.ownership import HAS_ITEMS, give_block_calls
from inkcre.graph.plans import Plan, Reference
from inkcre.graph.records import BLOCK_COLUMNS
from inkcre.graph.relations import RELATION_COLUMNS, Relation
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows, timestamp
from inkcre.sql.parameters import calls_over, read_over
from inkcre.sql.rows import Id, Query
from inkcre.sql.timestamps import format_timestamp

_new_blocks = json_rows(
    "blocks", ord=BigInteger(), created_at=Text(), updated_at=Text(), storage=Text(),
    resolver=Text(), content=Text(), digest=Text(),
)  # fmt: skip
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

_new_relations = json_rows(
    "relations", ord=BigInteger(), created_at=Text(), updated_at=Text(), from_id=BigInteger(),
    from_digest=Text(), to_id=BigInteger(), to_digest=Text(), content=Text(),
)  # fmt: skip
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
    ).select_from(_wanted.join(blocks, found))


# Two branches, and not OR, here and below: each goes along its own index.
SELECT_NODES = Query(
    union_all(_nodes(blocks.c.digest == _wanted.c.digest), _nodes(blocks.c.id == _wanted.c.id)),
    WrittenBlock,
)
"""Read the blocks of a written graph back, by digest or id."""

# Each relation is found by its whole unique key. As an ordinary join PostgreSQL, which takes any
# JSON array for a hundred rows, meets a hub with its arcs first and its ends after: n squared.
_resolved = (
    select(
        _new_relations.c.ord,
        _from_id.label("from_"),
        _to_id.label("to_"),
        _new_relations.c.content,
    )
    .select_from(_ends)
    .cte("resolved")
    .prefix_with("MATERIALIZED")
)
_same = relations.alias("same")
_found_id = (
    select(_same.c.id)
    .where(
        _same.c.from_ == _resolved.c.from_,
        _same.c.to_ == _resolved.c.to_,
        _same.c.content == _resolved.c.content,
    )
    .correlate(_resolved)
    .scalar_subquery()
)
SELECT_ARCS = Query(
    select(_resolved.c.ord, *RELATION_COLUMNS).select_from(
        _resolved.join(relations, relations.c.id == _found_id)
    ),
    WrittenRelation,
)
"""Read the relations of a written graph back, by their ends."""

GIVE_RELATIONS = Statement(
    update(relations)
    .where(HAS_ITEMS, relations.c.is_given == 0, relations.c.id.in_(select(_found_id)))
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
    return [
        *calls_over(add_blocks, "blocks", plan.blocks.values(), database, **said),
        *calls_over(add_relations, "relations", plan.relations.values(), database, **said),
    ]


def give_calls(database: Database, plan: Plan) -> list[Call]:
    """Return the calls that tell of a plan's blocks and relations that they are given."""
    return [
        *give_block_calls(database, plan.blocks),
        *calls_over(GIVE_RELATIONS, "relations", plan.relations.values(), database),
    ]


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
