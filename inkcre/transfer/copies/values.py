"""Copying small values, as far as they are kept in the database and their time is not over."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

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

from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import IGNORE_TWINS, json_rows
from inkcre.sql.tables import keyvalues
from inkcre.transfer.copies.parts import CopiedRow, Move, Part, find_rows, pick, read_pages

PAGE = 16
"""A value may have two megabytes."""

NAMES = ("key", "value", "expires_at")

_is_alive = or_(
    keyvalues.c.expires_at.is_(None), keyvalues.c.expires_at > bindparam("now", type_=BigInteger)
)
READ_VALUES = Statement(
    select(keyvalues.c.key, keyvalues.c.value, keyvalues.c.expires_at)
    .where(keyvalues.c.key > bindparam("after_key", type_=Text), _is_alive)
    .order_by(keyvalues.c.key)
    .limit(bindparam("limit", type_=Integer))
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
        .suffix_with(IGNORE_TWINS),
    ),
    counts=True,
)
"""Add a value unless one has its key. Bytes do not travel in JSON, so it is a row at a time."""

_keys = json_rows("keys", ord=BigInteger(), key=Text())
FIND_VALUES = Statement(
    select(_keys.c.ord, keyvalues.c.key, keyvalues.c.value, keyvalues.c.expires_at).select_from(
        _keys.join(keyvalues, keyvalues.c.key == _keys.c.key)
    )
)
"""Read values by key."""

COUNT_KEPT = Statement(
    select(func.count()).select_from(keyvalues).where(keyvalues.c.expires_at.is_(None))
)
"""Count the values that are kept until somebody deletes them."""


def _read_values(move: Move) -> Iterator[list[CopiedRow]]:
    now = int(move.source.clock().timestamp() * 1000)
    return _read_alive(move.source.database, now)


def _read_alive(database: Database, now: int) -> Iterator[list[CopiedRow]]:
    statement = partial(READ_VALUES, now=now)
    for page in read_pages(database, statement, NAMES, {"key": ""}, limit=PAGE):
        yield [{**row, "value": bytes(row["value"])} for row in page]


def _add_values(move: Move, page: list[CopiedRow]) -> int:
    results = move.target.database.atomic([ADD_VALUE(**row) for row in page])
    return sum(int(rows[0][0]) for rows in results)


def _find_values(move: Move, page: list[CopiedRow]) -> Mapping[int, CopiedRow]:
    found = find_rows(move.target.database, FIND_VALUES, NAMES, pick(page, "key"))
    for row in found.values():
        row["value"] = bytes(row["value"])
    return found


def _compare_values(_: Move, row: CopiedRow) -> Sequence[str]:
    # What expires is a cache: if the target has its own value under the key, that is as good.
    return NAMES if row["expires_at"] is None else ("key",)


VALUES = Part(
    "values",
    _read_values,
    _add_values,
    _find_values,
    _compare_values,
    lambda row: f"value {row['key']}",
)


def count_unseen(move: Move) -> int:
    """Count the values that are kept for good, if the target's profile does not look for them."""
    if move.target.keyvalue.capabilities.is_shared:
        return 0
    ((kept,),) = move.source.database.read(COUNT_KEPT())
    return int(kept)
