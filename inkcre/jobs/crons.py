"""When something is due: cron text and intervals, in a time zone.

Cron text has the five fields of the standard's ``crontab`` (minute, hour, day of the month, month,
day of the week), in which 0 and 7 are Sunday. Inside, weekdays are names: others count them
otherwise. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from inkcre.errors import Invalid

if TYPE_CHECKING:
    from cronsim import CronSim

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
MAX_EVERY = timedelta(days=366)


@dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    first: int = 0
    """The number of the first name."""


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS, 1),
    _Field("day of the week", 0, 7, WEEKDAYS),
)
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,2}))?")


def parse_cron(text: str) -> str:
    """Return cron text in the form that is kept: small letters, weekdays as names.

    Raises:
        Invalid: it is no cron text, or names a day that never comes.
    """
    said = SHORTHANDS.get(text.strip().lower(), text)
    parts = said.lower().split()
    if len(parts) != len(FIELDS):
        raise _refuse(f"{len(parts)} fields, and not {len(FIELDS)}")
    fields = zip(FIELDS, parts, strict=True)
    kept = " ".join(",".join(_parse_part(f, p) for p in part.split(",")) for f, part in fields)
    # From any day: cronsim looks for fifty years. February 30 would else wait for ever, unseen.
    if next(list_runs(kept, datetime(2026, 1, 1, tzinfo=UTC), "UTC"), None) is None:
        raise _refuse("a day that never comes")
    return kept


def _parse_part(field: _Field, part: str) -> str:
    found = _PART.fullmatch(part)
    if found is None:
        raise _refuse(f'"{part}" is no {field.name}')
    star, first, last, step = found.groups()
    if step is not None and int(step) == 0:
        raise _refuse(f"the {field.name} has a step of 0")
    suffix = f"/{step}" if step is not None else ""
    if star:
        return f"*{suffix}"
    low = _value(field, first)
    if last is None:
        is_last = field.names is WEEKDAYS and low == 7  # from Sunday, the last, nothing follows
        return f"{_say(field, low)}{'' if is_last else suffix}"
    high = _value(field, last)
    if field.names is WEEKDAYS and high == 0 < low:
        high = 7  # as the end of a range, Sunday comes after Saturday
    # From Sunday to Sunday: as names that would be "sun-sun", one day.
    if field.names is WEEKDAYS and (low, high) == (0, 7):
        return f"*{suffix}"
    if high == low:
        return _say(field, low)
    if high < low:
        raise _refuse(f"the {field.name} goes from {first} back to {last}")
    return f"{_say(field, low)}-{_say(field, high)}{suffix}"


def _value(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.first
    if text.isascii() and text.isdecimal() and field.lowest <= int(text) <= field.highest:
        return int(text)
    words = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise _refuse(f"the {field.name} is from {field.lowest} to {field.highest}{words}")


def _say(field: _Field, value: int) -> str:
    return WEEKDAYS[value % 7] if field.names is WEEKDAYS else str(value)


def _refuse(why: str) -> Invalid:
    return Invalid(
        f"not cron text: {why}", field="cron", hint='write five fields, such as "0 7 * * mon-fri"'
    )


def parse_every(text: str) -> timedelta:
    """Read an interval such as ``15m``, ``2h``, ``1d`` or ``1w``.

    Raises:
        Invalid: it is none, or not between a minute and a year.
    """
    found = re.fullmatch(r"(\d{1,6})\s*([mhdw])", text.strip().lower())
    if found:
        every = timedelta(seconds=int(found[1]) * UNITS[found[2]])
        if timedelta(minutes=1) <= every <= MAX_EVERY:
            return every
    raise Invalid(
        'not an interval between a minute and a year, such as "15m", "2h" or "1d"', field="every"
    )


def format_every(seconds: int) -> str:
    """Write an interval in its largest whole unit."""
    unit = next(u for u in ("w", "d", "h", "m") if seconds % UNITS[u] == 0)
    return f"{seconds // UNITS[unit]}{unit}"


def parse_zone(name: str) -> str:
    """Return a time zone's name, if there is such a zone.

    Raises:
        Invalid: there is none.
    """
    try:
        ZoneInfo(name)
    # ZoneInfo opens a file of that name: a path is a ValueError, a folder may be an OSError.
    except (KeyError, ValueError, OSError):
        raise Invalid(
            "no such time zone", field="timezone", hint="write a name such as Europe/Berlin"
        ) from None
    return name


def _simulate(cron: str, start: datetime) -> "CronSim":
    from cronsim import CronSim  # a Worker that only answers requests has no use for it

    *others, weekdays = cron.split()
    numbered = re.sub(
        r"[a-z]{3}",
        lambda found: str(WEEKDAYS.index(found[0])),
        re.sub(r"-sun\b", "-7", weekdays),  # Sunday ends a range as 7
    )
    return CronSim(" ".join([*others, numbered]), start)


def list_runs(cron: str, after: datetime, timezone: str) -> Iterator[datetime]:
    """Yield the times, in UTC, at which kept cron text is due after a moment.

    Where clocks go forward, what falls into the gap is due right after it; where they go back, what
    has a fixed time is due once: as in Debian's cron.
    """
    from cronsim import CronSimError

    try:
        for due in _simulate(cron, after.astimezone(ZoneInfo(timezone))):
            if due > after:  # of two hours of one name cronsim gives the first, even in the second
                yield due.astimezone(UTC)
    except CronSimError:
        return


def next_run(
    *, cron: str | None, every: timedelta | None, timezone: str, after: datetime, due: datetime
) -> datetime | None:
    """Return when something is due next after a moment, in UTC; None: never again.

    Whatever was missed between ``due``, when it was due last, and ``after`` is left out. Intervals
    keep their pace, counted from ``due``.
    """
    if cron is not None:
        # The later of both: a clock that was set back must not bring again what has been done.
        return next(list_runs(cron, max(after, due), timezone), None)
    assert every is not None
    # At least one: a clock that was set back is before what was due.
    steps = max(1, (after - due) // every + 1)
    return due + steps * every


@dataclass(frozen=True)
class Reading:
    """What another scheduler makes of the same text."""

    home: str
    text: str | None
    """In names; None: it refuses the text."""

    note: str


def read_elsewhere(text: str) -> Sequence[Reading]:
    """Tell what APScheduler and Cloudflare make of cron text as it was typed.

    Neither is given it: every home evaluates kept text by itself. But whoever writes the same text
    into ``[workers] crons`` should know.
    """
    *others, weekdays = SHORTHANDS.get(text.strip().lower(), text).lower().split()
    has_both = others[2] != "*" and weekdays != "*"
    apscheduler = _renumber(weekdays, first=0, names=(*WEEKDAYS[1:], WEEKDAYS[0]))
    cloudflare = _renumber(weekdays, first=1, names=WEEKDAYS)
    both = "; there both days must match" if has_both else ""
    return (
        Reading("APScheduler", _joined(others, apscheduler), f"counts 0 as Monday{both}"),
        Reading("Cloudflare", _joined(others, cloudflare), "counts 1 as Sunday, always in UTC"),
    )


def _joined(others: Sequence[str], weekdays: str | None) -> str | None:
    return None if weekdays is None else " ".join([*others, weekdays])


def _renumber(weekdays: str, *, first: int, names: Sequence[str]) -> str | None:
    def name(found: re.Match[str]) -> str:
        return names[int(found[0]) - first]

    numbers = [int(n) for n in re.findall(r"(?<![/\d])\d+", weekdays)]
    if any(not first <= number < first + len(names) for number in numbers):
        return None
    return re.sub(r"(?<![/\d])\d+", name, weekdays)


def list_next(cron: str, after: datetime, timezone: str, number: int) -> list[datetime]:
    """Return the next times at which kept cron text is due, in its time zone."""
    zone = ZoneInfo(timezone)
    return [due.astimezone(zone) for due in islice(list_runs(cron, after, timezone), number)]
