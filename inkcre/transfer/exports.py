"""Export: a base as lines of JSON (NDJSON), one star form a line.

It has one line for every block, in the order of ids, then one for every block that relations
leave, with the blocks named by digest. It says nothing of ids, so that it can go into any base, and
it says when rows were made, so that an import keeps that. Importing it into an empty base and
exporting again gives the same bytes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, func, select, tuple_

from inkcre.graph.blocks import BLOCK_COLUMNS
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Database, Row, Statement
from inkcre.sql.constructs import shown

PAGE = 2_000

_last = bindparam("last", type_=BigInteger)

SELECT_LAST = Statement(
    select(
        select(func.max(blocks.c.id)).scalar_subquery(),
        select(func.max(relations.c.id)).scalar_subquery(),
    )
)
"""Read the last block's id and the last relation's."""

EXPORT_BLOCKS = Statement(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id > bindparam("after", type_=BigInteger), blocks.c.id <= _last)
    .order_by(blocks.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of blocks in the order of ids."""

_from = blocks.alias("from_block")

_to = blocks.alias("to_block")

EXPORT_RELATIONS = Statement(
    select(
        relations.c.from_,
        relations.c.id,
        _from.c.digest,
        _to.c.digest,
        shown(relations.c.created_at),
        shown(relations.c.updated_at),
        relations.c.content,
    )
    .select_from(
        relations.join(_from, _from.c.id == relations.c.from_).join(
            _to, _to.c.id == relations.c.to_
        )
    )
    .where(
        tuple_(relations.c.from_, relations.c.id)
        > tuple_(bindparam("after_from", type_=BigInteger), bindparam("after", type_=BigInteger)),
        relations.c.from_ <= _last,
        relations.c.to_ <= _last,
        relations.c.id <= bindparam("last_relation", type_=BigInteger),
    )
    .order_by(relations.c.from_, relations.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of relations by the block that they leave."""


@dataclass(frozen=True)
class Extent:
    """How far a base goes that is exported: what is added meanwhile lies behind it."""

    last_block: int
    last_relation: int


def find_extent(database: Database) -> Extent:
    """Look how far a base goes now."""
    ((last_block, last_relation),) = database.read(SELECT_LAST())
    return Extent(last_block or 0, last_relation or 0)


def export_lines(database: Database, extent: Extent | None = None) -> Iterator[bytes]:
    """Yield the base as lines of JSON, each with its line end.

    Blocks that are added meanwhile are left out, with their relations. A block that is edited
    meanwhile may miss its relations when the lines are imported: export a base at rest.
    """
    extent = extent or find_extent(database)
    after = 0
    while rows := database.read(EXPORT_BLOCKS(after=after, last=extent.last_block, limit=PAGE)):
        yield from map(_block_line, rows)
        after = rows[-1][0]
    yield from _export_relations(database, extent)


def _block_line(row: Row) -> bytes:
    _, created_at, updated_at, storage, resolver, content = row
    return _line(
        {
            "block": {
                "resolver": resolver,
                **({"storage": storage} if storage is not None else {}),
                "content": content,
                "created_at": created_at,
                "updated_at": updated_at,
            }
        }
    )


def _relation_pages(database: Database, extent: Extent) -> Iterator[list[Row]]:
    after_from = after = 0
    while rows := database.read(
        EXPORT_RELATIONS(
            after_from=after_from,
            after=after,
            last=extent.last_block,
            last_relation=extent.last_relation,
            limit=PAGE,
        )
    ):
        yield rows
        after_from, after = rows[-1][0], rows[-1][1]


def _export_relations(database: Database, extent: Extent) -> Iterator[bytes]:
    star: dict[str, Any] | None = None
    for rows in _relation_pages(database, extent):
        for _, _, from_digest, to_digest, created_at, updated_at, content in rows:
            if star is None or star["block"]["digest"] != from_digest:
                if star:
                    yield _line(star)
                star = {"block": {"digest": from_digest}, "out_relations": []}
            said = {"content": content, "created_at": created_at, "updated_at": updated_at}
            star["out_relations"].append(
                {"relation": said, "to_block": {"block": {"digest": to_digest}}}
            )
    if star:
        yield _line(star)


def _line(star: dict[str, Any]) -> bytes:
    return json.dumps(star, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
