"""Running jobs: how they end, when they are tried again, and the threads that run them."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from inkcre.context import Components
from inkcre.errors import BadAnswer, TimedOut, Unavailable
from inkcre.jobs.jobs import NewJob, cancel_job, enqueue, enqueue_call, get_job
from inkcre.jobs.kinds import (
    MAX_BACKOFF_SECONDS,
    JobKind,
    Kinds,
    NoPayload,
    Outcome,
    Payload,
    RunningJob,
)
from inkcre.jobs.leases import LeaseLost, claim
from inkcre.jobs.runner import run_claimable
from inkcre.jobs.threads import JobThreads
from inkcre.jobs.tick import tick
from inkcre.ports.clock import Clock as ClockPort
from inkcre.ports.database import Database, Statement
from inkcre.sql.tables import jobs
from inkcre.tracing import traced
from tests.jobs.conftest import Clock

COUNT_OTHERS = Statement(select(func.count()).select_from(jobs).where(jobs.c.kind == "other"))

Run = Callable[[RunningJob, Any], Outcome | None]


class Greeting(Payload):
    name: str


def kind(run: Run, **more: Any) -> JobKind[Any]:
    """Make a kind called work."""
    model = more.pop("payload", NoPayload)

    def lent(job: RunningJob, payload: Payload) -> Outcome | None:
        return run(job, payload)

    lent.__annotations__["payload"] = model
    return JobKind("work", model, lent, **more)


def run_all(base: Components, *kinds: JobKind[Any]) -> int:
    """Run what can be run now."""
    return run_claimable(base, Kinds.of(*kinds), lease_seconds=60, may_go_on=lambda: True)


def add(base: Components, payload: Payload | None = None) -> int:
    """Add a job; give its id."""
    job_id = enqueue(base.database, NewJob("work", payload or NoPayload()), base.clock())
    assert job_id
    return job_id


def raise_(error: Exception) -> Run:
    """Make what raises something."""

    def run(job: RunningJob, payload: Any) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'lxml_html_clean'", name="lxml_html_clean"),
        ImportError("lxml.html.clean is a separate project.\nInstall lxml_html_clean directly."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_package_that_is_missing_fails_a_job_at_once(base: Components, error: ImportError) -> None:
    """Another attempt would find the same packages; what is missing, and what installs it, is said."""
    job_id = add(base)
    run_all(base, kind(raise_(error)))
    job = get_job(base.database, job_id)
    assert (job.state, job.attempts) == ("failed", 1)
    assert str(job.error).startswith("not_installed: work cannot run: ")
    assert "lxml_html_clean" in str(job.error)
    assert str(job.error).endswith("(run `pip install 'inkcre[local]'`)")


def test_payload_is_typed(base: Components) -> None:
    """What was added comes as it was; what makes no sense here is another version's, and says so."""
    greeted: list[str] = []

    def run(job: RunningJob, payload: Greeting) -> Outcome:
        greeted.append(payload.name)
        return Outcome({"greeted": payload.name})

    good, old = add(base, Greeting(name="ann")), add(base, NoPayload())
    assert run_all(base, kind(run, payload=Greeting)) == 2
    assert greeted == ["ann"]
    done = get_job(base.database, good)
    assert (done.payload, done.result) == ({"name": "ann"}, {"greeted": "ann"})
    left = get_job(base.database, old)
    assert (left.state, left.attempts) == ("pending", 1)
    assert left.error == "payload: name: Field required (written by another version)"


def test_what_passes_is_tried_again_with_growing_pauses(base: Components, clock: Clock) -> None:
    """Up to the number of attempts; then it has failed, and says why."""
    job_id = add(base)
    work = kind(raise_(TimedOut("x: took too long")), max_attempts=4, backoff_seconds=10)
    pauses = []
    job = get_job(base.database, job_id)
    for _ in range(4):
        assert run_all(base, work) == 1
        job = get_job(base.database, job_id)
        if job.state == "pending":
            pauses.append((datetime.fromisoformat(job.run_at) - clock()).total_seconds())
            assert run_all(base, work) == 0
            clock.now = datetime.fromisoformat(job.run_at)
    assert pauses >= [5, 10, 20]
    assert all(low <= pause <= 2 * low for low, pause in zip([5, 10, 20], pauses, strict=True))
    assert job.state == "failed"
    assert job.error == "timed_out: x: took too long"


def test_pauses_are_capped_and_drawn() -> None:
    """An hour at the most, and not all at the same moment."""
    work = kind(raise_(TimedOut("x")), backoff_seconds=10)
    pauses = {work.pause_seconds(30) for _ in range(50)}
    assert max(pauses) <= MAX_BACKOFF_SECONDS
    assert len(pauses) > 40


def test_server_says_how_long_to_wait(base: Components, clock: Clock) -> None:
    """Longer than our own pause, its word counts."""
    job_id = add(base)
    run_all(base, kind(raise_(Unavailable("x: busy", retry_after_seconds=7200))))
    later = datetime.fromisoformat(get_job(base.database, job_id).run_at)
    assert later - clock() == timedelta(hours=2)


def test_what_will_not_get_better_has_failed(base: Components) -> None:
    """One attempt is enough to know."""
    job_id = add(base)
    run_all(base, kind(raise_(BadAnswer("x: no feed", hint="look at it"))))
    job = get_job(base.database, job_id)
    assert (job.state, job.attempts) == ("failed", 1)
    assert job.error == "bad_answer: x: no feed (look at it)"


def test_fault_of_ours_is_logged_and_tried_again(
    base: Components, caplog: pytest.LogCaptureFixture
) -> None:
    """With its trace; the row says what it was."""
    job_id = add(base)
    run_all(base, kind(raise_(ZeroDivisionError("oh\0no"))))
    job = get_job(base.database, job_id)
    assert (job.state, job.error) == ("pending", "ZeroDivisionError: ohno")
    assert "Traceback" in caplog.text


def test_job_whose_process_dies_each_time_is_given_up(base: Components, clock: Clock) -> None:
    """One that kills whoever runs it would go round for ever."""
    job_id = add(base)
    work = kind(lambda job, payload: None, max_attempts=3)
    for _ in range(3):
        assert claim(base.database, work.places(), now=clock(), lease_seconds=60)
        clock.pass_by(seconds=61)
    run_all(base, work)
    job = get_job(base.database, job_id)
    assert (job.state, job.error) == ("failed", "gave_up: began 3 times and never ended")


def test_job_that_takes_too_long_is_stopped_where_it_writes(base: Components) -> None:
    """It is told so where it looks, writes nothing more, and is tried again."""
    job_id = add(base)

    def run(job: RunningJob, payload: NoPayload) -> Outcome:
        time.sleep(0.05)
        job.write([])
        return Outcome()

    run_all(base, kind(run, timeout_seconds=0.01))
    job = get_job(base.database, job_id)
    assert job.state == "pending"
    assert str(job.error).startswith("timed_out: ")


def test_failure_of_a_cancelled_job_is_not_written(
    base: Components, caplog: pytest.LogCaptureFixture
) -> None:
    """It has ended already: it is not tried again, and nobody is told that it failed."""
    job_id = add(base)

    def run(job: RunningJob, payload: NoPayload) -> None:
        cancel_job(base.database, job.id, base.clock())
        raise Unavailable("x: busy")

    run_all(base, kind(run))
    job = get_job(base.database, job_id)
    assert (job.state, job.error) == ("cancelled", None)
    assert f"job {job_id}: is no longer held" in caplog.text


def test_database_that_a_job_is_lent_takes_nothing_once_it_is_lost(base: Components) -> None:
    """As what it writes by itself: an author need not know of leases."""
    job_id, other = add(base), NewJob("other", NoPayload())
    seen: list[object] = []

    def run(job: RunningJob, database: Database, clock: ClockPort) -> None:
        database.atomic([enqueue_call([other], clock())])
        cancel_job(base.database, job.id, clock())
        with pytest.raises(LeaseLost):
            database.atomic([enqueue_call([other], clock())])
        seen.append(database.read(COUNT_OTHERS()))

    run_all(base, JobKind("work", NoPayload, run))
    assert seen == [[(1,)]]
    assert get_job(base.database, job_id).state == "cancelled"


def test_log_lines_name_the_job(base: Components, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is logged while it runs."""
    job_id = add(base)
    seen: list[Any] = []

    def run(job: RunningJob, payload: NoPayload) -> None:
        seen.append(dict(traced()))

    with caplog.at_level(logging.INFO):
        run_all(base, kind(run))
    assert seen == [{"job": job_id}]


def wait_until(found: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_threads_run_what_they_are_woken_for(process: Components) -> None:
    """All at once, as many as there are threads."""
    together = threading.Barrier(3)

    def run(job: RunningJob, payload: NoPayload) -> None:
        together.wait(20)

    woken = threading.Event()
    threads = JobThreads(process, Kinds.of(kind(run)), number=3, woken=woken)
    threads.start()
    ids = [add(process) for _ in range(3)]
    woken.set()
    wait_until(lambda: {get_job(process.database, i).state for i in ids} == {"finished"})
    threads.stop()


def test_stop_waits_for_what_runs(process: Components) -> None:
    """A job that ends in time has ended well; those that wait are left for others."""
    began, may_end = threading.Event(), threading.Event()

    def run(job: RunningJob, payload: NoPayload) -> Outcome:
        began.set()
        may_end.wait(20)
        return Outcome("done")

    running, waiting = add(process), add(process)
    woken = threading.Event()
    threads = JobThreads(process, Kinds.of(kind(run)), number=1, woken=woken)
    threads.start()
    threads.tick()
    assert began.wait(20)
    stopping = threading.Thread(target=threads.stop)
    stopping.start()
    may_end.set()
    stopping.join(20)
    assert get_job(process.database, running).result == "done"
    assert get_job(process.database, waiting).state == "pending"


def test_stop_gives_back_what_does_not_end(process: Components) -> None:
    """Somebody else can take it at once, and who had it writes nothing more."""
    began, may_end = threading.Event(), threading.Event()
    caught: list[Exception] = []

    def run(job: RunningJob, payload: NoPayload) -> None:
        began.set()
        may_end.wait(20)
        try:
            job.write([])
        except LeaseLost as error:
            caught.append(error)
            raise

    job_id = add(process)
    woken = threading.Event()
    threads = JobThreads(process, Kinds.of(kind(run)), number=1, woken=woken)
    threads.start()
    threads.tick()
    assert began.wait(20)
    threads.stop(grace_seconds=0.05)
    job = get_job(process.database, job_id)
    assert (job.state, job.attempts) == ("pending", 0)
    may_end.set()
    wait_until(lambda: caught)
    assert get_job(process.database, job_id).state == "pending"


def test_leases_are_kept_while_jobs_run(process: Components, clock: Clock) -> None:
    """The heartbeat holds a job that takes longer than its lease; a cancelled one hears of it."""
    began = threading.Event()
    ended: list[str] = []

    def run(job: RunningJob, payload: NoPayload) -> None:
        began.set()
        try:
            while True:
                job.check()
                time.sleep(0.01)
        except LeaseLost:
            ended.append("lost")
            raise

    job_id = add(process)
    threads = JobThreads(
        process, Kinds.of(kind(run)), number=1, woken=threading.Event(), lease_seconds=0.2
    )
    threads.start()
    threads.tick()
    assert began.wait(20)
    until = str(get_job(process.database, job_id).leased_until)
    clock.pass_by(seconds=0.15)
    wait_until(lambda: str(get_job(process.database, job_id).leased_until) > until)
    cancel_job(process.database, job_id, clock())
    wait_until(lambda: ended)
    threads.stop()
    assert get_job(process.database, job_id).state == "cancelled"


def test_job_that_is_given_back_hears_of_it(process: Components) -> None:
    """Where it looks, before it begins anything more: it need not write to know."""
    began, may_end = threading.Event(), threading.Event()
    caught: list[Exception] = []

    def run(job: RunningJob, payload: NoPayload) -> None:
        began.set()
        may_end.wait(20)
        try:
            job.check()
        except LeaseLost as error:
            caught.append(error)
            raise

    add(process)
    threads = JobThreads(process, Kinds.of(kind(run)), number=1, woken=threading.Event())
    threads.start()
    threads.tick()
    assert began.wait(20)
    threads.stop(grace_seconds=0.05)
    may_end.set()
    wait_until(lambda: caught, seconds=5)
    threads.stop()


@contextmanager
def hanging(
    process: Components, *, lease_seconds: float, **options: Any
) -> Iterator[tuple[int, JobKind[NoPayload]]]:
    """Run a job that does not end before the block does; give its id and its kind."""
    began, may_end = threading.Event(), threading.Event()

    def run(job: RunningJob, payload: NoPayload) -> None:
        began.set()
        may_end.wait(20)

    hangs, job_id = kind(run, **options), add(process)
    threads = JobThreads(
        process, Kinds.of(hangs), number=1, woken=threading.Event(), lease_seconds=lease_seconds
    )
    threads.start()
    threads.tick()
    assert began.wait(20)
    yield job_id, hangs
    may_end.set()
    threads.stop()


def test_lease_is_extended_long_before_it_lapses(process: Components, clock: Clock) -> None:
    """After a quarter of its time: a beat may be late, or two be lost."""
    with hanging(process, lease_seconds=4) as (job_id, _):
        until = get_job(process.database, job_id).leased_until
        clock.pass_by(seconds=1)
        wait_until(lambda: get_job(process.database, job_id).leased_until != until, seconds=4)


def test_lease_of_a_job_that_takes_too_long_lapses(process: Components, clock: Clock) -> None:
    """One that hangs would be held for ever, and its serial key and its place with it."""
    with hanging(process, lease_seconds=0.2, timeout_seconds=0.05) as (job_id, hangs):
        time.sleep(0.3)  # from here on it has taken too long
        until = get_job(process.database, job_id).leased_until
        clock.pass_by(seconds=1)
        time.sleep(0.4)  # several beats
        assert get_job(process.database, job_id).leased_until == until
        assert claim(process.database, hangs.places(), now=clock(), lease_seconds=60)


def test_threads_survive_faults_of_ours(
    process: Components, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks between two jobs, the next one is run."""
    real, breaks = process.database, threading.Event()

    class Broken:
        capabilities = real.capabilities

        def read(self, call: Any) -> Any:
            return real.read(call)

        def atomic(self, calls: Any) -> Any:
            if breaks.is_set():
                raise ZeroDivisionError
            return real.atomic(calls)

    broken: Any = Broken()
    threads = JobThreads(
        replace(process, database=broken), Kinds.of(kind(lambda job, payload: None)), number=1,
        woken=threading.Event(),
    )  # fmt: skip
    threads.start()
    breaks.set()
    threads.tick()
    wait_until(lambda: "a fault of ours" in caplog.text)
    breaks.clear()
    job_id = add(process)
    threads.tick()
    wait_until(lambda: get_job(real, job_id).state == "finished")
    threads.stop()


def test_threads_survive_a_database_that_is_away(
    process: Components, caplog: pytest.LogCaptureFixture
) -> None:
    """They say so, and go on at the next tick."""
    real, is_away = process.database, threading.Event()

    class Flaky:
        capabilities = real.capabilities

        def read(self, call: Any) -> Any:
            if is_away.is_set():
                raise Unavailable("database: no answer")
            return real.read(call)

        def atomic(self, calls: Any) -> Any:
            if is_away.is_set():
                raise Unavailable("database: no answer")
            return real.atomic(calls)

    flaky: Any = Flaky()
    context = replace(process, database=flaky)
    threads = JobThreads(
        context, Kinds.of(kind(lambda job, payload: None)), number=2, woken=threading.Event()
    )
    threads.start()
    is_away.set()
    threads.tick()
    assert "trying again" in caplog.text
    is_away.clear()
    job_id = add(process)
    threads.tick()
    wait_until(lambda: get_job(real, job_id).state == "finished")
    threads.stop()


class OneAtATime(threading.Event):
    """An event that each time wakes one thread of those that wait for it, and not all."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait behind the others."""
        with self._turn:
            was_set = super().wait(timeout)
            super().clear()
        return was_set


def test_thread_that_takes_a_job_wakes_the_next(process: Components) -> None:
    """Though only one of them was woken, all three run at once."""
    together = threading.Barrier(3)

    def run(job: RunningJob, payload: NoPayload) -> None:
        together.wait(20)

    woken = OneAtATime()
    threads = JobThreads(process, Kinds.of(kind(run)), number=3, woken=woken)
    ids = [add(process) for _ in range(3)]
    threads.start()
    woken.set()
    wait_until(lambda: {get_job(process.database, i).state for i in ids} == {"finished"})
    threads.stop()


def test_tick_begins_no_job_when_its_time_is_over(base: Components) -> None:
    """What is left is for the next tick, which has a time of its own."""
    began: list[int] = []

    def run(job: RunningJob, payload: NoPayload) -> None:
        began.append(job.id)
        time.sleep(0.05)

    kinds = Kinds.of(kind(run))
    first, second = add(base), add(base)
    assert tick(base, kinds, budget_seconds=0)[1] == 0
    assert tick(base, kinds, budget_seconds=0.04)[1] == 1
    assert began == [first]
    assert tick(base, kinds, budget_seconds=60)[1] == 1
    assert began == [first, second]
