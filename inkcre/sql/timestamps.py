"""Moments as the API and the database's parameters write them."""

from datetime import UTC, datetime


def format_timestamp(value: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with six digits of a second and "Z"."""
    # Six digits also where they are zeros: SQLite compares these texts letter by letter.
    text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{text.removesuffix('+00:00')}Z"
