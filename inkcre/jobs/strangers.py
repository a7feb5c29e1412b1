"""What another version has written: jobs and schedules that nobody here can make anything of.

Of two versions on one base each leaves to the other what it does not know: a kind of jobs, a key in
a payload, a time zone. It says so once, and the row stays as it is. What nobody has taken for a
week fails and says what it needs, as jobs of an extension that was disabled do at once: they would
wait for ever. Once that is enabled they can be tried again.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import (
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    literal,
    null,
    or_,
    select,
    update,
)

from inkcre.errors import SurroundingsError
from inkcre.jobs.leases import Lease, is_held
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.sql.tables import jobs
from inkcre.sql.timestamps import format_timestamp
from inkcre.wording import say_fault

P = TypeVar("P", bound=BaseModel)

MAX_FIELDS = 5
"""How many fields of a payload are named that makes no sense."""

BY_ANOTHER = "(written by another version)"
"""How it ends what is said of a strange payload."""


class StrangePayload(SurroundingsError):
    """Tell that a payload is not what this version of a kind takes: another one's may."""

    code = "strange_payload"

    def __init__(self, message: str, *, is_json: bool) -> None:
        super().__init__(message)
        self.is_json = is_json
        """Whether it may be another version's at all."""


def read_payload(model: type[P], text: str) -> P:
    """Return a payload as its row has it.

    Raises:
        StrangePayload: another version has written it, before an upgrade or after it.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        if any(found["type"] == "json_invalid" for found in error.errors(include_url=False)):
            raise StrangePayload("payload: is no JSON", is_json=False) from error
        raise StrangePayload(explain(error), is_json=True) from error


def explain(error: ValidationError) -> str:
    """Say which fields make no sense, and why; not what is in them."""
    fields = "; ".join(
        f"{'.'.join(map(str, found['loc'])) or 'payload'}: {say_fault(found)}"
        for found in error.errors(include_url=False, include_input=False)[:MAX_FIELDS]
    )
    return f"payload: {fields} {BY_ANOTHER}"


PAGE = 500

GRACE = timedelta(days=7)
"""How long what is strange here may be due before it fails: longer than two versions live side by
side."""

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
"""Of a job that is left to others. Which version looks first when it is over is chance."""


@dataclass(frozen=True)
class Stranger:
    """A kind of jobs that nobody here runs."""

    kind: str


_known = json_rows("known", kind=Text())
_disabled = json_rows("disabled", name=Text())
_is_due = and_(
    jobs.c.state == "pending",
    jobs.c.claimable_at.is_not(None),
    jobs.c.claimable_at <= timestamp(bindparam("now", type_=Text)),
)
# What stands behind the full stop in ASCII ends the names that begin so: found along an index.
_is_disabled = and_(
    jobs.c.kind >= _disabled.c.name.concat(literal(".", Text)),
    jobs.c.kind < _disabled.c.name.concat(literal("/", Text)),
)

SELECT_DISABLED = Query(
    select(jobs.c.kind).select_from(_disabled.join(jobs, _is_disabled)).where(_is_due).distinct(),
    Stranger,
)
"""Read the kinds of jobs that are due of what is disabled."""

SELECT_FORGOTTEN = Query(
    select(jobs.c.kind)
    .where(
        _is_due,
        jobs.c.claimable_at <= timestamp(bindparam("before", type_=Text)),
        ~exists().where(_known.c.kind == jobs.c.kind),
    )
    .order_by(jobs.c.claimable_at, jobs.c.id)
    .limit(bindparam("limit", type_=Integer)),
    Stranger,
)
"""Read the kinds of jobs that have been due for long, and that nobody here runs."""

FAIL_KIND = Statement(
    update(jobs)
    .where(jobs.c.kind == bindparam("kind", type_=Text), _is_due)
    .values(
        state="failed",
        claimable_at=null(),
        finished_at=timestamp(bindparam("now", type_=Text)),
        error=bindparam("fault", type_=Text),
    ),
    counts=True,
)
"""End the jobs of a kind that are due."""


LEAVE = Statement(
    update(jobs)
    .where(is_held)
    .values(
        state="pending",
        claimable_at=timestamp(bindparam("later", type_=Text)),
        # One at least: what waits for its first attempt keeps its source's schedule from adding.
        attempts=case((jobs.c.attempts > 1, jobs.c.attempts - 1), else_=1),
        lease=null(),
        slot=null(),
        error=bindparam("fault", type_=Text),
    )
    .returning(jobs.c.id)
)
"""Give a job back that is strange here; the attempt does not count."""


def leave_call(lease: Lease, fault: str, later: datetime) -> Call:
    """Return the statement that leaves a job to those who know what it is, from a moment on."""
    return LEAVE(id=lease.job_id, lease=lease.token, fault=fault, later=format_timestamp(later))


def choose_pause(waited: timedelta) -> timedelta:
    """Return how long a job is left to others that has been due for so long."""
    longest = min(max(waited / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)


SELECT_LEFT = Query(
    select(jobs.c.kind)
    .where(
        jobs.c.state == "pending",
        jobs.c.claimable_at.is_not(None),
        jobs.c.claimable_at <= timestamp(bindparam("before", type_=Text)),
        or_(
            ~exists().where(_known.c.kind == jobs.c.kind),
            jobs.c.error.like(literal(f"%{BY_ANOTHER}", Text)),
        ),
    )
    .order_by(jobs.c.claimable_at, jobs.c.id)
    .limit(bindparam("limit", type_=Integer)),
    Stranger,
)
"""Read the kinds of jobs that wait for another version, those first that have waited longest."""


def count_left(database: Database, known: Collection[str], now: datetime) -> Counter[str]:
    """Return how many jobs of which kinds wait for a version that knows what to do with them.

    Of very many it counts those that have waited longest.

    Args:
        database: where the jobs are.
        known: the kinds that are run here.
        now: the time.
    """
    found = SELECT_LEFT.read(
        database,
        known=_as_json(known),
        before=format_timestamp(now + LONGEST_PAUSE),
        limit=PAGE,
    )
    return Counter(one.kind for one in found)


def fail_disabled(database: Database, disabled: Collection[str], now: datetime) -> int:
    """End what is due of extensions that are disabled; return how many jobs that were."""
    if not disabled:
        return 0
    names = as_parameter({"name": name} for name in disabled)
    found = SELECT_DISABLED.read(database, now=format_timestamp(now), disabled=names)
    return _fail(database, found, now)


def fail_forgotten(database: Database, known: Collection[str], now: datetime) -> int:
    """End what is of no kind that is known, and has been due for long.

    Args:
        database: where the jobs are.
        known: the kinds that are run here.
        now: the time.

    Returns:
        How many jobs have failed.
    """
    found = SELECT_FORGOTTEN.read(
        database,
        now=format_timestamp(now),
        before=format_timestamp(now - GRACE),
        known=_as_json(known),
        limit=PAGE,
    )
    return _fail(database, found, now)


def _as_json(kinds: Iterable[str]) -> str:
    return as_parameter({"kind": kind} for kind in kinds)


def _fail(database: Database, found: Iterable[Stranger], now: datetime) -> int:
    calls = [
        FAIL_KIND(kind=kind, fault=_explain(kind), now=format_timestamp(now))
        for kind in sorted({one.kind for one in found})
    ]
    return sum(map(count_of, database.atomic(calls)))


def _explain(kind: str) -> str:
    name, stop, _ = kind.partition(".")
    if not stop:
        return f"no part of this application runs {kind}"
    return (
        f"extension {name} is not enabled, and runs {kind} (run `inkcre extensions enable {name}`,"
        " then try it again)"
    )
