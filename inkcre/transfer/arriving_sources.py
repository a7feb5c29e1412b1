"""Lines of sources that arrive: which sources of the base they are, and which are new to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import BaseModel, JsonValue, ValidationError
from sqlalchemy import Integer, Text, bindparam, insert, literal, select, true

from inkcre.graph.tables import sources
from inkcre.jobs.schedules import first_run
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Statement
from inkcre.ports.sources import SourceType, SourceTypes
from inkcre.sources.configs import dump_config, is_elsewhere
from inkcre.sources.masks import mask_config, masked_names
from inkcre.sql.constructs import last_id, timestamp
from inkcre.sql.parameters import write_json
from inkcre.sql.rows import Id, Query
from inkcre.sql.tables import schedules
from inkcre.sql.timestamps import format_timestamp
from inkcre.transfer.copies.ids import SourceKey, match_keys, read_source_keys
from inkcre.transfer.line_forms import WrongLine, read_form
from inkcre.transfer.source_lines import (
    KeptSchedule,
    KeptSource,
    SourceLine,
    as_text,
    load_type,
    without_masked,
)
from inkcre.wording import say_fault


def _moment(name: str) -> timestamp:
    return timestamp(bindparam(name, type_=Text))


ADD_SOURCE = Query(
    insert(sources)
    .from_select(
        ["created_at", "updated_at", "type", "nickname", "config", "collect_at", "state"],
        select(
            _moment("created_at"), _moment("updated_at"),
            *(
                bindparam(name, type_=Text)
                for name in ("type", "nickname", "config", "collect_at", "state")
            ),
        ).where(true()),
    )
    .returning(sources.c.id),
    Id,
)  # fmt: skip
"""Add a source as it was; gives its id."""

ADD_SCHEDULE = Statement(
    insert(schedules).from_select(
        [
            "created_at", "updated_at", "kind", "payload", "cron", "every_seconds", "timezone",
            "next_run_at", "last_due_at", "source_id",
        ],
        select(
            _moment("created_at"), _moment("updated_at"), literal("collect", Text),
            literal('{"full":false}', Text), bindparam("cron", type_=Text),
            bindparam("every_seconds", type_=Integer), bindparam("timezone", type_=Text),
            _moment("next_run_at"), _moment("last_due_at"), last_id(),
        ).where(true()),
    )
)  # fmt: skip
"""Add the schedule of the source that was just added, as it was."""


@dataclass(frozen=True)
class _Arriving:
    """A source of a line, and what is here of its type."""

    said: KeptSource
    kind: type[SourceType] | None

    def key(self, number: int, now: str) -> SourceKey:
        created = _as_text(self.said.created_at) or now
        updated = _as_text(self.said.updated_at) or created
        config = _compared(self.kind, self.said.config)
        return SourceKey(number, self.said.type, created, updated, config)

    def is_of_place(self, other: SourceKey, config: Mapping[str, object]) -> bool:
        """Tell whether a source of the base collects from where this one does."""
        if self.kind is None or not self.kind.collects or other.type != self.said.type:
            return False
        mine = _fill(self.kind, self.said.config) or self.said.config
        return not is_elsewhere(self.kind, config, mine)


@dataclass
class ArrivingSources:
    """The sources of a file, as far as their lines have come."""

    types: SourceTypes
    zone: str
    """Of schedules that name none."""

    ids: dict[str, int] = field(default_factory=dict)
    """What they are called here, by what lines call them."""

    created: int = 0
    lacking: list[str] = field(default_factory=list)
    """Those that are new and came without their secrets."""

    def keep(
        self, database: Database, lines: Sequence[tuple[int, bytes]], clock: Clock
    ) -> dict[int, str]:
        """Add the sources that are not there yet; return what is wrong with lines, by number.

        One that is there stays what it is: it was made at the same moment, or it collects from the
        same place.
        """
        bad: dict[int, str] = {}
        found: dict[int, _Arriving] = {}
        for number, content in lines:
            try:
                found[number] = self._read(content)
            except WrongLine as error:
                bad[number] = str(error)
        now = clock()
        known = self._find(database, found, format_timestamp(now))
        for number, arriving in found.items():
            name = arriving.said.name
            if name not in self.ids:  # two exports of a base, one behind the other
                self.ids[name] = known.get(number) or self._add(database, arriving.said, now)
        return bad

    def _read(self, content: bytes) -> _Arriving:
        said = read_form(SourceLine, content, otherwise="no source as JSON").source
        kind = load_type(self.types, said.type)
        if kind is not None:
            _require_sound(kind, said.config)
        if said.created_at is None and not (kind and kind.collects):
            raise WrongLine(
                f"source.created_at: is needed, for nothing else tells sources of type"
                f" {said.type} apart"
            )
        return _Arriving(said, kind)

    def _find(self, database: Database, found: Mapping[int, _Arriving], now: str) -> dict[int, int]:
        """Return which sources of the base are those of lines, by the lines' numbers."""
        there = [key for key in read_source_keys(database) if key.id not in self.ids.values()]
        configs = {key.id: _read(key.config) for key in there}
        comparable = [
            replace(key, config=_compared(load_type(self.types, key.type), configs[key.id]))
            for key in there
        ]
        mine = [arriving.key(number, now) for number, arriving in found.items()]
        matched = match_keys(mine, comparable)
        for number, arriving in found.items():
            if number not in matched:
                taken = {*matched.values()}
                of_place = (
                    key.id
                    for key in there
                    if key.id not in taken and arriving.is_of_place(key, configs[key.id])
                )
                if (same := next(of_place, None)) is not None:
                    matched[number] = same
        return matched

    def _add(self, database: Database, said: KeptSource, now: datetime) -> int:
        calls = [_source_call(said, now)]
        if said.schedule is not None:
            calls.append(_schedule_call(said.schedule, now, self.zone))
        [added] = ADD_SOURCE.records(database.atomic(calls)[0])
        self.created += 1
        if left_out := masked_names(said.config):
            self.lacking.append(
                f"source {added.id} ({said.type}): came without {', '.join(left_out)};"
                f" run `inkcre sources edit {added.id} {left_out[0]}=…`"
            )
        return added.id


def _source_call(said: KeptSource, now: datetime) -> Call:
    created = said.created_at or now
    return ADD_SOURCE(
        created_at=format_timestamp(created),
        updated_at=format_timestamp(said.updated_at or created),
        type=said.type,
        nickname=said.nickname,
        config=as_text(said.config),
        collect_at=as_text(said.collect_at),
        state=as_text(said.state),
    )


def _schedule_call(said: KeptSchedule, now: datetime, zone: str) -> Call:
    has_next = "next_run_at" in said.model_fields_set
    following = said.next_run_at if has_next else first_run(said, now, zone)
    created = said.created_at or now
    return ADD_SCHEDULE(
        created_at=format_timestamp(created),
        updated_at=format_timestamp(said.updated_at or created),
        cron=said.cron,
        every_seconds=said.every_seconds,
        timezone=said.timezone,
        next_run_at=_as_text(following),
        last_due_at=_as_text(said.last_due_at),
    )


def _as_text(moment: datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment)


def _read(config: str) -> dict[str, JsonValue]:
    read: dict[str, JsonValue] = json.loads(config)
    return read


def _compared(kind: type[SourceType] | None, config: Mapping[str, JsonValue]) -> str:
    """Return a configuration as it is compared: without what its line may lack."""
    return write_json(mask_config(config, kind))


def _require_sound(kind: type[SourceType], config: Mapping[str, object]) -> None:
    """Raise unless a configuration makes sense, but for what was left out of it.

    Raises:
        WrongLine: it does not; says where.
    """
    left_out = masked_names(config)
    try:
        kind.config_model.model_validate(without_masked(config))
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            if found["loc"][:1] not in [(name,) for name in left_out]:
                where = ".".join(str(name) for name in ("source", "config", *found["loc"]))
                raise WrongLine(f"{where}: {say_fault(found)}") from None


def _fill(kind: type[SourceType], config: Mapping[str, object]) -> dict[str, object] | None:
    """Return a configuration with its defaults; None where it lacks what it needs."""
    try:
        read: BaseModel = kind.config_model.model_validate(without_masked(config))
    except ValidationError:
        return None
    filled: dict[str, object] = json.loads(dump_config(read))
    return filled
