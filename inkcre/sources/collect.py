"""Collecting: a job that asks a source for its items and writes what is new.

It writes in batches, none of which others wait for long: items, what is gone, links between them.
The last one writes how far the source has come, and the job's end. Killed before, the next attempt
finds what was written and goes on.
"""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SerializerFunctionWrapHandler, model_serializer

from inkcre.errors import MissingReference, TooLarge, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.change_log import log_made, new_batch
from inkcre.graph.files.files import open_shelf
from inkcre.jobs.jobs import NewJob, serial_key_of
from inkcre.jobs.kinds import JobKind, Outcome, Payload, RunningJob
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Row
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings
from inkcre.sources.base import AnySource, Decided, Item, Seen
from inkcre.sources.doubts import Doubts
from inkcre.sources.instances import open_of_job
from inkcre.sources.items.changes import LinkRow, Return, link_row
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.revisions import Link, Written, number_links, short_key
from inkcre.sources.items.saying_rows import read_unlinked
from inkcre.sources.items.writes import actor_of, link_calls
from inkcre.sources.left_out import LeftOut
from inkcre.sources.registry import find_source_types
from inkcre.sources.rows import Source
from inkcre.sources.settings import SourcesSettings
from inkcre.sources.sources import (
    DOUBTED,
    EXPECT_UNCHANGED,
    SET_STATE,
    get_source,
)

if TYPE_CHECKING:
    from inkcre.sources.absence import Missing
    from inkcre.sources.items.moves import Moves

logger = logging.getLogger("inkcre.sources")

GROUP = 100
GROUP_CHARACTERS = 256 * 1024
"""How many items, and of how much text, are written in one batch."""

FILE_CHARACTERS = GROUP_CHARACTERS // 10
"""What an item of a file counts for beside its text: files are large, and what was put is to be
named before the job's time is over."""

LINKS_AT_ONCE = 1000
"""How many relations between items are written by one statement."""


class CollectPayload(Payload):
    """What a job is given that collects its source."""

    full: bool = False
    """Whether everything is fetched anew, whatever the state says."""

    restore: bool = False
    """Whether items come back whose blocks somebody has deleted; everything is fetched for that."""

    forget: bool = False
    """Whether what is missing goes at once."""

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, bool]:
        # A version of before refuses words that it does not know, and a job that waits already is
        # found by its payload: what asks for nothing of them is written as it always was.
        words: dict[str, bool] = write(self)
        return {name: value for name, value in words.items() if value or name == "full"}


@dataclass
class Collect:
    """One collect while it runs."""

    job: RunningJob
    clock: Clock
    row: Source
    """The source as it was read."""

    source: AnySource
    payload: CollectPayload
    forget_days: int
    doubts: Doubts
    left_out: LeftOut
    moves: "Moves | None"
    """None: what is not given may be there all the same."""

    written: Written = field(default_factory=Written)
    missing: "Missing | None" = None
    keys: set[str] = field(default_factory=set)
    links: list[LinkRow] = field(default_factory=list)
    group: list[Item] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    """Keys of items that this database does not take."""

    size: int = 0

    @property
    def source_id(self) -> int:
        """Which source it is of."""
        return self.row.id

    @property
    def max_characters(self) -> float:
        """How large a star may be where a value may only be so large, each character four bytes."""
        limit = self.job.database.capabilities.max_value_bytes
        return math.inf if limit is None else limit / 4

    def write(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one batch, if the source is still of the place that is collected.

        Raises:
            NotFound: it was deleted; nothing was written.
            Unavailable: its configuration is another one; the next attempt goes by that.
            LeaseLost, TimedOut: as ``RunningJob.write`` says.
        """
        for _ in range(ATTEMPTS):
            look = EXPECT_UNCHANGED(id=self.source_id, seen_at=self.row.updated_at)
            try:
                return self.job.write([look, *calls])[1:]
            except MissingReference:
                found = get_source(self.job.database, self.source_id)
                if found.updated_at == self.row.updated_at:
                    raise  # something else has broken it
                if found.config != self.row.config:
                    raise Unavailable(
                        f"source {self.source_id}: was changed while it was collected"
                    ) from None
                self.row = found
        raise Unavailable(f"source {self.source_id}: somebody else keeps changing it")

    def take(self, item: Item | Seen) -> None:
        """Take an item in; write the group when it is large enough."""
        self.job.check()
        self.keys.add(short_key(item.key))
        if isinstance(item, Seen):
            self.written.unchanged += 1
        elif self.moves is None or not self.moves.sets_aside(item):
            self._add(item)

    def take_aside(self) -> None:
        """Take what may have been moved; what a person has deleted stays so by its other key."""
        if self.moves is None:
            return
        if calls := self.moves.calls(self.job.database, self.keys):
            self.write(calls)
        for item in self.moves.aside:
            self._add(item)

    def _add(self, item: Item) -> None:
        self.left_out.add("too many parts", item.parts_left_out)
        size = len(item.star.model_dump_json())
        if size > self.max_characters:
            self._pass_over(item)
            return
        links = number_links(Link(says, short_key(to)) for says, to in item.links)
        key = short_key(item.key)
        self.links += [link_row(key, link, place) for link, place in links.items()]
        self.group.append(item)
        self.size += size + FILE_CHARACTERS * (item.star.block.storage == "file")
        if len(self.group) >= GROUP or self.size >= GROUP_CHARACTERS:
            self.flush()

    def _pass_over(self, item: Item) -> None:
        # Counted: one such item would keep the others of its source away for good.
        logger.warning("item %s: larger than this database takes, passed over", item.key[:200])
        self.left_out.add("too large")
        self.passed.add(short_key(item.key))

    def flush(self) -> None:
        """Write the items that have come since the last time, but those that are doubted."""
        items, self.group, self.size = self.group, [], 0
        sifted = self.doubts.sift(self.job.database, self.source_id, self.source, items)
        try:
            self._write(sifted)
        except TooLarge:
            for item in sifted:
                try:
                    self._write([item])
                except TooLarge:
                    self._pass_over(item)

    def _write(self, items: Sequence[Item]) -> None:
        self.written += write_items(
            self.job.database,
            self.source_id,
            items,
            now=self.clock(),
            write=self.write,
            returning=Return(always=self.payload.restore),
            organizes=self.source.organizes,
            job_id=self.job.id,
        )

    def link(self) -> None:
        """Relate items to each other, as many at once as others may wait for."""
        database = self.job.database
        # All of them, each time: a former attempt may have been killed before it came to them.
        # What was not taken says nothing: its places would be those of what is stored.
        refused = self.passed.union(self.doubts.keys)
        said = [link for link in self.links if link["from_key"] not in refused]
        for start in range(0, len(said), LINKS_AT_ONCE):
            self.job.check()
            some = said[start : start + LINKS_AT_ONCE]
            if missing := read_unlinked(database, self.source_id, some):
                made = link_calls(database, self.source_id, missing, self.clock())
                batch, actor = new_batch(self.job.id), actor_of(self.source_id)
                self.write(log_made(made, action="items", actor=actor, batch=batch))

    def settle(self) -> None:
        """Decide what becomes of what the source has not given, if it gives everything."""
        missing = self._settle_absent() if self.source.gives_all else []
        self.source.settle(Decided(doubted=self.doubts.keys, missing=missing))

    def _settle_absent(self) -> list[str]:
        """Delete what is gone; note what is missing, and return its keys."""
        from inkcre.sources.absence import sort_absent  # no source gives all on Workers

        database, now = self.job.database, self.clock()
        absent = sort_absent(
            database, self.source_id, self.source, self.keys,
            now=now, forget_days=self.forget_days, forgets=self.payload.forget,
        )  # fmt: skip
        for calls in absent.calls(database, self.source_id, now):
            self.write(calls)
        for start in range(0, len(absent.gone), GROUP):
            self.job.check()
            some = absent.gone[start : start + GROUP]
            self.written += delete_items(
                database, self.source_id, some, write=self.write, job_id=self.job.id
            )
        self.missing = absent.count_missing(now)
        if self.missing.count:
            logger.warning(
                "source %d: %d items are missing since %s; if they are gone,"
                " run `inkcre sources collect %d --forget`",
                self.source_id, self.missing.count, self.missing.since, self.source_id,
            )  # fmt: skip
        return [item.key for item in absent.missing]

    def end(self) -> Outcome:
        """Return what is to be written with the job's end."""
        state = self.source.state.model_dump(mode="json")
        if self.doubts.found:
            state[DOUBTED] = self.doubts.found
        told = self.left_out.tell()
        state |= told
        text = json.dumps(state, ensure_ascii=False)
        calls = [SET_STATE(id_=self.source_id, new_state=text, read_at=self.row.updated_at)]
        doubtful = {"doubtful": len(self.doubts.keys)} if self.doubts.keys else {}
        missing = self.missing.tell() if self.missing else {}
        return Outcome({**self.written.count(), **doubtful, **missing, **told}, calls)


def collect(
    job: RunningJob,
    payload: CollectPayload,
    *,
    settings: Settings,
    web: Web,
    storage: Storage,
    tenure: Tenure,
    clock: Clock,
) -> Outcome:
    """Collect the job's source.

    Raises:
        NotFound: the source was deleted; its schedule goes, if it has one still.
        InkcreError: what the source says of its surroundings.
    """
    return collect_with(
        job, payload, settings=settings, web=web, storage=storage, tenure=tenure, clock=clock
    ).end()


def collect_with(
    job: RunningJob,
    payload: CollectPayload,
    *,
    settings: Settings,
    web: Web,
    storage: Storage,
    tenure: Tenure,
    clock: Clock,
) -> Collect:
    """Do what ``collect`` does, up to the job's end."""
    shelf = partial(open_shelf, job.database, storage, tenure)
    row, source = open_of_job(job, find_source_types(settings), web, clock, shelf)
    left_out = source.context.left_out
    forget_days = settings.section(SourcesSettings).forget_days
    doubts = Doubts(_read_doubted(row.state))
    moves = None
    if source.gives_all:
        from inkcre.sources.items.moves import read_moves  # as in _settle_absent

        moves = read_moves(job.database, row.id)
    run = Collect(job, clock, row, source, payload, forget_days, doubts, left_out, moves)
    # What has not changed is not given else, and could not come back.
    for item in source.collect(full=payload.full or payload.restore):
        run.take(item)
    run.take_aside()
    # Before what is gone is looked for: an item may have moved to another key and kept its block.
    run.flush()
    run.settle()
    run.link()
    return run


def _read_doubted(state: Mapping[str, object]) -> dict[str, str]:
    doubted = state.get(DOUBTED)
    found = doubted if isinstance(doubted, dict) else {}
    return {key: said for key, said in found.items() if isinstance(said, str)}


COLLECT = JobKind("collect", CollectPayload, collect, backoff_seconds=30, concurrency=8)


def new_collect(source_id: int, payload: CollectPayload) -> NewJob:
    """Return the job that collects a source: one at a time."""
    return NewJob(COLLECT.name, payload, serial_key=serial_key_of(source_id), source_id=source_id)
