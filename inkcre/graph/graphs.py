"""Graphs, written whole in one batch. A replay, or fifty at once, leaves one copy.

Rows refer to each other inside the batch by digest, so nothing is read back between statements.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    exists,
    func,
    insert,
    select,
    union_all,
)

from inkcre.errors import MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS, BLOCK_COLUMNS, Block
from inkcre.graph.change_log import log_made
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.forms import FlatGraph, Star
from inkcre.graph.made_rows import marked
from inkcre.graph.ownership import disown
from inkcre.graph.plans import Plan, Reference, plan_graph
from inkcre.graph.relations import RELATION_COLUMNS, Relation
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.graph.tables import blocks, relations, source_items
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows, timestamp
from inkcre.sql.parameters import calls_over, read_over
from inkcre.sql.rows import Id, Query
from inkcre.sql.timestamps import format_timestamp

_new_blocks = json_rows(
    "blocks", ord=BigInteger(), created_at=Text(), updated_at=Text(), storage=Text(),
    resolver=Text(), content=Text(), digest=Text(),
)  # fmt: skip
_now = bindparam("now", type_=Text)

_insert_blocks = insert(blocks).from_select(
    ["created_at", "updated_at", "storage", "resolver", "content", "digest"],
    select(
        timestamp(func.coalesce(_new_blocks.c.created_at, _now)),
        timestamp(func.coalesce(_new_blocks.c.updated_at, _new_blocks.c.created_at, _now)),
        _new_blocks.c.storage,
        _new_blocks.c.resolver,
        _new_blocks.c.content,
        _new_blocks.c.digest,
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
    ["created_at", "updated_at", "from_", "to_", "content"],
    select(
        timestamp(func.coalesce(_new_relations.c.created_at, _now)),
        timestamp(func.coalesce(_new_relations.c.updated_at, _new_relations.c.created_at, _now)),
        _from_id,
        _to_id,
        _new_relations.c.content,
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
_own = source_items.alias("own")


@dataclass(frozen=True)
class _Node(Block):
    """A block of a written graph."""

    ord: int
    """Where the plan names it."""

    key: str
    """Its digest."""

    is_owned: bool
    """Whether so far an item alone has said it."""

    def plain(self) -> Block:
        """Return the block alone."""
        return Block(
            self.id, self.created_at, self.updated_at, self.storage, self.resolver, self.content
        )


@dataclass(frozen=True)
class _Arc(Relation):
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
        exists().where(_own.c.block_id == blocks.c.id, _own.c.is_own == 1).label("is_owned"),
    ).select_from(_wanted.join(blocks, found))


# Two branches, and not OR, here and below: each goes along its own index.
SELECT_NODES = Query(
    union_all(_nodes(blocks.c.digest == _wanted.c.digest), _nodes(blocks.c.id == _wanted.c.id)),
    _Node,
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
    _Arc,
)
"""Read the relations of a written graph back, by their ends."""


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
    database: Database, plan: Plan, now: datetime, *, counting: bool = False
) -> list[Call]:
    """Return the calls that write a plan: at most two, unless the database needs more.

    They give the ids of the rows that they add, or with ``counting`` how many they add.
    """
    add_blocks = COUNT_BLOCKS if counting else INSERT_BLOCKS
    add_relations = COUNT_RELATIONS if counting else INSERT_RELATIONS
    now_text = format_timestamp(now)
    return [
        *calls_over(add_blocks, "blocks", plan.blocks.values(), database, now=now_text),
        *calls_over(add_relations, "relations", plan.relations.values(), database, now=now_text),
    ]


def _as_wanted(references: Iterable[Reference]) -> Iterator[dict[str, Reference]]:
    return ({"id" if isinstance(r, int) else "digest": r} for r in references)


def find_missing(database: Database, references: Sequence[Reference]) -> list[Reference]:
    """Return those of some ids and digests that do not exist."""
    known: set[Reference] = set()
    for block in read_over(SELECT_KNOWN, "wanted", _as_wanted(references), database):
        known |= {block.id, block.digest}
    return [reference for reference in references if reference not in known]


@dataclass(frozen=True)
class NewIds:
    """Ids of what was not there before."""

    blocks: list[int]
    relations: list[int]


@dataclass(frozen=True)
class StoredGraph:
    """A graph as it is after it was written, in the order of its form."""

    blocks: list[Block]
    relations: list[Relation]
    created: NewIds
    ids: dict[str, int]
    """Ids by the negative ids of a flat form; empty for a star."""


def write_graph(database: Database, form: Star | FlatGraph, now: datetime) -> StoredGraph:
    """Write a graph; return its blocks and relations as they are now, and what was created.

    One batch, and one read before it when the form refers to blocks that are to exist already.
    What exists is left as it is.

    Raises:
        Invalid: the form contradicts itself, or names an unknown storage.
        NotFound: a block that is referred to does not exist; nothing was written.
    """
    plan = plan_graph(form)
    for _ in range(ATTEMPTS):
        _refuse_missing(database, plan)
        written = _write_plan(database, plan, now)
        if written is not None:
            return written
    raise Unavailable("graph: somebody else keeps deleting its blocks")


def files_of(plan: Plan) -> list[str]:
    """Return the contents of a plan's blocks that have files."""
    return [row["content"] for row in plan.blocks.values() if row["storage"] == "file"]


def _refuse_missing(database: Database, plan: Plan) -> None:
    # Asked before: a batch that breaks at a missing end does not say which end it was.
    for reference in find_missing(database, plan.unresolved()):
        raise NotFound(f"block {reference}: not found", hint="nothing was written")


def _write_plan(database: Database, plan: Plan, now: datetime) -> StoredGraph | None:
    """Write a plan; None when a block of it was deleted before it could be read back."""
    calls = [
        *log_made(write_calls(database, plan, now), action="graph.put"),
        *calls_over(SELECT_NODES, "wanted", _as_wanted(plan.nodes), database),
        *calls_over(SELECT_ARCS, "relations", plan.relations.values(), database),
        *naming_calls(files_of(plan)),
    ]
    try:
        answers = database.atomic(calls)
    except MissingReference:
        refuse_unknown_storages(database, {row["storage"] for row in plan.blocks.values()})
        return None
    # Sorted here: UNION ALL has no order, and of many rows there are several calls.
    nodes = sorted(_all(SELECT_NODES, calls, answers), key=lambda node: node.ord)
    owned = [node.key for node in nodes if node.is_owned and node.key in plan.blocks]
    if owned:  # somebody else says now what so far an item alone has said
        disown(database, owned)
    refuse_held(calls, answers)
    if len({node.ord for node in nodes}) < len(plan.nodes):
        return None
    arcs = sorted(_all(SELECT_ARCS, calls, answers), key=lambda arc: arc.ord)
    created = NewIds(
        [row.id for row in _all(INSERT_BLOCKS, calls, answers)],
        [row.id for row in _all(INSERT_RELATIONS, calls, answers)],
    )
    ids = {node.key: node.id for node in nodes}
    return StoredGraph(
        # A block may be named by id and by content: it is one block all the same.
        list({node.id: node.plain() for node in nodes}.values()),
        list({arc.id: arc.plain() for arc in arcs}.values()),
        created,
        {str(local): ids[digest] for local, digest in plan.local_ids.items()},
    )


R = TypeVar("R")


def _all(query: Query[R], calls: Sequence[Call], answers: Sequence[Sequence[Row]]) -> list[R]:
    """Return the records of all calls of one query in a batch."""
    asked = [rows for call, rows in zip(calls, answers, strict=True) if call.statement is query]
    return [record for rows in asked for record in query.records(rows)]
