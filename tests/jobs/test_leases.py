"""Leases: who holds a job, for how long, and what is kept from those who have lost it."""

import threading
from datetime import datetime, timedelta
from itertools import combinations

import pytest

from inkcre.context import Components
from inkcre.errors import Conflict
from inkcre.jobs.cleanup import sweep
from inkcre.jobs.jobs import (
    NewJob,
    cancel_job,
    enqueue,
    enqueue_call,
    find_oldest_claimable,
    get_job,
    list_jobs,
    retry_job,
)
from inkcre.jobs.kinds import NoPayload
from inkcre.jobs.leases import (
    JobSlot,
    Lease,
    LeaseLost,
    claim,
    claim_one,
    extend,
    fail_call,
    finish_call,
    postpone_call,
    release,
    write_fenced,
)
from tests.jobs.conftest import Clock

ANY = [JobSlot("work", None)]


def add(base: Components, kind: str = "work", **more: object) -> int | None:
    """Add a job."""
    return enqueue(base.database, NewJob(kind, NoPayload(), **more), base.clock())  # type: ignore[arg-type]


def take(base: Components, places: list[JobSlot] = ANY) -> Lease | None:
    """Take a job for a minute."""
    return claim(base.database, places, now=base.clock(), lease_seconds=60)


def test_job_is_taken_once_and_in_order(base: Components, clock: Clock) -> None:
    """The one that has waited longest first; what is due later, later; unknown kinds never."""
    first = add(base)
    add(base, kind="of another version")
    later = add(base, run_at=clock().replace(hour=13))
    clock.pass_by(seconds=1)
    second = add(base)
    assert [lease and lease.job_id for lease in (take(base), take(base), take(base))] == [
        first, second, None,
    ]  # fmt: skip
    clock.pass_by(hours=1)
    lapsed = {lease and lease.job_id for lease in (take(base), take(base), take(base))}
    assert lapsed == {first, second, later}


def test_idempotency_key_is_for_good(base: Components) -> None:
    """A second job of the same key is not added, not even when the first has ended."""
    assert add(base, idempotency_key="a") is not None
    assert add(base, idempotency_key="a") is None
    lease = take(base)
    assert lease
    write_fenced(base.database, lease, [finish_call(lease, {"done": 1}, base.clock())])
    assert add(base, idempotency_key="a") is None
    assert get_job(base.database, lease.job_id).result == {"done": 1}


def test_job_rides_in_the_batch_of_its_cause(base: Components) -> None:
    """If the batch breaks, there is no job either."""
    call = enqueue_call([NewJob("work", NoPayload())], base.clock())
    lease = Lease(10**9, "none", "work", "{}", 1, None, "")
    base.database.atomic([call])
    held = take(base)
    assert held
    cancel_job(base.database, held.job_id, base.clock())
    with pytest.raises(LeaseLost):
        write_fenced(base.database, held, [call])
    assert take(base) is None
    assert lease.job_id  # a job that is not there breaks nothing


def test_lapsed_lease_is_somebody_elses(base: Components, clock: Clock) -> None:
    """Who has slept too long writes nothing; who has the job now does."""
    job_id = add(base)
    first = take(base)
    assert first
    clock.pass_by(seconds=59)
    assert take(base) is None
    clock.pass_by(seconds=1)
    second = take(base)
    assert second
    assert (second.job_id, second.attempts) == (job_id, 2)
    with pytest.raises(LeaseLost):
        write_fenced(base.database, first, [finish_call(first, None, clock())])
    assert extend(base.database, [first.token, second.token], clock.pass_by(seconds=60)) == {
        second.token
    }
    write_fenced(base.database, second, [finish_call(second, None, clock())])
    assert get_job(base.database, second.job_id).state == "finished"


def test_released_job_can_be_taken_at_once(base: Components) -> None:
    """And the attempt did not count."""
    add(base)
    first = take(base)
    assert first
    release(base.database, [first.token], base.clock())
    second = take(base)
    assert second
    assert second.attempts == 1
    with pytest.raises(LeaseLost):
        write_fenced(base.database, first, [])


def test_serial_key_has_one_job_at_a_time(base: Components) -> None:
    """The second of a serial key waits for the first, others do not."""
    first = add(base, serial_key="a")
    add(base, serial_key="a")
    other = add(base, serial_key="b")
    taken = [take(base), take(base), take(base)]
    assert [lease and lease.job_id for lease in taken] == [first, other, None]
    assert taken[0]
    write_fenced(base.database, taken[0], [finish_call(taken[0], None, base.clock())])
    assert take(base)


def test_serial_key_is_kept_when_one_is_taken_by_name(base: Components, clock: Clock) -> None:
    """Also before its time: two of a serial key never run at once."""
    add(base, serial_key="a")
    later = add(base, serial_key="a", run_at=clock().replace(hour=20))
    assert later
    assert take(base)
    with pytest.raises(Conflict):
        claim_one(base.database, later, now=clock(), lease_seconds=60)


def test_lapsed_job_goes_before_those_that_wait_for_its_serial_key(
    base: Components, clock: Clock
) -> None:
    """A first job that is tried again later, a second that is killed: neither waits for the other."""
    first = add(base, serial_key="a")
    held = take(base)
    assert held
    later = clock().replace(minute=1)
    base.database.atomic([postpone_call(held, "busy", later)])
    second = add(base, serial_key="a")
    killed = take(base)
    assert killed
    assert killed.job_id == second
    clock.pass_by(minutes=5)
    again = take(base)
    assert again
    assert again.job_id == second
    write_fenced(base.database, again, [finish_call(again, None, clock())])
    last = take(base)
    assert last
    assert last.job_id == first


def test_kind_has_so_many_places(base: Components, clock: Clock) -> None:
    """Two slots, five jobs: two run; a slot that is given back is taken again."""
    for _ in range(5):
        add(base)
    places = [JobSlot("work", 0), JobSlot("work", 1)]
    first, second = take(base, places), take(base, places)
    assert first
    assert second
    assert take(base, places) is None
    write_fenced(base.database, first, [finish_call(first, None, clock())])
    assert take(base, places)
    assert take(base, places) is None
    clock.pass_by(seconds=61)
    assert take(base, places)  # of those whose holders are dead
    assert take(base, places)
    assert take(base, places) is None


def test_full_kind_does_not_keep_others_waiting(base: Components) -> None:
    """A job of another kind goes past those that wait for a place."""
    add(base)
    add(base)
    other = add(base, kind="other")
    places = [JobSlot("work", 0), JobSlot("other", None)]
    assert take(base, places)
    lease = take(base, places)
    assert lease
    assert lease.job_id == other


def test_many_claim_at_once_and_each_job_is_taken_once(process: Components) -> None:
    """Eight threads, sixty jobs, with serial keys and slots."""
    base = process
    for number in range(60):
        add(base, serial_key=f"key {number % 7}" if number % 2 else None)
    places = [JobSlot("work", slot) for slot in range(4)]
    lock, taken, running = threading.Lock(), [], set()
    worst: list[int] = []

    def work() -> None:
        misses = 0
        while misses < 60:
            lease = take(base, places)
            if lease is None:
                misses += 1
                continue
            with lock:
                taken.append(lease.job_id)
                running.add(lease.job_id)
                worst.append(len(running))
                running.discard(lease.job_id)
            write_fenced(base.database, lease, [finish_call(lease, None, base.clock())])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 60
    assert max(worst) <= 4


def test_cancelled_job_writes_nothing_more(base: Components) -> None:
    """It has ended at once; a retry begins it anew."""
    job_id = add(base)
    lease = take(base)
    assert lease
    assert job_id
    cancelled = cancel_job(base.database, job_id, base.clock())
    assert cancelled.state == "cancelled"
    with pytest.raises(LeaseLost):
        write_fenced(base.database, lease, [finish_call(lease, None, base.clock())])
    with pytest.raises(Conflict):
        cancel_job(base.database, job_id, base.clock())
    assert retry_job(base.database, job_id, base.clock()).attempts == 0
    assert take(base)


def end(base: Components, lease: Lease, state: str) -> None:
    """Let a job end in a state, wait for its next attempt, or be given back."""
    now, later = base.clock(), base.clock() + timedelta(hours=1)
    calls = {
        "finished": finish_call(lease, None, now),
        "failed": fail_call(lease, "oh", now),
        "pending": postpone_call(lease, "busy", later),
    }
    if state == "cancelled":
        cancel_job(base.database, lease.job_id, now)
    elif state == "released":
        release(base.database, [lease.token], now)
    else:
        base.database.atomic([calls[state]])


@pytest.mark.parametrize("state", ["finished", "failed", "cancelled", "pending", "released"])
def test_place_is_given_back_however_a_job_ends(base: Components, state: str) -> None:
    """Of a kind with one slot another can begin at once, or the same again."""
    places = [JobSlot("work", 0)]
    first, second = add(base), add(base)
    held = take(base, places)
    assert held
    assert take(base, places) is None
    end(base, held, state)
    lease = take(base, places)
    assert lease
    assert lease.job_id == (first if state == "released" else second)


@pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
def test_ended_job_says_when_it_ended_and_waits_no_more(
    base: Components, clock: Clock, state: str
) -> None:
    """By that it is forgotten; the oldest job that waits is another."""
    add(base)
    lease = take(base)
    assert lease
    ended = clock.pass_by(seconds=5)
    end(base, lease, state)
    job = get_job(base.database, lease.job_id)
    assert (job.state, job.leased_until) == (state, None)
    assert datetime.fromisoformat(job.finished_at or "") == ended
    assert find_oldest_claimable(base.database, clock.pass_by(days=1)) is None


def test_oldest_is_the_one_that_has_been_due_longest(base: Components, clock: Clock) -> None:
    """Not the one that was added first, and none that is not due yet."""
    add(base, run_at=clock() + timedelta(minutes=5))
    assert find_oldest_claimable(base.database, clock()) is None
    oldest = clock.pass_by(minutes=2)
    add(base)
    clock.pass_by(minutes=10)
    add(base)
    assert find_oldest_claimable(base.database, clock()) == oldest


def test_jobs_are_listed_by_any_filters_together(base: Components) -> None:
    """By each, by two, and by all three."""
    add(base)
    wanted = add(base, kind="other")
    for length in range(1, 4):
        for names in combinations(("state", "kind", "source"), length):
            given: dict[str, str | int | None]
            given = {"state": "pending", "kind": "other", "source": None}
            jobs, _ = list_jobs(base.database, {name: given[name] for name in names}, limit=10)
            assert wanted in [job.id for job in jobs]
            given["source"] = 7
            jobs, _ = list_jobs(base.database, {name: given[name] for name in names}, limit=10)
            assert (wanted in [job.id for job in jobs]) is ("source" not in names)


def test_job_that_ends_well_at_last_has_no_error(base: Components, clock: Clock) -> None:
    """What kept it waiting is over."""
    add(base)
    first = take(base)
    assert first
    end(base, first, "pending")
    assert get_job(base.database, first.job_id).error == "busy"
    clock.pass_by(hours=1)
    second = take(base)
    assert second
    end(base, second, "finished")
    job = get_job(base.database, second.job_id)
    assert (job.state, job.attempts, job.error) == ("finished", 2, None)


def test_ended_jobs_are_forgotten_after_a_month(base: Components, clock: Clock) -> None:
    """Those that ended lately, and those that have not ended, stay."""
    from inkcre.jobs.kinds import Hold, RunningJob

    old, waiting = add(base), add(base, run_at=clock().replace(year=2030))
    lease = take(base)
    assert lease
    write_fenced(base.database, lease, [finish_call(lease, None, clock())])
    clock.pass_by(days=31)
    new = add(base)
    sweeper = take(base)
    assert sweeper
    job = RunningJob(Hold(sweeper, float("inf")), base.database)
    assert sweep(job, clock).result == {"values": 0, "jobs": 1}
    assert waiting
    assert get_job(base.database, waiting).state == "pending"
    assert new
    assert get_job(base.database, new).state == "running"
    assert old != new


def test_serial_key_is_first_come_first_served(base: Components, clock: Clock) -> None:
    """The job that was added first goes first, though another of its serial key has been due longer."""
    first = add(base, serial_key="a", run_at=clock() + timedelta(seconds=20))
    second = add(base, serial_key="a", run_at=clock() + timedelta(seconds=10))
    clock.pass_by(seconds=15)  # only the second is due: the first does not keep it waiting
    lease = take(base)
    assert lease
    assert lease.job_id == second
    release(base.database, [lease.token], base.clock())
    clock.pass_by(seconds=15)
    lease = take(base)
    assert lease
    assert lease.job_id == first
