"""Schedules that name no zone, when that of the settings is another one than before.

When they are due next was told by the zone of before, and they would go by it once more. So each
process tells it anew when it starts. What names a zone, and intervals, are as they were.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from inkcre.jobs.crons import list_runs
from inkcre.jobs.put_off import AT_ONCE, PUT_RIGHT, SELECT_LATER
from inkcre.ports.database import Database
from inkcre.sql.parameters import as_parameter
from inkcre.sql.timestamps import format_timestamp

logger = logging.getLogger("inkcre.schedules")


def follow_zone(database: Database, now: datetime, timezone: str) -> int:
    """Set anew when schedules are due that name no zone and are not due yet; return how many.

    Args:
        database: where they are.
        now: the time.
        timezone: of cron text that names none.
    """
    found = _find_astray(database, now, timezone)
    number = 0
    while page := list(islice(found, AT_ONCE)):
        [moved] = database.atomic([PUT_RIGHT(moved=as_parameter(page))])
        number += len(moved)
    if number:
        logger.warning(
            "%d schedules that name no zone were due by another one than %s: set anew",
            number,
            timezone,
        )
    return number


def _find_astray(
    database: Database, now: datetime, timezone: str
) -> Iterator[dict[str, str | int | None]]:
    after, said = 0, format_timestamp(now)
    # Many schedules have one text, and a look takes a fifth of a millisecond.
    following: dict[str, datetime | None] = {}
    while True:
        page = SELECT_LATER.read(database, now=said, after=after, limit=AT_ONCE)
        for row in page:
            if row.cron is None or row.timezone is not None:
                continue
            if row.cron not in following:
                following[row.cron] = next(list_runs(row.cron, now, timezone), None)
            due = following[row.cron]
            # Text that is never due again is left to the tick that finds it due.
            if due is not None and due != datetime.fromisoformat(row.due):
                yield {"id": row.id, "due": row.due, "next": format_timestamp(due), "at": None}
        if len(page) < AT_ONCE:
            return
        after = page[-1].id
