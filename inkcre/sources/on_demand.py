"""What people ask of a source: to be collected, soon or now, and to take what they send."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from inkcre.context import Components
from inkcre.errors import BadAnswer, Conflict, Invalid, NotFound, Unsupported
from inkcre.graph.blocks import Block, get_block
from inkcre.jobs.jobs import Job, cancel_job, enqueue, find_waiting, get_job
from inkcre.jobs.kinds import JobKind, Kinds, Outcome, RunningJob
from inkcre.jobs.leases import claim_one
from inkcre.jobs.running import run_lease
from inkcre.sources.base import Item
from inkcre.sources.collect import COLLECT, CollectPayload, collect, new_collect
from inkcre.sources.items.items import write_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.sources import Source, get_source

INLINE_LEASE_SECONDS = 330
"""How long a collect holds its job that runs in a request, where nothing extends leases."""


class CollectFailed(BadAnswer):
    """Tell that a collect that somebody waited for did not end well."""

    code = "collect_failed"


def enqueue_collect(context: Components, source_id: int, *, full: bool) -> Job:
    """Add the job that collects a source, or give the one that waits already to do the same.

    Raises:
        NotFound: there is no such source.
    """
    get_source(context.database, source_id)
    job = new_collect(source_id, full=full)
    waiting = find_waiting(context.database, job)
    if waiting is not None:
        return waiting
    job_id = enqueue(context.database, job, context.clock())
    assert job_id is not None
    return get_job(context.database, job_id)


def collect_now(context: Components, source_id: int, *, full: bool) -> list[Block]:
    """Collect a source at once; give the blocks that were added or changed, in order.

    Raises:
        NotFound: there is no such source.
        Conflict: it is being collected.
        CollectFailed: the collect did not end well; it says why, and which job it was.
    """
    get_source(context.database, source_id)
    # Its time has not come, so that nobody else takes it. If this process dies now, it will.
    now = context.clock()
    later = now + timedelta(seconds=INLINE_LEASE_SECONDS)
    job = replace(new_collect(source_id, full=full), run_at=later)
    job_id = enqueue(context.database, job, now)
    assert job_id is not None
    block_ids: list[int] = []

    def run(job: RunningJob, payload: CollectPayload) -> Outcome:
        return collect(job, payload, block_ids.extend)

    kinds = Kinds.of(JobKind(COLLECT.name, CollectPayload, run, max_attempts=1))
    try:
        lease = claim_one(context.database, job_id, now=now, lease_seconds=INLINE_LEASE_SECONDS)
    except Conflict:
        lease = None
    if lease is None:
        _cancel_quietly(context, job_id)
        raise Conflict(f"source {source_id}: is being collected")
    run_lease(context, kinds, lease, limit_seconds=INLINE_LEASE_SECONDS)
    ended = get_job(context.database, job_id)
    if ended.state != "finished":
        raise CollectFailed(
            f"source {source_id}: {ended.error or ended.state}", hint=f"see job {job_id}"
        )
    return list(_read_blocks(context, block_ids))


def _cancel_quietly(context: Components, job_id: int) -> None:
    try:
        cancel_job(context.database, job_id, context.clock())
    except Conflict:
        return  # another process has taken it: then it is being collected


def _read_blocks(context: Components, ids: list[int]) -> Iterator[Block]:
    for block_id in ids:
        try:
            yield get_block(context.database, block_id)
        except NotFound:
            continue


def add_items(
    context: Components, source_id: int, items: list[Item], *, restores: bool = False
) -> Written:
    """Write items that somebody else has collected for a source, at once.

    Raises:
        NotFound: there is no such source, or a block that is referred to does not exist.
        Conflict: the source collects its items itself, and would not keep these.
        Invalid: a star names an unknown storage.
    """
    _require_open(context, get_source(context.database, source_id))
    return write_items(context.database, source_id, items, now=context.clock(), restores=restores)


def _require_open(context: Components, source: Source) -> None:
    try:
        is_open = context.source_types.load(source.type).takes_items
    except (Invalid, Unsupported):  # whatever its type does, it is not here
        is_open = False
    if not is_open:
        raise Conflict(
            f"source {source.id}: is of type {source.type}, which does not keep what others send",
            hint="add a source of type inbox, and send it there",
        )
