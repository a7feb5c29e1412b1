"""What a clock that was ahead has put off: schedules, leases and jobs that wait, set right.

A schedule waits no longer than its own period, and a lease is no longer than the longest there is.
What is beyond that was written by another clock.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import BigInteger, Integer, Text, bindparam, func, or_, select, update

from inkcre.jobs.crons import list_runs
from inkcre.jobs.known_time import FAR, LEEWAY, describe
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Id, Query, count_of
from inkcre.sql.tables import jobs, schedules
from inkcre.sql.timestamps import format_timestamp

logger = logging.getLogger("inkcre.schedules")

LONGEST_LEASE = timedelta(seconds=330)
"""No job is held for longer at once: see the ``LEASE_SECONDS`` of those who hold some."""

LONGEST_PAUSE = timedelta(hours=1)
"""How long jobs wait for their next attempt, unless a server has asked for more."""

AT_ONCE = 500
NAMED = 10
"""How many schedules are named in one line."""


@dataclass(frozen=True)
class _Waiting:
    id: int
    cron: str | None
    every_seconds: int | None
    timezone: str | None
    due: str
    put_right_at: str | None

    def put_right_lately(self, now: datetime, period: timedelta) -> datetime | None:
        """Return when it was put right last, if less than a period ago.

        A job is then not added for a second time: of two clocks that differ one would put it off
        again at each tick, and the other bring its job.
        """
        last = datetime.fromisoformat(self.put_right_at) if self.put_right_at else None
        return last if last is not None and timedelta() <= now - last < period else None


@dataclass(frozen=True, slots=True)
class PutOff:
    """A schedule that waits for longer than its own period."""

    id: int
    due: datetime
    """When it would be due."""

    next: datetime
    """When it should be."""

    is_far: bool
    """Whether it was put off by more than a day, by no chance, and is to bring a job of its own:
    what was done then, before its time, does not count."""


SELECT_LATER = Query(
    select(
        schedules.c.id,
        schedules.c.cron,
        schedules.c.every_seconds,
        schedules.c.timezone,
        as_rfc3339(schedules.c.next_run_at).label("due"),
        as_rfc3339(schedules.c.put_right_at).label("put_right_at"),
    )
    .where(
        schedules.c.next_run_at > timestamp(bindparam("now", type_=Text)),
        schedules.c.id > bindparam("after", type_=BigInteger),
    )
    .order_by(schedules.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _Waiting,
)
"""Read a page of the schedules that are due later than at a moment."""

_moved = json_rows("moved", ord=BigInteger(), id=BigInteger(), due=Text(), next=Text(), at=Text())
PUT_RIGHT = Query(
    update(schedules)
    .where(schedules.c.id == _moved.c.id, schedules.c.next_run_at == timestamp(_moved.c.due))
    .values(
        next_run_at=timestamp(_moved.c.next),
        put_right_at=func.coalesce(timestamp(_moved.c.at), schedules.c.put_right_at),
    )
    .returning(schedules.c.id),
    Id,
)
"""Set when schedules are due, if they are what was read."""

SHORTEN_LEASES = Statement(
    update(jobs)
    .where(
        jobs.c.state == "running",
        jobs.c.claimable_at > timestamp(bindparam("later", type_=Text)),
    )
    .values(claimable_at=timestamp(bindparam("until", type_=Text))),
    counts=True,
)
"""Let leases that are too long be as long as the longest; who holds one extends it."""

_future = timestamp(bindparam("future", type_=Text))
BRING_FORWARD = Statement(
    update(jobs)
    .where(
        jobs.c.state == "pending",
        jobs.c.claimable_at > timestamp(bindparam("later", type_=Text)),
        or_(jobs.c.created_at > _future, jobs.c.started_at > _future),
    )
    .values(claimable_at=timestamp(bindparam("now", type_=Text))),
    counts=True,
)
"""Let jobs begin that somebody has added, or begun, at a time that is yet to come."""


def find_put_off(database: Database, now: datetime, timezone: str) -> Iterator[PutOff]:
    """Yield the schedules that wait for longer than their own period from now.

    Args:
        database: where they are.
        now: the time.
        timezone: of cron text that names none.
    """
    after, later = 0, format_timestamp(now + LEEWAY)
    while True:
        page = SELECT_LATER.read(database, now=later, after=after, limit=AT_ONCE)
        yield from (found for row in page if (found := _judge(row, now, timezone)))
        if len(page) < AT_ONCE:
            return
        after = page[-1].id


def _judge(row: _Waiting, now: datetime, timezone: str) -> PutOff | None:
    if row.every_seconds is not None:
        return _judge_interval(row, now, timedelta(seconds=row.every_seconds))
    try:
        return _judge_cron(row, now, str(row.cron), row.timezone or timezone)
    except (KeyError, ValueError):  # a zone that this machine does not know
        return None


def _judge_interval(row: _Waiting, now: datetime, every: timedelta) -> PutOff | None:
    due = datetime.fromisoformat(row.due)
    if due <= now + every + LEEWAY:
        return None
    if due <= now + every + FAR:
        # At the pace that it has: what was done at one of those moments is not done again.
        steps = (due - now - timedelta.resolution) // every
        return PutOff(row.id, due, due - steps * every, is_far=False)
    last = row.put_right_lately(now, every)
    return PutOff(row.id, due, now if last is None else last + every, is_far=last is None)


def _judge_cron(row: _Waiting, now: datetime, cron: str, timezone: str) -> PutOff | None:
    due = datetime.fromisoformat(row.due)
    # Of clocks that are a little apart one may have done already what is due next.
    runs = list_runs(cron, now + LEEWAY, timezone)
    first = next(runs, None)
    if first is None or due <= first:
        return None
    following = next(list_runs(cron, now, timezone), first)
    is_far = due - first > FAR and row.put_right_lately(now, next(runs, due) - first) is None
    return PutOff(row.id, due, following, is_far=is_far)


def put_right(database: Database, now: datetime, timezone: str, *, jobs: bool) -> int:
    """Set right what another clock has put off, and say so in the log; return how many schedules.

    Args:
        database: where they are.
        now: the time.
        timezone: of cron text that names none.
        jobs: whether leases and jobs that wait are looked at, too: by a clock that may itself be
            the wrong one they are not.
    """
    found = find_put_off(database, now, timezone)
    number = 0
    while page := list(islice(found, AT_ONCE)):
        rows = as_parameter(
            {
                "id": each.id,
                "due": format_timestamp(each.due),
                "next": format_timestamp(each.next),
                "at": format_timestamp(now) if each.is_far else None,
            }
            for each in page
        )
        [moved] = database.atomic([PUT_RIGHT(moved=rows)])
        ids = {row.id for row in PUT_RIGHT.records(moved)}
        number += len(ids)
        if ids:
            said = explain(each for each in page if each.id in ids)
            logger.warning("%s: set right", said)
    if jobs:
        _put_jobs_right(database, now)
    return number


def _put_jobs_right(database: Database, now: datetime) -> None:
    lease = now + LONGEST_LEASE
    leases, waiting = database.atomic(
        [
            SHORTEN_LEASES(later=format_timestamp(lease + LEEWAY), until=format_timestamp(lease)),
            BRING_FORWARD(
                later=format_timestamp(now + LONGEST_PAUSE + LEEWAY),
                future=format_timestamp(now + LEEWAY),
                now=format_timestamp(now),
            ),
        ]
    )
    if count_of(leases) or count_of(waiting):
        logger.warning(
            "%d leases and %d jobs that wait were put off by a clock that was ahead: set right",
            count_of(leases),
            count_of(waiting),
        )


def explain(found: Iterable[PutOff]) -> str:
    """Say in one line which schedules were put off, and how far."""
    every = list(found)
    names = ", ".join(str(each.id) for each in every[:NAMED])
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    longest = describe(max(each.due - each.next for each in every))
    word = "schedules" if len(every) > 1 else "schedule"
    return f"{word} {names}{more}: put off by up to {longest} by a clock that was ahead"
