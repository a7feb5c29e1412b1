"""Copying what items say: which relations are whose, and which of them somebody has deleted.

Behind relations and items. Without it, nothing that a source brought would go in the target.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    insert,
    or_,
    select,
    tuple_,
)

from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Statement
from inkcre.sources.items.revisions import Arc, number_said, read_arcs, sort_arcs
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.transfer.copies.ids import NOBODY, find_block_ids
from inkcre.transfer.copies.items import find_named, rename_arc
from inkcre.transfer.copies.parts import Move, Part, find_rows, pick, read_pages

SAYING_NAMES = ("from_digest", "to_digest", "content", "is_link")

_from = blocks.alias("from_block")
_to = blocks.alias("to_block")


@dataclass(frozen=True)
class _Remembered:
    """A relation that an item says; none: somebody has deleted it."""

    from_digest: str | None
    to_digest: str | None
    content: str | None
    is_link: int


@dataclass(frozen=True)
class _Saying(_Remembered):
    item_id: int
    source_id: int
    key: str
    place: int
    arcs: str


@dataclass(frozen=True)
class _FoundSaying(_Remembered):
    ord: int


_said = (
    _from.c.digest.label("from_digest"),
    _to.c.digest.label("to_digest"),
    relations.c.content,
    sayings.c.is_link,
)

READ_SAYINGS = Query(
    select(
        sayings.c.item_id,
        source_items.c.source_id,
        source_items.c.key,
        sayings.c.place,
        source_items.c.arcs,
        *_said,
    )
    .select_from(
        sayings.join(source_items, source_items.c.id == sayings.c.item_id)
        .outerjoin(relations, relations.c.id == sayings.c.relation_id)
        .outerjoin(_from, _from.c.id == relations.c.from_)
        .outerjoin(_to, _to.c.id == relations.c.to_)
    )
    .where(
        tuple_(sayings.c.item_id, sayings.c.place)
        > tuple_(
            bindparam("after_item_id", type_=BigInteger),
            bindparam("after_place", type_=BigInteger),
        )
    )
    .order_by(sayings.c.item_id, sayings.c.place)
    .limit(bindparam("limit", type_=Integer)),
    _Saying,
)
"""Read a page of what items say, the ends of relations by digest."""

_rows = json_rows(
    "sayings", ord=BigInteger(), source=BigInteger(), key=Text(), digest=Text(), place=BigInteger(),
    from_digest=Text(), to_digest=Text(), content=Text(), is_link=BigInteger(),
)  # fmt: skip
_same = relations.alias("same")
_relation_id = (
    select(_same.c.id)
    .where(_same.c.from_ == _from.c.id, _same.c.to_ == _to.c.id, _same.c.content == _rows.c.content)
    .correlate(_rows, _from, _to)
    .scalar_subquery()
)
ADD_SAYINGS = Statement(
    insert(sayings).from_select(
        ["item_id", "place", "relation_id", "is_link"],
        select(source_items.c.id, _rows.c.place, _relation_id, _rows.c.is_link)
        .select_from(
            _rows.join(
                source_items,
                and_(source_items.c.source_id == _rows.c.source, source_items.c.key == _rows.c.key),
            )
            .outerjoin(_from, _from.c.digest == _rows.c.from_digest)
            .outerjoin(_to, _to.c.digest == _rows.c.to_digest)
        )
        .where(
            or_(_rows.c.content.is_(None), _relation_id.is_not(None)),
            or_(_rows.c.digest.is_(None), _rows.c.digest == source_items.c.digest),
        )
        .order_by(_rows.c.ord)
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)
"""Add what items say, as far as the relations are there: without one, it would be one that somebody
has deleted. Where a row has the ``digest`` of its item, only of one that says the same."""

_keys = json_rows("keys", ord=BigInteger(), source=BigInteger(), key=Text(), place=BigInteger())
FIND_SAYINGS = Query(
    select(_keys.c.ord, *_said).select_from(
        _keys.join(
            source_items,
            and_(source_items.c.source_id == _keys.c.source, source_items.c.key == _keys.c.key),
        )
        .join(
            sayings, and_(sayings.c.item_id == source_items.c.id, sayings.c.place == _keys.c.place)
        )
        .outerjoin(relations, relations.c.id == sayings.c.relation_id)
        .outerjoin(_from, _from.c.id == relations.c.from_)
        .outerjoin(_to, _to.c.id == relations.c.to_)
    ),
    _FoundSaying,
)
"""Read what items say, by item and place."""


def _read_sayings(move: Move) -> Iterator[list[_Saying]]:
    after = {"item_id": 0, "place": 0}
    pages = read_pages(move.source.database, READ_SAYINGS, after)
    return pages if move.keeps_ids else (_renumber(move, page) for page in pages)


def _renumber(move: Move, page: Sequence[_Saying]) -> list[_Saying]:
    """Give relations the places that they have among those of the items as they are copied."""
    arcs = {row.item_id: read_arcs(row.arcs) for row in page}
    ids = find_block_ids(move, {id_ for made in arcs.values() for id_ in find_named(made)})
    places = dict[tuple[int, int], int]()
    for item_id, made in arcs.items():
        if find_named(made):
            now = number_said(sort_arcs(rename_arc(arc, ids) for arc in made))
            for arc, place in number_said(made).items():
                if isinstance(arc, Arc):
                    places[item_id, place] = now[rename_arc(arc, ids)]
    return [replace(row, place=places.get((row.item_id, row.place), row.place)) for row in page]


def _with_sources(move: Move, page: Sequence[_Saying], *names: str) -> list[Mapping[str, object]]:
    rows = zip(page, pick(page, "key", "place", *names), strict=True)
    return [{"source": move.source_ids.get(i.source_id, NOBODY), **row} for i, row in rows]


def _add_sayings(move: Move, page: list[_Saying]) -> int:
    rows = as_parameter(_with_sources(move, page, *SAYING_NAMES))
    [added] = move.target.database.atomic([ADD_SAYINGS(sayings=rows)])
    return count_of(added)


def _find_sayings(move: Move, page: list[_Saying]) -> Mapping[int, _FoundSaying]:
    return find_rows(move.target.database, FIND_SAYINGS, _with_sources(move, page))


def _compare_sayings(_: Move, __: _Saying) -> Sequence[str]:
    return SAYING_NAMES


SAYINGS = Part(
    "sayings",
    _read_sayings,
    _add_sayings,
    _find_sayings,
    _compare_sayings,
    lambda row: f"what item {row.key} of source {row.source_id} says",
)
