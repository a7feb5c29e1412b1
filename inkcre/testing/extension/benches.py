"""A base on which a source is collected, by a process that may be killed at any step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from pydantic import BaseModel
from sqlalchemy import delete, select

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph.tables import blocks, relations
from inkcre.jobs.jobs import Job, get_job
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.tick import tick
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.ports.web import Page, Web, WebCapabilities
from inkcre.sources.forms import SourceForm
from inkcre.sources.instances import open_source
from inkcre.sources.on_demand import enqueue_collect
from inkcre.sources.registry import find_source_types
from inkcre.sources.sources import create_source, get_source
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from inkcre.sql.rows import Query
from inkcre.sql.tables import schedules
from inkcre.testing.extension.candidate import Candidate

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SECONDS = 60
"""How long a collect may take."""

SOURCE_ID = 1

DELETE_SCHEDULES = Statement(delete(schedules))
"""Delete all schedules: only the source is collected here."""


class Killed(BaseException):
    """Tell that the process was killed: nothing that it runs catches that."""


@dataclass
class _Fuse:
    """Counts steps, and kills at one of them."""

    dies_at: int | None
    steps: int = 0

    def burn(self, where: str) -> None:
        """Take a step."""
        self.steps += 1
        if self.steps == self.dies_at:
            raise Killed(where)


class _MortalDatabase:
    """A database whose process may be killed before each batch, which is after the one before."""

    def __init__(self, database: Database, fuse: _Fuse) -> None:
        self._database, self._fuse = database, fuse

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one batch."""
        self._fuse.burn("before a batch")
        return self._database.atomic(calls)


class _MortalWeb:
    """A web whose process may be killed while it waits for an answer."""

    def __init__(self, web: Web, fuse: _Fuse) -> None:
        self._web, self._fuse = web, fuse

    @property
    def capabilities(self) -> WebCapabilities:
        """What the web declares of itself."""
        return self._web.capabilities

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page."""
        self._fuse.burn(f"while {url} was fetched")
        return self._web.fetch(url, headers=headers)


@dataclass(frozen=True)
class _KeptBlock:
    id: int
    resolver: str
    storage: str | None
    content: str


@dataclass(frozen=True)
class _KeptRelation:
    from_: int
    to_: int
    content: str


SELECT_BLOCKS = Query(
    select(blocks.c.id, blocks.c.resolver, blocks.c.storage, blocks.c.content), _KeptBlock
)
"""Read all blocks."""

SELECT_RELATIONS = Query(
    select(relations.c.from_, relations.c.to_, relations.c.content), _KeptRelation
)
"""Read all relations."""


@dataclass(frozen=True)
class Kept:
    """What a base has, without ids and times."""

    blocks: frozenset[tuple[str, ...]]
    relations: frozenset[tuple[object, ...]]

    def list_changes(self, later: "Kept") -> Iterator[str]:
        """Yield what is in one of both only."""
        for name, before, after in (
            ("block", self.blocks, later.blocks),
            ("relation", self.relations, later.relations),
        ):
            yield from (f"this {name} is new: {one}" for one in sorted(map(str, after - before)))
            yield from (
                f"this {name} is missing: {one}" for one in sorted(map(str, before - after))
            )


class Bench:
    """An open base, and a clock that stands still until it is moved."""

    def __init__(
        self,
        candidate: Candidate,
        path: Path,
        web: Web,
        overrides: Mapping[str, object],
        dies_at: int | None,
    ) -> None:
        """Open the base of a file; ``dies_at``: the step at which the process is killed."""
        self.path, self.now = path, START
        self._fuse = _Fuse(None)
        self._dies_at = dies_at
        self._opened = _open(candidate, path, overrides, lambda: self.now)
        database = cast("Database", _MortalDatabase(self._opened.database, self._fuse))
        self._components = replace(self._opened, database=database, web=_MortalWeb(web, self._fuse))
        self._kinds = load_kinds(self._opened.application)
        self._kinds.schedules = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._opened.database.close()

    def pass_hours(self, hours: float) -> None:
        """Let time pass: longer than a lease, and than the pause before another attempt."""
        self.now += timedelta(hours=hours)

    def collect(self, *, full: bool = False) -> Job:
        """Collect the source by a job; return it as it ended.

        Raises:
            Killed: the process was, on the way.
        """
        base = self._components
        job = enqueue_collect(self._opened.database, SOURCE_ID, full=full, now=self.now)
        self._fuse.dies_at = self._dies_at
        tick(base, self._kinds, budget_seconds=SECONDS)
        return get_job(self._opened.database, job.id)

    def kept(self) -> Kept:
        """Return what the base has."""
        found = {
            one.id: (one.resolver, one.storage or "", one.content)
            for one in SELECT_BLOCKS.read(self._opened.database)
        }
        arcs = SELECT_RELATIONS.read(self._opened.database)
        return Kept(
            frozenset(found.values()),
            frozenset((found[arc.from_], arc.content, found[arc.to_]) for arc in arcs),
        )

    def state_there_and_back(self) -> tuple[BaseModel, BaseModel]:
        """Return the source's state after a collect, and as the next one reads it."""
        base = self._components
        row = get_source(base.database, SOURCE_ID)
        types = find_source_types(base.settings)
        source = open_source(row, base.database, types, base.web, base.clock, check=lambda: None)
        for _ in source.collect(full=False):
            pass
        text = source.state.model_dump_json()
        return source.state, type(source.state).model_validate_json(text)


def lay_base(
    candidate: Candidate,
    path: Path,
    type_: str,
    config: Mapping[str, object],
    overrides: Mapping[str, object],
) -> None:
    """Make a base in a file, with one source in it."""
    components = _open(candidate, path, overrides, lambda: START)
    database = components.database
    schema.migrate(database, lines_of(components.application))
    form = SourceForm.model_validate({"type": type_, "config": dict(config)})
    types = find_source_types(components.settings)
    create_source(database, types, form, now=START, timezone=components.zone)
    database.atomic([DELETE_SCHEDULES()])
    database.close()


def _open(
    candidate: Candidate, path: Path, overrides: Mapping[str, object], clock: Clock
) -> Components:
    more = {"database.path": str(path), **overrides}
    settings = candidate.load_settings("process", more)
    return build_components(settings, clock=clock)
