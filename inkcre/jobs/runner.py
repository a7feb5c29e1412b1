"""Running jobs: claim, run, and say how it ended."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from pydantic import ValidationError

from inkcre.context import Components
from inkcre.errors import InkcreError, SurroundingsError, Unavailable
from inkcre.jobs.kinds import (
    AnyKind,
    Hold,
    Kinds,
    Outcome,
    RunningJob,
)
from inkcre.jobs.leases import (
    Lease,
    LeaseLost,
    claim,
    fail_call,
    finish_call,
    postpone_call,
    write_fenced,
)
from inkcre.jobs.strangers import GRACE, StrangePayload, choose_pause, explain, leave_call
from inkcre.ports.clock import settled
from inkcre.ports.database import wake_nobody
from inkcre.sql.text import clean
from inkcre.tracing import trace

logger = logging.getLogger("inkcre.jobs")

MAX_FAULT_LENGTH = 2000
Watch = Callable[[Hold], AbstractContextManager[None]]
"""Keeps a lease from lapsing while its job runs, where something can."""


@contextmanager
def unwatched(_: Hold) -> Iterator[None]:
    """Let a lease run out: for where nothing runs beside a job."""
    yield


def run_claimable(
    context: Components,
    kinds: Kinds,
    *,
    lease_seconds: float,
    may_go_on: Callable[[], bool],
    watch: Watch = unwatched,
    on_claim: Callable[[], None] = wake_nobody,
) -> int:
    """Run jobs, one after the other, until none can be claimed; give how many were run.

    Args:
        context: the components.
        kinds: which jobs can be run.
        lease_seconds: how long a job is held at first; without a ``watch``, how long it may take.
        may_go_on: whether another job may begin.
        watch: keeps leases from lapsing.
        on_claim: called when a job was claimed: there may be more.

    Raises:
        SurroundingsError: the database does not answer.
    """
    places, done = kinds.places(), 0
    limit_seconds = lease_seconds if watch is unwatched else math.inf
    while may_go_on():
        now = context.clock()
        lease = claim(
            context.database, places, now=now, settled=settled(context.clock, now),
            lease_seconds=lease_seconds,
        )  # fmt: skip
        if lease is None:
            break
        on_claim()
        run_lease(context, kinds, lease, watch=watch, limit_seconds=limit_seconds)
        done += 1
    return done


def run_lease(
    context: Components,
    kinds: Kinds,
    lease: Lease,
    *,
    watch: Watch = unwatched,
    limit_seconds: float = math.inf,
) -> None:
    """Run a job that is held, and write how it ended.

    It may take as long as its kind may, or ``limit_seconds``, whichever is less.

    Raises:
        SurroundingsError: the database did not take that; the job is claimed again in time.
    """
    kind = kinds.by_name[lease.kind]
    seconds = min(kind.timeout_seconds, limit_seconds)
    hold = Hold(lease, time.monotonic() + seconds)
    with trace(job=lease.job_id, source=lease.source_id):
        try:
            with watch(hold):
                outcome = _run(RunningJob(hold, context.database), kind, context)
                ending = finish_call(lease, outcome.result, context.clock())
                write_fenced(context.database, lease, [*outcome.calls, ending])
        # Before InkcreError, of which it is one: there is nothing left to write.
        except LeaseLost as error:
            logger.warning("%s: what it did last was not written", error)
        except StrangePayload as error:
            _leave(context, kinds, lease, error)
        except ValidationError as error:  # of what the job has read
            _end_badly(context, kind, lease, explain(error), retry_after=None)
        except InkcreError as error:
            _end_badly(context, kind, lease, _say(error), _retry_after(error))
        except ImportError as error:  # another attempt would find the same packages
            from inkcre.packages import explain_import

            logger.exception("%s cannot run", lease.kind)
            missing = explain_import(error, by=f"{lease.kind} cannot run")
            _end_badly(context, kind, lease, _say(missing), retry_after=None)
        except Exception as error:
            logger.exception("%s failed", lease.kind)
            _end_badly(context, kind, lease, f"{type(error).__name__}: {error}", retry_after=0)
        else:
            logger.info("%s finished: %s", lease.kind, outcome.result)


def _run(job: RunningJob, kind: AnyKind, context: Components) -> Outcome:
    lease = job.hold.lease
    # A job that kills its process never comes to an end that could be written: only its claims are
    # counted. It would go round for ever.
    if lease.attempts > kind.max_attempts:
        raise GaveUp(f"began {lease.attempts - 1} times and never ended")
    return kind.run_text(job, lease.payload, context)


class GaveUp(SurroundingsError):
    """Tell that a job's process ended each time before the job did."""

    code = "gave_up"


def _retry_after(error: InkcreError) -> float | None:
    """Return how long to wait at least before trying again; None: that makes no sense."""
    if isinstance(error, Unavailable):
        return error.retry_after_seconds
    return 0 if isinstance(error, SurroundingsError) and error.is_retry_safe else None


def _end_badly(
    context: Components, kind: AnyKind, lease: Lease, fault: str, retry_after: float | None
) -> None:
    # An error may quote half of a character, which no database keeps: a thread ended by that.
    fault = clean(fault)[:MAX_FAULT_LENGTH]
    now = context.clock()
    if retry_after is None or lease.attempts >= kind.max_attempts:
        logger.error("%s failed: %s", lease.kind, fault)
        call = fail_call(lease, fault, now)
    else:
        seconds = max(retry_after, kind.pause_seconds(lease.attempts))
        logger.warning("%s is tried again in %.0f s: %s", lease.kind, seconds, fault)
        call = postpone_call(lease, fault, now + timedelta(seconds=seconds))
    [ended] = context.database.atomic([call])
    if not ended:
        logger.warning("job %d: is no longer held", lease.job_id)


def _leave(context: Components, kinds: Kinds, lease: Lease, error: StrangePayload) -> None:
    """Leave a job to a version that can read it; say so once, and give it up after a week."""
    now = context.clock()
    waited = now - datetime.fromisoformat(lease.run_at)
    if not error.is_json or waited > GRACE:
        _end_badly(context, kinds.by_name[lease.kind], lease, error.message, retry_after=None)
        return
    if kinds.is_news(f"job {lease.job_id}"):
        logger.warning("%s is left to another version: %s", lease.kind, error.message)
    context.database.atomic([leave_call(lease, error.message, now + choose_pause(waited))])


def _say(error: InkcreError) -> str:
    return f"{error.code}: {error.message}" + (f" ({error.hint})" if error.hint else "")
