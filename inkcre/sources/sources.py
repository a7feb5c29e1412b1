"""Sources: where items come from, each a row of a type with its configuration and state."""

from collections.abc import Callable
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

from inkcre.errors import NotFound
from inkcre.graph.tables import sources
from inkcre.jobs.schedules import (
    schedule_call,
)
from inkcre.ports.database import Database, Statement
from inkcre.ports.sources import SourceTypes
from inkcre.sources.configs import dump_config, read_config
from inkcre.sources.forms import SourceForm
from inkcre.sources.rows import SELECT_PAGE, SELECT_SOURCE, SeenSource, Source
from inkcre.sql.constructs import timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.fences import fence
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

EXPECT_UNCHANGED = fence(
    sources, sources.c.updated_at == timestamp(bindparam("seen_at", type_=Text))
)
"""Break a batch unless a source is as it was read, and hold it."""

DELETE_SOURCE = Statement(delete(sources).where(_by_id).returning(sources.c.id))
"""Delete a source and what is known of its items, behind what keeps what they have brought."""

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
    return find_source(database, source_id).source()


def find_source(database: Database, source_id: int) -> SeenSource:
    """Read one source as it is fenced.

    Raises:
        NotFound: there is none with this id.
    """
    found = SELECT_SOURCE.read_first(database, id=source_id)
    if found is None:
        raise not_found(source_id)
    return found


def not_found(source_id: int) -> NotFound:
    """Make the error of a source that is not there."""
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
