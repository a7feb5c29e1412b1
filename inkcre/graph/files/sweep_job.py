"""The job that sweeps the storage, and lets changes of long ago be forgotten."""

import logging
from itertools import repeat

from inkcre.errors import NotOurs, Unsupported
from inkcre.graph.changes import forget_calls
from inkcre.graph.files.sweeps import sweep_files
from inkcre.graph.settings import CoreSettings
from inkcre.jobs.housekeeping import OwnSchedule
from inkcre.jobs.kinds import JobKind, NoPayload, Outcome, RunningJob
from inkcre.jobs.known_time import find_ahead
from inkcre.lending import Settings
from inkcre.ports.clock import Clock
from inkcre.ports.storage import Storage, Tenure
from inkcre.sql.rows import count_of

logger = logging.getLogger("inkcre")


def sweep_away_files(
    job: RunningJob,
    storage: Storage,
    clock: Clock,
    tenure: Tenure,
    settings: Settings[CoreSettings],
) -> Outcome:
    """Forget old changes, and delete the files that were let go long ago.

    Files only where the storage is this base's alone.
    """
    deleted = 0
    ahead = find_ahead(job.database, clock())
    if ahead is not None:  # the tick has said so in the log
        return Outcome({"deleted": deleted, "ended": ahead.code})
    for calls in repeat(forget_calls(clock(), settings.changes_keep_days)):
        if count_of(job.write(calls)[-1]) == 0:
            break
    sweeping = sweep_files(
        job.database,
        storage,
        clock,
        keep_days=tenure.keep_days,
        tenure=tenure,
        is_automatic=True,
    )
    try:
        # Between two groups it may be cancelled, or have lost its lease: nothing is half done
        # there.
        for swept in sweeping:
            deleted = swept.deleted
            job.check()
    except (NotOurs, Unsupported) as error:  # no fault of the job's, and no better in a minute
        logger.warning("%s; %s", error.message, error.hint)
        return Outcome({"deleted": deleted, "ended": error.code})
    return Outcome({"deleted": deleted})


SWEEP_FILES = JobKind("sweep files", NoPayload, sweep_away_files, timeout_seconds=3600)
DAILY = OwnSchedule(SWEEP_FILES.name, every="1d")
