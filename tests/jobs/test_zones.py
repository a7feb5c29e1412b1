"""The zone of the settings, when it is another one than before."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from inkcre.context import Components
from inkcre.jobs import zones
from inkcre.jobs.kinds import Kinds
from inkcre.jobs.schedules import list_schedules
from inkcre.jobs.tick import look
from inkcre.ports.clock import Zone
from tests.jobs.conftest import Clock
from tests.jobs.test_schedules import add_schedule


def start(base: Components, zone: str) -> None:
    """Look as a process does that has just started with a zone."""
    look(replace(base, zone=Zone(zone)), Kinds())


def next_times(base: Components) -> list[str]:
    """Return when schedules are due next, the oldest first."""
    found, _ = list_schedules(base.database, limit=100)
    return [str(each.next_run_at)[:16] for each in reversed(found)]


def test_schedules_without_a_zone_follow_that_of_the_settings(
    base: Components, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """From the start on, be it later or sooner; others stay, and so do all when nothing changed."""
    add_schedule(base, cron="0 7 * * *")
    add_schedule(base, cron="0 7 * * *", timezone="Asia/Tokyo")
    add_schedule(base, cron="0 7,19 * * *")
    add_schedule(base, every="1h")
    start(base, "UTC")
    first, tokyo, twice, hourly = next_times(base)
    assert (first, tokyo, twice) == ("2026-11-25T07:00", "2026-11-24T22:00", "2026-11-24T19:00")
    start(base, "UTC")
    assert next_times(base) == [first, tokyo, twice, hourly]
    assert "set anew" not in caplog.text
    with caplog.at_level(logging.WARNING):
        start(base, "America/New_York")
    assert "2 schedules that name no zone were due by another one than America/New_York" in (
        caplog.text
    )
    assert next_times(base) == ["2026-11-25T12:00", tokyo, "2026-11-25T00:00", hourly]
    start(base, "Asia/Tokyo")
    assert next_times(base) == [tokyo, tokyo, tokyo, hourly]


@pytest.mark.parametrize("hour", range(3))
def test_start_near_a_change_of_the_clocks_moves_nothing(
    base: Components, clock: Clock, hour: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The next time is the same, whenever on that day it is told."""
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        clock.now = day.replace(hour=0)
        add_schedule(base, cron="30 2 * * *")
        add_schedule(base, cron="*/20 2 * * *")
        add_schedule(base, cron="0 * * * *")
    start(base, "Europe/Berlin")
    clock.now = datetime(2026, 10, 25, hour, 10, tzinfo=UTC)
    start(base, "Europe/Berlin")
    before = next_times(base)
    caplog.clear()
    clock.pass_by(minutes=3)
    start(base, "Europe/Berlin")
    assert next_times(base) == before
    assert "set anew" not in caplog.text


def test_many_schedules_are_looked_through(base: Components, clock: Clock) -> None:
    """Page by page."""
    for _ in range(3):
        add_schedule(base, cron="0 7 * * *")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "AT_ONCE", 2)
        start(base, "America/New_York")
    assert next_times(base) == ["2026-11-25T12:00"] * 3
