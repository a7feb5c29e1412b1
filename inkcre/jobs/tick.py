"""The tick: what is due now. Every home calls it at a steady pace."""

import time

from inkcre.context import Components
from inkcre.jobs.due import Due, enqueue_due
from inkcre.jobs.housekeeping import schedule_own
from inkcre.jobs.kinds import Kinds
from inkcre.jobs.known_time import tell_time
from inkcre.jobs.put_off import put_right
from inkcre.jobs.runner import run_claimable
from inkcre.jobs.strangers import fail_disabled, fail_forgotten

LEASE_SECONDS = 330
"""How long a tick holds a job where nothing runs beside it that extends leases: longer than most
kinds may take (300), so that their own limit comes first."""


def look(context: Components, kinds: Kinds) -> Due:
    """Add the jobs that are due; the first time, see that what comes by itself has its rows.

    What is due of kinds that nobody here runs fails, and says what it needs.
    """
    now, disabled = context.clock(), context.settings.extensions.disabled
    told = tell_time(context.database, now)
    if told.is_news:
        put_right(context.database, now, context.zone, jobs=told.is_agreed)
    if not kinds.are_scheduled:
        from inkcre.jobs.zones import follow_zone  # not by who never ticks

        schedule_own(context.database, kinds.schedules, now, context.zone)
        follow_zone(context.database, now, context.zone)
        fail_forgotten(context.database, [*kinds.by_name], now)
        kinds.are_scheduled = True
    due = enqueue_due(context.database, now, context.zone)
    fail_disabled(context.database, disabled, now)
    return due


def tick(context: Components, kinds: Kinds, *, budget_seconds: float) -> tuple[Due, int]:
    """Add the jobs that are due, and run jobs until none is left or the time is over.

    Give what was due, and how many jobs were run. The rest is for the next tick.
    """
    end = time.monotonic() + budget_seconds
    due = look(context, kinds)
    done = run_claimable(
        context, kinds, lease_seconds=LEASE_SECONDS, may_go_on=lambda: time.monotonic() < end
    )
    return due, done
