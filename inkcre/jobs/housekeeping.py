"""Schedules that an application has by itself: a row each, made when somebody first ticks.

Any number of processes may do that at once: a kind has one such row.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, Text, bindparam, cast, delete, exists, func, insert, or_, select

from inkcre.errors import BadReference, Invalid
from inkcre.jobs.crons import list_runs, parse_cron, parse_every, parse_zone
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Json
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp


@dataclass(frozen=True)
class OwnSchedule:
    """When jobs of a kind come by themselves: every so often, or by cron text.

    Raises:
        BadReference: it has neither or both, or one that cannot be read.
    """

    kind: str
    """Of the jobs that it brings."""

    every: str | None = None
    """Such as ``15m``, ``2h`` or ``1d``; the first time is at once."""

    cron: str | None = None
    """Five fields, such as ``0 7 * * mon-fri``."""

    timezone: str | None = None
    """Of the cron text; that of ``scheduler.timezone`` unless it is given."""

    payload: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could never be due."""
        if (self.every is None) == (self.cron is None):
            raise BadReference(f"schedule of {self.kind}: has either cron or every, and not both")
        try:
            if self.every is not None:
                parse_every(self.every)
            if self.cron is not None:
                parse_cron(self.cron)
            if self.timezone is not None:
                parse_zone(self.timezone)
        except Invalid as error:
            raise BadReference(
                f"schedule of {self.kind}: {error.message}", hint=error.hint
            ) from error

    def as_row(self, now: datetime, zone: str) -> dict[str, Json]:
        """Return its row, as it would be made now."""
        following: datetime | None = now
        if self.cron is not None:
            following = next(list_runs(self.cron, now, self.timezone or zone), None)
        every = None if self.every is None else int(parse_every(self.every).total_seconds())
        return {
            "kind": self.kind,
            "payload": json.dumps(dict(self.payload)),
            "cron": self.cron and parse_cron(self.cron),
            "every_seconds": every,
            "timezone": self.timezone,
            "next": None if following is None else format_timestamp(following),
        }


_given = json_rows(
    "schedules",
    kind=Text(), payload=Text(), cron=Text(), every_seconds=BigInteger(), timezone=Text(),
    next=Text(),
)  # fmt: skip
_is_own = schedules.c.source_id.is_(None)
_differs = or_(
    *(
        func.coalesce(cast(schedules.c[name], Text), "")
        != func.coalesce(cast(_given.c[name], Text), "")
        for name in ("payload", "cron", "every_seconds", "timezone")
    )
)

DROP_CHANGED = Statement(
    delete(schedules).where(
        _is_own,
        exists(select(1).select_from(_given).where(_given.c.kind == schedules.c.kind, _differs)),
    )
)
"""Take away those that another version has made, and that are due at other times now."""

_now = timestamp(bindparam("now", type_=Text))
ADD_MISSING = Statement(
    insert(schedules).from_select(
        [
            "created_at", "updated_at", "kind", "payload", "cron", "every_seconds", "timezone",
            "next_run_at",
        ],
        select(
            _now, _now, _given.c.kind, _given.c.payload, _given.c.cron,
            _given.c.every_seconds, _given.c.timezone, timestamp(_given.c.next),
        )
        .where(~exists(select(1).where(_is_own, schedules.c.kind == _given.c.kind)))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)  # fmt: skip
"""Make those that are not there; of two who do so at once one does."""


def schedule_own(database: Database, own: Iterable[OwnSchedule], now: datetime, zone: str) -> None:
    """Make the rows of an application's own schedules, where they are not as they should be.

    Args:
        database: where they are.
        own: the schedules, at most one of a kind.
        now: the time.
        zone: the time zone of cron text that names none.
    """
    rows = as_parameter(schedule.as_row(now, zone) for schedule in own)
    if rows != "[]":
        database.atomic(
            [DROP_CHANGED(schedules=rows), ADD_MISSING(schedules=rows, now=format_timestamp(now))]
        )
