"""The tick: what is due now. Every home calls it at a steady pace."""

import logging
import time
from datetime import timedelta

from sqlalchemy import BigInteger, bindparam, delete

from inkcre.context import Components
from inkcre.errors import NotOurs, Unsupported
from inkcre.infobase.collecting import COLLECT, ORGANIZE
from inkcre.infobase.kinds import Job, JobKind, Kinds, NoPayload, Outcome
from inkcre.infobase.leases import FORGET_ENDED
from inkcre.infobase.running import run_claimable
from inkcre.infobase.schedules import Due, enqueue_due
from inkcre.infobase.sweeping import sweep_files
from inkcre.ports.database import Statement
from inkcre.sql.tables import keyvalues
from inkcre.sql.timestamps import format_moment

logger = logging.getLogger("inkcre")

RETENTION = timedelta(days=30)
"""How long jobs that have ended are kept."""

SWEEP_KEYVALUES = Statement(
    delete(keyvalues).where(keyvalues.c.expires_at <= bindparam("now", type_=BigInteger)),
    counts=True,
)
"""Delete the small values whose time is over."""


def sweep(job: Job, _: NoPayload) -> Outcome:
    """Delete small values whose time is over, and jobs that ended long ago."""
    now = job.given.clock()
    [[(values,)], [(ended,)]] = job.write(
        [
            SWEEP_KEYVALUES(now=int(now.timestamp() * 1000)),
            FORGET_ENDED(before=format_moment(now - RETENTION)),
        ]
    )
    return Outcome({"values": int(values), "jobs": int(ended)})


def sweep_away_files(job: Job, _: NoPayload) -> Outcome:
    """Delete the files that were let go long ago, where the storage is this base's alone."""
    given, deleted = job.given, 0
    sweeping = sweep_files(
        given.database,
        given.storage,
        given.clock,
        keep_days=given.keep_days,
        tenure=given.tenure,
        is_automatic=True,
    )
    try:
        for swept in sweeping:
            deleted = swept.deleted
            job.check()
    except (NotOurs, Unsupported) as error:  # no fault of the job's, and no better in a minute
        logger.warning("%s; %s", error.message, error.hint)
        return Outcome({"deleted": deleted, "ended": error.code})
    return Outcome({"deleted": deleted})


SWEEP = JobKind("sweep", NoPayload, sweep)
SWEEP_FILES = JobKind("sweep files", NoPayload, sweep_away_files, timeout_seconds=3600)

KINDS = Kinds.of(COLLECT, ORGANIZE, SWEEP, SWEEP_FILES)
"""What every base can do."""


LEASE_SECONDS = 330
"""How long a tick holds a job where nothing runs beside it that extends leases."""


def tick(given: Components, kinds: Kinds, *, budget_seconds: float) -> tuple[Due, int]:
    """Add the jobs that are due, and run jobs until none is left or the time is over.

    Give what was due, and how many jobs were run. The rest is for the next tick.
    """
    end = time.monotonic() + budget_seconds
    due = enqueue_due(given.database, given.clock(), given.timezone)
    done = run_claimable(
        given, kinds, lease_seconds=LEASE_SECONDS, may_go_on=lambda: time.monotonic() < end
    )
    return due, done
