"""Sources as lines of an export: ``{"source": {…}}``, each with its schedule and how far it is.

An export says nothing of ids: a source is called by its type and the moment in which it was made,
which are the same in each base that it comes to. It says nothing of secrets either, unless it is
told to: in their place is what masks them, and the source does not collect before it has them.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy import BigInteger, Integer, bindparam, select

from inkcre.errors import DatabaseDamaged, Invalid, Unsupported
from inkcre.graph.forms import Name, Text
from inkcre.graph.tables import sources
from inkcre.jobs.crons import format_every
from inkcre.jobs.schedules import ScheduleForm
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceType, SourceTypes
from inkcre.sources.forms import Nickname
from inkcre.sources.masks import mask_config, masked_names
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.rows import JSON_TEXT, Json, Query
from inkcre.sql.tables import schedules
from inkcre.sql.values import Form
from inkcre.transfer.copies.parts import read_pages
from inkcre.transfer.line_forms import write_line
from inkcre.transfer.losses import Losses, read_around, read_last_ids

LineName = Annotated[Text, Field(min_length=1, max_length=512)]


class KeptSchedule(ScheduleForm):
    """When a source is collected, and when it was last."""

    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    next_run_at: AwareDatetime | None = None
    """Absent: as that of a new schedule. Null: never."""

    last_due_at: AwareDatetime | None = None


class KeptSource(Form):
    """A source as a line has it."""

    name: LineName
    """What lines behind it call it."""

    type: Name
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    nickname: Nickname | None = None
    config: dict[str, JsonValue] = Field(default_factory=dict)
    collect_at: dict[str, JsonValue] | None = None
    """The schedule in the former shape, as it was given."""

    schedule: KeptSchedule | None = None
    state: dict[str, JsonValue] = Field(default_factory=dict)


class SourceLine(Form):
    """A line of a source."""

    source: KeptSource


@dataclass(frozen=True)
class _ExportedSource:
    id: int
    type: str
    created_at: str
    updated_at: str
    nickname: str | None
    config: dict[str, Json] = field(metadata=JSON_TEXT)
    collect_at: dict[str, Json] | None = field(metadata=JSON_TEXT)
    state: dict[str, Json] = field(metadata=JSON_TEXT)
    schedule_id: int | None
    cron: str | None
    every_seconds: int | None
    timezone: str | None
    scheduled_at: str | None
    rescheduled_at: str | None
    next_run_at: str | None
    last_due_at: str | None

    def schedule(self) -> dict[str, object] | None:
        if self.schedule_id is None:
            return None
        every = self.every_seconds
        pace = {"cron": self.cron} if every is None else {"every": format_every(every)}
        zone = {} if self.timezone is None else {"timezone": self.timezone}
        return {
            **pace,
            **zone,
            "created_at": self.scheduled_at,
            "updated_at": self.rescheduled_at,
            "next_run_at": self.next_run_at,
            **({} if self.last_due_at is None else {"last_due_at": self.last_due_at}),
        }


EXPORT_SOURCES = Query(
    select(
        sources.c.id,
        sources.c.type,
        as_rfc3339(sources.c.created_at).label("created_at"),
        as_rfc3339(sources.c.updated_at).label("updated_at"),
        sources.c.nickname,
        sources.c.config,
        sources.c.collect_at,
        sources.c.state,
        schedules.c.id.label("schedule_id"),
        schedules.c.cron,
        schedules.c.every_seconds,
        schedules.c.timezone,
        as_rfc3339(schedules.c.created_at).label("scheduled_at"),
        as_rfc3339(schedules.c.updated_at).label("rescheduled_at"),
        as_rfc3339(schedules.c.next_run_at).label("next_run_at"),
        as_rfc3339(schedules.c.last_due_at).label("last_due_at"),
    )
    .select_from(sources.outerjoin(schedules, schedules.c.source_id == sources.c.id))
    .where(sources.c.id > bindparam("after_id", type_=BigInteger))
    .order_by(sources.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _ExportedSource,
)
"""Read a page of sources with their schedules."""


@dataclass
class ExportedSources:
    """The sources of a base at one moment, as lines, and what lines behind them call them.

    They are few, and schedules and states change while a large base is written.
    """

    names: dict[int, str] = field(default_factory=dict)
    """By their ids."""

    lines: list[bytes] = field(default_factory=list)
    masked: dict[str, list[str]] = field(default_factory=dict)
    """What of their configurations was left out, by name."""

    secret: list[str] = field(default_factory=list)
    """The names of those whose secrets are in their lines."""


def export_sources(
    database: Database, types: SourceTypes, losses: Losses, *, has_secrets: bool = False
) -> ExportedSources:
    """Read the sources of a base, without their secrets unless these are asked for.

    ``losses`` is told those that are damaged; they are left out.
    """
    found = ExportedSources()
    for source in _read_sources(database, losses):
        name = _name(source, found.names.values())
        masked = mask_config(source.config, load_type(types, source.type))
        config = source.config if has_secrets else masked
        found.names[source.id] = name
        found.lines.append(_line(name, source, config))
        if left_out := masked_names(config):
            found.masked[name] = left_out
        elif config != masked:
            found.secret.append(name)
    return found


def _read_sources(database: Database, losses: Losses) -> Sequence[_ExportedSource]:
    try:
        pages = read_pages(database, EXPORT_SOURCES, {"id": 0})
        return [source for page in pages for source in page]
    except DatabaseDamaged:

        def read(low: int, high: int) -> Sequence[_ExportedSource]:
            limit = high - low + 1
            page = EXPORT_SOURCES.read(database, after_id=low - 1, limit=limit)
            return [source for source in page if source.id <= high]

        last = read_last_ids(database).get(sources.name, 0)
        return list(read_around(read, 1, last, losses.sources))


def _name(source: _ExportedSource, taken: Collection[str]) -> str:
    """Return what a source is called in its export: another for each."""
    name, number = f"{source.type} {source.created_at}", 1
    while name in taken:
        number += 1
        name = f"{source.type} {source.created_at} {number}"
    return name


def _line(name: str, source: _ExportedSource, config: Mapping[str, Json]) -> bytes:
    schedule = source.schedule()
    said: dict[str, object] = {
        "name": name,
        "type": source.type,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
        "nickname": source.nickname,
        "config": config,
        "collect_at": source.collect_at,
        "schedule": schedule,
        "state": source.state,
    }
    return write_line("source", {key: value for key, value in said.items() if value is not None})


def load_type(types: SourceTypes, name: str) -> type[SourceType] | None:
    """Return the class of a type; None: it is not here, or cannot be used here."""
    try:
        return types.load(name)
    except (Invalid, Unsupported):
        return None


def without_masked(config: Mapping[str, object]) -> dict[str, object]:
    """Return what is there of a configuration."""
    left_out = masked_names(config)
    return {name: value for name, value in config.items() if name not in left_out}


def as_text(value: Mapping[str, object] | None) -> str | None:
    """Write what a column of sources keeps as JSON."""
    return None if value is None else json.dumps(value, ensure_ascii=False)
