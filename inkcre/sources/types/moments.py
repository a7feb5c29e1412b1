"""When an entry of a feed was published, in forms that feeds have though no standard does."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = re.compile(r"\d{9,10}(?:\d{3})?")
"""Seconds since 1970, or milliseconds."""

CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AP])\.?M\.?\b)?", re.IGNORECASE)


def read_moment(said: str, parsed: object) -> str | None:
    """Return a moment in RFC 3339, in UTC.

    Args:
        said: as the feed has it.
        parsed: what feedparser has made of it: a tuple of UTC, if it could.
    """
    odd = _read_odd(said.strip())
    moment = odd if odd is not None else _read_tuple(parsed)
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _read_odd(said: str) -> datetime | None:
    """Read what others take for another time, or for none: None where they do not."""
    try:
        if EPOCH.fullmatch(said):
            return datetime.fromtimestamp(int(said[:10] if len(said) > 10 else said), UTC)
        found = CLOCK.search(said)
        if found is None:
            return None
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        half = (found[4] or "").upper()
        if not half and hour < 24 and second < 60:
            return None
        if half and not 1 <= hour <= 12:
            half = ""  # of a day that has 24 hours
        hour = hour % 12 + 12 * (half == "P") if half else hour
        plain = f"{said[: found.start()]}00:00:00{said[found.end() :]}"
        return _read_plain(plain) + timedelta(hours=hour, minutes=minute, seconds=second)
    except (ValueError, OverflowError):
        return None


def _read_plain(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = parsedate_to_datetime(said)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read_tuple(parsed: object) -> datetime | None:
    if not isinstance(parsed, tuple):
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
