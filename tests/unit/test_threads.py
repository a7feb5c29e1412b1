"""Threads that run requests."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial, wraps

import pytest

from inkcre.errors import Unavailable
from inkcre.runtime.threads import RequestThreads, having_threads, run_in_thread

Test = Callable[..., Coroutine[object, object, None]]

said: ContextVar[str] = ContextVar("said")


def in_loop(test: Test) -> Callable[..., None]:
    """Run a test in an event loop of its own."""

    @wraps(test)
    def run(*args: object, **named: object) -> None:
        asyncio.run(test(*args, **named))

    return run


def find_threads() -> set[threading.Thread]:
    """Return the threads that there are for requests, be they other tests'."""
    return {t for t in threading.enumerate() if t.name.startswith("inkcre-request")}


@in_loop
async def test_no_more_run_at_once_than_there_are_threads() -> None:
    """The others wait their turn, and all are answered."""
    lock, meeting = threading.Lock(), threading.Barrier(3)
    running, most = 0, 0

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number < 3:
            meeting.wait(10)  # as many as there are threads are at work at the same time
        with lock:
            running -= 1
        return number

    async with having_threads(3):
        answers = await asyncio.gather(*(run_in_thread(partial(work, n)) for n in range(40)))
    assert answers == list(range(40))
    assert most == 3


@in_loop
async def test_call_sees_its_callers_context_and_changes_a_copy() -> None:
    """What is bound to a request is bound in its thread."""

    def work() -> str:
        heard = said.get()
        said.set("inside")
        return heard

    said.set("outside")
    async with having_threads(1):
        assert await run_in_thread(work) == "outside"
        assert await run_in_thread(work) == "outside"
    assert said.get() == "outside"


@pytest.mark.parametrize(
    ("raised", "seen"), [(KeyError("x"), KeyError), (StopIteration(1), RuntimeError)]
)
@in_loop
async def test_error_reaches_who_waits(raised: Exception, seen: type[Exception]) -> None:
    """StopIteration too, which no future takes: as the cause of another. The thread goes on."""

    def work() -> None:
        raise raised

    async with having_threads(1):
        with pytest.raises(seen) as caught:
            await asyncio.wait_for(run_in_thread(work), 10)
        assert raised in (caught.value, caught.value.__cause__)
        assert await run_in_thread(lambda: 1) == 1


@in_loop
async def test_who_is_cancelled_while_waiting_does_not_run() -> None:
    """And who is cancelled later is not told: the thread is free for the next."""
    begun, go_on = threading.Event(), threading.Event()
    ran = []

    def busy() -> None:
        begun.set()
        go_on.wait(10)

    async with having_threads(1):
        first = asyncio.ensure_future(run_in_thread(busy))
        second = asyncio.ensure_future(run_in_thread(lambda: ran.append("second")))
        third = run_in_thread(lambda: ran.append("third"))
        await asyncio.to_thread(begun.wait, 10)
        first.cancel()
        second.cancel()
        go_on.set()
        await asyncio.wait_for(third, 10)
    assert ran == ["third"]


@in_loop
async def test_threads_end_with_the_block() -> None:
    """What is being done is ended first; what waited for a thread is cancelled."""
    begun, go_on = threading.Event(), threading.Event()
    done, others = [], find_threads()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.append(1)

    async with having_threads(1):
        first, second = (asyncio.ensure_future(run_in_thread(work)) for _ in range(2))
        await asyncio.to_thread(begun.wait, 10)
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert done == [1]
    assert find_threads() <= others
    await first
    assert second.cancelled()
    assert await run_in_thread(lambda: 2) == 2  # with threads of nobody's


def test_threads_of_a_loop_that_is_gone_end() -> None:
    """Nobody has to stop those that were made because somebody asked."""

    async def ask() -> list[threading.Thread]:
        threads = RequestThreads(1)
        await threads.run(lambda: None)
        return [thread for thread, _ in threads._threads]

    [thread] = asyncio.run(ask())
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


@in_loop
async def test_changes_leave_a_thread_to_reads() -> None:
    """However many wait for a lock, who only reads is answered; then all the others are."""
    lock, begun = threading.Event(), threading.Semaphore(0)

    def change(number: int) -> int:
        begun.release()
        assert lock.wait(10)
        return number

    async with having_threads(3):
        changes = [
            asyncio.ensure_future(run_in_thread(partial(change, n), changes=True))
            for n in range(20)
        ]
        for _ in range(2):
            assert await asyncio.to_thread(begun.acquire, timeout=10)
        for answer in range(5):
            assert await run_in_thread(lambda answer=answer: answer) == answer  # type: ignore[misc]
        assert not any(change.done() for change in changes)
        changes[5].cancel()
        lock.set()
        done = await asyncio.gather(*changes, return_exceptions=True)
    assert [n for n in done if isinstance(n, int)] == [n for n in range(20) if n != 5]


@in_loop
async def test_changes_wait_for_those_before_them_for_so_long() -> None:
    """Then they are told to come again, and do not run; reads and what has begun go on."""
    lock, ran = threading.Event(), []

    def change(number: int) -> int:
        assert lock.wait(10)
        ran.append(number)
        return number

    async with having_threads(3, 0.05):
        changes = [
            asyncio.ensure_future(run_in_thread(partial(change, n), changes=True))
            for n in range(20)
        ]
        for waiting in changes[2:]:
            with pytest.raises(Unavailable, match="others keep writing"):
                await waiting
        assert await run_in_thread(lambda: "read") == "read"
        assert not any(begun.done() for begun in changes[:2])
        lock.set()
        assert await asyncio.gather(*changes[:2]) == [0, 1]
        assert await run_in_thread(partial(change, 20), changes=True) == 20
    assert sorted(ran) == [0, 1, 20]


@in_loop
async def test_change_whose_turn_has_come_is_not_given_up() -> None:
    """However long it takes then."""
    lock = threading.Event()

    async with having_threads(2, 0.2):
        first = asyncio.ensure_future(run_in_thread(lock.wait, changes=True))
        wait = partial(threading.Event().wait, 0.5)
        second = asyncio.ensure_future(run_in_thread(wait, changes=True))
        lock.set()
        assert await first
        assert await second is False


@in_loop
async def test_only_thread_takes_changes_too() -> None:
    """Where there is one, nothing can be left."""
    async with having_threads(1):
        answers = await asyncio.gather(
            *(run_in_thread(partial(abs, n), changes=n % 2 == 0) for n in range(10))
        )
    assert answers == list(range(10))
