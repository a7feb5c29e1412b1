"""The tick: each due time once, whoever looks, and whatever the clock does."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.jobs.due import enqueue_due
from inkcre.jobs.jobs import list_jobs
from inkcre.jobs.leases import JobSlot, claim, finish_call, write_fenced
from inkcre.jobs.schedules import (
    CollectAt,
    ScheduleForm,
    list_schedules,
    schedule_call,
)
from inkcre.ports.database import Statement
from inkcre.sources.sources import INSERT_SOURCE
from inkcre.sql import schema
from inkcre.sql.timestamps import format_timestamp
from tests.conftest import sqlite_settings
from tests.jobs.conftest import START, Clock, quiet
from tests.lines import LINES


def add_schedule(base: Components, **form: str) -> None:
    """Add a source of no type and its schedule."""
    insertion = INSERT_SOURCE(
        now=format_timestamp(base.clock()), type="none", nickname=None, config="{}", collect_at=None,
        state="{}",
    )  # fmt: skip
    base.database.atomic(
        [insertion, schedule_call(None, ScheduleForm(**form), base.clock(), "UTC")]
    )


def due_times(base: Components) -> list[datetime]:
    """Return the due times of the jobs that there are, in the order in which they were added."""
    jobs, _ = list_jobs(base.database, {}, limit=1000)
    return [datetime.fromisoformat(job.run_at) for job in jobs][::-1]


def tick(base: Components, timezone: str = "UTC") -> int:
    """Look once; give how many jobs were added."""
    return enqueue_due(base.database, base.clock(), timezone).enqueued


def finish_all(base: Components) -> None:
    """Do what there is to do."""
    places = [JobSlot("collect", None)]
    while lease := claim(base.database, places, now=base.clock(), lease_seconds=60):
        write_fenced(base.database, lease, [finish_call(lease, None, base.clock())])


def test_due_time_brings_one_job(base: Components, clock: Clock) -> None:
    """Not before, once, and the next time is set."""
    add_schedule(base, cron="30 12 * * *")
    assert tick(base) == 0
    clock.pass_by(minutes=30)
    assert tick(base) == 1
    assert tick(base) == 0
    assert due_times(base) == [START + timedelta(minutes=30)]
    ((schedule,), _) = list_schedules(base.database, limit=10)
    assert datetime.fromisoformat(schedule.next_run_at or "") == START + timedelta(
        days=1, minutes=30
    )
    assert datetime.fromisoformat(schedule.last_due_at or "") == START + timedelta(minutes=30)


def test_schedule_that_is_taken_away_leaves_the_others(base: Components, clock: Clock) -> None:
    """A source loses its own only."""
    add_schedule(base, every="15m")
    add_schedule(base, every="1h")
    (later, first), _ = list_schedules(base.database, limit=10)
    base.database.atomic([schedule_call(first.source_id, None, clock(), "UTC")])
    assert list_schedules(base.database, limit=10)[0] == [later]


def test_schedule_that_is_changed_leaves_the_others(base: Components, clock: Clock) -> None:
    """A source has one at a time, and is due by the new one."""
    add_schedule(base, every="15m")
    add_schedule(base, every="1h")
    (later, first), _ = list_schedules(base.database, limit=10)
    clock.pass_by(minutes=5)
    form = ScheduleForm(cron="30 12 * * *", timezone="Asia/Tokyo")
    base.database.atomic([schedule_call(first.source_id, form, clock(), "UTC")])
    unchanged, changed = list_schedules(base.database, limit=10)[0]
    assert unchanged == later
    assert (changed.id, changed.cron, changed.every) == (first.id, "30 12 * * *", None)
    assert changed.timezone == "Asia/Tokyo"
    assert changed.next_run_at == "2026-11-25T03:30:00.000000Z"


def test_missed_times_bring_one_job(base: Components, clock: Clock) -> None:
    """A laptop that slept for a week does not do everything a hundred times."""
    add_schedule(base, every="15m")
    assert tick(base) == 1
    finish_all(base)
    clock.pass_by(days=7, minutes=1)
    due = enqueue_due(base.database, clock(), "UTC")
    assert due.enqueued == 1
    assert due.lag_seconds == timedelta(days=7, minutes=-14).total_seconds()
    assert due_times(base)[-1] == START + timedelta(minutes=15)
    finish_all(base)
    clock.pass_by(minutes=13)
    assert tick(base) == 0
    clock.pass_by(minutes=1)
    assert tick(base) == 1


def test_clock_that_goes_back_repeats_nothing(base: Components, clock: Clock) -> None:
    """What was done at noon is not done again when it is noon again."""
    add_schedule(base, cron="*/10 * * * *")
    clock.pass_by(minutes=20)
    assert tick(base) == 1
    finish_all(base)
    clock.pass_by(minutes=-20)
    assert tick(base) == 0
    clock.pass_by(minutes=20)
    assert tick(base) == 0
    clock.pass_by(minutes=10)
    assert tick(base) == 1


def test_zone_of_the_schedule_counts_then_that_of_the_settings(
    base: Components, clock: Clock
) -> None:
    """Seven in the morning is another moment in Tokyo; without a zone the settings' counts."""
    add_schedule(base, cron="0 7 * * *", timezone="Asia/Tokyo")
    add_schedule(base, cron="0 7 * * *")
    clock.pass_by(days=2)
    assert tick(base, "America/New_York") == 2
    schedules, _ = list_schedules(base.database, limit=10)
    hours = [datetime.fromisoformat(one.next_run_at or "").hour for one in schedules]
    assert sorted(hours) == [12, 22]


def test_more_than_one_batch_is_taken(base: Components, clock: Clock) -> None:
    """However many are due, one tick takes them all."""
    for _ in range(1201):
        add_schedule(base, every="1h")
    assert tick(base) == 1201
    assert tick(base) == 0


def test_many_ticks_at_once_bring_each_due_time_once(process: Components, clock: Clock) -> None:
    """Eight look at the same moment, ten times over: thirty schedules, three hundred jobs."""
    base, threads = process, 8
    began = threading.Barrier(threads)
    found: list[int] = []

    def look() -> None:
        began.wait()
        found.append(tick(base))

    for _ in range(30):
        add_schedule(base, every="1m")
    for _ in range(10):
        running = [threading.Thread(target=look) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        finish_all(base)
        clock.pass_by(minutes=1)
    assert sum(found) == 300
    assert len(due_times(base)) == 300


def test_what_is_slower_than_its_schedule_waits_once(base: Components, clock: Clock) -> None:
    """One job waits, however many times go by; one that runs, or is tried again, is no reason."""
    add_schedule(base, every="1m")
    assert tick(base) == 1
    for _ in range(10):
        clock.pass_by(minutes=1)
        assert tick(base) == 0
    assert claim(base.database, [JobSlot("collect", None)], now=clock(), lease_seconds=3600)
    clock.pass_by(minutes=1)
    assert tick(base) == 1
    clock.pass_by(minutes=1)
    assert tick(base) == 0


def test_former_shape_counts_days_from_monday() -> None:
    """The former version's 6 is Sunday; no day is every day."""
    assert CollectAt(day_of_week=0, hour=7).as_schedule().cron == "0 7 * * mon"
    assert CollectAt(day_of_week=6, hour=7, minute=5).as_schedule().cron == "5 7 * * sun"
    assert CollectAt(hour=23).as_schedule().cron == "0 23 * * *"


@pytest.mark.parametrize(
    "wrong",
    [{"hour": 24}, {"hour": -1}, {"minute": 60}, {"minute": -1}, {"day_of_week": 7}, {"day_of_week": -1}],
    ids=str,
)  # fmt: skip
def test_former_shape_has_its_bounds(wrong: dict[str, int]) -> None:
    """Of a day and of a week."""
    with pytest.raises(ValidationError):
        CollectAt(**wrong)


def test_moment_that_is_none_stops_its_schedule_only(
    sqlite_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody with SQL has written it, or a disk has changed it: others are due all the same."""
    base = build_components(sqlite_settings(sqlite_path), clock=clock)
    schema.migrate(base.database, LINES)
    quiet(base.database)
    add_schedule(base, cron="* * * * *")
    spoil = "UPDATE schedules SET next_run_at = '1000', last_due_at = created_at"
    base.database.atomic([Statement(text(spoil))()])
    add_schedule(base, cron="* * * * *")
    clock.pass_by(minutes=1)
    assert tick(base) == 2
    finish_all(base)
    clock.pass_by(minutes=1)
    assert tick(base) == 1
    assert "not due any more" in caplog.text
    base.database.close()


def test_zone_that_is_unknown_here_holds_up_its_schedule_only(
    base: Components, clock: Clock
) -> None:
    """A base that was written elsewhere may name a zone that this machine has not: it stays due."""
    from sqlalchemy import update

    from inkcre.ports.database import Statement
    from inkcre.sql.tables import schedules

    add_schedule(base, cron="* * * * *")
    base.database.atomic([Statement(update(schedules).values(timezone="Mars/Base"))()])
    add_schedule(base, cron="* * * * *")
    clock.pass_by(minutes=1)
    for _ in range(2):
        assert tick(base) == 1
        finish_all(base)
        clock.pass_by(minutes=1)
    left, _ = list_schedules(base.database, limit=10)
    assert [str(each.next_run_at)[:16] for each in left] == ["2026-11-24T12:03", "2026-11-24T12:01"]
