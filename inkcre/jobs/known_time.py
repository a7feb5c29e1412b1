"""The last time that a base knows, and clocks that are far from it.

A laptop whose battery died, or a machine that was restored, may tick once with a clock that is a
year off. Whatever deletes by age would take that for a year that has passed. So a base keeps the
last time that ticks have agreed on, and a time more than a day from it counts once a second tick
has told it again, some minutes later, and none has told otherwise in between. Until then nothing
expires: no lease is taken over, nothing is swept. What is due is done all the same: a machine may
just have been off for a week.

A look costs one row to be read. The time is written with what is due, in the same batch; a tick
that finds nothing due writes it only when an hour has passed, or when a clock disagrees.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from inkcre.errors import ClockAhead
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, Expression, as_rfc3339, timestamp
from inkcre.sql.rows import Query
from inkcre.sql.tables import clock
from inkcre.sql.timestamps import format_timestamp

logger = logging.getLogger("inkcre.jobs")

FAR = timedelta(days=1)
"""How far a clock may be from the last known time without being asked for a second tick."""

AGREES_AFTER = timedelta(minutes=5)
"""How much later the second tick is at least: a replica whose clock is right ticks in between."""

REFRESH = timedelta(hours=1)
"""How old the known time may become while nothing is due."""

LEEWAY = timedelta(minutes=1)
"""How far apart clocks of several machines are without anybody minding."""

ATTEMPTS = 3
"""How often the time is told while others tell it, too."""


@dataclass(frozen=True)
class KnownTime:
    """The row: times are RFC 3339, UTC."""

    known_at: str
    claimed_at: str | None
    """A time far from the known one, which one tick has told so far."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling the time."""

    is_agreed: bool
    """Whether it is near the known time, or has become it."""

    is_news: bool
    """Whether clocks have been elsewhere since the last look, so that things may be put off."""


_now = timestamp(bindparam("now", type_=Text))
_until = timestamp(bindparam("until", type_=Text))

SELECT_KNOWN = Query(
    select(
        as_rfc3339(clock.c.known_at).label("known_at"),
        as_rfc3339(clock.c.claimed_at).label("claimed_at"),
    ),
    KnownTime,
)
"""Read the last known time."""

ADD_KNOWN = Statement(
    insert(clock).from_select(
        ["id", "known_at", "known_until"],
        select(literal(1, Integer), _now, _until).where(true()).suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)
"""Say for the first time what time it is."""

CHANGE_KNOWN = Statement(
    update(clock)
    .where(
        clock.c.known_at == timestamp(bindparam("seen_known", type_=Text)),
        func.coalesce(as_rfc3339(clock.c.claimed_at), "") == bindparam("seen_claim", type_=Text),
    )
    .values(
        known_at=_now,
        known_until=_until,
        claimed_at=timestamp(bindparam("claim", type_=Text)),
    )
    .returning(clock.c.id)
)
"""Change what is known, if it is what was read."""

KEEP_KNOWN = Statement(
    update(clock)
    .where(clock.c.known_at < _now, clock.c.known_until >= _now)
    .values(known_at=_now, known_until=_until)
)
"""Let the known time go on, for a clock that is not far from it."""


def is_known(now: Expression) -> ColumnElement[bool]:
    """Return whether a time is not far ahead of the known one, for what expires by it in SQL."""
    return ~exists(select(1).select_from(clock).where(clock.c.known_until < now))


def keep_call(now: datetime) -> Call:
    """Return the statement that keeps the time, to ride in a batch that is written anyway."""
    return KEEP_KNOWN(now=format_timestamp(now), until=format_timestamp(now + FAR))


def judge(known: KnownTime, now: datetime) -> tuple[Told, KnownTime]:
    """Tell what a clock's time is worth, and what is known from then on."""
    known_at, claimed_at = _read(known)
    off = now - known_at
    if abs(off) <= FAR:
        is_news = claimed_at is not None or off < -LEEWAY or off > REFRESH
        return Told(is_agreed=True, is_news=is_news), _known(now) if is_news else known
    is_same_side = claimed_at is not None and (claimed_at > known_at) == (now > known_at)
    if claimed_at is None or not is_same_side or now < claimed_at:
        claim = KnownTime(known.known_at, format_timestamp(now))
        return Told(is_agreed=False, is_news=True), claim
    if now - claimed_at >= AGREES_AFTER:
        return Told(is_agreed=True, is_news=True), _known(now)
    return Told(is_agreed=False, is_news=False), known


def _read(known: KnownTime) -> tuple[datetime, datetime | None]:
    claimed_at = datetime.fromisoformat(known.claimed_at) if known.claimed_at else None
    return datetime.fromisoformat(known.known_at), claimed_at


def _known(now: datetime) -> KnownTime:
    return KnownTime(format_timestamp(now), None)


def tell_time(database: Database, now: datetime) -> Told:
    """Tell a base what time it is, as each tick does; return what that is worth."""
    attempts = 0
    while True:
        known = SELECT_KNOWN.read_first(database)
        if known is None:
            said = {"now": format_timestamp(now), "until": format_timestamp(now + FAR)}
            database.atomic([ADD_KNOWN(**said)])
            return Told(is_agreed=True, is_news=True)
        told, then = judge(known, now)
        attempts += 1
        if then == known or _change(database, known, then) or attempts == ATTEMPTS:
            break  # else somebody else has told it meanwhile
    if then.claimed_at not in {None, known.claimed_at}:
        logger.warning("%s; %s", *_explain(known, now))
    return told


def _change(database: Database, seen: KnownTime, then: KnownTime) -> bool:
    until = datetime.fromisoformat(then.known_at) + FAR
    call = CHANGE_KNOWN(
        seen_known=seen.known_at,
        seen_claim=seen.claimed_at or "",
        now=then.known_at,
        until=format_timestamp(until),
        claim=then.claimed_at,
    )
    return bool(database.atomic([call])[0])


def is_near(database: Database, now: datetime) -> bool:
    """Tell whether a clock is near the last known time, on either side of it."""
    known = SELECT_KNOWN.read_first(database)
    return known is None or abs(now - _read(known)[0]) <= FAR


def find_ahead(database: Database, now: datetime) -> ClockAhead | None:
    """Return what to say of a clock that is far ahead of the last known time; None if it is not.

    Nothing is to expire by one that is.
    """
    known = SELECT_KNOWN.read_first(database)
    if known is None or now - _read(known)[0] <= FAR:
        return None
    message, hint = _explain(known, now)
    return ClockAhead(message, hint=hint)


def _explain(known: KnownTime, now: datetime) -> tuple[str, str]:
    off = now - _read(known)[0]
    side = "ahead of" if off > timedelta() else "behind"
    message = (
        f"clock: {describe(abs(off))} {side} the last time that this base knows,"
        f" {known.known_at[:16]}Z; nothing expires by it for now"
    )
    hint = (
        "set this machine's clock; if it is right, it counts once a tick (`inkcre jobs run`) has"
        f" told it and another one at least {describe(AGREES_AFTER)} later"
    )
    return message, hint


def describe(span: timedelta) -> str:
    """Write a span of time in its largest unit."""
    for unit, seconds in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if span.total_seconds() >= 2 * seconds:
            return f"{span.total_seconds() // seconds:.0f} {unit}"
    return f"{span.total_seconds():.0f} seconds"
