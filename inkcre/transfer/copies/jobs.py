"""Copying jobs that wait. What has ended is history of the base in which it was done.

A job is known by its idempotency key. One without gets a key when it is copied, of its id and
its time; so a copy that is run again does not add it again, also when it has been done in the
target.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    insert,
    literal,
    or_,
    select,
    union_all,
)

from inkcre.graph.files.sweep_job import SWEEP_FILES
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.jobs import serial_key_of
from inkcre.ports.database import Statement
from inkcre.sources.collect import COLLECT
from inkcre.sources.organize import ORGANIZE
from inkcre.sql.constructs import (
    ON_CONFLICT_DO_NOTHING,
    RowSource,
    as_rfc3339,
    json_rows,
    timestamp,
)
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.sql.tables import jobs
from inkcre.transfer.copies.ids import NOBODY, find_block_ids
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

COPIED = "copied:"
"""What the idempotency key of a job that had none begins with, when it is copied."""

SCHEDULED = "schedule:"
"""What the idempotency key of a schedule's job begins with. It names the schedule by id, and
has done its work when the job is there."""

_COPIED = re.compile(rf"{COPIED}(\d+):(.+)")


@dataclass(frozen=True)
class _WaitingJob:
    id: int
    created_at: str
    kind: str
    payload: str
    state: str
    attempts: int
    run_at: str
    claimable_at: str
    serial_key: str | None
    error: str | None
    idempotency_key: str | None
    source_id: int | None

    def key(self) -> str:
        """Return the key by which it is known in the target."""
        if self.idempotency_key is None or self.idempotency_key.startswith(SCHEDULED):
            return f"{COPIED}{self.id}:{self.created_at}"
        return self.idempotency_key


READ_WAITING = Query(
    select(
        jobs.c.id,
        as_rfc3339(jobs.c.created_at).label("created_at"),
        jobs.c.kind,
        jobs.c.payload,
        jobs.c.state,
        jobs.c.attempts,
        as_rfc3339(jobs.c.run_at).label("run_at"),
        as_rfc3339(jobs.c.claimable_at).label("claimable_at"),
        jobs.c.serial_key,
        jobs.c.error,
        jobs.c.idempotency_key,
        jobs.c.source_id,
    )
    .where(
        jobs.c.id > bindparam("after_id", type_=BigInteger),
        jobs.c.claimable_at.is_not(None),
        or_(jobs.c.state == "pending", jobs.c.state == "running"),
    )
    .order_by(jobs.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _WaitingJob,
)
"""Read a page of the jobs that have not ended."""

ADD_NAMES = (
    "created_at", "kind", "payload", "attempts", "run_at", "claimable_at", "serial_key", "error",
    "idempotency_key", "source_id",
)  # fmt: skip
_given = json_rows(
    "jobs", ord=BigInteger(), created_at=Text(), kind=Text(), payload=Text(),
    attempts=BigInteger(), run_at=Text(), claimable_at=Text(), serial_key=Text(), error=Text(),
    idempotency_key=Text(), source_id=BigInteger(), first_id=BigInteger(), first_created_at=Text(),
)  # fmt: skip


def _is_first(given: RowSource) -> ColumnElement[bool]:
    """Tell whether a job is the one that another was copied from: a base may come back."""
    return and_(
        jobs.c.id == given.c.first_id,
        jobs.c.idempotency_key.is_(None),
        jobs.c.kind == given.c.kind,
        as_rfc3339(jobs.c.created_at) == given.c.first_created_at,
    )


ADD_JOBS = Statement(
    insert(jobs).from_select(
        [
            "created_at", "kind", "payload", "state", "attempts", "run_at", "claimable_at",
            "serial_key", "error", "idempotency_key", "source_id",
        ],
        select(
            timestamp(_given.c.created_at),
            _given.c.kind,
            _given.c.payload,
            literal("pending", Text),
            _given.c.attempts,
            timestamp(_given.c.run_at),
            timestamp(_given.c.claimable_at),
            _given.c.serial_key,
            _given.c.error,
            _given.c.idempotency_key,
            _given.c.source_id,
        )
        .where(~exists().where(_is_first(_given)))
        .order_by(_given.c.ord)
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)  # fmt: skip
"""Add jobs that are not there, nor have been there and ended."""

_keys = json_rows(
    "keys", ord=BigInteger(), idempotency_key=Text(), kind=Text(), first_id=BigInteger(),
    first_created_at=Text(),
)  # fmt: skip
FIND_NAMES = ("kind", "payload", "source_id")


@dataclass(frozen=True)
class _FoundJob:
    ord: int
    kind: str
    payload: str
    source_id: int | None


def _jobs_by(condition: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(_keys.c.ord, jobs.c.kind, jobs.c.payload, jobs.c.source_id).select_from(
        _keys.join(jobs, condition)
    )


# Each way along its own index, whatever a planner makes of an OR.
FIND_JOBS = Query(
    union_all(
        _jobs_by(jobs.c.idempotency_key == _keys.c.idempotency_key), _jobs_by(_is_first(_keys))
    ),
    _FoundJob,
)
"""Read jobs by idempotency key, or by where they come from; they may have ended."""


def _keep(_: Move, payloads: Sequence[str]) -> list[str]:
    """Return payloads that name nothing by id."""
    return list(payloads)


def _rename_block(move: Move, payloads: Sequence[str]) -> list[str]:
    """Return payloads that name a block, by its id in the target."""
    said = [json.loads(payload) for payload in payloads]
    ids = find_block_ids(move, {one["block_id"] for one in said})
    return [json.dumps({**one, "block_id": ids[one["block_id"]]}) for one in said]


RENAME: Mapping[str, Callable[[Move, Sequence[str]], list[str]]] = {
    COLLECT.name: _keep,
    ORGANIZE.name: _rename_block,
    SWEEP.name: _keep,
    SWEEP_FILES.name: _keep,
}
"""How the payloads of each kind of ours are rewritten for a base with other ids."""


def _read_jobs(move: Move) -> Iterator[list[_WaitingJob]]:
    for page in read_pages(move.source.database, READ_WAITING, {"id": 0}):
        waiting = [_as_waiting(job) for job in page]
        yield waiting if move.keeps_ids else list(_rename(move, waiting))


def _as_waiting(job: _WaitingJob) -> _WaitingJob:
    """Let a job wait: whoever runs it in the source does not run it in the target."""
    # A running job's claimable_at is the end of a lease that nobody has in the target.
    claimable_at = job.run_at if job.state == "running" else job.claimable_at
    return replace(job, claimable_at=claimable_at, idempotency_key=job.key())


def _rename(move: Move, page: Sequence[_WaitingJob]) -> Iterator[_WaitingJob]:
    """Rewrite what names sources and blocks; what nobody here can rewrite is refused."""
    payloads = _rename_payloads(move, page)
    for job in page:
        if job.id in payloads:
            yield _rename_source(move, replace(job, payload=payloads[job.id]))
            continue
        reason = (
            f"job {job.id} ({job.kind}): the target has rows of its own, so ids change,"
            " and what this kind names by id is not known"
        )
        if reason not in move.refused:
            move.refused.append(reason)


def _rename_payloads(move: Move, page: Sequence[_WaitingJob]) -> dict[int, str]:
    payloads: dict[int, str] = {}
    for kind, rename in RENAME.items():
        mine = [job for job in page if job.kind == kind]
        renamed = rename(move, [job.payload for job in mine])
        payloads |= {job.id: payload for job, payload in zip(mine, renamed, strict=True)}
    return payloads


def _rename_source(move: Move, job: _WaitingJob) -> _WaitingJob:
    here = job.source_id
    if here is None:
        return job
    there = move.source_ids.get(here, NOBODY)
    key, organizes = job.key(), f"{ORGANIZE.name}:{here}:"
    if key.startswith(organizes):
        key = f"{ORGANIZE.name}:{there}:{key.removeprefix(organizes)}"
    serial_key = serial_key_of(there) if job.serial_key == serial_key_of(here) else job.serial_key
    return replace(job, serial_key=serial_key, idempotency_key=key, source_id=there)


def _with_first(page: Sequence[_WaitingJob], *names: str) -> list[Mapping[str, object]]:
    """Pick columns, and add what the job was that each was copied from, if it was."""
    rows = zip(page, pick(page, *names), strict=True)
    return [{**row, **_first_of(job.key())} for job, row in rows]


def _first_of(key: str) -> dict[str, object]:
    first = _COPIED.fullmatch(key)
    return {"first_id": int(first[1]), "first_created_at": first[2]} if first else {}


def _add_jobs(move: Move, page: list[_WaitingJob]) -> int:
    rows = as_parameter(_with_first(page, *ADD_NAMES))
    [added] = move.target.database.atomic([ADD_JOBS(jobs=rows)])
    return count_of(added)


def _find_jobs(move: Move, page: list[_WaitingJob]) -> Mapping[int, _FoundJob]:
    return find_rows(move.target.database, FIND_JOBS, _with_first(page, "idempotency_key", "kind"))


JOBS = Part(
    "waiting jobs",
    _read_jobs,
    _add_jobs,
    _find_jobs,
    lambda _, __: FIND_NAMES,
    lambda row: f"job {row.id} ({row.kind})",
)
