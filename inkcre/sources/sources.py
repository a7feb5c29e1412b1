"""Sources: where items come from, each a row of a type with its configuration and state."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    update,
)

from inkcre.errors import NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.tables import source_items, sources
from inkcre.jobs.schedules import (
    EVERY,
    SCHEDULE_COLUMNS,
    Schedule,
    schedule_call,
)
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Statement
from inkcre.ports.sources import SourceType, SourceTypes
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sql.constructs import as_rfc3339, timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.rows import JSON_TEXT, Id, Json, Query
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp

MASK = "**********"
"""What stands for a secret in an answer; given back, the secret stays."""

DOUBTED = "doubted"
"""What is doubted of a source's items, in its state: see ``doubts.py``."""


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


@dataclass(frozen=True)
class _ScheduledSource:
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
        )  # fmt: skip

    def _schedule(self) -> Schedule | None:
        if self.schedule_id is None:
            return None
        return Schedule(
            self.schedule_id, self.kind, self.payload, self.cron, self.every, self.timezone,
            self.next_run_at, self.last_due_at, self.id,
        )  # fmt: skip


_is_missing = and_(
    source_items.c.source_id == sources.c.id, source_items.c.missing_since.is_not(None)
)
_scheduled = select(
    sources.c.id,
    as_rfc3339(sources.c.created_at).label("created_at"),
    as_rfc3339(sources.c.updated_at).label("updated_at"),
    sources.c.type,
    sources.c.nickname,
    sources.c.config,
    sources.c.collect_at,
    sources.c.state,
    select(func.count())
    .select_from(source_items)
    .where(_is_missing)
    .scalar_subquery()
    .label("missing"),
    as_rfc3339(
        select(func.min(source_items.c.missing_since)).where(_is_missing).scalar_subquery()
    ).label("missing_since"),
    SCHEDULE_COLUMNS[0].label("schedule_id"),
    *SCHEDULE_COLUMNS[1:-1],
).select_from(sources.outerjoin(schedules, schedules.c.source_id == sources.c.id))
_by_id = sources.c.id == bindparam("id", type_=BigInteger)
_now = timestamp(bindparam("now", type_=Text))

SELECT_SOURCE = Query(_scheduled.where(_by_id), _ScheduledSource)
"""Read one source and its schedule."""

SELECT_PAGE = Query(
    _scheduled.where(sources.c.id < bindparam("before", type_=BigInteger))
    .order_by(sources.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    _ScheduledSource,
)
"""Read a page of sources, newest first."""

INSERT_SOURCE = Query(
    insert(sources)
    .from_select(
        ["created_at", "updated_at", "type", "nickname", "config", "collect_at", "state"],
        select(
            _now, _now, bindparam("type", type_=Text), bindparam("nickname", type_=Text),
            bindparam("config", type_=Text), bindparam("collect_at", type_=Text),
            bindparam("state", type_=Text),
        ).where(true()),
    )
    .returning(sources.c.id),
    Id,
)  # fmt: skip
"""Add a source; gives its id."""

UPDATE_SOURCE = Statement(
    update(sources)
    .where(
        sources.c.id == bindparam("id_", type_=BigInteger),
        sources.c.updated_at == timestamp(bindparam("read_at", type_=Text)),
    )
    .values(
        updated_at=_now,
        nickname=bindparam("new_nickname", type_=Text),
        config=bindparam("new_config", type_=Text),
        collect_at=bindparam("new_collect_at", type_=Text),
        state=bindparam("new_state", type_=Text),
    )
    .returning(sources.c.id)
)
"""Change a source if it is still what was read."""

SET_STATE = Statement(
    update(sources)
    .where(
        sources.c.id == bindparam("id_", type_=BigInteger),
        sources.c.updated_at == timestamp(bindparam("read_at", type_=Text)),
    )
    # updated_at stays: edits compare it, and a collect is no edit.
    .values(state=bindparam("new_state", type_=Text))
)
"""Keep how far a source has come, unless it has become another meanwhile."""

DELETE_SOURCE = Statement(delete(sources).where(_by_id).returning(sources.c.id))
"""Delete a source and what is known of its items; blocks stay."""

UNSCHEDULE_ABSENT = Statement(
    delete(schedules).where(
        schedules.c.source_id == bindparam("id", type_=BigInteger), ~exists().where(_by_id)
    )
)
"""Take away the schedule of a source that is not there. Behind what has locked the source's row, or
has seen that there is none."""


def get_source(database: Database, source_id: int) -> Source:
    """Read one source, its secrets included.

    Raises:
        NotFound: there is none with this id.
    """
    found = SELECT_SOURCE.read_first(database, id=source_id)
    if found is None:
        raise _not_found(source_id)
    return found.source()


def _not_found(source_id: int) -> NotFound:
    return NotFound(f"source {source_id}: not found")


def list_sources(database: Database, *, limit: int, cursor: str | None = None) -> Page[Source]:
    """Read a page of sources, newest first, and the cursor of the next one.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    found, after = read_page(database, SELECT_PAGE, limit, cursor)
    return [each.source() for each in found], after


def create_source(
    database: Database, types: SourceTypes, form: SourceForm, *, now: datetime, timezone: str
) -> Source:
    """Add a source; ``timezone`` is that of a schedule which names none.

    Raises:
        Invalid: there is no such type.
        Unsupported: it cannot be used here.
        pydantic.ValidationError: its configuration makes no sense; says where, below ``config``.
    """
    kind = types.load(form.type)
    config = _read_config(kind, form.config)
    kind.examine(config, types.folders)
    schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
    insertion = INSERT_SOURCE(
        now=format_timestamp(now),
        type=kind.name,
        nickname=form.nickname,
        config=_dump_config(config),
        collect_at=form.collect_at.model_dump_json() if form.collect_at else None,
        state=kind.state_model().model_dump_json(),
    )
    calls = [insertion]
    if schedule is not None:
        calls.append(schedule_call(None, schedule, now, timezone))
    [added] = INSERT_SOURCE.records(database.atomic(calls)[0])
    return get_source(database, added.id)


def edit_source(
    database: Database,
    types: SourceTypes,
    source_id: int,
    form: SourceEdit,
    *,
    clock: Clock,
    timezone: str,
) -> Source:
    """Change what the form names and leave the rest.

    Raises:
        NotFound: there is no such source.
        Invalid, Unsupported: its type is not there any more.
        pydantic.ValidationError: its configuration makes no sense.
    """
    named = form.model_fields_set
    for _ in range(ATTEMPTS):
        current = get_source(database, source_id)
        now = clock()
        calls = [_update_call(types, current, form, now)]
        if named & {"schedule", "collect_at"}:
            schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
            calls += [
                schedule_call(source_id, schedule, now, timezone),
                UNSCHEDULE_ABSENT(id=source_id),
            ]
        if database.atomic(calls)[0]:
            return get_source(database, source_id)
    raise Unavailable(f"source {source_id}: somebody else keeps changing it")


def _update_call(types: SourceTypes, current: Source, form: SourceEdit, now: datetime) -> Call:
    named = form.model_fields_set
    config, state = current.config, current.state
    if form.config is not None:
        kind = types.load(current.type)
        read = _read_config(kind, _unmask(form.config, config))
        kind.examine(read, types.folders)
        config = json.loads(_dump_config(read))
    if config != current.config:
        state = {}  # what it remembers is of another address
    collect_at = current.collect_at
    if named & {"schedule", "collect_at"}:
        collect_at = form.collect_at.model_dump() if form.collect_at else None
    return UPDATE_SOURCE(
        id_=current.id,
        read_at=current.updated_at,
        now=format_timestamp(now),
        new_nickname=form.nickname if "nickname" in named else current.nickname,
        new_config=json.dumps(config, ensure_ascii=False),
        new_collect_at=None if collect_at is None else json.dumps(collect_at),
        new_state=json.dumps(state, ensure_ascii=False),
    )


def _read_config(kind: type[SourceType], config: Mapping[str, object]) -> BaseModel:
    """Make sense of a configuration; what is wrong with it is said as a part of the request."""
    try:
        return kind.config_model.model_validate(config)
    except ValidationError as error:
        details: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError(found["type"], "{why}", {"why": found["msg"]}),
                "loc": ("config", *found["loc"]),
                "input": None,
            }
            for found in error.errors(include_url=False, include_input=False)
        ]
        raise ValidationError.from_exception_data(kind.name, details, hide_input=True) from None


def _dump_config(config: BaseModel) -> str:
    """Write a configuration with its secrets."""
    # pydantic writes a SecretStr as asterisks.
    plain = config.model_dump(mode="json")
    for name, value in config:
        if isinstance(value, SecretStr):
            plain[name] = value.get_secret_value()
    return json.dumps(plain, ensure_ascii=False)


def _unmask(config: Mapping[str, object], current: Mapping[str, object]) -> dict[str, object]:
    return {name: current.get(name) if value == MASK else value for name, value in config.items()}


def delete_source(database: Database, source_id: int) -> None:
    """Delete a source. What it has collected stays.

    Raises:
        NotFound: there is no such source.
    """
    if not database.atomic([DELETE_SOURCE(id=source_id), UNSCHEDULE_ABSENT(id=source_id)])[0]:
        raise _not_found(source_id)
