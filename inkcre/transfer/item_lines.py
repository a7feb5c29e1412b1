"""Items of sources as lines of an export: ``{"item": {…}}``, each with what it says.

They name blocks by digest, relations by both ends and their content, sources by what their lines
call them, and follow all of these. So an item that a source has given is known to be that one in
any base, and a collect there brings nothing twice, and takes back what it should.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AwareDatetime, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import BigInteger, Integer, bindparam, select

from inkcre.errors import DatabaseDamaged
from inkcre.graph.forms import Digest, RelationContent, Text
from inkcre.graph.plans import Reference
from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Database
from inkcre.sources.items.revisions import (
    SELF,
    Arc,
    ItemEnd,
    Link,
    number_said,
    read_arcs,
)
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query
from inkcre.sql.values import Form
from inkcre.transfer.copies.ids import READ_DIGESTS
from inkcre.transfer.copies.items import find_named
from inkcre.transfer.line_forms import write_line
from inkcre.transfer.losses import Losses, read_around, require_right
from inkcre.transfer.source_lines import LineName

PAGE = 500


class NamedBlock(Form):
    """A block, by what it says."""

    digest: Digest


class ArcEnd(Form):
    """What is at an end of an arc: a block around the item's, or another item of its source."""

    digest: Digest | None = None
    by_id: bool = False
    """Whether the item named the block by its id, which is another in each base."""

    key: Text | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.digest is None) == (self.key is None) and not self.by_id:
            raise PydanticCustomError("end", "an end has either digest or key")
        return self


class SaidRelation(Form):
    """The ends of a relation that an item says, where they are not those of the arc."""

    from_: NamedBlock
    to_: NamedBlock


class KeptArc(Form):
    """A relation that an item says; without an end it is its own block that is there."""

    from_: ArcEnd | None = None
    to_: ArcEnd | None = None
    content: RelationContent
    relation: SaidRelation | None = None
    """Null: somebody has deleted it. Absent: it is between the blocks that the arc names."""

    is_said: bool = True
    """Whether it is known which relation it is; a link may not lead anywhere yet."""


class KeptItem(Form):
    """An item as a line has it."""

    source: LineName
    key: Text
    block: NamedBlock | None
    """Null: somebody has deleted it."""

    written: Annotated[str, Field(max_length=64)] | None = None
    """The digest of the block as the item wrote it. Absent: it is that still. Null: others' block,
    which the item named by its id."""

    stamp: Text | None = None
    missing_since: AwareDatetime | None = None
    is_gone: bool = False
    """Whether it says nothing any more, and only remembers the block that others keep."""

    arcs: Annotated[tuple[KeptArc, ...], FailFast()] = ()


class ItemLine(Form):
    """A line of an item."""

    item: KeptItem


@dataclass(frozen=True)
class _ExportedItem:
    id: int
    source_id: int
    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    block_digest: str
    now_digest: str | None
    missing_since: str | None


EXPORT_ITEMS = Query(
    select(
        source_items.c.id,
        source_items.c.source_id,
        source_items.c.key,
        source_items.c.digest,
        source_items.c.stamp,
        source_items.c.arcs,
        source_items.c.block_id,
        source_items.c.block_digest,
        blocks.c.digest.label("now_digest"),
        as_rfc3339(source_items.c.missing_since).label("missing_since"),
    )
    .select_from(source_items.outerjoin(blocks, blocks.c.id == source_items.c.block_id))
    .where(
        source_items.c.id > bindparam("after", type_=BigInteger),
        source_items.c.id <= bindparam("last_item", type_=BigInteger),
    )
    .order_by(source_items.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _ExportedItem,
)
"""Read a page of items, in the order in which they came, and what their blocks are now."""

_from = blocks.alias("from_block")
_to = blocks.alias("to_block")


@dataclass(frozen=True)
class _ExportedSaying:
    item_id: int
    place: int
    relation_id: int | None
    from_digest: str | None
    to_digest: str | None


EXPORT_SAYINGS = Query(
    select(
        sayings.c.item_id,
        sayings.c.place,
        sayings.c.relation_id,
        _from.c.digest.label("from_digest"),
        _to.c.digest.label("to_digest"),
    )
    .select_from(
        sayings.outerjoin(relations, relations.c.id == sayings.c.relation_id)
        .outerjoin(_from, _from.c.id == relations.c.from_)
        .outerjoin(_to, _to.c.id == relations.c.to_)
    )
    .where(
        sayings.c.item_id > bindparam("after", type_=BigInteger),
        sayings.c.item_id <= bindparam("last_item", type_=BigInteger),
    ),
    _ExportedSaying,
)
"""Read which relations the items of a page say, by what their ends are; NULL: deleted."""

Said = Mapping[int, _ExportedSaying]
"""The relations of an item by their places."""


def item_lines(
    database: Database, sources: Mapping[int, str], last_item: int, losses: Losses | None = None
) -> Iterator[bytes]:
    """Yield the items of sources as lines, each with its line end.

    Args:
        database: where they are.
        sources: what lines call their sources, by id; items of others are left out.
        last_item: the last one.
        losses: what of the blocks and relations is not exported: items that say it are left out,
            so that the next collect brings them again. It is told those that are damaged.
    """
    known = Losses() if losses is None else losses

    def read(low: int, high: int) -> list[bytes]:
        return _read_page(database, sources, low - 1, high, known)[0]

    after = 0
    while after < last_item:
        try:
            lines, last = _read_page(database, sources, after, last_item, known)
            require_right(is_right=last is None or last > after)
            yield from lines
            if last is None:
                return
            after = last
        except DatabaseDamaged:
            until = min(after + PAGE, last_item)
            yield from read_around(read, after + 1, until, known.items)
            after = until


def _read_page(
    database: Database, sources: Mapping[int, str], after: int, last_item: int, losses: Losses
) -> tuple[list[bytes], int | None]:
    """Return the lines of a page of items, and the last one's id.

    Raises:
        DatabaseDamaged: one cannot be read, or is not what was written.
    """
    page = EXPORT_ITEMS.read(database, after=after, last_item=last_item, limit=PAGE)
    if not page:
        return [], None
    until = page[-1].id
    said: dict[int, dict[int, _ExportedSaying]] = {}
    for saying in EXPORT_SAYINGS.read(database, after=after, last_item=until):
        said.setdefault(saying.item_id, {})[saying.place] = saying
    arcs = [_read_arcs(item) for item in page]
    named = {id_ for some in arcs for id_ in find_named(some)}
    digests = _read_digests(database, named)
    lines = []
    for item, some in zip(page, arcs, strict=True):
        if item.source_id not in sources:
            continue
        kept = said.get(item.id, {})
        line = _line(sources[item.source_id], item, _write_arcs(item, some, kept, digests))
        if _says_lost(item, kept, line, losses):
            losses.items.ids.add(item.id)
        else:
            lines.append(line)
    return lines, until


def _read_arcs(item: _ExportedItem) -> Sequence[Arc]:
    """Read what an item says.

    Raises:
        DatabaseDamaged: it is not what was written.
    """
    texts = item.key, item.digest, item.arcs, item.block_digest
    require_right(is_right=all(isinstance(text, str) for text in texts))
    try:
        return read_arcs(item.arcs)
    except (ValueError, TypeError, LookupError) as error:
        raise DatabaseDamaged(f"item {item.id}: what it says was never written") from error


def _says_lost(item: _ExportedItem, said: Said, line: bytes, losses: Losses) -> bool:
    if item.block_id in losses.blocks.ids:
        return True
    if any(saying.relation_id in losses.relations.ids for saying in said.values()):
        return True
    return any(digest.encode() in line for digest in losses.digests)


def _read_digests(database: Database, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    keys = as_parameter({"id": id_} for id_ in ids)
    return {block.id: block.digest for block in READ_DIGESTS.read(database, keys=keys)}


def _line(source: str, item: _ExportedItem, arcs: Sequence[Mapping[str, object]]) -> bytes:
    said: dict[str, object] = {"source": source, "key": item.key}
    said["block"] = None if item.now_digest is None else {"digest": item.now_digest}
    if item.block_digest != item.now_digest:
        said["written"] = item.block_digest or None
    if item.stamp is not None:
        said["stamp"] = item.stamp
    if item.missing_since is not None:
        said["missing_since"] = item.missing_since
    if item.digest == "":
        said["is_gone"] = True
    if arcs:
        said["arcs"] = arcs
    return write_line("item", said)


def _write_arcs(
    item: _ExportedItem, arcs: Sequence[Arc], said: Said, digests: Mapping[int, str]
) -> list[Mapping[str, object]]:
    places = number_said(arcs)
    written = []
    for arc in arcs:
        known = Link(arc.content, arc.to_["key"]) if isinstance(arc.to_, dict) else arc
        saying = said.get(places[known])
        from_, to_ = _write_end(arc.from_, digests), _write_end(arc.to_, digests)
        form = {
            **({} if from_ is None else {"from_": from_}),
            **({} if to_ is None else {"to_": to_}),
            "content": arc.content,
        }
        own = item.now_digest
        ends = tuple(own if end is None else end.get("digest") for end in (from_, to_))
        written.append({**form, **_write_relation(saying, ends)})
    # Where blocks are named by id, the order in which they are kept is another in each base.
    return sorted(written, key=json.dumps)


def _write_end(end: Reference | ItemEnd, digests: Mapping[int, str]) -> Mapping[str, object] | None:
    """Write an end of an arc; None: it is the item's own block."""
    if end == SELF:
        return None
    if isinstance(end, int):
        digest = digests.get(end)
        return {**({} if digest is None else {"digest": digest}), "by_id": True}
    return {"digest": end} if isinstance(end, str) else {"key": end["key"]}


def _write_relation(
    saying: _ExportedSaying | None, ends: tuple[object, ...]
) -> Mapping[str, object]:
    if saying is None:
        return {"is_said": False}
    if saying.from_digest is None:
        return {"relation": None}
    if (saying.from_digest, saying.to_digest) == ends:
        return {}
    named = {"from_": saying.from_digest, "to_": saying.to_digest}
    return {"relation": {end: {"digest": digest} for end, digest in named.items()}}
