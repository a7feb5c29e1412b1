"""Leases: who runs a job holds it for a while, and nobody else does.

A holder that is killed loses only time: its lease lapses, and the job is claimed again. One that
has lost its lease writes nothing: a fence stands in front of each of its batches.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    union_all,
    update,
)

from inkcre.errors import Conflict, MissingReference, SurroundingsError
from inkcre.jobs.known_time import is_known
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import Expression, as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Json, Query
from inkcre.sql.tables import jobs
from inkcre.sql.timestamps import format_timestamp

CLAIM_ATTEMPTS = 8
"""How often a claim is tried that met another one head on."""


class LeaseLost(SurroundingsError):
    """Tell that a job is somebody else's now, or was cancelled; nothing was written."""

    code = "lease_lost"


_now = timestamp(bindparam("now", type_=Text))
_settled = timestamp(bindparam("settled", type_=Text))
_lease = bindparam("lease", type_=Text)
_places = json_rows("places", kind=Text(), slot=BigInteger())
_candidate = jobs.alias("candidate")
_other = jobs.alias("other")


def _first(
    state: str, kind: ColumnElement[str], by: Expression, *conditions: ColumnElement[bool]
) -> ColumnElement[int]:
    """Return the id of a kind's job that has been claimable for longest; others' are passed by."""
    return (
        select(_candidate.c.id)
        .where(
            _candidate.c.kind == kind,
            _candidate.c.state == state,
            _candidate.c.claimable_at <= by,
            _candidate.c.claimable_at.is_not(None),
            *conditions,
        )
        .order_by(_candidate.c.claimable_at, _candidate.c.id)
        .limit(1)
        .with_for_update(of=_candidate, skip_locked=True)
        .scalar_subquery()
    )


_turn_is_free = or_(
    _candidate.c.serial_key.is_(None),
    ~exists().where(
        _other.c.serial_key == _candidate.c.serial_key,
        _other.c.claimable_at.is_not(None),
        or_(
            _other.c.state == "running",
            and_(_other.c.id < _candidate.c.id, _other.c.claimable_at <= _now),
        ),
    ),
)
"""Whether no job of the candidate's serial key runs, or was added before it and is due."""

_is_taken = exists().where(_other.c.kind == _places.c.kind, _other.c.slot == _places.c.slot)
_free = (
    select(_places.c.kind, func.min(_places.c.slot).label("slot"))
    .where(or_(_places.c.slot.is_(None), ~_is_taken))
    .group_by(_places.c.kind)
    .cte("free")
)
"""The kinds that may begin another job, each with a slot that nobody has, if it counts them."""

_kinds = select(_places.c.kind).distinct().cte("kinds")
"""The kinds that are run here. One without a free slot may still take over a lapsed lease."""

_lapsed = _first("running", _kinds.c.kind, _settled, is_known(_now)).label("job")
_waiting = _first("pending", _free.c.kind, _now, _turn_is_free).label("job")
_firsts = union_all(
    # One whose holder is dead keeps its slot, and goes before whoever waits for its serial key.
    select(_lapsed, null().label("place")).select_from(_kinds),
    select(_waiting, _free.c.slot).select_from(_free),
).cte("firsts")
"""Of each kind the job that goes first, found along an index: not a sort of all that wait."""

_next = (
    select(_firsts.c.job, _firsts.c.place)
    .select_from(_firsts.join(jobs, jobs.c.id == _firsts.c.job))
    .order_by(jobs.c.claimable_at, jobs.c.id)
    .limit(1)
    .cte("next_job")
    .prefix_with("MATERIALIZED")
)
"""Of those the first. Materialized: else PostgreSQL looks again for each row, and locks others."""


@dataclass(frozen=True)
class Lease:
    """A job that is held."""

    job_id: int
    token: str
    kind: str
    payload: str
    attempts: int
    source_id: int | None
    run_at: str
    """RFC 3339, UTC."""

    def fence(self) -> Call:
        """Return the statement that breaks a batch unless the job is still held."""
        return FENCE(id=self.job_id, lease=self.token)


CLAIMED_COLUMNS = (
    jobs.c.id.label("job_id"), jobs.c.lease.label("token"), jobs.c.kind, jobs.c.payload,
    jobs.c.attempts, jobs.c.source_id, as_rfc3339(jobs.c.run_at).label("run_at"),
)  # fmt: skip
_taken = {
    "state": "running",
    "lease": _lease,
    "claimable_at": timestamp(bindparam("until", type_=Text)),
    "attempts": jobs.c.attempts + 1,
    "started_at": _now,
}

CLAIM = Query(
    update(jobs)
    .where(jobs.c.id == _next.c.job)
    .values(**_taken, slot=func.coalesce(_next.c.place, jobs.c.slot))
    .returning(*CLAIMED_COLUMNS),
    Lease,
)
"""Take the job that has waited longest, of the kinds given and where there is a place; or none."""

CLAIM_ONE = Query(
    update(jobs)
    .where(
        jobs.c.id == bindparam("id", type_=BigInteger),
        jobs.c.claimable_at.is_not(None),
        or_(jobs.c.state == "pending", and_(jobs.c.claimable_at <= _settled, is_known(_now))),
    )
    .values(**_taken)
    .returning(*CLAIMED_COLUMNS),
    Lease,
)
"""Take one job, whether or not its time has come."""

is_held = and_(
    jobs.c.id == bindparam("id", type_=BigInteger),
    jobs.c.lease == _lease,
    jobs.c.state == "running",
)

FENCE = Statement(
    update(jobs)
    .where(jobs.c.id == bindparam("id", type_=BigInteger))
    .values(
        state=case(
            (and_(jobs.c.lease == _lease, jobs.c.state == "running"), jobs.c.state), else_=null()
        )
    )
)
"""Break NOT NULL, and so the batch, unless the job is held by this lease. It also locks the row."""

FINISH = Statement(
    update(jobs)
    .where(is_held)
    .values(
        state="finished", claimable_at=null(), lease=null(), slot=null(), finished_at=_now,
        error=null(), result=bindparam("outcome", type_=Text),
    )
    .returning(jobs.c.id)
)  # fmt: skip
"""End a job well."""

FAIL = Statement(
    update(jobs)
    .where(is_held)
    .values(
        state="failed", claimable_at=null(), lease=null(), slot=null(), finished_at=_now,
        error=bindparam("fault", type_=Text),
    )
    .returning(jobs.c.id)
)  # fmt: skip
"""End a job that is not to be tried again."""

POSTPONE = Statement(
    update(jobs)
    .where(is_held)
    .values(
        state="pending", claimable_at=timestamp(bindparam("later", type_=Text)), lease=null(),
        slot=null(), error=bindparam("fault", type_=Text),
    )
    .returning(jobs.c.id)
)  # fmt: skip
"""Let a job wait for its next attempt."""

_leases = json_rows("leases", lease=Text())


@dataclass(frozen=True)
class _HeldLease:
    token: str


RELEASE = Statement(
    update(jobs)
    .where(jobs.c.lease.in_(select(_leases.c.lease)), jobs.c.state == "running")
    .values(
        state="pending", claimable_at=_now, attempts=jobs.c.attempts - 1, lease=null(), slot=null()
    )
)
"""Give jobs back that were not done; the attempt does not count."""

EXTEND = Query(
    update(jobs)
    .where(jobs.c.lease.in_(select(_leases.c.lease)), jobs.c.state == "running")
    .values(claimable_at=timestamp(bindparam("until", type_=Text)))
    .returning(jobs.c.lease.label("token")),
    _HeldLease,
)
"""Hold jobs for longer; gives the leases that are still held."""


@dataclass(frozen=True, slots=True)
class JobSlot:
    """Room for jobs of a kind: one of its numbered slots, or any number without a slot."""

    kind: str
    slot: int | None


def claim(
    database: Database, places: Sequence[JobSlot], *, now: datetime, lease_seconds: float,
    settled: datetime | None = None,
) -> Lease | None:  # fmt: skip
    """Take the job that has waited longest; None when there is none for these places.

    One whose holder let its lease lapse is taken as well: by ``settled``, if it is given, which is
    before ``now`` where the clock was put on.
    """
    given = as_parameter({"kind": place.kind, "slot": place.slot} for place in places)
    for _ in range(CLAIM_ATTEMPTS):
        try:
            [claimed] = database.atomic([CLAIM(places=given, **_hold(now, settled, lease_seconds))])
        except Conflict:
            continue  # somebody took the same slot, or another job of the same serial key
        return CLAIM.first(claimed)
    return None


def claim_one(
    database: Database, job_id: int, *, now: datetime, lease_seconds: float,
    settled: datetime | None = None,
) -> Lease | None:  # fmt: skip
    """Take a job that waits, at once; None when it is held or has ended.

    Raises:
        Conflict: another job of its serial key is running.
    """
    [claimed] = database.atomic([CLAIM_ONE(id=job_id, **_hold(now, settled, lease_seconds))])
    return CLAIM_ONE.first(claimed)


def _hold(now: datetime, settled: datetime | None, lease_seconds: float) -> dict[str, str]:
    return {
        "lease": uuid.uuid4().hex,
        "now": format_timestamp(now),
        "settled": format_timestamp(settled or now),
        "until": format_timestamp(now + timedelta(seconds=lease_seconds)),
    }


def write_fenced(database: Database, lease: Lease, calls: Sequence[Call]) -> list[list[Row]]:
    """Run statements in one batch, if the job is still held; give each one's rows.

    Raises:
        LeaseLost: it is not; nothing was written.
    """
    try:
        return database.atomic([lease.fence(), *calls])[1:]
    except MissingReference:
        if _is_held(database, lease):
            raise
        raise LeaseLost(f"job {lease.job_id}: is no longer held") from None


SELECT_HELD = Statement(select(jobs.c.id).where(is_held))
"""Tell whether a job is held by a lease."""


def _is_held(database: Database, lease: Lease) -> bool:
    return bool(database.read(SELECT_HELD(id=lease.job_id, lease=lease.token)))


def finish_call(lease: Lease, result: Json, now: datetime) -> Call:
    """Return the statement that ends a job well."""
    said = None if result is None else json.dumps(result, ensure_ascii=False)
    return FINISH(id=lease.job_id, lease=lease.token, outcome=said, now=format_timestamp(now))


def fail_call(lease: Lease, fault: str, now: datetime) -> Call:
    """Return the statement that ends a job that is not to be tried again."""
    return FAIL(id=lease.job_id, lease=lease.token, fault=fault, now=format_timestamp(now))


def postpone_call(lease: Lease, fault: str, later: datetime) -> Call:
    """Return the statement that lets a job wait for its next attempt."""
    return POSTPONE(id=lease.job_id, lease=lease.token, fault=fault, later=format_timestamp(later))


def extend(database: Database, tokens: Iterable[str], until: datetime) -> set[str]:
    """Hold jobs until a moment; give the leases that are still held."""
    call = EXTEND(leases=_as_json(tokens), until=format_timestamp(until))
    return {held.token for held in EXTEND.records(database.atomic([call])[0])}


def release(database: Database, tokens: Iterable[str], now: datetime) -> None:
    """Give back jobs that were not done, so that others need not wait for their leases to lapse."""
    database.atomic([RELEASE(leases=_as_json(tokens), now=format_timestamp(now))])


def _as_json(tokens: Iterable[str]) -> str:
    return as_parameter({"lease": token} for token in tokens)
