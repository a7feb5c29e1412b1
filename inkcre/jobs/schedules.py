"""Schedules: when jobs come by themselves, each a row. What is due is found in ``due``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
)

from inkcre.errors import Invalid
from inkcre.jobs.crons import (
    format_every,
    list_runs,
    parse_cron,
    parse_every,
    parse_zone,
)
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import as_rfc3339, last_id, timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.rows import JSON_OR_NOT, Json, Query
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp
from inkcre.sql.values import Form


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

    @property
    def every_seconds(self) -> int | None:
        """How often it is due, as it is kept."""
        return None if self.every is None else int(parse_every(self.every).total_seconds())

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise PydanticCustomError("schedule", "a schedule has either cron or every")
        return self


class CollectAt(Form):
    """When something is due, as the former version wrote it: 0 is Monday; no day is every day."""

    day_of_week: Annotated[int, Field(ge=0, le=6, strict=True)] | None = None
    hour: Annotated[int, Field(ge=0, le=23, strict=True)] = 0
    minute: Annotated[int, Field(ge=0, le=59, strict=True)] = 0

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

    payload: dict[str, Json] = field(metadata=JSON_OR_NOT)
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


def first_run(form: ScheduleForm, now: datetime, timezone: str) -> datetime | None:
    """Return when a new schedule is due first: an interval at once, cron text at its times."""
    if form.cron is None:
        return now
    return next(list_runs(form.cron, now, form.timezone or timezone), None)


def schedule_call(
    source_id: int | None, form: ScheduleForm | None, now: datetime, timezone: str
) -> Call:
    """Return the statement that gives a source its schedule, or takes it from it (None).

    The source None is the one that the statement before has added.
    """
    if form is None:
        return UNSCHEDULE(source=source_id)
    following = first_run(form, now, timezone)
    return UPSERT(
        source=source_id,
        cron=form.cron,
        every_seconds=form.every_seconds,
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
