"""Export: a base as lines of JSON (NDJSON), one star form a line.

It has one line for every block, in the order of ids, then one for every block that relations
leave, with the blocks named by digest. It says nothing of ids, so that it can go into any base, and
it says when rows were made, so that an import keeps that. Importing it into an empty base and
exporting again gives the same bytes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter

from sqlalchemy import BigInteger, Integer, bindparam, func, select, tuple_

from inkcre.graph.records import BLOCK_COLUMNS, Block
from inkcre.graph.tables import blocks, relations, source_items
from inkcre.ports.database import Database
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.rows import Query

PAGE = 2_000

_last = bindparam("last", type_=BigInteger)


@dataclass(frozen=True)
class Extent:
    """How far a base goes that is exported: what is added meanwhile lies behind it."""

    last_block: int
    last_relation: int
    last_item: int


SELECT_LAST = Query(
    select(
        select(func.coalesce(func.max(blocks.c.id), 0)).scalar_subquery().label("last_block"),
        select(func.coalesce(func.max(relations.c.id), 0)).scalar_subquery().label("last_relation"),
        select(func.coalesce(func.max(source_items.c.id), 0)).scalar_subquery().label("last_item"),
    ),
    Extent,
)
"""Read the last ids that were given."""


@dataclass(frozen=True)
class _ExportedBlock(Block):
    is_given: int


EXPORT_BLOCKS = Query(
    select(*BLOCK_COLUMNS, blocks.c.is_given)
    .where(blocks.c.id > bindparam("after", type_=BigInteger), blocks.c.id <= _last)
    .order_by(blocks.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _ExportedBlock,
)
"""Read a page of blocks in the order of ids."""

_from = blocks.alias("from_block")

_to = blocks.alias("to_block")


@dataclass(frozen=True)
class _ExportedRelation:
    from_: int
    id: int
    from_digest: str
    to_digest: str
    created_at: str
    updated_at: str
    content: str
    is_given: int


EXPORT_RELATIONS = Query(
    select(
        relations.c.from_,
        relations.c.id,
        _from.c.digest.label("from_digest"),
        _to.c.digest.label("to_digest"),
        as_rfc3339(relations.c.created_at).label("created_at"),
        as_rfc3339(relations.c.updated_at).label("updated_at"),
        relations.c.content,
        relations.c.is_given,
    )
    .select_from(
        relations.join(_from, _from.c.id == relations.c.from_).join(
            _to, _to.c.id == relations.c.to_
        )
    )
    .where(
        # A comparison of rows: both databases go on in an index of the two columns by it.
        tuple_(relations.c.from_, relations.c.id)
        > tuple_(bindparam("after_from", type_=BigInteger), bindparam("after", type_=BigInteger)),
        relations.c.from_ <= _last,
        # Both ends: a relation of an old block may lead to one that was added meanwhile.
        relations.c.to_ <= _last,
        relations.c.id <= bindparam("last_relation", type_=BigInteger),
    )
    .order_by(relations.c.from_, relations.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _ExportedRelation,
)
"""Read a page of relations by the block that they leave."""


def find_extent(database: Database) -> Extent:
    """Look how far a base goes now."""
    [extent] = SELECT_LAST.read(database)
    return extent


def export_lines(database: Database, extent: Extent | None = None) -> Iterator[bytes]:
    """Yield the base as lines of JSON, each with its line end.

    Blocks that are added meanwhile are left out, with their relations. A block that is edited
    meanwhile may miss its relations when the lines are imported: export a base at rest.
    """
    extent = extent or find_extent(database)
    after = 0
    while page := EXPORT_BLOCKS.read(database, after=after, last=extent.last_block, limit=PAGE):
        yield from map(_block_line, page)
        after = page[-1].id
    yield from _export_relations(database, extent)


def _block_line(block: _ExportedBlock) -> bytes:
    return _line(
        {
            "block": {
                "resolver": block.resolver,
                **({"storage": block.storage} if block.storage is not None else {}),
                "content": block.content,
                "created_at": block.created_at,
                "updated_at": block.updated_at,
                **({} if block.is_given else {"is_given": False}),
            }
        }
    )


def _relation_pages(database: Database, extent: Extent) -> Iterator[list[_ExportedRelation]]:
    after_from = after = 0
    while page := EXPORT_RELATIONS.read(
        database,
        after_from=after_from,
        after=after,
        last=extent.last_block,
        last_relation=extent.last_relation,
        limit=PAGE,
    ):
        yield page
        after_from, after = page[-1].from_, page[-1].id


def _export_relations(database: Database, extent: Extent) -> Iterator[bytes]:
    leaves = chain.from_iterable(_relation_pages(database, extent))
    for digest, leaving in groupby(leaves, key=attrgetter("from_digest")):
        yield _line({"block": {"digest": digest}, "out_relations": [_arc(one) for one in leaving]})


def _arc(relation: _ExportedRelation) -> dict[str, object]:
    return {
        "relation": {
            "content": relation.content,
            "created_at": relation.created_at,
            "updated_at": relation.updated_at,
            **({} if relation.is_given else {"is_given": False}),
        },
        "to_block": {"block": {"digest": relation.to_digest}},
    }


def _line(star: dict[str, object]) -> bytes:
    return json.dumps(star, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
