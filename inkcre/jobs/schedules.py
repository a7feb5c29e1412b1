"""Schedules: when jobs come by themselves, each a row.

Any number of processes may look at once: whose change of ``next_run_at`` comes first has the due
time, and its job is added in the same batch.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    update,
)

from inkcre.errors import Invalid
from inkcre.jobs.crons import (
    format_every,
    list_runs,
    next_run,
    parse_cron,
    parse_every,
    parse_zone,
)
from inkcre.jobs.jobs import serial_key_of
from inkcre.jobs.new_rows import insert_jobs, pending
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import as_rfc3339, json_rows, last_id, timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import JSON_TEXT, Id, Json, Query
from inkcre.sql.tables import jobs, schedules
from inkcre.sql.timestamps import format_timestamp
from inkcre.sql.values import Form

logger = logging.getLogger("inkcre.schedules")

AT_ONCE = 500
"""How many due schedules are taken in one batch."""


def _explained(parse: Callable[[str], object]) -> AfterValidator:
    """Make a validator of what raises ``Invalid``."""

    def validate(text: str) -> str:
        try:
            parsed = parse(text)
        except Invalid as error:
            raise PydanticCustomError("schedule", "{why}", {"why": error.fact}) from None
        return parsed if isinstance(parsed, str) else text

    return AfterValidator(validate)


CronText = Annotated[str, Field(max_length=200), _explained(parse_cron)]
Every = Annotated[str, Field(max_length=20), _explained(parse_every)]
Zone = Annotated[str, Field(max_length=64), _explained(parse_zone)]


class ScheduleForm(Form):
    """When something is due: by cron text, or every so often."""

    cron: CronText | None = None
    every: Every | None = None
    timezone: Zone | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise PydanticCustomError("schedule", "a schedule has either cron or every")
        return self


class CollectAt(Form):
    """When something is due, as the former version wrote it: 0 is Monday; no day is every day."""

    day_of_week: Annotated[int, Field(ge=0, le=6)] | None = None
    hour: Annotated[int, Field(ge=0, le=23)] = 0
    minute: Annotated[int, Field(ge=0, le=59)] = 0

    def as_schedule(self) -> ScheduleForm:
        """Tell the same in cron text."""
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        day = "*" if self.day_of_week is None else days[self.day_of_week]
        return ScheduleForm(cron=f"{self.minute} {self.hour} * * {day}")


EVERY = {"decode": format_every}
"""Metadata of a field whose column is an interval in seconds."""


@dataclass(frozen=True)
class Schedule:
    """A schedule as it is kept; its timestamps are RFC 3339, UTC."""

    id: int
    kind: str
    """Of the jobs that it brings."""

    payload: dict[str, Json] = field(metadata=JSON_TEXT)
    cron: str | None
    """Five fields, weekdays as names."""

    every: str | None = field(metadata=EVERY)
    """Such as ``15m``."""

    timezone: str | None
    """None: that of the settings."""

    next_run_at: str | None
    last_due_at: str | None
    source_id: int | None


SCHEDULE_COLUMNS = (
    schedules.c.id,
    schedules.c.kind,
    schedules.c.payload,
    schedules.c.cron,
    schedules.c.every_seconds.label("every"),
    schedules.c.timezone,
    as_rfc3339(schedules.c.next_run_at).label("next_run_at"),
    as_rfc3339(schedules.c.last_due_at).label("last_due_at"),
    schedules.c.source_id,
)
_now = timestamp(bindparam("now", type_=Text))


@dataclass(frozen=True)
class _DueSchedule:
    id: int
    cron: str | None
    every_seconds: int | None
    timezone: str | None
    due: str
    last_due_at: str | None
    source_id: int | None

    def idempotency_key(self) -> str:
        """Return the key that two processes which see it due at once both give its job."""
        return f"schedule:{self.id}:{self.due}"

    def following(self, now: datetime, timezone: str) -> datetime | None:
        """Return when it is due next; None, with a line in the log, if nobody can tell."""
        every = None if self.every_seconds is None else timedelta(seconds=self.every_seconds)
        try:
            return next_run(
                cron=self.cron,
                every=every,
                timezone=self.timezone or timezone,
                after=now,
                due=datetime.fromisoformat(self.due),
            )
        except (KeyError, ValueError) as error:  # a zone that this machine does not know
            logger.error("schedule %d: %s; it is not due any more", self.id, error)  # noqa: TRY400
            return None


SELECT_DUE = Query(
    select(
        schedules.c.id,
        schedules.c.cron,
        schedules.c.every_seconds,
        schedules.c.timezone,
        as_rfc3339(schedules.c.next_run_at).label("due"),
        as_rfc3339(schedules.c.last_due_at).label("last_due_at"),
        schedules.c.source_id,
    )
    .where(schedules.c.next_run_at <= _now, schedules.c.next_run_at.is_not(None))
    .order_by(schedules.c.next_run_at, schedules.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _DueSchedule,
)
"""Read the schedules that are due, those that have waited longest first."""

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

UPSERT = Statement(
    insert(schedules)
    .from_select(
        [
            "created_at", "updated_at", "kind", "payload", "cron", "every_seconds", "timezone",
            "next_run_at", "source_id",
        ],
        select(
            _now, _now, bindparam("kind", "collect", type_=Text),
            bindparam("payload", '{"full":false}', type_=Text),
            bindparam("cron", type_=Text), bindparam("every_seconds", type_=Integer),
            bindparam("timezone", type_=Text), timestamp(bindparam("next", type_=Text)),
            func.coalesce(bindparam("source", type_=BigInteger), last_id()),
        )
        .where(true())
        .suffix_with(
            "ON CONFLICT (source_id) DO UPDATE SET updated_at = excluded.updated_at,"
            " cron = excluded.cron, every_seconds = excluded.every_seconds,"
            " timezone = excluded.timezone, next_run_at = excluded.next_run_at"
        ),
    )
)  # fmt: skip
"""Give a source its schedule, instead of the one that it has; NULL is the source just added."""

UNSCHEDULE = Statement(
    delete(schedules).where(schedules.c.source_id == bindparam("source", type_=BigInteger))
)
"""Take a source's schedule away."""

SELECT_PAGE = Query(
    select(*SCHEDULE_COLUMNS)
    .where(schedules.c.id < bindparam("before", type_=BigInteger))
    .order_by(schedules.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    Schedule,
)
"""Read a page of schedules, newest first."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a look at the schedules found."""

    enqueued: int
    """How many jobs were added."""

    lag_seconds: float
    """How long the one that waited longest had been due; 0 when none was."""


def enqueue_due(database: Database, now: datetime, timezone: str) -> Due:
    """Add a job for each schedule that is due, and set when it is due next.

    A schedule that missed several times gets one job, and a source whose last job still waits
    gets none. Called by any number of processes at once, each due time has one job all the same.

    Args:
        database: where they are.
        now: the time; one before the last does no harm.
        timezone: of schedules that name none.
    """
    enqueued, lag_seconds = 0, 0.0
    while True:
        found = SELECT_DUE.read(database, now=format_timestamp(now), limit=AT_ONCE)
        if not found:
            return Due(enqueued, lag_seconds)
        waited = [now - datetime.fromisoformat(each.due) for each in found if each.last_due_at]
        if waited:  # of what has never been due, nobody has waited for anything
            lag_seconds = max(lag_seconds, max(waited).total_seconds())
        due = as_parameter(_advance(each, now, timezone) for each in found)
        added, _ = database.atomic(
            [ENQUEUE_DUE(due=due, now=format_timestamp(now)), ADVANCE(due=due)]
        )
        enqueued += len(added)
        if len(found) < AT_ONCE:
            return Due(enqueued, lag_seconds)


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


def schedule_call(
    source_id: int | None, form: ScheduleForm | None, now: datetime, timezone: str
) -> Call:
    """Return the statement that gives a source its schedule, or takes it from it (None).

    The source None is the one that the statement before has added.
    """
    if form is None:
        return UNSCHEDULE(source=source_id)
    every = None if form.every is None else parse_every(form.every)
    # An interval begins at once, cron text at its times.
    following: datetime | None = now
    if form.cron is not None:
        following = next(list_runs(form.cron, now, form.timezone or timezone), None)
    return UPSERT(
        source=source_id,
        cron=form.cron,
        every_seconds=None if every is None else int(every.total_seconds()),
        timezone=form.timezone,
        next=following and format_timestamp(following),
        now=format_timestamp(now),
    )


def list_schedules(database: Database, *, limit: int, cursor: str | None = None) -> Page[Schedule]:
    """Read a page of schedules, newest first, and the cursor of the next one.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    return read_page(database, SELECT_PAGE, limit, cursor)
