"""Collecting: a job that asks a source for its items and writes what is new.

Its last batch writes the last items, how far the source has come, and the job's end. Killed before,
the next attempt finds what was written and goes on.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from inkcre.errors import Misconfigured, NotFound
from inkcre.graph.blocks import get_block
from inkcre.graph.graphs import write_calls
from inkcre.graph.plans import plan_star
from inkcre.jobs.jobs import (
    NewJob,
    source_lane,
)
from inkcre.jobs.kinds import JobKind, Outcome, Payload, RunningJob
from inkcre.sources.base import AnySource, Item, Seen
from inkcre.sources.instances import open_row, open_source
from inkcre.sources.items.changes import LinkRow
from inkcre.sources.items.item_rows import read_stamps
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.revisions import Written, short_key
from inkcre.sources.items.writes import link_calls
from inkcre.sources.sources import SET_STATE, get_source

logger = logging.getLogger("inkcre.sources")

GROUP = 100
GROUP_CHARACTERS = 256 * 1024
"""How many items, and of how much text, are written in one batch."""

LINKS_AT_ONCE = 2000
"""How many relations between items are written by one statement."""


class CollectPayload(Payload):
    """What a job is given that collects its source."""

    full: bool = False
    """Whether everything is asked for, whatever the state says, and deleted blocks come back."""


class OrganizePayload(Payload):
    """What a job is given that organizes a block of its source."""

    block_id: int


@dataclass
class _Collect:
    """One collect while it runs."""

    job: RunningJob
    source_id: int
    source: AnySource
    read_at: str
    """When the source was changed last, as it was read."""

    is_full: bool
    written: Written = field(default_factory=Written)
    keys: set[str] = field(default_factory=set)
    links: list[LinkRow] = field(default_factory=list)
    group: list[Item] = field(default_factory=list)
    size: int = 0

    @property
    def max_characters(self) -> float:
        """How large a star may be where a value may only be so large, each character four bytes."""
        limit = self.job.context.database.capabilities.max_value_bytes
        return math.inf if limit is None else limit / 4

    def take(self, item: Item | Seen) -> None:
        """Take an item in; write the group when it is large enough."""
        self.job.check()
        self.keys.add(short_key(item.key))
        if isinstance(item, Seen):
            self.written.unchanged += 1
            return
        self.links += [
            {"from_key": short_key(item.key), "to_key": short_key(to), "content": says}
            for says, to in item.links
        ]
        size = len(item.star.model_dump_json())
        if size > self.max_characters:
            logger.warning("item %s: larger than this database takes, passed over", item.key[:200])
            self.written.skipped += 1
            return
        self.group.append(item)
        self.size += size
        if len(self.group) >= GROUP or self.size >= GROUP_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the items that have come since the last time."""
        context = self.job.context
        self.written += write_items(
            context.database,
            self.source_id,
            self.group,
            now=context.clock(),
            write=self.job.write,
            restores=self.is_full,
            organizes=self.source.organizes,
        )
        self.group, self.size = [], 0

    def delete_gone(self) -> None:
        """Delete what the source has not given this time, if it gives everything."""
        database = self.job.context.database
        known = [key for key, _ in read_stamps(database, self.source_id)]
        gone = [key for key in known if key not in self.keys]
        if gone and not self.keys and not self.is_full:
            raise Misconfigured(
                f"source {self.source_id}: nothing is there any more of {len(gone)} items",
                hint="look whether its place is there; if that is right, collect with full",
            )
        for start in range(0, len(gone), GROUP):
            self.written += delete_items(
                database, self.source_id, gone[start : start + GROUP], write=self.job.write
            )

    def end(self) -> Outcome:
        """Return what is to be written with the job's end."""
        database = self.job.context.database
        state = self.source.state.model_dump_json()
        calls = [SET_STATE(id_=self.source_id, new_state=state, read_at=self.read_at)]
        # All of them, each time: a former attempt may have been killed before it came to them.
        for start in range(0, len(self.links), LINKS_AT_ONCE):
            part = self.links[start : start + LINKS_AT_ONCE]
            calls += link_calls(database, self.source_id, part, self.job.context.clock())
        return Outcome(self.written.count(), calls)


def collect(
    job: RunningJob, payload: CollectPayload, on_written: Callable[[list[int]], None] | None = None
) -> Outcome:
    """Collect the job's source.

    Raises:
        NotFound: the source was deleted.
        InkcreError: what the source says of its surroundings.
    """
    source_id = _source_of(job)
    row = get_source(job.context.database, source_id)
    source = open_row(job.context, row, job.check)
    run = _Collect(job, source_id, source, row.updated_at, payload.full)
    for item in source.collect(full=payload.full):
        run.take(item)
    run.flush()
    if source.gives_all:
        run.delete_gone()
    if on_written:
        on_written(run.written.block_ids)
    return run.end()


def _source_of(job: RunningJob) -> int:
    source_id = job.hold.lease.source_id
    if source_id is None:
        raise NotFound(f"job {job.id}: names no source")
    return source_id


def organize(job: RunningJob, payload: OrganizePayload) -> Outcome:
    """Add what a source finds in a block that it has given; a block that is gone is left alone."""
    source = open_source(job.context, _source_of(job), job.check)
    try:
        block = get_block(job.context.database, payload.block_id)
    except NotFound:
        return Outcome({"block": None})
    star = source.organize(block)
    if star is None:
        return Outcome({"block": payload.block_id, "added": False})
    calls = write_calls(job.context.database, plan_star(star), job.context.clock())
    return Outcome({"block": payload.block_id, "added": True}, calls)


COLLECT = JobKind("collect", CollectPayload, collect, backoff_seconds=30, concurrency=8)
ORGANIZE = JobKind("organize", OrganizePayload, organize, backoff_seconds=30, concurrency=8)


def new_collect(source_id: int, *, full: bool) -> NewJob:
    """Return the job that collects a source: one at a time."""
    payload = CollectPayload(full=full)
    return NewJob(COLLECT.name, payload, lane=source_lane(source_id), source_id=source_id)
