"""``/jobs`` and ``/schedules``."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from inkcre.http.parameters import NO_NUL, Cursor, Limit, PathId
from inkcre.http.responses import as_objects, documented, json_response
from inkcre.http.router import Router
from inkcre.jobs import jobs, schedules
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.sql.values import MAX_ID, MAX_NAME_LENGTH

router = Router(tags=["jobs"])


class JobOut(BaseModel):
    """A job."""

    id: int
    kind: str
    state: Literal["pending", "running", "finished", "failed", "cancelled"]
    payload: dict[str, object]
    attempts: int = Field(description="How often it was begun")
    source_id: int | None
    error: str | None = Field(description="Why it failed, or why it is tried again")
    result: object = Field(description="What came of it")
    created_at: str = Field(description="RFC 3339, UTC")
    run_at: str = Field(description="When it may begin, or might")
    started_at: str | None
    finished_at: str | None
    leased_until: str | None = Field(description="Of a running job: when it is taken for dead")


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[JobOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page")


class ScheduleOut(BaseModel):
    """A schedule."""

    id: int
    kind: str = Field(description="Of the jobs that it brings")
    payload: dict[str, object]
    cron: str | None = Field(description="Five fields, weekdays as names")
    every: str | None = Field(description='Such as "15m"')
    timezone: str | None = Field(description="null: that of the settings")
    next_run_at: str | None = Field(description="RFC 3339, UTC")
    last_due_at: str | None = Field(description="RFC 3339, UTC")
    source_id: int | None


class SchedulePage(BaseModel):
    """A page of schedules."""

    schedules: list[ScheduleOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page")


@router.get("/jobs", responses=documented(JobPage), summary="List jobs, newest first")
def list_jobs(
    database: Database,
    state: Annotated[jobs.State | None, Query()] = None,
    kind: Annotated[
        str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, pattern=NO_NUL)
    ] = None,
    source: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of jobs: what ran, when, and how it ended."""
    filters = {"state": state, "kind": kind, "source": source}
    page, after = jobs.list_jobs(database, filters, limit=limit, cursor=cursor)
    return json_response({"jobs": as_objects(page), "next_cursor": after})


@router.get("/jobs/{job_id}", responses=documented(JobOut, 200, 404), summary="One job")
def get_job(job_id: PathId, database: Database) -> Response:
    """Return one job."""
    return json_response(jobs.get_job(database, job_id))


@router.post(
    "/jobs/{job_id}/retry",
    responses=documented(JobOut, 200, 404, 409),
    summary="Let a job that failed or was cancelled run again",
)
def retry_job(job_id: PathId, database: Database, clock: Clock) -> Response:
    """Let a job run again, as if it had never been tried."""
    return json_response(jobs.retry_job(database, job_id, clock()))


@router.post(
    "/jobs/{job_id}/cancel",
    responses=documented(JobOut, 200, 404, 409),
    summary="End a job that has not ended",
)
def cancel_job(job_id: PathId, database: Database, clock: Clock) -> Response:
    """End a job. What a running one has not written yet is not written."""
    return json_response(jobs.cancel_job(database, job_id, clock()))


@router.get("/schedules", responses=documented(SchedulePage), summary="List schedules")
def list_schedules(database: Database, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Return a page of schedules, newest first: those of sources, and the housekeeping's."""
    page, after = schedules.list_schedules(database, limit=limit, cursor=cursor)
    return json_response({"schedules": as_objects(page), "next_cursor": after})
