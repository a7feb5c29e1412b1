"""Edits of sources: what is named changes; the rest stays, and what a source has brought."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from inkcre.errors import MissingReference, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.jobs.schedules import schedule_call
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database
from inkcre.ports.sources import SourceTypes
from inkcre.sources.configs import dump_config, is_elsewhere, merge_config, read_config
from inkcre.sources.forms import SourceEdit
from inkcre.sources.items.releases import count_released, forget_items, release_calls
from inkcre.sources.rows import Source
from inkcre.sources.sources import (
    UNSCHEDULE_ABSENT,
    UPDATE_SOURCE,
    Expected,
    find_source,
    get_source,
)
from inkcre.sql.timestamps import format_timestamp


@dataclass(frozen=True)
class Edited:
    """A source as it is now, and what became of the items of its former place."""

    source: Source
    released: int = 0
    """Items whose blocks and relations stay, as if somebody had given them."""

    forgotten: int = 0
    """Items that were let go with what they brought."""


def edit_source(
    database: Database,
    types: SourceTypes,
    source_id: int,
    form: SourceEdit,
    *,
    clock: Clock,
    timezone: str,
    expected: Expected | None = None,
    forget: bool = False,
) -> Edited:
    """Change what the form names and leave the rest; ``config`` is a merge patch (RFC 7396).

    A source that leads to another place lets its items of the former one loose, in the same batch:
    what they brought stays. With ``forget`` it goes by the rule, before the source is changed.

    Raises:
        NotFound: there is no such source.
        PreconditionFailed: it is not what is expected.
        Invalid, Unsupported: its type is not there any more.
        pydantic.ValidationError: its configuration makes no sense.
    """
    forgotten = 0
    for _ in range(ATTEMPTS):
        found = find_source(database, source_id)
        current = found.source()
        if expected is not None:
            expected(current)
        config, moves = _read_change(types, current, form)
        if moves and forget and (some := forget_items(database, source_id).deleted):
            forgotten += some
            expected = None  # it was what is expected, and is not now
        now = clock()
        fences = [found.fence()] if expected is not None else []
        releases = release_calls(source_id, current.updated_at) if moves else []
        before = [*fences, *releases]
        calls = [*before, _update_call(current, config, form, now)]
        if form.model_fields_set & {"schedule", "collect_at"}:
            schedule = form.collect_at.as_schedule() if form.collect_at else form.schedule
            calls += [
                schedule_call(source_id, schedule, now, timezone),
                UNSCHEDULE_ABSENT(id=source_id),
            ]
        with suppress(MissingReference):  # the fence
            answers = database.atomic(calls)
            if answers[len(before)]:
                released = count_released(calls, answers).items if moves else 0
                return Edited(get_source(database, source_id), released, forgotten)
    raise Unavailable(f"source {source_id}: somebody else keeps changing it")


def _read_change(
    types: SourceTypes, current: Source, form: SourceEdit
) -> tuple[Mapping[str, object], bool]:
    """Return the configuration that an edit makes, and whether it is of another place."""
    if form.config is None:
        return current.config, False
    kind = types.load(current.type)
    read = read_config(kind, merge_config(current.config, form.config))
    kind.examine(read, types.folders)
    config: dict[str, object] = json.loads(dump_config(read))
    return config, is_elsewhere(kind, current.config, config)


def _update_call(
    current: Source, config: Mapping[str, object], form: SourceEdit, now: datetime
) -> Call:
    named = form.model_fields_set
    # What it remembers is of another address.
    state = current.state if config == current.config else {}
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
