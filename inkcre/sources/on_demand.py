"""What people ask of a source: to be collected, soon or now, and to take what they send."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from inkcre.context import Components
from inkcre.errors import BadAnswer, Conflict, Invalid, NotFound, Unsupported
from inkcre.graph.blocks import get_block
from inkcre.graph.records import Block
from inkcre.jobs.jobs import Job, cancel_job, enqueue, find_waiting, get_job
from inkcre.jobs.kinds import JobKind, Kinds, Outcome, RunningJob
from inkcre.jobs.leases import claim_one
from inkcre.jobs.runner import run_lease
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceTypes
from inkcre.sources.base import Item
from inkcre.sources.collect import COLLECT, CollectPayload, collect_with, new_collect
from inkcre.sources.items.changes import Return
from inkcre.sources.items.items import write_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.messages import NotingWrite, TakenMessage
from inkcre.sources.registry import find_source_types
from inkcre.sources.rows import Source
from inkcre.sources.sources import get_source

INLINE_LEASE_SECONDS = 330
"""How long a collect holds its job that runs in a request, where nothing extends leases."""


class CollectFailed(BadAnswer):
    """Tell that a collect that somebody waited for did not end well."""

    code = "collect_failed"


def enqueue_collect(
    database: Database,
    source_id: int,
    *,
    full: bool,
    now: datetime,
    restore: bool = False,
    forget: bool = False,
) -> Job:
    """Add the job that collects a source, or give the one that waits already to do the same.

    Args:
        database: where to.
        source_id: which one.
        full: whether everything is fetched anew.
        now: the time.
        restore: whether what people have deleted comes back.
        forget: whether what is missing goes at once.

    Raises:
        NotFound: there is no such source.
    """
    get_source(database, source_id)
    payload = CollectPayload(full=full, restore=restore, forget=forget)
    job = new_collect(source_id, payload)
    waiting = find_waiting(database, job)
    if waiting is not None:
        return waiting
    job_id = enqueue(database, job, now)
    assert job_id is not None
    return get_job(database, job_id)


def collect_now(
    context: Components,
    source_id: int,
    *,
    full: bool,
    restore: bool = False,
    forget: bool = False,
) -> list[Block]:
    """Collect a source at once; give the blocks that were added or changed, in order.

    ``full``, ``restore`` and ``forget`` are those of ``enqueue_collect``.

    Raises:
        NotFound: there is no such source.
        Conflict: it is being collected, or others bring its items.
        CollectFailed: the collect did not end well; it says why, and which job it was.
    """
    source = get_source(context.database, source_id)
    require_collecting(find_source_types(context.settings), source)
    # Its time has not come, so that nobody else takes it. If this process dies now, it will.
    now = context.clock()
    later = now + timedelta(seconds=INLINE_LEASE_SECONDS)
    payload = CollectPayload(full=full, restore=restore, forget=forget)
    job = replace(new_collect(source_id, payload), run_at=later)
    job_id = enqueue(context.database, job, now)
    assert job_id is not None
    block_ids: list[int] = []

    def run(job: RunningJob, payload: CollectPayload) -> Outcome:
        run = collect_with(
            job, payload, settings=context.settings, web=context.web, storage=context.storage,
            tenure=context.tenure, clock=context.clock,
        )  # fmt: skip
        block_ids.extend(run.written.block_ids)
        return run.end()

    # A job all the same, with a lease: no other collect of the source runs beside it.
    kinds = Kinds.of(JobKind(COLLECT.name, CollectPayload, run, max_attempts=1))
    try:
        lease = claim_one(context.database, job_id, now=now, lease_seconds=INLINE_LEASE_SECONDS)
    except Conflict:
        lease = None
    if lease is None:
        _cancel_quietly(context.database, job_id, context.clock())
        raise Conflict(f"source {source_id}: is being collected")
    run_lease(context, kinds, lease, limit_seconds=INLINE_LEASE_SECONDS)
    ended = get_job(context.database, job_id)
    # run_lease raises nothing of the job's: how it ended is in its row.
    if ended.state != "finished":
        raise CollectFailed(
            f"source {source_id}: {ended.error or ended.state}", hint=f"see job {job_id}"
        )
    return list(_read_blocks(context.database, block_ids))


def require_collecting(types: SourceTypes, source: Source) -> None:
    """Raise if there is nothing that a source could collect.

    Raises:
        Conflict: others bring its items.
    """
    try:
        collects = types.load(source.type).collects
    except (Invalid, Unsupported):  # the job that would collect it says so
        return
    if not collects:
        raise Conflict(
            f"source {source.id}: is of type {source.type}, whose items others bring",
            hint=f"send them to /sources/{source.id}/items",
        )


def _cancel_quietly(database: Database, job_id: int, now: datetime) -> None:
    try:
        cancel_job(database, job_id, now)
    except Conflict:
        return  # another process has taken it: then it is being collected


def _read_blocks(database: Database, ids: list[int]) -> Iterator[Block]:
    for block_id in ids:
        try:
            yield get_block(database, block_id)
        except NotFound:
            continue


def add_items(
    database: Database,
    types: SourceTypes,
    source_id: int,
    items: list[Item],
    *,
    now: datetime,
    restores: bool = False,
    message_id: str | None = None,
) -> Written:
    """Write items that somebody else has collected for a source, at once.

    ``restores``: those whose blocks somebody has deleted come back, which else stay away.
    ``message_id``: of the signed message that brings them; one that was taken before changes
    nothing.

    Raises:
        NotFound: there is no such source, or a block that is referred to does not exist.
        Conflict: the source collects its items itself, and would not keep these.
        Invalid: a star names an unknown storage.
    """
    require_open(types, get_source(database, source_id))
    # Who sends something new under the key of what was deleted, has something new to say.
    returning = Return(always=restores, when_new=True)
    if message_id is None:
        return write_items(database, source_id, items, now=now, returning=returning)
    message = TakenMessage(source_id, message_id)
    if message.is_known(database, now):
        return Written(unchanged=len({item.key for item in items}))
    write = NotingWrite(database, message.note(now))
    written = write_items(database, source_id, items, now=now, write=write, returning=returning)
    write.finish()
    return written


def require_open(types: SourceTypes, source: Source) -> None:
    """Raise unless a source keeps what others send.

    Raises:
        Conflict: it collects its items itself, and would not keep these.
    """
    try:
        is_open = types.load(source.type).takes_items
    except (Invalid, Unsupported):  # whatever its type does, it is not here
        is_open = False
    if not is_open:
        raise Conflict(
            f"source {source.id}: is of type {source.type}, which does not keep what others send",
            hint="add a source of type inbox, and send it there",
        )
