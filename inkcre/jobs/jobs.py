"""Jobs: what is to be done, is being done, and was done, each a row.

A job is added in the same batch as the change that caused it. Who runs it has a lease on it, in
``inkcre.jobs.leases``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)

from inkcre.errors import Conflict, NotFound
from inkcre.jobs.new_rows import insert_jobs, pending
from inkcre.ports.database import Call, Database
from inkcre.sql.constructs import as_rfc3339, json_rows, timestamp
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import JSON_OR_NOT, Id, Json, Query
from inkcre.sql.tables import jobs
from inkcre.sql.timestamps import format_timestamp

State = Literal["pending", "running", "finished", "failed", "cancelled"]
STATES: tuple[State, ...] = ("pending", "running", "finished", "failed", "cancelled")


@dataclass(frozen=True)
class Job:
    """A job as it is kept; its timestamps are RFC 3339, UTC."""

    id: int
    kind: str
    state: State
    payload: dict[str, Json] = field(metadata=JSON_OR_NOT)
    attempts: int
    """How often it was begun."""

    source_id: int | None
    error: str | None
    """Why it failed, or why it is tried again."""

    result: Json = field(metadata=JSON_OR_NOT)
    created_at: str
    run_at: str
    """When it may begin, or might."""

    started_at: str | None
    finished_at: str | None
    leased_until: str | None
    """Of a running job: when its holder is taken for dead."""


def _in_state(state: State) -> ColumnElement[bool]:
    return jobs.c.state == literal_column(f"'{state}'", Text)


JOB_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.state,
    jobs.c.payload,
    jobs.c.attempts,
    jobs.c.source_id,
    jobs.c.error,
    jobs.c.result,
    as_rfc3339(jobs.c.created_at).label("created_at"),
    # A job that waits for its next attempt may begin later than it might have at first.
    as_rfc3339(
        case(
            (jobs.c.state == literal_column("'pending'"), jobs.c.claimable_at), else_=jobs.c.run_at
        )
    ).label("run_at"),
    as_rfc3339(jobs.c.started_at).label("started_at"),
    as_rfc3339(jobs.c.finished_at).label("finished_at"),
    as_rfc3339(case((_in_state("running"), jobs.c.claimable_at))).label("leased_until"),
)

_given = json_rows(
    "jobs", ord=BigInteger(), kind=Text(), payload=Text(), run_at=Text(), serial_key=Text(),
    idempotency_key=Text(), source_id=BigInteger(),
)  # fmt: skip
_now = timestamp(bindparam("now", type_=Text))

ENQUEUE = Query(
    insert_jobs(
        pending(
            kind=_given.c.kind,
            payload=_given.c.payload,
            run_at=timestamp(_given.c.run_at),
            serial_key=_given.c.serial_key,
            idempotency_key=_given.c.idempotency_key,
            source_id=_given.c.source_id,
        )
        .where(true())
        .order_by(_given.c.ord)
    ).returning(jobs.c.id),
    Id,
    adds_jobs=True,
)
"""Add jobs whose idempotency keys are not there yet; gives the ids of those added."""

_by_id = jobs.c.id == bindparam("id", type_=BigInteger)

SELECT_JOB = Query(select(*JOB_COLUMNS).where(_by_id), Job)
"""Read one job."""

SELECT_WAITING = Query(
    select(*JOB_COLUMNS)
    .where(
        jobs.c.serial_key == bindparam("serial_key", type_=Text),
        jobs.c.claimable_at.is_not(None),
        jobs.c.state == "pending",
        jobs.c.payload == bindparam("payload", type_=Text),
    )
    .order_by(jobs.c.id)
    .limit(1),
    Job,
)
"""Read the job of a serial key that waits already to do the same."""

RETRY = Query(
    update(jobs)
    .where(_by_id, or_(jobs.c.state == "failed", jobs.c.state == "cancelled"))
    .values(
        state="pending", attempts=0, run_at=_now, claimable_at=_now, lease=null(), slot=null(),
        started_at=null(), finished_at=null(), error=null(), result=null(),
    )
    .returning(*JOB_COLUMNS),
    Job,
    adds_jobs=True,
)  # fmt: skip
"""Let a job that failed or was cancelled wait again."""

CANCEL = Query(
    update(jobs)
    .where(_by_id, or_(jobs.c.state == "pending", jobs.c.state == "running"))
    .values(
        state="cancelled", claimable_at=null(), lease=null(), slot=null(), finished_at=_now
    )
    .returning(*JOB_COLUMNS),
    Job,
)  # fmt: skip
"""End a job that has not ended; who runs it writes nothing more."""

_before = jobs.c.id < bindparam("before", type_=BigInteger)
_FILTERS = {
    "state": jobs.c.state == bindparam("state", type_=Text),
    "kind": jobs.c.kind == bindparam("kind", type_=Text),
    "source": jobs.c.source_id == bindparam("source", type_=BigInteger),
}


def _page(*names: str) -> Query[Job]:
    return Query(
        select(*JOB_COLUMNS)
        .where(_before, *(_FILTERS[name] for name in names))
        .order_by(jobs.c.id.desc())
        .limit(bindparam("limit", type_=Integer)),
        Job,
    )


SELECT_PAGE: dict[tuple[str, ...], Query[Job]] = {
    names: _page(*names)
    for names in (
        (), ("state",), ("kind",), ("source",), ("state", "kind"), ("state", "source"),
        ("kind", "source"), ("state", "kind", "source"),
    )
}  # fmt: skip
"""Read a page of jobs, newest first, by which filters are given."""


@dataclass(frozen=True)
class JobCount:
    """How many jobs of a kind are in a state."""

    kind: str
    state: str
    number: int


COUNT_JOBS = Query(
    select(jobs.c.kind, jobs.c.state, func.count().label("number")).group_by(
        jobs.c.kind, jobs.c.state
    ),
    JobCount,
)
"""Count the jobs by kind and state."""


@dataclass(frozen=True)
class _Due:
    since: str


SELECT_OLDEST = Query(
    select(as_rfc3339(jobs.c.claimable_at).label("since"))
    .where(jobs.c.claimable_at <= _now, jobs.c.claimable_at.is_not(None))
    .order_by(jobs.c.claimable_at, jobs.c.id)
    .limit(1),
    _Due,
)
"""Read since when the job has been due that has waited longest."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added."""

    kind: str
    payload: BaseModel
    run_at: datetime | None = None
    """When it may begin; None: now."""

    serial_key: str | None = None
    """Of the jobs of one serial key, one runs at a time."""

    idempotency_key: str | None = None
    """A second job of the same key is not added, not even when the first has ended."""

    source_id: int | None = None


def serial_key_of(source_id: int) -> str:
    """Return the serial key of a source's jobs: one collects at a time."""
    return f"source:{source_id}"


def enqueue_call(new: Iterable[NewJob], now: datetime) -> Call:
    """Return the statement that adds jobs, to ride in the batch of the change that causes them.

    It gives the ids of those added: not of those whose idempotency keys are there already.
    """
    rows = [
        {
            "kind": job.kind,
            "payload": job.payload.model_dump_json(),
            "run_at": format_timestamp(job.run_at or now),
            "serial_key": job.serial_key,
            "idempotency_key": job.idempotency_key,
            "source_id": job.source_id,
        }
        for job in new
    ]
    return ENQUEUE(jobs=as_parameter(rows), now=format_timestamp(now))


def enqueue(database: Database, job: NewJob, now: datetime) -> int | None:
    """Add one job; give its id, or None when its idempotency key is there already."""
    [rows] = database.atomic([enqueue_call([job], now)])
    added = ENQUEUE.first(rows)
    return added.id if added else None


def get_job(database: Database, job_id: int) -> Job:
    """Read one job.

    Raises:
        NotFound: there is none with this id.
    """
    job = SELECT_JOB.read_first(database, id=job_id)
    if job is None:
        raise NotFound(f"job {job_id}: not found")
    return job


def find_waiting(database: Database, job: NewJob) -> Job | None:
    """Return the job of the same serial key that waits already to do what ``job`` is to do."""
    payload = job.payload.model_dump_json()
    return SELECT_WAITING.read_first(database, serial_key=job.serial_key, payload=payload)


def list_jobs(
    database: Database,
    filters: Mapping[str, str | int | None],
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[Job]:
    """Read a page of jobs, newest first, and the cursor of the next one.

    Args:
        database: where they are.
        filters: any of ``state``, ``kind`` and ``source``; what is None does not count.
        limit: how many at the most.
        cursor: where the page before ended.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    asked = {name: value for name in _FILTERS if (value := filters.get(name)) is not None}
    return read_page(database, SELECT_PAGE[tuple(asked)], limit, cursor, **asked)


def count_jobs(database: Database) -> list[JobCount]:
    """Return how many jobs there are of each kind in each state."""
    return COUNT_JOBS.read(database)


def find_oldest_claimable(database: Database, now: datetime) -> datetime | None:
    """Return since when the job has been due that has waited longest; None when none waits."""
    oldest = SELECT_OLDEST.read_first(database, now=format_timestamp(now))
    return datetime.fromisoformat(oldest.since) if oldest else None


def retry_job(database: Database, job_id: int, now: datetime) -> Job:
    """Let a job that failed or was cancelled run again, as if it had never been tried.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not failed, and was not cancelled.
    """
    return _change(database, RETRY, job_id, now, "be retried")


def cancel_job(database: Database, job_id: int, now: datetime) -> Job:
    """End a job that has not ended. If it is running, what it has not written yet is not written.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended.
    """
    return _change(database, CANCEL, job_id, now, "be cancelled")


def _change(database: Database, query: Query[Job], job_id: int, now: datetime, what: str) -> Job:
    [rows] = database.atomic([query(id=job_id, now=format_timestamp(now))])
    changed = query.first(rows)
    if changed is None:
        job = get_job(database, job_id)
        raise Conflict(f"job {job_id}: is {job.state}, and cannot {what}")
    return changed
