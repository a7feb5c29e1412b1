"""Threads that run requests, some for each application in an event loop.

By hand: to a thread and back takes anyio 28 to 36 us of CPU, a fifth of a request for one block,
and this 10 to 15: all but the work itself happens in the event loop, so there is nothing to lock.
The standard library's executor takes 10 to 25. But its threads take work as soon as there is any,
and the interpreter from each other and from the loop: requests are no cheaper than with anyio.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from anyio import to_thread

from inkcre.errors import Unavailable

Answer = TypeVar("Answer")
Asked = SimpleQueue["_Work | None"]
"""Where one thread waits for work; None ends it."""

DEFAULT_NUMBER = 4
"""How many threads there are where nobody has said how many."""


class RequestThreads:
    """Threads of one event loop, in which alone these methods are called."""

    def __init__(self, number: int, patience_seconds: float | None = None) -> None:
        """Have so many threads, and let changes wait that long for those before them, if at all."""
        self._number = number
        self._patience_seconds = patience_seconds
        # Whoever changes something may wait for the one lock of SQLite, and whoever reads need not.
        self._most_changing = max(1, number - 1)
        self._changing = 0
        self._threads: list[tuple[threading.Thread, Asked]] = []
        self._idle: list[Asked] = []
        self._waiting: deque[_Work] = deque()
        self._held_back: deque[_Work] = deque()
        """Changes that would take the last thread."""

    def run(self, call: Callable[[], Answer], *, changes: bool = False) -> asyncio.Future[Answer]:
        """Run a call in a thread, in a copy of this context, once one is free.

        Who is cancelled before that does not run. Calls that change something leave one thread to
        the others, if there are several; the answer of one that waits too long for those before it
        is ``Unavailable``, and it does not run.
        """
        work = _Work(self, call, changes=changes)
        if changes:
            if self._changing >= self._most_changing:
                self._hold_back(work)
                return work.answer
            self._changing += 1
        # The one that was idle last: it is still warm, and a kept connection with it.
        if self._idle:
            self._idle.pop().put(work)
        elif len(self._threads) < self._number:
            self._start().put(work)
        else:
            self._waiting.append(work)
        return work.answer

    async def stop(self) -> None:
        """Cancel what waits, let every thread end what it is at, and wait for that."""
        for queue in (self._waiting, self._held_back):
            while queue:
                queue.popleft().answer.cancel()
        self._end()
        for thread, _ in self._threads:
            await to_thread.run_sync(thread.join)

    def finish(self, asked: Asked, work: "_Work") -> None:
        """Give a thread that is done its next work, and who waited for it the answer."""
        if work.changes:
            self._end_change()
        while self._waiting:
            following = self._waiting.popleft()
            if not following.answer.done():
                asked.put(following)
                break
            if following.changes:
                self._end_change()
        else:
            self._idle.append(asked)
        work.settle()

    def _hold_back(self, work: "_Work") -> None:
        self._held_back.append(work)
        if self._patience_seconds is not None:
            work.giving_up = work.loop.call_later(self._patience_seconds, work.give_up)

    def _end_change(self) -> None:
        """Let the next change wait for a thread."""
        self._changing -= 1
        while self._held_back:
            following = self._held_back.popleft()
            if not following.answer.done():
                if following.giving_up is not None:
                    following.giving_up.cancel()
                self._changing += 1
                self._waiting.append(following)
                return

    def _start(self) -> Asked:
        asked: Asked = SimpleQueue()
        # A daemon, and without self: a loop that nobody has stopped keeps no process from ending.
        thread = threading.Thread(
            target=_serve, args=(asked,), name=f"inkcre-request-{len(self._threads)}", daemon=True
        )
        thread.start()
        self._threads.append((thread, asked))
        return asked

    def _end(self) -> None:
        for _, asked in self._threads:
            asked.put(None)

    def __del__(self) -> None:
        self._end()


class _Work:
    """A call, and who waits for its answer."""

    __slots__ = (
        "answer", "call", "changes", "context", "error", "giving_up", "loop", "result", "threads",
    )  # fmt: skip

    def __init__(self, threads: RequestThreads, call: Callable[[], Any], *, changes: bool) -> None:
        self.changes = changes
        self.threads = threads
        self.call = call
        self.context = copy_context()
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.giving_up: asyncio.TimerHandle | None = None

    def give_up(self) -> None:
        """Answer without having run."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable("database: others keep writing"))

    def do(self, asked: Asked) -> None:
        """Call it, in the thread that asks there, and say so to the event loop."""
        try:
            self.result = self.context.run(self.call)
        except StopIteration as error:
            # No future takes it, and in Python 3.11 whoever waits would wait for ever:
            # https://github.com/python/cpython/issues/112182
            self.error = RuntimeError("StopIteration was raised")
            self.error.__cause__ = error
        except BaseException as error:  # noqa: BLE001 - whoever waits is who handles it
            self.error = error
        try:
            self.loop.call_soon_threadsafe(self.threads.finish, asked, self)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    def settle(self) -> None:
        """Give the answer to who waits, unless they were cancelled."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(self.error)


def _serve(asked: Asked) -> None:
    while (work := asked.get()) is not None:
        work.do(asked)
        del work  # else it would be kept until the next one comes


class _Nobody:
    """Whose threads those are that nobody has asked for."""


NOBODY = _Nobody()

_by_loop: WeakKeyDictionary[
    asyncio.AbstractEventLoop, WeakKeyDictionary[object, RequestThreads]
] = WeakKeyDictionary()


def _of_loop() -> WeakKeyDictionary[object, RequestThreads]:
    loop = asyncio.get_running_loop()
    found = _by_loop.get(loop)
    if found is None:
        found = _by_loop[loop] = WeakKeyDictionary()
    return found


def _is_asyncio() -> bool:
    return asyncio._get_running_loop() is not None  # noqa: SLF001 - documented, and raises nothing


@asynccontextmanager
async def having_threads(
    number: int, patience_seconds: float | None = None, *, of: object = NOBODY
) -> AsyncIterator[None]:
    """Let somebody have so many threads of the running event loop until the end of the block.

    Of two applications in one loop each has its own: one that ends takes no thread from the other.
    """
    if not _is_asyncio():
        yield
        return
    by_owner = _of_loop()
    threads = by_owner[of] = RequestThreads(number, patience_seconds)
    try:
        yield
    finally:
        by_owner.pop(of, None)
        await threads.stop()


def run_in_thread(
    call: Callable[[], Answer], *, of: object = NOBODY, changes: bool = False
) -> Awaitable[Answer]:
    """Run a call in one of somebody's threads of the running loop; see ``RequestThreads.run``.

    Under trio, which has no such futures, in one of the loop's own threads.
    """
    if not _is_asyncio():
        return to_thread.run_sync(call)
    by_owner = _of_loop()
    threads = by_owner.get(of)
    if threads is None:
        threads = by_owner[of] = RequestThreads(DEFAULT_NUMBER)
    return threads.run(call, changes=changes)
