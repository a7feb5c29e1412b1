"""Leases: who holds a job, for how long, and what is kept from those who have lost it."""

import threading
from datetime import timedelta

import pytest

from inkcre.context import Components
from inkcre.errors import Conflict
from inkcre.jobs.cleanup import sweep
from inkcre.jobs.jobs import (
    NewJob,
    cancel_job,
    enqueue,
    enqueue_call,
    get_job,
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


def test_dedupe_key_is_for_good(base: Components) -> None:
    """A second job of the same key is not added, not even when the first has ended."""
    assert add(base, dedupe_key="a") is not None
    assert add(base, dedupe_key="a") is None
    lease = take(base)
    assert lease
    write_fenced(base.database, lease, [finish_call(lease, {"done": 1}, base.clock())])
    assert add(base, dedupe_key="a") is None
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


def test_lane_has_one_job_at_a_time(base: Components) -> None:
    """The second of a lane waits for the first, others do not."""
    first = add(base, lane="a")
    add(base, lane="a")
    other = add(base, lane="b")
    taken = [take(base), take(base), take(base)]
    assert [lease and lease.job_id for lease in taken] == [first, other, None]
    assert taken[0]
    write_fenced(base.database, taken[0], [finish_call(taken[0], None, base.clock())])
    assert take(base)


def test_lane_is_kept_when_one_is_taken_by_name(base: Components, clock: Clock) -> None:
    """Also before its time: two of a lane never run at once."""
    add(base, lane="a")
    later = add(base, lane="a", run_at=clock().replace(hour=20))
    assert later
    assert take(base)
    with pytest.raises(Conflict):
        claim_one(base.database, later, now=clock(), lease_seconds=60)


def test_lapsed_job_goes_before_those_that_wait_in_its_lane(base: Components, clock: Clock) -> None:
    """A first job that is tried again later, a second that is killed: neither waits for the other."""
    first = add(base, lane="a")
    held = take(base)
    assert held
    later = clock().replace(minute=1)
    base.database.atomic([postpone_call(held, "busy", later)])
    second = add(base, lane="a")
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
    """Eight threads, sixty jobs, in lanes and slots."""
    base = process
    for number in range(60):
        add(base, lane=f"lane {number % 7}" if number % 2 else None)
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
    job = RunningJob(Hold(sweeper, float("inf")), base)
    assert sweep(job, NoPayload()).result == {"values": 0, "jobs": 1}
    assert waiting
    assert get_job(base.database, waiting).state == "pending"
    assert new
    assert get_job(base.database, new).state == "running"
    assert old != new


def test_lane_is_first_come_first_served(base: Components, clock: Clock) -> None:
    """The job that was added first goes first, though another of its lane has been due longer."""
    first = add(base, lane="a", run_at=clock() + timedelta(seconds=20))
    second = add(base, lane="a", run_at=clock() + timedelta(seconds=10))
    clock.pass_by(seconds=15)  # only the second is due: the first does not keep it waiting
    lease = take(base)
    assert lease
    assert lease.job_id == second
    release(base.database, [lease.token], base.clock())
    clock.pass_by(seconds=15)
    lease = take(base)
    assert lease
    assert lease.job_id == first
