"""What happens by itself."""

from inkcre.framework import Clock, Database, Job, NoPayload, Outcome, Schedule, count_of
from links.tables import FORGET


def sweep(database: Database, clock: Clock) -> Outcome:
    """Delete what has expired."""
    [rows] = database.atomic([FORGET(now=int(clock().timestamp()))])
    return Outcome({"expired": count_of(rows)})


SWEEP = Job("links.sweep", NoPayload, sweep)
HOURLY = Schedule("links.sweep", every="1h")
