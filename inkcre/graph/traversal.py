"""Walks: what is around a block, step by step."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, select, union

from inkcre.errors import NotFound
from inkcre.graph.blocks import BLOCK_COLUMNS, block_from_row
from inkcre.graph.relations import RELATION_COLUMNS, relation_from_row
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import json_rows

_frontier = json_rows("frontier", id=BigInteger())
_step_limit = bindparam("limit", type_=Integer)


def _step(*ends: ColumnElement[Any]) -> Statement:
    # One branch an end, not OR: PostgreSQL has no index for an OR of two sets.
    branches = [select(*RELATION_COLUMNS).where(end.in_(select(_frontier.c.id))) for end in ends]
    found = union(*branches).subquery("found")
    return Statement(select(found).order_by(found.c.id).limit(_step_limit))


STEPS = {
    "out": _step(relations.c.from_),
    "in": _step(relations.c.to_),
    "both": _step(relations.c.from_, relations.c.to_),
}
"""Read the relations that leave, reach or touch a set of blocks."""

SELECT_BLOCKS_BY_ID = Statement(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id.in_(select(_frontier.c.id)))
    .order_by(blocks.c.id)
)  # fmt: skip
"""Read a set of blocks."""


def walk_graph(
    database: Database, block_id: int, *, depth: int, direction: str, limit: int
) -> dict[str, Any]:
    """Walk from a block along relations, breadth first; each block is visited once.

    Stops at ``depth`` arcs away or when ``limit`` relations were seen, and then says
    ``truncated``. One statement a step and one for the blocks.

    Raises:
        NotFound: the block does not exist.
    """
    found: dict[int, dict[str, Any]] = {}
    visited = {block_id}
    frontier = [block_id]
    truncated = False
    for _ in range(depth):
        if not frontier or truncated:
            break
        room = limit + len(found) + 1
        rows = database.read(STEPS[direction](frontier=_ids_json(frontier), limit=room))
        frontier = []
        for relation in map(relation_from_row, rows):
            if relation["id"] in found:
                continue
            if len(found) >= limit:
                truncated = True
                break
            found[relation["id"]] = relation
            for end in (relation["from_"], relation["to_"]):
                if end not in visited:
                    visited.add(end)
                    frontier.append(end)
    seen = database.read(SELECT_BLOCKS_BY_ID(frontier=_ids_json(sorted(visited))))
    if not any(row[0] == block_id for row in seen):
        raise NotFound(f"block {block_id}: not found")
    return {
        "blocks": [block_from_row(row) for row in seen],
        "relations": [found[key] for key in sorted(found)],
        "truncated": truncated,
    }


def _ids_json(ids: Iterable[int]) -> str:
    return json.dumps([{"id": id_} for id_ in ids], separators=(",", ":"))
