"""The job that sweeps the storage."""

import logging

from inkcre.errors import NotOurs, Unsupported
from inkcre.graph.files.sweeps import sweep_files
from inkcre.jobs.kinds import JobKind, NoPayload, Outcome, RunningJob

logger = logging.getLogger("inkcre")


def sweep_away_files(job: RunningJob, _: NoPayload) -> Outcome:
    """Delete the files that were let go long ago, where the storage is this base's alone."""
    context, deleted = job.context, 0
    sweeping = sweep_files(
        context.database,
        context.storage,
        context.clock,
        keep_days=context.keep_days,
        tenure=context.tenure,
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


SWEEP_FILES = JobKind("sweep files", NoPayload, sweep_away_files, timeout_seconds=3600)
