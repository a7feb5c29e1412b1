"""Copying the schedules of sources with their next times; housekeeping each base has itself."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, exists, insert, or_, select

from inkcre.ports.database import Statement
from inkcre.sql.constructs import IGNORE_TWINS, json_rows, moment, shown
from inkcre.sql.tables import schedules
from inkcre.transfer.copies.ids import NOBODY
from inkcre.transfer.copies.parts import (
    CopiedRow,
    Move,
    Part,
    as_rows,
    find_rows,
    pick,
    read_pages,
)

SCHEDULE_NAMES = (
    "created_at", "updated_at", "kind", "payload", "cron", "every_seconds", "timezone",
    "next_run_at", "last_due_at",
)  # fmt: skip
_schedule_columns = (
    shown(schedules.c.created_at),
    shown(schedules.c.updated_at),
    schedules.c.kind,
    schedules.c.payload,
    schedules.c.cron,
    schedules.c.every_seconds,
    schedules.c.timezone,
    shown(schedules.c.next_run_at),
    shown(schedules.c.last_due_at),
)
READ_SCHEDULES = Statement(
    select(schedules.c.id, schedules.c.source_id, *_schedule_columns)
    .where(schedules.c.id > bindparam("after_id", type_=BigInteger))
    .order_by(schedules.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of schedules."""

_schedules = json_rows(
    "schedules", ord=BigInteger(), source=BigInteger(), created_at=Text(), updated_at=Text(),
    kind=Text(), payload=Text(), cron=Text(), every_seconds=BigInteger(), timezone=Text(),
    next_run_at=Text(), last_due_at=Text(),
)  # fmt: skip
_is_there = exists().where(
    schedules.c.source_id.is_(None),
    schedules.c.kind == _schedules.c.kind,
    schedules.c.payload == _schedules.c.payload,
)
ADD_SCHEDULES = Statement(
    insert(schedules).from_select(
        [*SCHEDULE_NAMES, "source_id"],
        select(
            moment(_schedules.c.created_at),
            moment(_schedules.c.updated_at),
            _schedules.c.kind,
            _schedules.c.payload,
            _schedules.c.cron,
            _schedules.c.every_seconds,
            _schedules.c.timezone,
            moment(_schedules.c.next_run_at),
            moment(_schedules.c.last_due_at),
            _schedules.c.source,
        )
        .where(or_(_schedules.c.source.is_not(None), ~_is_there))
        .order_by(_schedules.c.ord)
        .suffix_with(IGNORE_TWINS),
    ),
    counts=True,
)
"""Add schedules: one for a source that has none, and of the housekeeping one of each kind."""

_schedule_keys = json_rows(
    "keys", ord=BigInteger(), source=BigInteger(), kind=Text(), payload=Text()
)
FIND_SCHEDULES = Statement(
    select(_schedule_keys.c.ord, *_schedule_columns).select_from(
        _schedule_keys.join(
            schedules,
            or_(
                schedules.c.source_id == _schedule_keys.c.source,
                and_(
                    schedules.c.source_id.is_(None),
                    _schedule_keys.c.source.is_(None),
                    schedules.c.kind == _schedule_keys.c.kind,
                    schedules.c.payload == _schedule_keys.c.payload,
                ),
            ),
        )
    )
)
"""Read the schedules of sources, and those of the housekeeping by kind."""


def _read_schedules(move: Move) -> Iterator[list[CopiedRow]]:
    names = ("id", "source_id", *SCHEDULE_NAMES)
    for page in read_pages(move.source.database, READ_SCHEDULES, names, {"id": 0}):
        yield [{**row, "source": _there(move, row["source_id"])} for row in page]


def _there(move: Move, source_id: int | None) -> int | None:
    return None if source_id is None else move.source_ids.get(source_id, NOBODY)


def _add_schedules(move: Move, page: list[CopiedRow]) -> int:
    known = pick([row for row in page if row["source"] != NOBODY], "source", *SCHEDULE_NAMES)
    [[(added,)]] = move.target.database.atomic([ADD_SCHEDULES(schedules=as_rows(known))])
    return int(added)


def _find_schedules(move: Move, page: list[CopiedRow]) -> Mapping[int, CopiedRow]:
    keys = pick(page, "source", "kind", "payload")
    return find_rows(move.target.database, FIND_SCHEDULES, SCHEDULE_NAMES, keys)


def _compare_schedules(_: Move, row: CopiedRow) -> Sequence[str]:
    # Each base has its own housekeeping, and its own times for it.
    return ("kind", "payload") if row["source"] is None else SCHEDULE_NAMES


SCHEDULES = Part(
    "schedules",
    _read_schedules,
    _add_schedules,
    _find_schedules,
    _compare_schedules,
    lambda row: f"schedule {row['id']}",
)
