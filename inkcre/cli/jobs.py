"""``inkcre jobs``: what is to be done, is being done, and was done."""

import json
import sys
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.terminal import local_time, say, write_json

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.jobs.jobs import Job
    from inkcre.jobs.leases import JobSlot, Lease
    from inkcre.ports.database import Database

app = typer.Typer(
    no_args_is_help=True, help="Jobs: what was done, and how it ended.", rich_markup_mode=None
)

JobId = Annotated[int, typer.Argument(metavar="ID", help="The job's id.", min=1)]
FAILED = 1
"""Exit status when a job that was run did not end well."""


@app.command("list")
def list_(  # noqa: PLR0917 - its parameters are options
    profile: Profile = None,
    set_: Assignments = None,
    state: Annotated[
        str | None,
        typer.Option(help="Only those: pending, running, finished, failed or cancelled."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only those of this kind.")] = None,
    source: Annotated[int | None, typer.Option(help="Only those of this source.", min=1)] = None,
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=1000)] = 20,
    format_: OutputFormat = Format.TEXT,
) -> None:
    """List jobs, newest first: id, time, state, kind, and what came of them."""
    from inkcre.errors import Invalid
    from inkcre.jobs.jobs import STATES, list_jobs

    if state is not None and state not in STATES:
        raise Invalid(
            f'"{state}" is no state', field="state", hint=f"use one of {', '.join(STATES)}"
        )
    with errors_as(format_), open_base(profile, set_) as context:
        filters = {"state": state, "kind": kind, "source": source}
        page, _ = list_jobs(context.database, filters, limit=limit)
        strange = _find_strange_kinds(context, page)
    if format_ is Format.JSON:
        write_json({"jobs": [vars(job) for job in page]})
        return
    for job in page:
        print(_line(job, strange))


def _find_strange_kinds(context: "Components", page: "Sequence[Job]") -> set[str]:
    """Return the kinds of jobs that wait and that nobody here runs."""
    from inkcre.jobs.kinds import load_kinds

    waiting = {job.kind for job in page if job.state == "pending"}
    return waiting - set(load_kinds(context.application).by_name) if waiting else set()


def _line(job: "Job", strange: Collection[str] = ()) -> str:
    when = local_time(job.finished_at or job.started_at or job.run_at)
    said = job.error or ("" if job.result is None else json.dumps(job.result))
    if job.state == "pending" and job.kind in strange:
        said = "nobody here runs it: left to another version"
    source = f" of source {job.source_id}" if job.source_id else ""
    return f"{job.id:>8}  {when}  {job.state:<9}  {job.kind}{source}  {said}".rstrip()


@app.command("show")
def show(job_id: JobId, profile: Profile = None, set_: Assignments = None) -> None:
    """Show all about one job, as JSON."""
    from inkcre.jobs.jobs import get_job

    with open_base(profile, set_) as context:
        write_json(vars(get_job(context.database, job_id)))


@app.command("run")
def run(
    job_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Only this one, whenever it is due.", min=1)
    ] = None,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Run what is due now, in this process, until nothing is left; or one job.

    Status 1 when one of them did not end well.
    """
    with open_base(profile, set_) as context:
        if job_id is None:
            ran = _run_due(context)
        else:
            ran = [_run_one(context, job_id)]
            say(_line(ran[0]))
    bad = [job for job in ran if job.state != "finished"]
    if job_id is None and bad:
        print(f"{len(bad)} of them did not end well:", file=sys.stderr)
        for job in bad:
            print(_line(job), file=sys.stderr)
    if bad:
        sys.exit(FAILED)


def _run_due(context: "Components") -> "list[Job]":
    """Add and run what is due until nothing is left; give all that was run, as it is then."""
    from inkcre.jobs.jobs import get_job
    from inkcre.jobs.kinds import load_kinds
    from inkcre.jobs.runner import run_lease
    from inkcre.jobs.tick import LEASE_SECONDS, look

    kinds = load_kinds(context.application)
    due = look(context, kinds)
    places, ran = kinds.places(), []
    while lease := _claim_next(context, places):
        run_lease(context, kinds, lease, limit_seconds=LEASE_SECONDS)
        ran.append(lease.job_id)
    say(f"{due.enqueued} jobs added, {len(ran)} run")
    return [get_job(context.database, job_id) for job_id in dict.fromkeys(ran)]


def _claim_next(context: "Components", places: "list[JobSlot]") -> "Lease | None":
    from inkcre.jobs.leases import claim
    from inkcre.jobs.tick import LEASE_SECONDS
    from inkcre.ports.clock import settled

    now = context.clock()
    return claim(
        context.database, places, now=now, settled=settled(context.clock, now),
        lease_seconds=LEASE_SECONDS,
    )  # fmt: skip


def _run_one(context: "Components", job_id: int) -> "Job":
    from inkcre.errors import Conflict, Unsupported
    from inkcre.jobs.jobs import get_job
    from inkcre.jobs.kinds import load_kinds
    from inkcre.jobs.leases import claim_one
    from inkcre.jobs.runner import run_lease
    from inkcre.jobs.tick import LEASE_SECONDS
    from inkcre.ports.clock import settled

    kind = get_job(context.database, job_id).kind
    kinds = load_kinds(context.application)
    if kind not in kinds.by_name:
        raise Unsupported(f'job {job_id}: nothing here runs a "{kind}"')
    now = context.clock()
    lease = claim_one(
        context.database, job_id, now=now, settled=settled(context.clock, now),
        lease_seconds=LEASE_SECONDS,
    )  # fmt: skip
    if lease is None:
        state = get_job(context.database, job_id).state
        raise Conflict(f"job {job_id}: is {state}", hint=f"inkcre jobs retry {job_id}")
    run_lease(context, kinds, lease, limit_seconds=LEASE_SECONDS)
    return get_job(context.database, job_id)


JobIds = Annotated[list[int], typer.Argument(metavar="ID...", help="Ids of jobs.", min=1)]


@app.command("retry")
def retry(job_ids: JobIds, profile: Profile = None, set_: Assignments = None) -> None:
    """Let jobs that failed or were cancelled wait again, as if they had never been tried."""
    from inkcre.jobs.jobs import retry_job

    _change(job_ids, retry_job, profile, set_)


@app.command("cancel")
def cancel(job_ids: JobIds, profile: Profile = None, set_: Assignments = None) -> None:
    """End jobs that have not ended; what they have not written yet is not written."""
    from inkcre.jobs.jobs import cancel_job

    _change(job_ids, cancel_job, profile, set_)


def _change(
    job_ids: list[int],
    change: Callable[["Database", int, datetime], "Job"],
    profile: str | None,
    assignments: list[str] | None,
) -> None:
    with open_base(profile, assignments) as context:
        for job_id in job_ids:
            say(_line(change(context.database, job_id, context.clock())))
