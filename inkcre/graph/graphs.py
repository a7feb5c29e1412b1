"""Graphs, written whole in one batch. A replay, or fifty at once, leaves one copy.

Rows refer to each other inside the batch by digest, so nothing is read back between statements.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from inkcre.errors import MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.change_log import log_made
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.forms import FlatGraph, Star
from inkcre.graph.given_rows import give_calls
from inkcre.graph.graph_rows import (
    INSERT_BLOCKS,
    INSERT_RELATIONS,
    SELECT_ARCS,
    SELECT_NODES,
    WrittenBlock,
    WrittenRelation,
    as_wanted,
    files_of,
    find_missing,
    write_calls,
)
from inkcre.graph.ownership import GIVE_BLOCK, GIVE_RELATION
from inkcre.graph.plans import Plan, plan_graph
from inkcre.graph.records import Block
from inkcre.graph.relations import Relation
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.database import Call, Database, Row
from inkcre.sql.parameters import calls_over
from inkcre.sql.rows import Query


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


def _refuse_missing(database: Database, plan: Plan) -> None:
    # Asked before: a batch that breaks at a missing end does not say which end it was.
    for reference in find_missing(database, plan.unresolved()):
        raise NotFound(f"block {reference}: not found", hint="nothing was written")


def _write_plan(database: Database, plan: Plan, now: datetime) -> StoredGraph | None:
    """Write a plan; None when a block of it was deleted before it could be read back."""
    writing = write_calls(database, plan, now)
    calls = [
        *log_made([*writing, *give_calls(plan, writing)], action="graph.put"),
        *calls_over(SELECT_NODES, "wanted", as_wanted(plan.nodes), database),
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
    refuse_held(calls, answers)
    arcs = sorted(_all(SELECT_ARCS, calls, answers), key=lambda arc: arc.ord)
    # What an item has brought may go until it is told of that it is given.
    if len({n.ord for n in nodes}) < len(plan.nodes) or len(arcs) < len(plan.relations):
        return None
    if missed := [*_give_missed(plan, nodes, arcs)]:
        database.atomic(missed)
        return None
    # Sorted: rows are added in an order that keeps writers out of each other's way.
    created = NewIds(
        sorted(row.id for row in _all(INSERT_BLOCKS, calls, answers)),
        sorted(row.id for row in _all(INSERT_RELATIONS, calls, answers)),
    )
    ids = {node.key: node.id for node in nodes}
    return StoredGraph(
        # A block may be named by id and by content: it is one block all the same.
        list({node.id: node.plain() for node in nodes}.values()),
        list({arc.id: arc.plain() for arc in arcs}.values()),
        created,
        {str(local): ids[digest] for local, digest in plan.local_ids.items()},
    )


def _give_missed(
    plan: Plan, nodes: Iterable[WrittenBlock], arcs: Iterable[WrittenRelation]
) -> Iterator[Call]:
    """Yield what gives the rows that were met and not given.

    In PostgreSQL, between two statements of a batch, an item may take one back and bring it anew.
    """
    for node in nodes:
        if not node.is_given and node.key in plan.blocks:
            yield GIVE_BLOCK(digest=node.key)
    for arc in arcs:
        if not arc.is_given:
            yield GIVE_RELATION(from_=arc.from_, to_=arc.to_, content=arc.content)


R = TypeVar("R")


def _all(query: Query[R], calls: Sequence[Call], answers: Sequence[Sequence[Row]]) -> list[R]:
    """Return the records of all calls of one query in a batch."""
    asked = [rows for call, rows in zip(calls, answers, strict=True) if call.statement is query]
    return [record for rows in asked for record in query.records(rows)]
