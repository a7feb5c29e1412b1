"""The tick: what is due now. Every home calls it at a steady pace."""

import logging
import time
from datetime import datetime

from inkcre.context import Components
from inkcre.jobs.due import Due, enqueue_due
from inkcre.jobs.housekeeping import schedule_own
from inkcre.jobs.kinds import Kinds
from inkcre.jobs.known_time import tell_time
from inkcre.jobs.put_off import put_right
from inkcre.jobs.runner import run_claimable
from inkcre.jobs.strangers import count_left, fail_disabled, fail_forgotten

logger = logging.getLogger("inkcre.schedules")

LEASE_SECONDS = 330
"""How long a tick holds a job where nothing runs beside it that extends leases: longer than most
kinds may take (300), so that their own limit comes first."""


def look(context: Components, kinds: Kinds) -> Due:
    """Add the jobs that are due; the first time, see that what comes by itself has its rows.

    What is due of extensions that are disabled fails, and says what it needs; what is of another
    version is left to it.
    """
    now, disabled = context.clock(), context.settings.extensions.disabled
    told = tell_time(context.database, now)
    if told.is_news:
        put_right(context.database, now, context.zone, jobs=told.is_agreed)
    if not kinds.are_scheduled:
        _begin(context, kinds, now)
        kinds.are_scheduled = True
    due = enqueue_due(context.database, now, context.zone, find_strange=kinds.find_strange)
    _tell_left(kinds, due)
    fail_disabled(context.database, disabled, now)
    return due


def _begin(context: Components, kinds: Kinds, now: datetime) -> None:
    """See to what another version, or other settings, have left behind."""
    from inkcre.jobs.zones import follow_zone  # not by who never ticks

    database, known = context.database, [*kinds.by_name]
    schedule_own(database, kinds.schedules, now, context.zone)
    follow_zone(database, now, context.zone)
    fail_forgotten(database, known, now)
    for kind, number in count_left(database, known, now).items():
        logger.warning("jobs of kind %s (%d) are left to another version", kind, number)


def _tell_left(kinds: Kinds, due: Due) -> None:
    for id_, why in due.left.items():
        if kinds.is_news(f"schedule {id_}: {why}"):
            logger.warning("schedule %d is left to another version: %s", id_, why)


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
