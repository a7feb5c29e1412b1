"""Copying the schedules of sources with their next times; housekeeping each base has itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, exists, insert, or_, select

from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.sql.tables import schedules
from inkcre.transfer.copies.ids import NOBODY
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

SCHEDULE_NAMES = (
    "created_at", "updated_at", "kind", "payload", "cron", "every_seconds", "timezone",
    "next_run_at", "last_due_at",
)  # fmt: skip
_schedule_columns = (
    as_rfc3339(schedules.c.created_at).label("created_at"),
    as_rfc3339(schedules.c.updated_at).label("updated_at"),
    schedules.c.kind,
    schedules.c.payload,
    schedules.c.cron,
    schedules.c.every_seconds,
    schedules.c.timezone,
    as_rfc3339(schedules.c.next_run_at).label("next_run_at"),
    as_rfc3339(schedules.c.last_due_at).label("last_due_at"),
)


@dataclass(frozen=True)
class _Times:
    """A schedule without what it is of."""

    created_at: str
    updated_at: str
    kind: str
    payload: str
    cron: str | None
    every_seconds: int | None
    timezone: str | None
    next_run_at: str | None
    last_due_at: str | None


@dataclass(frozen=True)
class _Schedule(_Times):
    id: int
    source_id: int | None

    def source(self, move: Move) -> int | None:
        """Return what its source is called in the target; None: it is of none."""
        return None if self.source_id is None else move.source_ids.get(self.source_id, NOBODY)


@dataclass(frozen=True)
class _FoundSchedule(_Times):
    ord: int


READ_SCHEDULES = Query(
    select(schedules.c.id, schedules.c.source_id, *_schedule_columns)
    .where(schedules.c.id > bindparam("after_id", type_=BigInteger))
    .order_by(schedules.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _Schedule,
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
"""Whether the housekeeping has such a schedule: those of sources are unique by their source."""

ADD_SCHEDULES = Statement(
    insert(schedules).from_select(
        [*SCHEDULE_NAMES, "source_id"],
        select(
            timestamp(_schedules.c.created_at),
            timestamp(_schedules.c.updated_at),
            _schedules.c.kind,
            _schedules.c.payload,
            _schedules.c.cron,
            _schedules.c.every_seconds,
            _schedules.c.timezone,
            timestamp(_schedules.c.next_run_at),
            timestamp(_schedules.c.last_due_at),
            _schedules.c.source,
        )
        .where(or_(_schedules.c.source.is_not(None), ~_is_there))
        .order_by(_schedules.c.ord)
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)
"""Add schedules: one for a source that has none, and of the housekeeping one of each kind."""

_schedule_keys = json_rows(
    "keys", ord=BigInteger(), source=BigInteger(), kind=Text(), payload=Text()
)
FIND_SCHEDULES = Query(
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
    ),
    _FoundSchedule,
)
"""Read the schedules of sources, and those of the housekeeping by kind."""


def _read_schedules(move: Move) -> Iterator[list[_Schedule]]:
    return read_pages(move.source.database, READ_SCHEDULES, {"id": 0})


def _with_sources(move: Move, page: Sequence[_Schedule], *names: str) -> list[Mapping[str, object]]:
    rows = zip(page, pick(page, *names), strict=True)
    return [{"source": schedule.source(move), **row} for schedule, row in rows]


def _add_schedules(move: Move, page: list[_Schedule]) -> int:
    known = [row for row in page if row.source(move) != NOBODY]
    rows = as_parameter(_with_sources(move, known, *SCHEDULE_NAMES))
    [added] = move.target.database.atomic([ADD_SCHEDULES(schedules=rows)])
    return count_of(added)


def _find_schedules(move: Move, page: list[_Schedule]) -> Mapping[int, _FoundSchedule]:
    keys = _with_sources(move, page, "kind", "payload")
    return find_rows(move.target.database, FIND_SCHEDULES, keys)


def _compare_schedules(_: Move, row: _Schedule) -> Sequence[str]:
    # Each base has its own housekeeping, and its own times for it.
    return ("kind", "payload") if row.source_id is None else SCHEDULE_NAMES


SCHEDULES = Part(
    "schedules",
    _read_schedules,
    _add_schedules,
    _find_schedules,
    _compare_schedules,
    lambda row: f"schedule {row.id}",
)
