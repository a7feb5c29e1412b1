"""Collecting: a job that asks a source for its items and writes what is new.

Its last batch writes the last items, how far the source has come, and the job's end. Killed before,
the next attempt finds what was written and goes on.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from inkcre.context import Components
from inkcre.errors import BadAnswer, Conflict, Invalid, Misconfigured, NotFound, Unsupported
from inkcre.graph.blocks import get_block
from inkcre.graph.graphs import write_calls
from inkcre.graph.plans import plan_star
from inkcre.jobs.jobs import (
    NewJob,
    cancel_job,
    enqueue,
    find_waiting,
    get_job,
    source_lane,
)
from inkcre.jobs.kinds import Job, JobKind, Kinds, Outcome, Payload
from inkcre.jobs.leases import claim_one
from inkcre.jobs.running import run_lease
from inkcre.sources.base import Item, Seen, SourceBase, Surroundings
from inkcre.sources.items.item_rows import link_call, read_stamps, short_key
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.sources import SET_STATE, get_source

logger = logging.getLogger("inkcre.sources")

GROUP = 100
GROUP_CHARACTERS = 256 * 1024
"""How many items, and of how much text, are written in one batch."""

LINKS_AT_ONCE = 2000
"""How many relations between items are written by one statement."""

INLINE_LEASE_SECONDS = 330
"""How long a collect holds its job that runs in a request, where nothing extends leases."""


class CollectPayload(Payload):
    """What a job is given that collects its source."""

    full: bool = False
    """Whether everything is asked for, whatever the state says, and deleted blocks come back."""


class OrganizePayload(Payload):
    """What a job is given that organizes a block of its source."""

    block_id: int


class CollectFailed(BadAnswer):
    """Say that a collect that somebody waited for did not end well."""

    code = "collect_failed"


@dataclass
class _Collect:
    """One collect while it runs."""

    job: Job
    source_id: int
    source: SourceBase[Any, Any]
    read_at: str
    """When the source was changed last, as it was read."""

    is_full: bool
    written: Written = field(default_factory=Written)
    keys: set[str] = field(default_factory=set)
    links: list[tuple[str, str, str]] = field(default_factory=list)
    group: list[Item] = field(default_factory=list)
    size: int = 0

    @property
    def max_characters(self) -> float:
        """How large a star may be where a value may only be so large, each character four bytes."""
        limit = self.job.given.database.capabilities.max_value_bytes
        return math.inf if limit is None else limit / 4

    def take(self, item: Item | Seen) -> None:
        """Take an item in; write the group when it is large enough."""
        self.job.check()
        self.keys.add(short_key(item.key))
        if isinstance(item, Seen):
            self.written.unchanged += 1
            return
        self.links += [(short_key(item.key), short_key(to), says) for says, to in item.links]
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
        given = self.job.given
        self.written += write_items(
            given.database,
            self.source_id,
            self.group,
            now=given.clock(),
            write=self.job.write,
            restores=self.is_full,
            organizes=self.source.organizes,
        )
        self.group, self.size = [], 0

    def delete_gone(self) -> None:
        """Delete what the source has not given this time, if it gives everything."""
        database = self.job.given.database
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
        """Give what is to be written with the job's end."""
        state = self.source.state.model_dump_json()
        calls = [SET_STATE(id_=self.source_id, new_state=state, read_at=self.read_at)]
        # All of them, each time: a former attempt may have been killed before it came to them.
        for start in range(0, len(self.links), LINKS_AT_ONCE):
            part = self.links[start : start + LINKS_AT_ONCE]
            calls.append(link_call(self.source_id, part, self.job.given.clock()))
        return Outcome(self.written.count(), calls)


def open_source(
    given: Components, source_id: int, check: Callable[[], None]
) -> SourceBase[Any, Any]:
    """Make the source of a row.

    Raises:
        NotFound: there is no such source.
        Invalid, Unsupported: its type is not there, or not here.
        pydantic.ValidationError: its configuration is of another version.
    """
    return _open(given, get_source(given.database, source_id), check)


def _open(
    given: Components, row: Mapping[str, Any], check: Callable[[], None]
) -> SourceBase[Any, Any]:
    source_id = row["id"]
    kind = given.source_types.load(row["type"])
    surroundings = Surroundings(
        source_id=source_id,
        web=given.web,
        clock=given.clock,
        stamps=lambda: {
            key: stamp for key, stamp in read_stamps(given.database, source_id) if stamp is not None
        },
        check=check,
        folders=given.folders,
    )
    try:
        config = kind.config_model.model_validate(row["config"])
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"]))
        raise Misconfigured(
            f"source {source_id}: config.{field}: {found['msg']}",
            hint="it was written by another version; change it",
        ) from None
    return kind(config, _read_state(kind, row["state"]), surroundings)  # type: ignore[no-any-return]


def _read_state(kind: type[Any], state: Mapping[str, Any]) -> Any:
    try:
        return kind.state_model.model_validate(state)
    except ValidationError:
        return kind.state_model()  # of another version: as if it had never collected


def collect(
    job: Job, payload: CollectPayload, on_written: Callable[[list[int]], None] | None = None
) -> Outcome:
    """Collect the job's source.

    Raises:
        NotFound: the source was deleted.
        InkcreError: what the source says of its surroundings.
    """
    source_id = _source_of(job)
    row = get_source(job.given.database, source_id)
    source = _open(job.given, row, job.check)
    run = _Collect(job, source_id, source, row["updated_at"], payload.full)
    for item in source.collect(full=payload.full):
        run.take(item)
    run.flush()
    if source.gives_all:
        run.delete_gone()
    if on_written:
        on_written(run.written.block_ids)
    return run.end()


def _source_of(job: Job) -> int:
    source_id = job.hold.lease.source_id
    if source_id is None:
        raise NotFound(f"job {job.id}: names no source")
    return source_id


def organize(job: Job, payload: OrganizePayload) -> Outcome:
    """Add what a source finds in a block that it has given; a block that is gone is left alone."""
    source = open_source(job.given, _source_of(job), job.check)
    try:
        block = get_block(job.given.database, payload.block_id)
    except NotFound:
        return Outcome({"block": None})
    star = source.organize(block)
    if star is None:
        return Outcome({"block": payload.block_id, "added": False})
    limit = job.given.database.capabilities.max_value_bytes
    calls = write_calls(plan_star(star), job.given.clock(), max_bytes=limit)
    return Outcome({"block": payload.block_id, "added": True}, calls)


COLLECT = JobKind("collect", CollectPayload, collect, backoff_seconds=30, concurrency=8)
ORGANIZE = JobKind("organize", OrganizePayload, organize, backoff_seconds=30, concurrency=8)


def new_collect(source_id: int, *, full: bool) -> NewJob:
    """Give the job that collects a source: one at a time."""
    payload = CollectPayload(full=full)
    return NewJob(COLLECT.name, payload, lane=source_lane(source_id), source_id=source_id)


def enqueue_collect(given: Components, source_id: int, *, full: bool) -> dict[str, Any]:
    """Add the job that collects a source, or give the one that waits already to do the same.

    Raises:
        NotFound: there is no such source.
    """
    get_source(given.database, source_id)
    job = new_collect(source_id, full=full)
    waiting = find_waiting(given.database, job)
    if waiting is not None:
        return waiting
    job_id = enqueue(given.database, job, given.clock())
    assert job_id is not None
    given.wake()
    return get_job(given.database, job_id)


def collect_now(given: Components, source_id: int, *, full: bool) -> list[dict[str, Any]]:
    """Collect a source at once; give the blocks that were added or changed, in order.

    Raises:
        NotFound: there is no such source.
        Conflict: it is being collected.
        CollectFailed: the collect did not end well; it says why, and which job it was.
    """
    get_source(given.database, source_id)
    # Its time has not come, so that nobody else takes it. If this process dies now, it will.
    now = given.clock()
    later = now + timedelta(seconds=INLINE_LEASE_SECONDS)
    job = replace(new_collect(source_id, full=full), run_at=later)
    job_id = enqueue(given.database, job, now)
    assert job_id is not None
    block_ids: list[int] = []

    def run(job: Job, payload: CollectPayload) -> Outcome:
        return collect(job, payload, block_ids.extend)

    kinds = Kinds.of(JobKind(COLLECT.name, CollectPayload, run, max_attempts=1))
    try:
        lease = claim_one(given.database, job_id, now=now, lease_seconds=INLINE_LEASE_SECONDS)
    except Conflict:
        lease = None
    if lease is None:
        _cancel_quietly(given, job_id)
        raise Conflict(f"source {source_id}: is being collected")
    run_lease(given, kinds, lease, limit_seconds=INLINE_LEASE_SECONDS)
    ended = get_job(given.database, job_id)
    if ended["state"] != "finished":
        raise CollectFailed(
            f"source {source_id}: {ended['error'] or ended['state']}", hint=f"see job {job_id}"
        )
    return list(_read_blocks(given, block_ids))


def _cancel_quietly(given: Components, job_id: int) -> None:
    try:
        cancel_job(given.database, job_id, given.clock())
    except Conflict:
        return  # another process has taken it: then it is being collected


def _read_blocks(given: Components, ids: list[int]) -> Iterator[dict[str, Any]]:
    for block_id in ids:
        try:
            yield get_block(given.database, block_id)
        except NotFound:
            continue


def add_items(
    given: Components, source_id: int, items: list[Item], *, restores: bool = False
) -> Written:
    """Write items that somebody else has collected for a source, at once.

    Raises:
        NotFound: there is no such source, or a block that is referred to does not exist.
        Conflict: the source collects its items itself, and would not keep these.
        Invalid: a star names an unknown storage.
    """
    _require_open(given, get_source(given.database, source_id))
    return write_items(given.database, source_id, items, now=given.clock(), restores=restores)


def _require_open(given: Components, row: Mapping[str, Any]) -> None:
    try:
        is_open = given.source_types.load(row["type"]).takes_items
    except (Invalid, Unsupported):  # whatever its type does, it is not here
        is_open = False
    if not is_open:
        raise Conflict(
            f"source {row['id']}: is of type {row['type']}, which does not keep what others send",
            hint="add a source of type inbox, and send it there",
        )


def describe_type(kind: type[SourceBase[Any, Any]]) -> dict[str, Any]:
    """Describe a type of sources: its name, what it does, and the schema of its configuration."""
    summary = (kind.__doc__ or "").partition("\n")[0]
    return {
        "type": kind.name,
        "summary": summary,
        "takes_items": kind.takes_items,
        "config_schema": kind.config_model.model_json_schema(),
    }
