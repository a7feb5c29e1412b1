"""Sources as rows, each with its schedule: what one is, and whether it is that still."""

from dataclasses import dataclass, field

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from inkcre.graph.tables import source_items, sources
from inkcre.jobs.schedules import EVERY, SCHEDULE_COLUMNS, Schedule
from inkcre.ports.database import Call
from inkcre.sources.left_out import read_left_out
from inkcre.sql.constructs import RowSource, as_rfc3339, timestamp
from inkcre.sql.fences import fence
from inkcre.sql.rows import JSON_TEXT, OBJECT_OR_NOT, Json, Query
from inkcre.sql.tables import schedules


@dataclass(frozen=True)
class Source:
    """A source as it is kept, its secrets included; its timestamps are RFC 3339, UTC."""

    id: int
    created_at: str
    updated_at: str
    type: str
    nickname: str | None
    config: dict[str, Json]
    collect_at: dict[str, Json] | None
    """Its schedule in the former shape."""

    state: dict[str, Json]
    """How far it has come."""

    schedule: Schedule | None
    missing: int
    """How many items its last collect has not given, and which are kept."""

    missing_since: str | None
    """Since when the first of them is missing."""

    left_out: dict[str, int]
    """How much its last collect could not take, by reason."""


@dataclass(frozen=True)
class ScheduledSource:
    """A source and, unless ``schedule_id`` is None, the columns of its schedule."""

    id: int
    created_at: str
    updated_at: str
    type: str
    nickname: str | None
    config: dict[str, Json] = field(metadata=JSON_TEXT)
    collect_at: dict[str, Json] | None = field(metadata=JSON_TEXT)
    state: dict[str, Json] = field(metadata=JSON_TEXT)
    missing: int
    missing_since: str | None
    schedule_id: int | None
    kind: str
    payload: dict[str, Json] = field(metadata=JSON_TEXT)
    cron: str | None
    every: str | None = field(metadata=EVERY)
    timezone: str | None
    next_run_at: str | None
    last_due_at: str | None

    def source(self) -> Source:
        """Return the source."""
        return Source(
            self.id, self.created_at, self.updated_at, self.type, self.nickname, self.config,
            self.collect_at, self.state, self._schedule(), self.missing, self.missing_since,
            read_left_out(self.state),
        )  # fmt: skip

    def _schedule(self) -> Schedule | None:
        if self.schedule_id is None:
            return None
        return Schedule(
            self.schedule_id, self.kind, self.payload, self.cron, self.every, self.timezone,
            self.next_run_at, self.last_due_at, self.id,
        )  # fmt: skip


@dataclass(frozen=True)
class ListedSource(ScheduledSource):
    """A source and its schedule, in a list that one which cannot be read does not hold up."""

    config: dict[str, Json] = field(metadata=OBJECT_OR_NOT)
    collect_at: dict[str, Json] | None = field(metadata=OBJECT_OR_NOT)
    state: dict[str, Json] = field(metadata=OBJECT_OR_NOT)
    payload: dict[str, Json] = field(metadata=OBJECT_OR_NOT)


@dataclass(frozen=True)
class SeenSource(ScheduledSource):
    """A source and its schedule, and what tells whether they are still that."""

    seen_state: str
    seen_schedule: str

    def fence(self) -> Call:
        """Return the statement that breaks a batch unless they are."""
        return FENCE(
            id=self.id,
            seen_at=self.updated_at,
            seen_state=self.seen_state,
            seen_schedule=self.seen_schedule,
        )


def _edition(of: RowSource) -> ColumnElement[str]:
    """Return text that is another for each state of a schedule."""
    moments = (of.c.updated_at, of.c.next_run_at, of.c.last_due_at)
    said: ColumnElement[str] = cast(of.c.id, Text)
    for moment in moments:
        said = said + literal_column("'|'", Text) + func.coalesce(as_rfc3339(moment), "")
    return said


_is_missing = and_(
    source_items.c.source_id == sources.c.id, source_items.c.missing_since.is_not(None)
)
_count_missing = select(func.count()).select_from(source_items).where(_is_missing)
_first_missing = select(func.min(source_items.c.missing_since)).where(_is_missing)
_scheduled_columns = (
    sources.c.id,
    as_rfc3339(sources.c.created_at).label("created_at"),
    as_rfc3339(sources.c.updated_at).label("updated_at"),
    sources.c.type,
    sources.c.nickname,
    sources.c.config,
    sources.c.collect_at,
    sources.c.state,
    _count_missing.scalar_subquery().label("missing"),
    as_rfc3339(_first_missing.scalar_subquery()).label("missing_since"),
    SCHEDULE_COLUMNS[0].label("schedule_id"),
    *SCHEDULE_COLUMNS[1:-1],
)
_joined = sources.outerjoin(schedules, schedules.c.source_id == sources.c.id)
_scheduled = select(*_scheduled_columns).select_from(_joined)
_by_id = sources.c.id == bindparam("id", type_=BigInteger)

SELECT_SOURCE = Query(
    select(
        *_scheduled_columns,
        sources.c.state.label("seen_state"),
        func.coalesce(_edition(schedules), "").label("seen_schedule"),
    )
    .select_from(_joined)
    .where(_by_id),
    SeenSource,
)
"""Read one source and its schedule."""

_its_schedule = schedules.alias("its_schedule")
FENCE = fence(
    sources,
    sources.c.updated_at == timestamp(bindparam("seen_at", type_=Text)),
    sources.c.state == bindparam("seen_state", type_=Text),
    func.coalesce(
        select(_edition(_its_schedule))
        .where(_its_schedule.c.source_id == sources.c.id)
        .correlate(sources)
        .scalar_subquery(),
        "",
    )
    == bindparam("seen_schedule", type_=Text),
)
"""Break a batch unless a source and its schedule are what was read."""

SELECT_PAGE = Query(
    _scheduled.where(sources.c.id < bindparam("before", type_=BigInteger))
    .order_by(sources.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    ListedSource,
)
"""Read a page of sources, newest first."""
