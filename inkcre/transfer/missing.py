"""Whether what was imported is there: each batch is looked for after it was committed."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Text, func, select

from inkcre.graph.given_rows import rows_of
from inkcre.graph.graph_rows import COUNT_BLOCKS, COUNT_RELATIONS
from inkcre.graph.long_rows import COUNT_LONG_BLOCK
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Call, Database
from inkcre.sql.constructs import json_rows
from inkcre.sql.rows import Values

_blocks = json_rows("blocks", digest=Text())
COUNT_MISSING_BLOCKS = Values(
    select(func.count())
    .select_from(_blocks.outerjoin(blocks, blocks.c.digest == _blocks.c.digest))
    .where(blocks.c.id.is_(None)),
    int,
)
"""Count which of some blocks are not there."""

_relations = json_rows(
    "relations", from_id=BigInteger(), from_digest=Text(), to_id=BigInteger(), to_digest=Text(),
    content=Text(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
# Each is found by its whole unique key, for the reason that ``inkcre.graph.graphs`` gives.
_wanted = (
    select(
        func.coalesce(_relations.c.from_id, _from.c.id).label("from_"),
        func.coalesce(_relations.c.to_id, _to.c.id).label("to_"),
        _relations.c.content,
    )
    .select_from(
        _relations.outerjoin(_from, _from.c.digest == _relations.c.from_digest).outerjoin(
            _to, _to.c.digest == _relations.c.to_digest
        )
    )
    .cte("wanted")
    .prefix_with("MATERIALIZED")
)
_found_id = (
    select(relations.c.id)
    .where(
        relations.c.from_ == _wanted.c.from_,
        relations.c.to_ == _wanted.c.to_,
        relations.c.content == _wanted.c.content,
    )
    .correlate(_wanted)
    .scalar_subquery()
)
COUNT_MISSING_RELATIONS = Values(
    select(func.count() - func.count(_found_id)).select_from(_wanted), int
)
"""Count which of some relations are not there."""


def count_missing(database: Database, calls: Iterable[Call]) -> int:
    """Count what calls of an import should have written, and is not there.

    ``calls`` are those of ``graph_rows.write_calls``; their parameters name the rows.
    """
    missing = 0
    for call in calls:
        if call.statement in (COUNT_BLOCKS, COUNT_LONG_BLOCK):
            missing += COUNT_MISSING_BLOCKS.read_one(database, blocks=rows_of(call))
        elif call.statement is COUNT_RELATIONS:
            asked = call.parameters["relations"]
            missing += COUNT_MISSING_RELATIONS.read_one(database, relations=asked)
    return missing
