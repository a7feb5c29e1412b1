"""The job that takes away what has had its time: small values, and jobs that have ended."""

from datetime import timedelta

from sqlalchemy import BigInteger, Text, bindparam, delete

from inkcre.jobs.housekeeping import OwnSchedule
from inkcre.jobs.kinds import JobKind, NoPayload, Outcome, RunningJob
from inkcre.jobs.known_time import find_ahead, is_near
from inkcre.jobs.put_off import put_right
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Statement
from inkcre.sql.constructs import timestamp
from inkcre.sql.rows import count_of
from inkcre.sql.tables import jobs, keyvalues
from inkcre.sql.timestamps import format_timestamp

RETENTION = timedelta(days=30)
"""How long jobs that have ended are kept."""

SWEEP_KEYVALUES = Statement(
    delete(keyvalues).where(keyvalues.c.expires_at <= bindparam("now", type_=BigInteger)),
    counts=True,
)
"""Delete the small values whose time is over."""

FORGET_ENDED = Statement(
    delete(jobs).where(jobs.c.finished_at < timestamp(bindparam("before", type_=Text))), counts=True
)
"""Delete the jobs that ended long ago."""


def sweep(job: RunningJob, clock: Clock) -> Outcome:
    """Delete small values whose time is over, and jobs that ended long ago.

    None by a clock that is far ahead of the time that the base knows.
    """
    now = clock()
    ahead = find_ahead(job.database, now)
    if ahead is not None:  # the tick has said so in the log
        return Outcome({"values": 0, "jobs": 0, "ended": ahead.code})
    values, ended = job.write(
        [
            SWEEP_KEYVALUES(now=int(now.timestamp() * 1000)),
            FORGET_ENDED(before=format_timestamp(now - RETENTION)),
        ]
    )
    return Outcome({"values": count_of(values), "jobs": count_of(ended)})


def keep_house(job: RunningJob, clock: Clock, zone: Zone) -> Outcome:
    """Sweep, and look through all schedules: what is added by a wrong clock no tick has seen."""
    if is_near(job.database, clock()):
        put_right(job.database, clock(), zone, jobs=True)
    return sweep(job, clock)


SWEEP = JobKind("sweep", NoPayload, keep_house)
HOURLY = OwnSchedule(SWEEP.name, every="1h")
