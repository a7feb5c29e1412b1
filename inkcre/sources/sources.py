"""Sources: where items come from, each a row of a type with its configuration and state."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    delete,
    exists,
    insert,
    select,
    true,
    update,
)

from inkcre.errors import MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.tables import sources
from inkcre.jobs.schedules import (
    schedule_call,
)
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Statement
from inkcre.ports.sources import SourceTypes
from inkcre.sources.configs import dump_config, read_config, unmask
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.rows import SELECT_PAGE, SELECT_SOURCE, SeenSource
from inkcre.sources.rows import Source as Source  # noqa: PLC0414 - others have it from here
from inkcre.sql.constructs import timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.fences import write_if
from inkcre.sql.rows import Id, Query
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp

Expected = Callable[[Source], None]
"""Raises ``PreconditionFailed`` unless a source is what somebody has seen."""

DOUBTED = "doubted"
"""What is doubted of a source's items, in its state: see ``doubts.py``."""


_by_id = sources.c.id == bindparam("id", type_=BigInteger)
_now = timestamp(bindparam("now", type_=Text))

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
    return _find(database, source_id).source()


def _find(database: Database, source_id: int) -> SeenSource:
    found = SELECT_SOURCE.read_first(database, id=source_id)
    if found is None:
        raise _not_found(source_id)
    return found


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
    config = read_config(kind, form.config)
    kind.examine(config, types.folders)
    schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
    insertion = INSERT_SOURCE(
        now=format_timestamp(now),
        type=kind.name,
        nickname=form.nickname,
        config=dump_config(config),
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
    expected: Expected | None = None,
) -> Source:
    """Change what the form names and leave the rest; with ``expected``, what somebody has seen.

    Raises:
        NotFound: there is no such source.
        PreconditionFailed: it is not what is expected.
        Invalid, Unsupported: its type is not there any more.
        pydantic.ValidationError: its configuration makes no sense.
    """
    named = form.model_fields_set
    for _ in range(ATTEMPTS):
        found = _find(database, source_id)
        current = found.source()
        now = clock()
        fences = []
        if expected is not None:
            expected(current)
            fences.append(found.fence())
        calls = [*fences, _update_call(types, current, form, now)]
        if named & {"schedule", "collect_at"}:
            schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
            calls += [
                schedule_call(source_id, schedule, now, timezone),
                UNSCHEDULE_ABSENT(id=source_id),
            ]
        with suppress(MissingReference):  # the fence
            if database.atomic(calls)[len(fences)]:
                return get_source(database, source_id)
    raise Unavailable(f"source {source_id}: somebody else keeps changing it")


def _update_call(types: SourceTypes, current: Source, form: SourceEdit, now: datetime) -> Call:
    named = form.model_fields_set
    config, state = current.config, current.state
    if form.config is not None:
        kind = types.load(current.type)
        read = read_config(kind, unmask(form.config, config))
        kind.examine(read, types.folders)
        config = json.loads(dump_config(read))
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


def delete_source(database: Database, source_id: int, *, expected: Expected | None = None) -> None:
    """Delete a source; with ``expected``, only what somebody has seen. What it has collected stays.

    Raises:
        NotFound: there is no such source.
        PreconditionFailed: it is not what is expected.
    """
    calls = [DELETE_SOURCE(id=source_id), UNSCHEDULE_ABSENT(id=source_id)]
    if expected is None:
        deleted = database.atomic(calls)
    else:
        deleted = write_if(
            database,
            calls,
            thing=f"source {source_id}",
            read=lambda: _find(database, source_id),
            expected=lambda seen: expected(seen.source()),
            fence_of=SeenSource.fence,
        )
    if not deleted[0]:
        raise _not_found(source_id)
