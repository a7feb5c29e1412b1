"""The job that takes away what has had its time: small values, and jobs that have ended."""

from datetime import timedelta

from sqlalchemy import BigInteger, bindparam, delete

from inkcre.jobs.housekeeping import OwnSchedule
from inkcre.jobs.kinds import JobKind, NoPayload, Outcome, RunningJob
from inkcre.jobs.leases import FORGET_ENDED
from inkcre.ports.clock import Clock
from inkcre.ports.database import Statement
from inkcre.sql.rows import count_of
from inkcre.sql.tables import keyvalues
from inkcre.sql.timestamps import format_timestamp

RETENTION = timedelta(days=30)
"""How long jobs that have ended are kept."""

SWEEP_KEYVALUES = Statement(
    delete(keyvalues).where(keyvalues.c.expires_at <= bindparam("now", type_=BigInteger)),
    counts=True,
)
"""Delete the small values whose time is over."""


def sweep(job: RunningJob, clock: Clock) -> Outcome:
    """Delete small values whose time is over, and jobs that ended long ago."""
    now = clock()
    values, ended = job.write(
        [
            SWEEP_KEYVALUES(now=int(now.timestamp() * 1000)),
            FORGET_ENDED(before=format_timestamp(now - RETENTION)),
        ]
    )
    return Outcome({"values": count_of(values), "jobs": count_of(ended)})


SWEEP = JobKind("sweep", NoPayload, sweep)
HOURLY = OwnSchedule(SWEEP.name, every="1h")
