"""Copying small values, as far as they are kept in the database and their time is not over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    func,
    insert,
    or_,
    select,
    true,
)

from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows
from inkcre.sql.rows import Query, Values, count_of
from inkcre.sql.tables import keyvalues
from inkcre.transfer.copies.parts import Move, Part, find_rows, pick, read_pages

PAGE = 16
"""A value may have two megabytes."""

NAMES = ("key", "value", "expires_at")

BYTES = {"decode": bytes}
"""Metadata of a field whose column a driver may give as a memoryview."""

_is_alive = or_(
    keyvalues.c.expires_at.is_(None), keyvalues.c.expires_at > bindparam("now", type_=BigInteger)
)


@dataclass(frozen=True)
class _Value:
    key: str
    value: bytes = field(metadata=BYTES)
    expires_at: int | None


@dataclass(frozen=True)
class _FoundValue(_Value):
    ord: int


READ_VALUES = Query(
    select(keyvalues.c.key, keyvalues.c.value, keyvalues.c.expires_at)
    .where(keyvalues.c.key > bindparam("after_key", type_=Text), _is_alive)
    .order_by(keyvalues.c.key)
    .limit(bindparam("limit", type_=Integer)),
    _Value,
)
"""Read a page of the values whose time is not over."""

ADD_VALUE = Statement(
    insert(keyvalues).from_select(
        list(NAMES),
        select(
            bindparam("key", type_=Text),
            bindparam("value", type_=LargeBinary),
            bindparam("expires_at", type_=BigInteger),
        )
        .where(true())
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)
"""Add a value unless one has its key. Bytes do not travel in JSON, so it is a row at a time."""

_keys = json_rows("keys", ord=BigInteger(), key=Text())
FIND_VALUES = Query(
    select(_keys.c.ord, keyvalues.c.key, keyvalues.c.value, keyvalues.c.expires_at).select_from(
        _keys.join(keyvalues, keyvalues.c.key == _keys.c.key)
    ),
    _FoundValue,
)
"""Read values by key."""

COUNT_KEPT = Values(
    select(func.count()).select_from(keyvalues).where(keyvalues.c.expires_at.is_(None)), int
)
"""Count the values that are kept until somebody deletes them."""


def _read_values(move: Move) -> Iterator[list[_Value]]:
    now = int(move.source.clock().timestamp() * 1000)
    return read_pages(move.source.database, READ_VALUES, {"key": ""}, limit=PAGE, now=now)


def _add_values(move: Move, page: list[_Value]) -> int:
    calls = [ADD_VALUE(key=row.key, value=row.value, expires_at=row.expires_at) for row in page]
    return sum(map(count_of, move.target.database.atomic(calls)))


def _find_values(move: Move, page: list[_Value]) -> Mapping[int, _FoundValue]:
    return find_rows(move.target.database, FIND_VALUES, pick(page, "key"))


def _compare_values(_: Move, row: _Value) -> Sequence[str]:
    # What expires is a cache: if the target has its own value under the key, that is as good.
    return NAMES if row.expires_at is None else ("key",)


VALUES = Part(
    "values",
    _read_values,
    _add_values,
    _find_values,
    _compare_values,
    lambda row: f"value {row.key}",
)


def count_unseen(move: Move) -> int:
    """Count the values that are kept for good, if the target's profile does not look for them."""
    if move.target.keyvalue.capabilities.is_shared:
        return 0
    return COUNT_KEPT.read_one(move.source.database)
