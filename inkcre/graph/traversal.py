"""Walks: what is around a block, step by step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, select, union

from inkcre.errors import NotFound
from inkcre.graph.records import BLOCK_COLUMNS, Block
from inkcre.graph.relations import RELATION_COLUMNS, Relation
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Database
from inkcre.sql.constructs import json_rows
from inkcre.sql.parameters import read_over
from inkcre.sql.rows import Query

_frontier = json_rows("frontier", id=BigInteger())
_step_limit = bindparam("limit", type_=Integer)


def _step(*ends: ColumnElement[int]) -> Query[Relation]:
    # One branch an end, not OR: PostgreSQL has no index for an OR of two sets.
    branches = [select(*RELATION_COLUMNS).where(end.in_(select(_frontier.c.id))) for end in ends]
    found = union(*branches).subquery("found")
    return Query(select(found).order_by(found.c.id).limit(_step_limit), Relation)


STEPS = {
    "out": _step(relations.c.from_),
    "in": _step(relations.c.to_),
    "both": _step(relations.c.from_, relations.c.to_),
}
"""Read the relations that leave, reach or touch a set of blocks."""

SELECT_BLOCKS_BY_ID = Query(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id.in_(select(_frontier.c.id)))
    .order_by(blocks.c.id),
    Block,
)  # fmt: skip
"""Read a set of blocks."""


def _as_rows(ids: Iterable[int]) -> Iterator[dict[str, int]]:
    return ({"id": id_} for id_ in ids)


@dataclass(frozen=True)
class Neighbourhood:
    """What a walk found, each by its id."""

    blocks: list[Block]
    relations: list[Relation]
    truncated: bool
    """Whether the limit cut the walk."""


def walk_graph(
    database: Database, block_id: int, *, depth: int, direction: str, limit: int
) -> Neighbourhood:
    """Walk from a block along relations, breadth first; each block is visited once.

    Stops at ``depth`` arcs away or when ``limit`` relations were seen, and then says
    ``truncated``. One statement a step and one for the blocks.

    Raises:
        NotFound: the block does not exist.
    """
    found: dict[int, Relation] = {}
    visited = {block_id}
    frontier = [block_id]
    truncated = False
    for _ in range(depth):
        if not frontier or truncated:
            break
        # Those that were found before may come again, from their other end; one more tells whether
        # the limit has cut something.
        room = limit + len(found) + 1
        step = read_over(STEPS[direction], "frontier", _as_rows(frontier), database, limit=room)
        new = {relation.id: relation for relation in step if relation.id not in found}
        truncated = len(found) + len(new) > limit
        frontier = []
        for relation in list(new.values())[: limit - len(found)]:
            found[relation.id] = relation
            for end in (relation.from_, relation.to_):
                if end not in visited:
                    visited.add(end)
                    frontier.append(end)
    seen = list(read_over(SELECT_BLOCKS_BY_ID, "frontier", _as_rows(sorted(visited)), database))
    if not any(block.id == block_id for block in seen):
        raise NotFound(f"block {block_id}: not found")
    return Neighbourhood(seen, [found[key] for key in sorted(found)], truncated)
