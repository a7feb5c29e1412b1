"""Copying the names of storages, which blocks refer to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Integer, Text, bindparam, insert, select, true

from inkcre.graph.tables import storages
from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

NAMES = ("name", "nickname", "type")


@dataclass(frozen=True)
class _Storage:
    name: str
    nickname: str | None
    type: str


@dataclass(frozen=True)
class _FoundStorage:
    ord: int
    type: str


READ_STORAGES = Query(
    select(storages.c.name, storages.c.nickname, storages.c.type)
    .where(storages.c.name > bindparam("after_name", type_=Text))
    .order_by(storages.c.name)
    .limit(bindparam("limit", type_=Integer)),
    _Storage,
)
"""Read a page of storages."""

_storages = json_rows("storages", name=Text(), nickname=Text(), type=Text())
ADD_STORAGES = Statement(
    insert(storages).from_select(
        list(NAMES),
        select(_storages.c.name, _storages.c.nickname, _storages.c.type)
        .where(true())
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)
"""Add storages that are not there yet."""

_named = json_rows("keys", ord=BigInteger(), name=Text())
FIND_STORAGES = Query(
    select(_named.c.ord, storages.c.type).select_from(
        _named.join(storages, storages.c.name == _named.c.name)
    ),
    _FoundStorage,
)
"""Read storages by name."""


def _read_storages(move: Move) -> Iterator[list[_Storage]]:
    return read_pages(move.source.database, READ_STORAGES, {"name": ""})


def _add_storages(move: Move, page: list[_Storage]) -> int:
    [added] = move.target.database.atomic([ADD_STORAGES(storages=as_parameter(pick(page, *NAMES)))])
    return count_of(added)


def _find_storages(move: Move, page: list[_Storage]) -> Mapping[int, _FoundStorage]:
    return find_rows(move.target.database, FIND_STORAGES, pick(page, "name"))


STORAGES = Part(
    "storages",
    _read_storages,
    _add_storages,
    _find_storages,
    lambda _, __: ("type",),
    lambda row: f"storage {row.name}",
)
