"""The time that a base goes by: its server's, or its machine's, whatever is done to the clocks."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from inkcre.assembly.clocks import (
    MEASURE_SECONDS,
    RETRY_SECONDS,
    SETTLING_SECONDS,
    MachineClock,
    ServerClock,
    ServerTime,
)
from inkcre.context import Components
from inkcre.errors import Unavailable
from inkcre.jobs.jobs import NewJob, enqueue, get_job
from inkcre.jobs.kinds import JobKind, Kinds, NoPayload, Outcome, RunningJob
from inkcre.jobs.leases import JobSlot, claim, extend
from inkcre.jobs.runner import run_claimable
from inkcre.ports.clock import Clock as ClockPort
from inkcre.ports.clock import settled
from inkcre.ports.database import Timed

HOUR = 3600.0
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()
WORK = [JobSlot("work", None)]


class World:
    """What time it is, and the clocks of one process and of a server."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.own_off = self.server_off = self.slept = 0.0
        self.round_trip = 0.002
        self.is_away = False
        self.asked = 0

    def own(self) -> float:
        return NOON + self.passed + self.own_off

    def steady(self) -> float:
        return 1000 + self.passed - self.slept

    def read_clock(self) -> float:
        """Answer as a server does, half of a round trip each way."""
        self.asked += 1
        if self.is_away:
            raise Unavailable("database: no answer")
        self.passed += self.round_trip / 2
        said = self.server()
        self.passed += self.round_trip / 2
        return said

    def server(self) -> float:
        return NOON + self.passed + self.server_off


@pytest.fixture
def world() -> World:
    """Return a world at noon."""
    return World()


@pytest.fixture
def clock(world: World) -> ServerClock:
    """Return the clock of a process with a server."""
    return ServerClock(world, ServerTime(world.own, world.steady))


def off(clock: ClockPort, world: World) -> float:
    """Return how far a clock is from the server's."""
    return clock().timestamp() - world.server()


@pytest.mark.parametrize("seconds", [-HOUR, -180, 180, HOUR])
def test_clock_of_a_process_does_not_count(
    clock: ServerClock, world: World, seconds: float
) -> None:
    """Wrong from the beginning, or set between two looks: the time is the server's."""
    world.own_off = seconds
    assert off(clock, world) == pytest.approx(0, abs=0.002)
    world.passed += 10
    world.own_off = -seconds
    assert off(clock, world) == pytest.approx(0, abs=0.002)
    world.passed += 10
    assert off(clock, world) == pytest.approx(0, abs=0.002)
    assert settled(clock, clock()) == pytest.approx(clock(), abs=timedelta(seconds=0.01))


def test_server_is_asked_now_and_then(clock: ServerClock, world: World) -> None:
    """Once in half a minute, however often the time is wanted."""
    for _ in range(600):
        clock()
        world.passed += 0.1
    assert world.asked == 2
    world.passed += MEASURE_SECONDS
    clock()
    assert world.asked == 3


def test_machine_that_slept_asks_again(clock: ServerClock, world: World) -> None:
    """A steady clock may stand still meanwhile; the other one tells it."""
    clock()
    world.passed += HOUR
    world.slept += HOUR
    assert off(clock, world) == pytest.approx(0, abs=0.002)


def test_server_that_is_away_is_counted_on(clock: ServerClock, world: World) -> None:
    """The first time nobody knows; later it is asked every few seconds, and not each time."""
    world.is_away = True
    with pytest.raises(Unavailable):
        clock()
    assert clock.find_skew() is None
    world.is_away = False
    clock()
    world.is_away = True
    world.own_off = HOUR
    asked = world.asked
    for _ in range(100):
        world.passed += 1
        assert off(clock, world) == pytest.approx(0, abs=0.002)
    assert world.asked - asked <= 100 / RETRY_SECONDS


def test_answer_that_took_long_changes_little(clock: ServerClock, world: World) -> None:
    """What it cannot tell is left as it is; the first one is put right by a quick one."""
    world.server_off, world.round_trip = 0.3, 0.002
    clock()
    world.passed += MEASURE_SECONDS + 1
    world.round_trip = 8.0
    asked = world.asked
    assert off(clock, world) == pytest.approx(0, abs=0.002)
    assert world.asked == asked + 1
    assert clock.find_skew() is None


def test_server_that_was_put_on_lapses_no_lease(
    clock: ServerClock, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Leases of before go by the time of before, as long as there may be some; it is logged."""
    clock()
    world.server_off = HOUR
    world.passed += MEASURE_SECONDS + 1
    with caplog.at_level(logging.WARNING):
        now = clock()
    assert now.timestamp() == pytest.approx(world.server(), abs=0.002)
    assert clock.settle(now) == now - timedelta(seconds=3600)
    assert "the database's clock has moved by 3600" in caplog.text
    world.passed += SETTLING_SECONDS
    assert clock.settle(clock()) == pytest.approx(clock(), abs=timedelta(seconds=0.01))


def test_server_that_was_put_back_is_followed(clock: ServerClock, world: World) -> None:
    """There is nothing to spare then; and a step back takes off from one on."""
    clock()
    world.server_off = -HOUR
    world.passed += MEASURE_SECONDS + 1
    now = clock()
    assert now.timestamp() == pytest.approx(world.server(), abs=0.002)
    assert clock.settle(now) == now
    for server_off in (0.0, -HOUR):
        world.server_off = server_off
        world.passed += MEASURE_SECONDS + 1
        now = clock()
        assert now - clock.settle(now) == timedelta(seconds=server_off + HOUR)


def test_skew_is_told_once(
    clock: ServerClock, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log when it begins and when it ends; as a notice and a number all the time."""
    world.own_off = 180
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            clock()
            world.passed += MEASURE_SECONDS + 1
        skewed = clock.find_skew()
        assert clock.skew_seconds() == pytest.approx(180, abs=0.01)
        world.own_off = 1.5
        world.passed += MEASURE_SECONDS + 1
        assert clock.find_skew() is None
    assert skewed
    assert skewed.message == "clock: this machine's is 180.0 s ahead of the database's"
    assert [record.message for record in caplog.records] == [
        f"{skewed}; leases and due times go by the database's",
        "clock: agrees with the database's again",
    ]
    world.own_off = -60
    behind = clock.find_skew()
    assert behind
    assert behind.message == "clock: this machine's is 60.0 s behind the database's"


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_machine_that_was_set_lapses_no_lease(world: World, seconds: float) -> None:
    """Where there is no server the machine's clock is gone by, and its steps are noticed as well."""
    clock = MachineClock(world.own, world.steady)
    assert clock().timestamp() == NOON
    world.passed, world.own_off = 5, seconds
    now = clock()
    assert now.timestamp() == NOON + 5 + seconds
    assert now - settled(clock, now) == timedelta(seconds=max(0, seconds))
    world.passed += SETTLING_SECONDS
    now = clock()
    assert settled(clock, now) == now


def test_servers_have_a_clock_and_files_have_none(base: Components) -> None:
    """It is this machine's here, for they run on it."""
    database = base.database
    assert isinstance(database, Timed) == (database.capabilities.dialect == "postgresql")
    if isinstance(database, Timed):
        before = time.time()
        assert before - 0.01 <= database.read_clock() <= time.time() + 0.01


def _late(seconds: float) -> float:
    return time.time() + seconds


@contextmanager
def replicas(process: Components, *offs: float) -> Iterator[list[Components]]:
    """Yield the same base as processes see it whose own clocks are so many seconds off."""
    database = process.database
    made = []
    for seconds in offs:
        if isinstance(database, Timed):
            known = ServerTime(own=partial(_late, seconds))
            made.append(replace(process, clock=ServerClock(database, known)))
        else:  # a file has one machine, and a machine has one clock
            made.append(replace(process, clock=MachineClock()))
    yield made


def add(base: Components) -> int:
    """Add a job that is due."""
    job_id = enqueue(base.database, NewJob("work", NoPayload()), base.clock())
    assert job_id
    return job_id


def run(base: Components, *, lease_seconds: float = 60) -> int:
    """Run what can be run; give how many jobs that were."""

    def work(job: RunningJob) -> Outcome:
        return Outcome("done")

    kinds = Kinds.of(JobKind("work", NoPayload, work))
    return run_claimable(base, kinds, lease_seconds=lease_seconds, may_go_on=lambda: True)


@pytest.mark.parametrize("seconds", [-180, 180])
def test_replica_with_a_wrong_clock_takes_over_nothing(process: Components, seconds: float) -> None:
    """It is off by three leases: what others hold stays theirs, and what it holds lapses in time."""
    with replicas(process, 0, seconds) as (right, wrong):
        job_id = add(wrong)
        now = right.clock()
        held = claim(right.database, WORK, now=now, lease_seconds=60)
        assert held
        assert run(wrong) == 0
        until = wrong.clock() + timedelta(seconds=60)
        assert extend(wrong.database, [held.token], until) == {held.token}
        assert run(right) == 0
        assert extend(wrong.database, [held.token], wrong.clock() - SECOND) == {held.token}
        assert run(right) == 1
        job = get_job(right.database, job_id)
    assert (job.state, job.attempts) == ("finished", 2)
    assert abs(datetime.fromisoformat(job.created_at) - now) < timedelta(seconds=30)


def test_job_goes_on_when_its_machine_is_put_on(base: Components, world: World) -> None:
    """By an hour: it is not begun again, neither while it is extended nor before its lease is over."""
    clock = MachineClock(world.own, world.steady)
    here = replace(base, clock=clock)
    add(here)
    held = claim(here.database, WORK, now=clock(), lease_seconds=60)
    assert held
    world.passed, world.own_off = 10, HOUR
    assert run(here) == 0
    world.passed = 45
    assert run(here) == 0
    extend(here.database, [held.token], clock() + timedelta(seconds=60))
    world.passed = 100
    assert run(here) == 0


def test_holder_that_died_before_its_machine_was_put_on(base: Components, world: World) -> None:
    """Its lease is over when it would have been."""
    clock = MachineClock(world.own, world.steady)
    here = replace(base, clock=clock)
    add(here)
    assert claim(here.database, WORK, now=clock(), lease_seconds=60)
    world.passed, world.own_off = 10, HOUR
    assert run(here) == 0
    world.passed = 61
    assert run(here) == 1
