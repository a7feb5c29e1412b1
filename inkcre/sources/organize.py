"""Organizing: a job that adds what a source finds in a block that it has given."""

from inkcre.errors import NotFound
from inkcre.graph.blocks import get_block
from inkcre.graph.change_log import log_made
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.plans import plan_star
from inkcre.jobs.kinds import JobKind, Outcome, Payload, RunningJob
from inkcre.ports.clock import Clock
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings
from inkcre.sources.instances import open_of_job
from inkcre.sources.items.writes import actor_of
from inkcre.sources.registry import find_source_types


class OrganizePayload(Payload):
    """What a job is given that organizes a block of its source."""

    block_id: int


def organize(
    job: RunningJob,
    payload: OrganizePayload,
    settings: Settings,
    web: Web,
    clock: Clock,
) -> Outcome:
    """Add what a source finds in a block that it has given; a block that is gone is left alone."""
    row, source = open_of_job(job, find_source_types(settings), web, clock)
    try:
        block = get_block(job.database, payload.block_id)
    except NotFound:
        return Outcome({"block": None})
    star = source.organize(block)
    if star is None:
        return Outcome({"block": payload.block_id, "added": False})
    calls = log_made(
        # Nobody gives it: it goes with its block.
        write_calls(job.database, plan_star(star), clock(), is_given=False),
        action="organize",
        actor=actor_of(row.id),
    )
    return Outcome({"block": payload.block_id, "added": True}, calls)


ORGANIZE = JobKind("organize", OrganizePayload, organize, backoff_seconds=30, concurrency=8)
