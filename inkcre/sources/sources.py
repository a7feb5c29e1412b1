"""Sources: where items come from, each a row of a type with its configuration and state."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError
from sqlalchemy import BigInteger, Integer, Text, bindparam, delete, insert, select, true, update

from inkcre.context import Components
from inkcre.errors import NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.forms import Name
from inkcre.graph.tables import sources
from inkcre.jobs.schedules import (
    SCHEDULE_COLUMNS,
    CollectAt,
    ScheduleForm,
    schedule_call,
    schedule_from_row,
)
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import moment, shown
from inkcre.sql.cursors import read_page
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_moment
from inkcre.sql.values import Form

MASK = "**********"
"""What stands for a secret in an answer; given back, the secret stays."""

Nickname = Annotated[Name, Field(max_length=200)]


class SourceForm(Form):
    """A new source."""

    type: Name
    nickname: Nickname | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    schedule: ScheduleForm | None = None
    collect_at: CollectAt | None = None

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        _refuse_two_schedules(self)
        return self


class SourceEdit(Form):
    """A change of a source: absent keys stay; ``schedule: null`` takes the schedule away."""

    nickname: Nickname | None = None
    config: dict[str, Any] | None = None
    schedule: ScheduleForm | None = None
    collect_at: CollectAt | None = None

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if "config" in self.model_fields_set and self.config is None:
            raise PydanticCustomError("null", "config cannot be null; leave it out")
        _refuse_two_schedules(self)
        return self


def _refuse_two_schedules(form: SourceForm | SourceEdit) -> None:
    if form.schedule is not None and form.collect_at is not None:
        raise PydanticCustomError("schedule", "a source has either schedule or collect_at")


SOURCE_COLUMNS = (
    sources.c.id,
    shown(sources.c.created_at),
    shown(sources.c.updated_at),
    sources.c.type,
    sources.c.nickname,
    sources.c.config,
    sources.c.collect_at,
    sources.c.state,
)
_with_schedule = select(*SOURCE_COLUMNS, *SCHEDULE_COLUMNS).select_from(
    sources.outerjoin(schedules, schedules.c.source_id == sources.c.id)
)
_by_id = sources.c.id == bindparam("id", type_=BigInteger)
_now = moment(bindparam("now", type_=Text))

SELECT_SOURCE = Statement(_with_schedule.where(_by_id))
"""Read one source and its schedule."""

SELECT_PAGE = Statement(
    _with_schedule.where(sources.c.id < bindparam("before", type_=BigInteger))
    .order_by(sources.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of sources, newest first."""

INSERT_SOURCE = Statement(
    insert(sources)
    .from_select(
        ["created_at", "updated_at", "type", "nickname", "config", "collect_at", "state"],
        select(
            _now, _now, bindparam("type", type_=Text), bindparam("nickname", type_=Text),
            bindparam("config", type_=Text), bindparam("collect_at", type_=Text),
            bindparam("state", type_=Text),
        ).where(true()),
    )
    .returning(sources.c.id)
)  # fmt: skip
"""Add a source; gives its id."""

UPDATE_SOURCE = Statement(
    update(sources)
    .where(
        sources.c.id == bindparam("id_", type_=BigInteger),
        sources.c.updated_at == moment(bindparam("read_at", type_=Text)),
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
        sources.c.updated_at == moment(bindparam("read_at", type_=Text)),
    )
    .values(state=bindparam("new_state", type_=Text))
)
"""Keep how far a source has come, unless it has become another meanwhile."""

DELETE_SOURCE = Statement(delete(sources).where(_by_id).returning(sources.c.id))
"""Delete a source, its schedule and what is known of its items; blocks stay."""


def get_source(database: Database, source_id: int) -> dict[str, Any]:
    """Read one source, its secrets included.

    Raises:
        NotFound: there is none with this id.
    """
    for row in database.read(SELECT_SOURCE(id=source_id)):
        return _source_from_row(row)
    raise NotFound(f"source {source_id}: not found")


def list_sources(
    database: Database, *, limit: int, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """Read a page of sources, newest first, and the cursor of the next one.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    rows, after = read_page(database, SELECT_PAGE, limit, cursor)
    return [_source_from_row(row) for row in rows], after


def _source_from_row(row: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row[0],
        "created_at": row[1],
        "updated_at": row[2],
        "type": row[3],
        "nickname": row[4],
        "config": json.loads(row[5]),
        "collect_at": None if row[6] is None else json.loads(row[6]),
        "state": json.loads(row[7]),
        "schedule": None if row[8] is None else schedule_from_row(row[8:]),
    }


def create_source(given: Components, form: SourceForm) -> dict[str, Any]:
    """Add a source.

    Raises:
        Invalid: there is no such type.
        Unsupported: it cannot be used here.
        pydantic.ValidationError: its configuration makes no sense; says where, below ``config``.
    """
    kind = given.source_types.load(form.type)
    config = _read_config(kind, form.config)
    kind.examine(config, given.folders)
    now = given.clock()
    schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
    insertion = INSERT_SOURCE(
        now=format_moment(now),
        type=kind.name,
        nickname=form.nickname,
        config=_dump_config(config),
        collect_at=form.collect_at.model_dump_json() if form.collect_at else None,
        state=kind.state_model().model_dump_json(),
    )
    calls = [insertion]
    if schedule is not None:
        calls.append(schedule_call(None, schedule, now, given.timezone))
    added = given.database.atomic(calls)[0]
    return get_source(given.database, added[0][0])


def edit_source(given: Components, source_id: int, form: SourceEdit) -> dict[str, Any]:
    """Change what the form names and leave the rest.

    Raises:
        NotFound: there is no such source.
        Invalid, Unsupported: its type is not there any more.
        pydantic.ValidationError: its configuration makes no sense.
    """
    named = form.model_fields_set
    for _ in range(ATTEMPTS):
        current = get_source(given.database, source_id)
        now = given.clock()
        calls = [_update_call(given, current, form, now)]
        if named & {"schedule", "collect_at"}:
            schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
            calls.append(schedule_call(source_id, schedule, now, given.timezone))
        if given.database.atomic(calls)[0]:
            return get_source(given.database, source_id)
    raise Unavailable(f"source {source_id}: somebody else keeps changing it")


def _update_call(
    given: Components, current: Mapping[str, Any], form: SourceEdit, now: datetime
) -> Call:
    named = form.model_fields_set
    config, state = current["config"], current["state"]
    if form.config is not None:
        kind = given.source_types.load(current["type"])
        read = _read_config(kind, _unmask(form.config, config))
        kind.examine(read, given.folders)
        config = json.loads(_dump_config(read))
    if config != current["config"]:
        state = {}  # what it remembers is of another address
    collect_at = current["collect_at"]
    if named & {"schedule", "collect_at"}:
        collect_at = form.collect_at.model_dump() if form.collect_at else None
    return UPDATE_SOURCE(
        id_=current["id"],
        read_at=current["updated_at"],
        now=format_moment(now),
        new_nickname=form.nickname if "nickname" in named else current["nickname"],
        new_config=json.dumps(config, ensure_ascii=False),
        new_collect_at=None if collect_at is None else json.dumps(collect_at),
        new_state=json.dumps(state, ensure_ascii=False),
    )


def _read_config(kind: type[Any], config: Mapping[str, Any]) -> BaseModel:
    """Make sense of a configuration; what is wrong with it is said as a part of the request."""
    model: type[BaseModel] = kind.config_model
    try:
        return model.model_validate(config)
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
    plain = config.model_dump(mode="json")
    for name, value in config:
        if isinstance(value, SecretStr):
            plain[name] = value.get_secret_value()
    return json.dumps(plain, ensure_ascii=False)


def _unmask(config: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    return {name: current.get(name) if value == MASK else value for name, value in config.items()}


def mask(source: dict[str, Any], kind: type[Any] | None) -> dict[str, Any]:
    """Give a source without its secrets, for an answer; of an unknown type all may be secret."""
    if kind is None:
        return {**source, "config": dict.fromkeys(source["config"], MASK)}
    secrets = [name for name, field in kind.config_model.model_fields.items() if _is_secret(field)]
    config = {n: MASK if n in secrets and v is not None else v for n, v in source["config"].items()}
    return {**source, "config": config}


def _is_secret(field: FieldInfo) -> bool:
    """Tell whether a field may hold a secret, be it annotated, or optional."""
    waiting: list[Any] = [field.annotation]
    while waiting:
        annotation = waiting.pop()
        if annotation is SecretStr:
            return True
        waiting += get_args(annotation)
    return False


def delete_source(database: Database, source_id: int) -> None:
    """Delete a source. What it has collected stays.

    Raises:
        NotFound: there is no such source.
    """
    rows: list[Row] = database.atomic([DELETE_SOURCE(id=source_id)])[0]
    if not rows:
        raise NotFound(f"source {source_id}: not found")
