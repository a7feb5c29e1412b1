"""Copying sources, their secrets and how far they have come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Integer, Text, bindparam, insert, select, true

from inkcre.graph.tables import sources
from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.transfer.copies.ids import NOBODY, match_sources
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

_after = bindparam("after_id", type_=BigInteger)
_limit = bindparam("limit", type_=Integer)

SOURCE_NAMES = (
    "id", "created_at", "updated_at", "type", "nickname", "config", "collect_at", "state",
)  # fmt: skip
_source_columns = (
    sources.c.id,
    as_rfc3339(sources.c.created_at).label("created_at"),
    as_rfc3339(sources.c.updated_at).label("updated_at"),
    sources.c.type,
    sources.c.nickname,
    sources.c.config,
    sources.c.collect_at,
    sources.c.state,
)


@dataclass(frozen=True)
class _Source:
    id: int
    created_at: str
    updated_at: str
    type: str
    nickname: str | None
    config: str
    collect_at: str | None
    state: str


@dataclass(frozen=True)
class _FoundSource(_Source):
    ord: int


READ_SOURCES = Query(
    select(*_source_columns).where(sources.c.id > _after).order_by(sources.c.id).limit(_limit),
    _Source,
)
"""Read a page of sources, their secrets included."""

_sources = json_rows(
    "sources", ord=BigInteger(), id=BigInteger(), created_at=Text(), updated_at=Text(),
    type=Text(), nickname=Text(), config=Text(), collect_at=Text(), state=Text(),
)  # fmt: skip


def _add_sources_statement(*, keeps_ids: bool) -> Statement:
    names = SOURCE_NAMES if keeps_ids else SOURCE_NAMES[1:]
    values = {
        **{name: _sources.c[name] for name in SOURCE_NAMES},
        "created_at": timestamp(_sources.c.created_at),
        "updated_at": timestamp(_sources.c.updated_at),
    }
    new = select(*(values[name] for name in names)).where(true()).order_by(_sources.c.ord)
    return Statement(
        insert(sources).from_select(list(names), new.suffix_with(ON_CONFLICT_DO_NOTHING)),
        counts=True,
    )


ADD_SOURCES = {kept: _add_sources_statement(keeps_ids=kept) for kept in (True, False)}
"""Add sources, by whether they keep their ids."""

_keys = json_rows("keys", ord=BigInteger(), id=BigInteger())
FIND_SOURCES = Query(
    select(_keys.c.ord, *_source_columns).select_from(
        _keys.join(sources, sources.c.id == _keys.c.id)
    ),
    _FoundSource,
)
"""Read sources by id."""


def _read_sources(move: Move) -> Iterator[list[_Source]]:
    # A copy that was cut off has brought some of them, and no key keeps them from coming twice.
    move.source_ids = match_sources(move.source.database, move.target.database)
    yield from read_pages(move.source.database, READ_SOURCES, {"id": 0})


def _add_sources(move: Move, page: list[_Source]) -> int:
    new = [row for row in page if row.id not in move.source_ids]
    [added] = move.target.database.atomic(
        [ADD_SOURCES[move.keeps_ids](sources=as_parameter(pick(new, *SOURCE_NAMES)))]
    )
    move.source_ids = match_sources(move.source.database, move.target.database)
    return count_of(added)


def _find_sources(move: Move, page: list[_Source]) -> Mapping[int, _FoundSource]:
    keys = [{"id": move.source_ids.get(row.id, NOBODY)} for row in page]
    return find_rows(move.target.database, FIND_SOURCES, keys)


SOURCES = Part(
    "sources",
    _read_sources,
    _add_sources,
    _find_sources,
    lambda move, _: SOURCE_NAMES if move.keeps_ids else SOURCE_NAMES[1:],
    lambda row: f"source {row.id} ({row.type})",
)
