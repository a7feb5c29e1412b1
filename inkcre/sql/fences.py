"""Fences: what stands in front of a batch that is only right for a row as somebody has seen it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, null, update

from inkcre.errors import MissingReference, Unavailable
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import DeclaredTable

T = TypeVar("T")

ATTEMPTS = 8
"""How often a write is tried that somebody else comes before."""


def fence(of: DeclaredTable, *is_as_seen: ColumnElement[bool]) -> Statement:
    """Return the statement that breaks NOT NULL, and so the batch, unless a row is as it was seen.

    The batch is refused as ``MissingReference`` then. It takes ``id``, and what the conditions
    take; the row is locked. Where there is no row it does nothing, which the rest finds out.

    Args:
        of: the row's table, with ``id`` and ``updated_at``.
        is_as_seen: the conditions.
    """
    kept = case((and_(*is_as_seen), of.c.updated_at), else_=null())
    # updated_at: no index has it, so that a row which stays as it is costs none of them anything.
    return Statement(
        update(of).where(of.c.id == bindparam("id", type_=BigInteger)).values(updated_at=kept)
    )


def write_if(
    database: Database,
    calls: Sequence[Call],
    *,
    thing: str,
    read: Callable[[], T],
    expected: Callable[[T], None],
    fence_of: Callable[[T], Call],
) -> list[list[Row]]:
    """Run statements in one batch, if a thing is what somebody has seen; give each one's rows.

    Between the look and the write nobody comes: the batch is fenced, and tried again with what the
    thing has become.

    Args:
        database: where it is.
        calls: the statements; none of them may break a key, or it is taken for the fence.
        thing: what it is called.
        read: reads it, and raises if it is not there.
        expected: raises unless it is what was seen.
        fence_of: returns the fence around what was read.

    Raises:
        PreconditionFailed: ``expected`` raised it; nothing was written.
        Unavailable: somebody else keeps changing it.
    """
    for _ in range(ATTEMPTS):
        seen = read()
        expected(seen)
        with suppress(MissingReference):
            return database.atomic([fence_of(seen), *calls])[1:]
    raise Unavailable(f"{thing}: somebody else keeps changing it")
