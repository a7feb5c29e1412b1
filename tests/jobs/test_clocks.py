"""Clocks that are wrong for a while: nothing waits for long, and nothing expires by them."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import Misconfigured
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.jobs import NewJob, enqueue, get_job, list_jobs
from inkcre.jobs.kinds import Kinds, NoPayload
from inkcre.jobs.known_time import (
    AGREES_AFTER,
    FAR,
    KnownTime,
    find_ahead,
    judge,
    tell_time,
)
from inkcre.jobs.leases import JobSlot, claim
from inkcre.jobs.runner import run_claimable
from inkcre.jobs.schedules import list_schedules
from inkcre.jobs.tick import look
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.process.probes import require_times
from inkcre.sources.collect import COLLECT
from inkcre.sql import tables
from inkcre.sql.timestamps import format_timestamp
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.jobs.conftest import START, Clock, quiet
from tests.jobs.test_schedules import add_schedule, due_times, finish_all

QUARTER = timedelta(minutes=15)

COLLECTING = Kinds.of(COLLECT)
"""The kinds of a process that sees to no housekeeping."""

COLLECTING.are_scheduled = True


class Counted:
    """A database that counts what it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.capabilities = database.capabilities
        self.reads = self.batches = 0

    def read(self, call: Call) -> list[Row]:
        """Count a statement that is alone."""
        self.reads += 1
        return self._database.read(call)

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Count a batch."""
        self.batches += 1
        return self._database.atomic(calls)


def tick(base: Components) -> int:
    """Look as a process does that sees to no housekeeping; give how many jobs were added."""
    return look(base, COLLECTING).enqueued


def tick_and_work(base: Components) -> int:
    """Look, and do what there is to do; give how many jobs were added."""
    added = tick(base)
    finish_all(base)
    return added


def next_times(base: Components) -> list[datetime]:
    """Return when schedules are due next."""
    found, _ = list_schedules(base.database, limit=100)
    return [datetime.fromisoformat(str(each.next_run_at)) for each in found]


def at(clock: Clock, look: Callable[[], int], **off: float) -> int:
    """Look with a clock that is off, which is right again behind that."""
    before = clock.now
    clock.pass_by(**off)
    try:
        return look()
    finally:
        clock.now = before


def test_year_ahead_for_one_tick_is_set_right_at_the_next(
    base: Components, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing waits for a year: an interval goes on at once, cron text at its next time; it is told."""
    add_schedule(base, every="15m")
    add_schedule(base, cron="0 13 * * *")
    assert tick(base) == 1
    finish_all(base)
    clock.pass_by(minutes=1)
    assert at(clock, lambda: tick_and_work(base), days=365) == 2
    assert min(next_times(base)) > clock() + timedelta(days=364)
    with pytest.raises(Misconfigured, match=r"schedules 3, 4: put off by up to 36\d days"):
        require_times(base)
    clock.pass_by(minutes=1)
    with caplog.at_level(logging.WARNING):
        assert tick(base) == 1
    said = [record.message for record in caplog.records if "put off" in record.message]
    assert len(said) == 1
    assert "days by a clock that was ahead: set right" in said[0]
    assert sorted(next_times(base)) == [clock() + QUARTER, START + timedelta(hours=1)]
    require_times(base)
    finish_all(base)
    for _ in range(8):
        clock.pass_by(minutes=15)
        assert tick(base) >= 1
        finish_all(base)
    assert START + timedelta(hours=1) in due_times(base)


def test_wrong_clock_of_days_leaves_no_gap(base: Components, clock: Clock) -> None:
    """Three days ahead for three days: what was done then is done again at its own time."""
    add_schedule(base, every="1h")
    add_schedule(base, cron="30 * * * *")
    clock.pass_by(days=3)
    for _ in range(3 * 24):
        tick(base)
        finish_all(base)
        clock.pass_by(hours=1)
    clock.now = START + timedelta(days=3)
    clock.pass_by(minutes=10)
    assert tick_and_work(base) == 1
    for _ in range(24):
        clock.pass_by(hours=1)
        assert tick_and_work(base) == 2


def test_year_back_brings_no_year_of_runs(base: Components, clock: Clock) -> None:
    """A clock that was set back goes on at its own pace, and so it does when it is right again."""
    add_schedule(base, every="15m")
    add_schedule(base, cron="0 * * * *")
    tick(base)
    finish_all(base)
    clock.pass_by(days=-365, minutes=1)
    added = 0
    for _ in range(24):
        added += tick(base)
        finish_all(base)
        clock.pass_by(minutes=15)
    assert 24 <= added <= 24 + 6 + 1
    clock.pass_by(days=365)
    assert tick(base) == 2
    finish_all(base)
    assert tick(base) == 0


def test_clock_that_is_minutes_ahead_keeps_the_pace(base: Components, clock: Clock) -> None:
    """Nothing is done twice at one of its moments, and nothing waits for longer than its period."""
    add_schedule(base, every="15m")
    tick(base)
    finish_all(base)
    assert at(clock, lambda: tick(base), minutes=40) == 1
    finish_all(base)
    clock.pass_by(minutes=2)
    tick(base)
    [due] = next_times(base)
    assert due == START + QUARTER
    assert len(set(due_times(base))) == len(due_times(base))


def test_two_replicas_with_different_clocks(base: Components, clock: Clock) -> None:
    """One is a year ahead all the time: each schedule is done once or twice a period, and not more."""
    add_schedule(base, every="15m")
    add_schedule(base, cron="*/15 * * * *")
    for _ in range(4 * 12):
        tick_and_work(base)
        at(clock, lambda: tick_and_work(base), days=365)
        assert find_ahead(base.database, clock()) is None
        assert find_ahead(base.database, clock() + timedelta(days=365)) is not None
        clock.pass_by(minutes=5)
    hours = 4
    assert 2 * 4 * hours - 2 <= len(due_times(base)) <= 2 * 2 * 4 * hours + 4


def test_far_clock_takes_over_no_lease(base: Components, clock: Clock) -> None:
    """Not by its first tick; by the second one some minutes later, or as soon as it is right."""
    tick(base)
    enqueue(base.database, NewJob("work", NoPayload()), clock())
    places = [JobSlot("work", None)]
    held = claim(base.database, places, now=clock(), lease_seconds=60)
    assert held
    clock.pass_by(days=30)
    tick(base)
    assert claim(base.database, places, now=clock(), lease_seconds=60) is None
    clock.pass_by(minutes=1)
    tick(base)
    assert claim(base.database, places, now=clock(), lease_seconds=60) is None
    clock.pass_by(minutes=5)
    tick(base)
    taken = claim(base.database, places, now=clock(), lease_seconds=60)
    assert taken
    assert taken.job_id == held.job_id


def test_lease_of_a_clock_that_was_ahead_is_shortened(base: Components, clock: Clock) -> None:
    """A job that was killed then is taken over as soon as any other one."""
    tick(base)
    enqueue(base.database, NewJob("work", NoPayload()), clock())
    places = [JobSlot("work", None)]
    at(clock, lambda: tick(base), days=365)
    year = clock() + timedelta(days=365)
    assert claim(base.database, places, now=year, lease_seconds=330)
    clock.pass_by(minutes=1)
    tick(base)
    clock.pass_by(minutes=5)
    assert claim(base.database, places, now=clock(), lease_seconds=60) is None
    clock.pass_by(minutes=1)
    assert claim(base.database, places, now=clock(), lease_seconds=60)


def test_job_that_a_clock_ahead_has_added_begins(base: Components, clock: Clock) -> None:
    """It does not wait for a year; one that is to wait on purpose does."""
    tick(base)
    later = clock() + timedelta(days=40)
    meant = enqueue(base.database, NewJob("work", NoPayload(), run_at=later), clock())
    enqueue(base.database, NewJob("work", NoPayload()), clock() + timedelta(days=365))
    at(clock, lambda: tick(base), days=365)
    clock.pass_by(minutes=1)
    tick(base)
    places = [JobSlot("work", None)]
    assert claim(base.database, places, now=clock(), lease_seconds=60)
    assert claim(base.database, places, now=clock(), lease_seconds=60) is None
    assert meant
    assert get_job(base.database, meant).run_at == format_timestamp(later)


def test_far_clock_sweeps_nothing(base: Components, clock: Clock) -> None:
    """Jobs that have ended, and their keys, stay until a second tick agrees."""
    tick(base)
    job_id = enqueue(base.database, NewJob("sweep", NoPayload(), idempotency_key="a"), clock())
    assert job_id
    kinds = Kinds.of(SWEEP)
    kinds.are_scheduled = True

    def run() -> object:
        enqueue(base.database, NewJob("sweep", NoPayload()), clock())
        look(base, kinds)
        run_claimable(base, kinds, lease_seconds=60, may_go_on=lambda: True)
        return list_jobs(base.database, {}, limit=1)[0][0].result

    assert run() == {"values": 0, "jobs": 0}
    clock.pass_by(days=365)
    assert run() == {"values": 0, "jobs": 0, "ended": "clock_ahead"}
    assert get_job(base.database, job_id).state == "finished"
    clock.pass_by(minutes=6)
    assert run() == {"values": 0, "jobs": 2}


def test_house_is_looked_through_every_hour(base: Components, clock: Clock) -> None:
    """What was added by a clock that was ahead, and that no tick has seen, is found."""
    tick(base)
    before = clock.now
    clock.pass_by(days=30)
    add_schedule(base, every="1h")
    clock.now = before
    clock.pass_by(minutes=1)
    assert tick(base) == 0
    enqueue(base.database, NewJob("sweep", NoPayload()), clock())
    run_claimable(base, Kinds.of(SWEEP), lease_seconds=60, may_go_on=lambda: True)
    assert tick(base) == 1


def test_tick_that_finds_nothing_writes_nothing(base: Components, clock: Clock) -> None:
    """One row is read for the time, and one statement for what is due."""
    add_schedule(base, every="1h")
    tick(base)
    clock.pass_by(minutes=1)
    counted = Counted(base.database)
    look(replace(base, database=counted), COLLECTING)  # type: ignore[arg-type]
    assert (counted.reads, counted.batches) == (2, 0)


MOMENTS = st.integers(-2000, 2000).map(lambda hours: START + timedelta(hours=hours))


@given(MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_time_is_known_only_near_or_by_a_second_tick(
    known_at: datetime, claimed_at: datetime | None, now: datetime
) -> None:
    """Whatever was claimed, a time far away is agreed on only behind a claim of its side."""
    claim = None if claimed_at is None else format_timestamp(claimed_at)
    told, then = judge(KnownTime(format_timestamp(known_at), claim), now)
    if abs(now - known_at) <= FAR:
        assert told.is_agreed
        assert then.claimed_at is None
    elif told.is_agreed:
        assert claimed_at
        assert now - claimed_at >= AGREES_AFTER
        assert (claimed_at > known_at) == (now > known_at)
        assert then == KnownTime(format_timestamp(now), None)
    else:
        assert then.known_at == format_timestamp(known_at)
        assert then.claimed_at


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Components, Clock]]:
    """Return one base of SQLite for many short stories, and its clock."""
    folder, clock = tmp_path_factory.mktemp("swift"), Clock()
    path: Path = folder / "base.sqlite3"
    lay_sqlite_base(path)
    base = build_components(
        sqlite_settings(path, **{"storage.path": str(folder / "files")}), clock=clock
    )
    yield base, clock
    base.database.close()


OFF = st.sampled_from([0, 0, 0, 0.01, -0.01, 0.3, -0.3, 1.5, -1.5, 40, -40, 365, -365, 3650])
STEPS = st.lists(st.tuples(st.integers(0, 3000), OFF), max_size=12)
SCHEDULES = st.lists(
    st.sampled_from(
        [
            {"every": "1m"}, {"every": "15m"}, {"every": "1d"}, {"every": "2w"},
            {"cron": "*/10 * * * *"}, {"cron": "0 7 * * mon-fri"}, {"cron": "0 0 1 1 *"},
        ]
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEDULES, STEPS)
def test_clocks_that_jump_leave_nothing_waiting(
    swift: tuple[Components, Clock], schedules: list[dict[str, str]], steps: list[tuple[int, float]]
) -> None:
    """After whatever ticks, one that is right leaves no schedule waiting longer than its period.

    Each tick brings one job of a schedule at the most, and the first day of right ticks leaves out
    no run of those that a clock off by more than a day had put off.
    """
    base, clock = swift
    forget_everything(base)
    clock.now = START
    for form in schedules:
        add_schedule(base, **form)
    real = START
    for minutes, days in steps:
        real += timedelta(minutes=minutes)
        clock.now = real + timedelta(days=days)
        assert tick(base) <= len(schedules)
        finish_all(base)
    clock.now = real + timedelta(minutes=7)
    tick(base)
    finish_all(base)
    require_times(base)
    assert tick(base) == 0
    bound = {"1m": 1, "15m": 15, "1d": 1440, "2w": 20160}
    found, _ = list_schedules(base.database, limit=100)
    for each in found:
        waits = datetime.fromisoformat(str(each.next_run_at)) - clock()
        assert timedelta() < waits
        assert waits <= timedelta(minutes=bound.get(str(each.every), 366 * 1440) + 1)


def forget_everything(base: Components) -> None:
    """Take away schedules, jobs and the known time."""
    quiet(base.database)
    base.database.atomic([Statement(delete(tables.jobs))(), Statement(delete(tables.clock))()])


def test_time_is_told_by_many_at_once(process: Components, clock: Clock) -> None:
    """Eight processes begin at once: one row, and nobody fails."""
    threads = [
        threading.Thread(target=tell_time, args=(process.database, clock())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find_ahead(process.database, clock()) is None
