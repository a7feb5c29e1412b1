"""Working through jobs in a process: threads that run them, and one that keeps their leases."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from inkcre.context import Components
from inkcre.errors import InkcreError
from inkcre.jobs.due import Due
from inkcre.jobs.kinds import Hold, Kinds
from inkcre.jobs.leases import extend, release
from inkcre.jobs.runner import run_claimable
from inkcre.jobs.tick import look

logger = logging.getLogger("inkcre.jobs")

LEASE_SECONDS = 60
"""How long a job is held without a sign of life: so long it waits if this process is killed."""

BEATS = 4
"""How many signs of life there are in that time: one may be late, and two be lost."""

GRACE_SECONDS = 4
"""How long running jobs may take to end when the process is to end. A longer one is given back and
done again, and whoever waits for the process has it within five seconds."""


class JobThreads:
    """Threads that run whatever can be claimed, woken by ticks and by new jobs."""

    def __init__(
        self,
        context: Components,
        kinds: Kinds,
        *,
        number: int,
        woken: threading.Event,
        lease_seconds: float = LEASE_SECONDS,
        on_tick: Callable[[Due], None] | None = None,
    ) -> None:
        """Take what they work with; ``woken`` is set by whoever adds a job in this process."""
        self._given = context
        self._kinds = kinds
        self._woken = woken
        self._lease_seconds = lease_seconds
        self._on_tick = on_tick
        self._holds: dict[str, Hold] = {}
        self._told = ""
        self._stopping = threading.Event()
        names = [f"inkcre-job-{n}" for n in range(number)]
        # Daemons: a job that hangs keeps no process from ending. What it holds is given back
        # (stop).
        self._threads = [threading.Thread(target=self._work, name=n, daemon=True) for n in names]
        self._heart = threading.Thread(target=self._beat, name="inkcre-leases", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        for thread in (*self._threads, self._heart):
            thread.start()

    def tick(self) -> None:
        """Add the jobs that are due, and wake the threads; no matter if the database is away."""
        try:
            due = look(self._given, self._kinds)
        except InkcreError as error:
            # Once: a base that can only be read may stay so for months.
            if str(error) != self._told:
                logger.warning("tick: %s; trying again at each one", error)
            self._told = str(error)
            return
        except Exception:
            logger.exception("tick: a fault of ours; trying again at the next one")
            return
        if self._told:
            logger.info("tick: goes on; it was kept by: %s", self._told)
        self._told = ""
        if due.enqueued:
            logger.info("tick: %d jobs due", due.enqueued)
        if self._on_tick:
            self._on_tick(due)
        self._woken.set()

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Begin no more jobs; wait for those that run, and give back those that do not end."""
        self._stopping.set()
        self._woken.set()
        deadline = time.monotonic() + grace_seconds
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        held = list(self._holds.items())
        for _, hold in held:
            # Before they are given back: whoever runs one hears of it where it looks, and begins
            # nothing.
            hold.is_lost = True
        if held:
            logger.warning("%d jobs did not end in time, and are given back", len(held))
            try:
                release(self._given.database, [token for token, _ in held], self._given.clock())
            except InkcreError as error:
                logger.warning("they could not be given back: %s; their leases will lapse", error)
        self._heart.join(max(0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait()
            self._woken.clear()  # before looking: what comes from now on wakes again
            try:
                run_claimable(
                    self._given,
                    self._kinds,
                    lease_seconds=self._lease_seconds,
                    may_go_on=lambda: not self._stopping.is_set(),
                    watch=self._watch,
                    # The event wakes one thread at a time: who has got a job wakes the next.
                    on_claim=self._woken.set,
                )
            except InkcreError as error:
                logger.warning("jobs: %s; trying again at the next tick", error)
            except Exception:  # a thread that ends would be missed by all jobs to come
                logger.exception("jobs: a fault of ours; going on at the next tick")
        self._woken.set()  # for the next thread to see the end

    @contextmanager
    def _watch(self, hold: Hold) -> Iterator[None]:
        self._holds[hold.lease.token] = hold
        try:
            yield
        finally:
            self._holds.pop(hold.lease.token, None)

    def _beat(self) -> None:
        while not self._stopping.wait(self._lease_seconds / BEATS):
            now = time.monotonic()
            # One past its deadline is let lapse: a job that hangs would be held for ever, and its
            # serial key and slot with it. A copy, for jobs begin and end in other threads
            # meanwhile.
            holds = [hold for hold in list(self._holds.values()) if hold.deadline > now]
            if holds:
                self._extend(holds)

    def _extend(self, holds: list[Hold]) -> None:
        until = self._given.clock() + timedelta(seconds=self._lease_seconds)
        tokens = [hold.lease.token for hold in holds]
        try:
            held = extend(self._given.database, tokens, until)
        except InkcreError as error:
            logger.warning("leases could not be extended: %s", error)
            return
        except Exception:
            logger.exception("leases could not be extended")
            return
        for hold in holds:
            hold.is_lost = hold.lease.token not in held
