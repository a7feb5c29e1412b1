"""The tick: what is due now. Every home calls it at a steady pace."""

import time

from inkcre.context import Components
from inkcre.jobs.kinds import Kinds
from inkcre.jobs.running import run_claimable
from inkcre.jobs.schedules import Due, enqueue_due

LEASE_SECONDS = 330
"""How long a tick holds a job where nothing runs beside it that extends leases."""


def tick(context: Components, kinds: Kinds, *, budget_seconds: float) -> tuple[Due, int]:
    """Add the jobs that are due, and run jobs until none is left or the time is over.

    Give what was due, and how many jobs were run. The rest is for the next tick.
    """
    end = time.monotonic() + budget_seconds
    due = enqueue_due(context.database, context.clock(), context.timezone)
    done = run_claimable(
        context, kinds, lease_seconds=LEASE_SECONDS, may_go_on=lambda: time.monotonic() < end
    )
    return due, done
