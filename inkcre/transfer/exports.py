"""Export: a base as lines of JSON (NDJSON), one star form a line.

It has one line for every block, in the order of ids, then one for every block that relations
leave, with the blocks named by digest. It says nothing of ids, so that it can go into any base, and
it says when rows were made, so that an import keeps that. Importing it into an empty base and
exporting again gives the same bytes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import BigInteger, Integer, bindparam, func, select, tuple_

from inkcre.errors import DatabaseDamaged
from inkcre.graph.digests import block_digest
from inkcre.graph.records import BLOCK_COLUMNS, Block
from inkcre.graph.tables import blocks, relations, source_items
from inkcre.ports.database import Database
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.rows import Query
from inkcre.transfer.losses import Losses, read_around, read_last_ids, require_right

PAGE = 2_000

TEXT = {str}
"""The types of values that are texts: SQLite gives what is there, whatever the column is."""

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
    kept_digest: str


EXPORT_BLOCKS = Query(
    select(*BLOCK_COLUMNS, blocks.c.is_given, blocks.c.digest.label("kept_digest"))
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
    to_: int
    id: int
    from_digest: str
    to_digest: str
    created_at: str
    updated_at: str
    content: str
    is_given: int


_RELATION_COLUMNS = (
    relations.c.from_,
    relations.c.to_,
    relations.c.id,
    _from.c.digest.label("from_digest"),
    _to.c.digest.label("to_digest"),
    as_rfc3339(relations.c.created_at).label("created_at"),
    as_rfc3339(relations.c.updated_at).label("updated_at"),
    relations.c.content,
    relations.c.is_given,
)

EXPORT_RELATIONS = Query(
    select(*_RELATION_COLUMNS)
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

EXPORT_RELATIONS_BY_ID = Query(
    select(*_RELATION_COLUMNS)
    .select_from(
        relations.outerjoin(_from, _from.c.id == relations.c.from_).outerjoin(
            _to, _to.c.id == relations.c.to_
        )
    )
    .where(relations.c.id.between(bindparam("low"), bindparam("high")))
    .order_by(relations.c.id),
    _ExportedRelation,
)
"""Read a range of relations past the index; an end that is not there has no digest."""


def find_extent(database: Database) -> Extent:
    """Look how far a base goes now."""
    try:
        [extent] = SELECT_LAST.read(database)
    except DatabaseDamaged:
        last = read_last_ids(database)
        found = (last.get(each.name, 0) for each in (blocks, relations, source_items))
        return Extent(*found)
    return extent


def export_lines(
    database: Database, extent: Extent | None = None, losses: Losses | None = None
) -> Iterator[bytes]:
    """Yield the base as lines of JSON, each with its line end.

    Blocks that are added meanwhile are left out, with their relations. A block that is edited
    meanwhile may miss its relations when the lines are imported: export a base at rest. What is
    damaged is left out, and ``losses`` is told.
    """
    extent = extent or find_extent(database)
    losses = Losses() if losses is None else losses
    yield from map(_block_line, read_blocks(database, extent.last_block, losses))
    yield from _export_relations(database, extent, losses)


def read_blocks(database: Database, last: int, losses: Losses) -> Iterator[_ExportedBlock]:
    """Yield the blocks up to an id, but for those that are damaged."""

    def read(low: int, high: int) -> Sequence[_ExportedBlock]:
        page = EXPORT_BLOCKS.read(database, after=low - 1, last=high, limit=high - low + 1)
        if low == high:
            losses.digests.update(str(block.kept_digest) for block in page if not _is_right(block))
        _require_blocks(page)
        return page

    after = 0
    while after < last:
        try:
            page = EXPORT_BLOCKS.read(database, after=after, last=last, limit=PAGE)
            if not page:
                return
            _require_blocks(page, after)
            yield from page
            after = page[-1].id
        except DatabaseDamaged:
            until = min(after + PAGE, last)
            yield from read_around(read, after + 1, until, losses.blocks)
            after = until


def _require_blocks(page: Sequence[_ExportedBlock], after: int = 0) -> None:
    require_right(is_right=all(map(_is_right, page)))
    require_right(is_right=not page or page[-1].id > after)


def _is_right(block: _ExportedBlock) -> bool:
    digest = block_digest(block.resolver, block.storage, block.content)
    are_text = {type(block.created_at), type(block.updated_at)} == TEXT
    return are_text and digest == block.kept_digest


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


def _read_relations(
    database: Database, extent: Extent, losses: Losses
) -> Iterator[_ExportedRelation]:
    after_from = after = 0
    try:
        while page := EXPORT_RELATIONS.read(
            database,
            after_from=after_from,
            after=after,
            last=extent.last_block,
            last_relation=extent.last_relation,
            limit=PAGE,
        ):
            _require_relations(page)
            require_right(is_right=(page[-1].from_, page[-1].id) > (after_from, after))
            yield from page
            after_from, after = page[-1].from_, page[-1].id
    except DatabaseDamaged:
        rest = _read_relations_by_id(database, extent, losses)
        yield from (each for each in rest if (each.from_, each.id) > (after_from, after))
        if not losses.relations.ids:
            losses.others.append("relations: their index could not be read; all were read past it")


def _read_relations_by_id(
    database: Database, extent: Extent, losses: Losses
) -> Iterator[_ExportedRelation]:
    def read(low: int, high: int) -> Sequence[_ExportedRelation]:
        page = EXPORT_RELATIONS_BY_ID.read(database, low=low, high=high)
        _require_relations(page)
        return page

    for low in range(1, extent.last_relation + 1, PAGE):
        high = min(low + PAGE - 1, extent.last_relation)
        for each in read_around(read, low, high, losses.relations):
            if max(each.from_, each.to_) <= extent.last_block:
                yield each


def _require_relations(page: Sequence[_ExportedRelation]) -> None:
    require_right(is_right=all(map(_is_whole, page)))


def _is_whole(relation: _ExportedRelation) -> bool:
    ends = relation.from_digest, relation.to_digest
    moments = relation.created_at, relation.updated_at
    return {*map(type, (*ends, *moments, relation.content))} == TEXT


def _export_relations(database: Database, extent: Extent, losses: Losses) -> Iterator[bytes]:
    leaves = _without_lost(_read_relations(database, extent, losses), losses)
    for digest, leaving in groupby(leaves, key=attrgetter("from_digest")):
        yield _line({"block": {"digest": digest}, "out_relations": [_arc(one) for one in leaving]})


def _without_lost(
    found: Iterator[_ExportedRelation], losses: Losses
) -> Iterator[_ExportedRelation]:
    """Leave out those of blocks that are left out."""
    for each in found:
        if losses.blocks.ids and not losses.blocks.ids.isdisjoint((each.from_, each.to_)):
            losses.relations.ids.add(each.id)
        else:
            yield each


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
