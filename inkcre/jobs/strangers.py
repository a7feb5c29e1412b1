"""Jobs of kinds that nobody here runs: of an extension that was disabled they would wait for ever.

They fail, and say what they need; once that is enabled they can be tried again. Of what is only
unknown here another replica may be the owner, of a later version: such a job has time to be taken.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, Text, and_, bindparam, exists, literal, null, select, update

from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import json_rows, timestamp
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, count_of
from inkcre.sql.tables import jobs
from inkcre.sql.timestamps import format_timestamp

PAGE = 500

GRACE = timedelta(minutes=10)
"""How long a job of an unknown kind may be due before it fails."""


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
        known=as_parameter({"kind": kind} for kind in known),
        limit=PAGE,
    )
    return _fail(database, found, now)


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
