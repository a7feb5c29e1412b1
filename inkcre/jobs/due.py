"""What is due: schedules whose time has come, and the jobs that they bring.

Any number of processes may look at once: whose change of ``next_run_at`` comes first has the due
time, and its job is added in the same batch.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Integer, Text, bindparam, exists, select, update

from inkcre.errors import Invalid
from inkcre.jobs.crons import next_run
from inkcre.jobs.jobs import serial_key_of
from inkcre.jobs.known_time import keep_call
from inkcre.jobs.new_rows import insert_jobs, pending
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Id, Query
from inkcre.sql.tables import jobs, schedules
from inkcre.sql.timestamps import format_timestamp

logger = logging.getLogger("inkcre.schedules")

AT_ONCE = 500
"""How many due schedules are taken in one batch."""

_now = timestamp(bindparam("now", type_=Text))


@dataclass(frozen=True)
class _DueSchedule:
    id: int
    kind: str
    payload: str
    cron: str | None
    every_seconds: int | None
    timezone: str | None
    due: str
    last_due_at: str | None
    source_id: int | None
    put_right_at: str | None

    def idempotency_key(self) -> str:
        """Return the key that two processes which see it due at once both give its job.

        What a clock far ahead has done before its time keeps nobody from doing it in time.
        """
        key = f"schedule:{self.id}:{self.due}"
        return f"{key}:{self.put_right_at}" if self.put_right_at else key

    def moment(self) -> datetime | None:
        """Return since when it is due; None: what is written there is no moment."""
        try:
            due = datetime.fromisoformat(self.due)
        except (ValueError, TypeError):
            return None
        return due if due.tzinfo else None

    def following(self, now: datetime, timezone: str) -> datetime | None:
        """Return when it is due next; None: never again.

        Raises:
            Invalid: it is in a zone that this machine does not know.
        """
        every = None if self.every_seconds is None else timedelta(seconds=self.every_seconds)
        zone = self.timezone or timezone
        due = self.moment()
        if due is None:
            logger.error("schedule %d: %r is no moment; it is not due any more", self.id, self.due)
            return None
        try:
            return next_run(
                cron=self.cron,
                every=every,
                timezone=zone,
                after=now,
                due=due,
            )
        except (KeyError, ValueError, OSError):  # see crons.parse_zone
            why = f'the time zone "{zone}" is not known here'
            raise Invalid(why, field="timezone") from None


_left = json_rows("left", id=BigInteger())

SELECT_DUE = Query(
    select(
        schedules.c.id,
        schedules.c.kind,
        schedules.c.payload,
        schedules.c.cron,
        schedules.c.every_seconds,
        schedules.c.timezone,
        as_rfc3339(schedules.c.next_run_at).label("due"),
        as_rfc3339(schedules.c.last_due_at).label("last_due_at"),
        schedules.c.source_id,
        as_rfc3339(schedules.c.put_right_at).label("put_right_at"),
    )
    .where(
        schedules.c.next_run_at <= _now,
        schedules.c.next_run_at.is_not(None),
        ~exists().where(_left.c.id == schedules.c.id),
    )
    .order_by(schedules.c.next_run_at, schedules.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _DueSchedule,
)
"""Read the schedules that are due and not left to others, those that have waited longest first."""

_due = json_rows(
    "due", ord=BigInteger(), id=BigInteger(), due=Text(), next=Text(), serial_key=Text(),
    idempotency_key=Text(),
)  # fmt: skip
_waiting = jobs.alias("waiting")
_is_that = (schedules.c.id == _due.c.id) & (schedules.c.next_run_at == timestamp(_due.c.due))

ENQUEUE_DUE = Query(
    insert_jobs(
        pending(
            kind=schedules.c.kind,
            payload=schedules.c.payload,
            run_at=timestamp(_due.c.due),
            serial_key=_due.c.serial_key,
            idempotency_key=_due.c.idempotency_key,
            source_id=schedules.c.source_id,
        )
        .select_from(_due.join(schedules, _is_that))
        .where(
            ~exists().where(
                _waiting.c.serial_key == _due.c.serial_key,
                _waiting.c.claimable_at.is_not(None),
                _waiting.c.state == "pending",
                _waiting.c.attempts == 0,
            )
        )
        .order_by(_due.c.ord)
    ).returning(jobs.c.id),
    Id,
    adds_jobs=True,
)
"""Add the jobs of schedules that are still due when they were seen to be; but none for a source
whose last one still waits for its first attempt: slower than its schedule, it would queue up."""

ADVANCE = Statement(
    update(schedules)
    .where(_is_that)
    .values(next_run_at=timestamp(_due.c.next), last_due_at=timestamp(_due.c.due))
)
"""Set when those schedules are due next."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a look at the schedules found."""

    enqueued: int
    """How many jobs were added."""

    lag_seconds: float
    """How long the one that waited longest had been due; 0 when none was."""

    left: Mapping[int, str] = field(default_factory=dict)
    """Why schedules, by their ids, are left to another version."""


Stranger = Callable[[str, str], str | None]
"""Says why jobs of a kind, with a payload as text, are left to another version; None: none are."""


def know_all(kind: str, payload: str) -> None:
    """Leave nothing to another version."""


def enqueue_due(
    database: Database, now: datetime, timezone: str, *, find_strange: Stranger = know_all
) -> Due:
    """Add a job for each schedule that is due, and set when it is due next.

    A schedule that missed several times gets one job, and a source whose last job still waits
    gets none. Called by any number of processes at once, each due time has one job all the same.
    A schedule that nobody here can make anything of stays due, for those who can.

    Args:
        database: where they are.
        now: the time; one before the last does no harm.
        timezone: of schedules that name none.
        find_strange: what is left to another version.
    """
    enqueued, lag_seconds = 0, 0.0
    left: dict[int, str] = {}
    while True:
        ids = as_parameter({"id": id_} for id_ in left)
        found = SELECT_DUE.read(database, now=format_timestamp(now), limit=AT_ONCE, left=ids)
        taken = _Taken(now, timezone, find_strange)
        own = [each for each in found if taken.take(each)]
        left |= taken.left
        if own:
            lag_seconds = max(lag_seconds, _find_lag(own, now))
            enqueued += _write(database, taken.rows, now)
        if len(found) < AT_ONCE:
            return Due(enqueued, lag_seconds, left)


def find_left(
    database: Database, now: datetime, timezone: str, find_strange: Stranger
) -> Mapping[int, str]:
    """Return why schedules that are due, by their ids, are left to another version; write nothing.

    The arguments are those of ``enqueue_due``. Of very many it looks at those that wait longest.
    """
    taken = _Taken(now, timezone, find_strange)
    for each in SELECT_DUE.read(database, now=format_timestamp(now), limit=AT_ONCE, left="[]"):
        taken.take(each)
    return taken.left


def _find_lag(found: Iterable[_DueSchedule], now: datetime) -> float:
    # Of what has never been due, nobody has waited for anything.
    moments = [each.moment() for each in found if each.last_due_at]
    waited = [now - moment for moment in moments if moment is not None]
    return max(waited, default=timedelta()).total_seconds()


def _write(database: Database, rows: Sequence[dict[str, str | int | None]], now: datetime) -> int:
    due = as_parameter(rows)
    added, *_ = database.atomic(
        # The time rides along: what a tick puts off, a later one can tell.
        [ENQUEUE_DUE(due=due, now=format_timestamp(now)), ADVANCE(due=due), keep_call(now)]
    )
    return len(added)


@dataclass
class _Taken:
    """Of schedules that are due, what is to be written, and those that are left to others."""

    now: datetime
    timezone: str
    find_strange: Stranger
    rows: list[dict[str, str | int | None]] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)

    def take(self, schedule: _DueSchedule) -> bool:
        """Tell whether a schedule is advanced here."""
        why = self.find_strange(schedule.kind, schedule.payload)
        if why is None:
            try:
                self.rows.append(_advance(schedule, self.now, self.timezone))
            except Invalid as error:
                why = error.fact
        if why is not None:
            self.left[schedule.id] = why
        return why is None


def _advance(schedule: _DueSchedule, now: datetime, timezone: str) -> dict[str, str | int | None]:
    following = schedule.following(now, timezone)
    source_id = schedule.source_id
    return {
        "id": schedule.id,
        "due": schedule.due,
        "next": format_timestamp(following) if following else None,
        "serial_key": None if source_id is None else serial_key_of(source_id),
        "idempotency_key": schedule.idempotency_key(),
    }
