"""Kinds of jobs: typed functions, by name."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from inkcre.context import Components
from inkcre.errors import TimedOut
from inkcre.jobs.leases import JobSlot, Lease, LeaseLost, write_fenced
from inkcre.ports.database import Call, Row
from inkcre.sql.rows import Json

MAX_BACKOFF_SECONDS = 3600
"""The longest pause between two attempts, unless whoever was asked wants a longer one."""


class Payload(BaseModel):
    """What a job is given: JSON in its row, read again by whichever version runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NoPayload(Payload):
    """What a job is given that needs nothing."""


P = TypeVar("P", bound=BaseModel)


@dataclass
class Hold:
    """A lease as its holder sees it; the heartbeat says when it is lost."""

    lease: Lease
    deadline: float
    """When the job has taken too long, by ``time.monotonic``."""

    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job while it runs: what it may use, and the only way for it to write."""

    hold: Hold
    context: Components

    @property
    def id(self) -> int:
        """The job's id."""
        return self.hold.lease.job_id

    def check(self) -> None:
        """Raise unless the job may go on.

        Raises:
            LeaseLost: it was cancelled, or somebody else has it.
            TimedOut: it has taken longer than its kind may.
        """
        if self.hold.is_lost:
            raise LeaseLost(f"job {self.id}: is no longer held")
        if time.monotonic() > self.hold.deadline:
            raise TimedOut(f"job {self.id}: takes longer than a {self.hold.lease.kind} may")

    def write(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one batch, if the job is still held; give each one's rows.

        Raises:
            LeaseLost: it is not; nothing was written.
            TimedOut: it has taken too long; nothing was written.
        """
        self.check()
        return write_fenced(self.context.database, self.hold.lease, calls)


@dataclass(frozen=True)
class Outcome:
    """How a job ended well."""

    result: Json = None
    """What is kept of it, as JSON."""

    calls: Sequence[Call] = ()
    """Its last statements: they run in the batch that ends the job."""


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """A kind of job.

    ``run`` may be called more than once for one job, if whoever runs it is killed; what it writes
    goes through ``RunningJob.write``, which nobody gets through who has lost the job.
    """

    name: str
    payload: type[P]
    run: Callable[[RunningJob, P], Outcome | None]
    timeout_seconds: float = 300
    """How long one attempt may take."""

    max_attempts: int = 5
    concurrency: int | None = None
    """How many may run at a time, in all processes together; None: as many as there are."""

    backoff_seconds: float = 10
    """The pause after the first attempt; it doubles, up to an hour, and is drawn from its upper
    half, so that what failed together is not tried together again."""

    def run_text(self, job: RunningJob, payload: str) -> Outcome:
        """Run a job with its payload as its row has it.

        Raises:
            pydantic.ValidationError: another version has written the payload.
        """
        return self.run(job, self.payload.model_validate_json(payload)) or Outcome()

    def places(self) -> list[JobSlot]:
        """Return the places that jobs of this kind may have."""
        if self.concurrency is None:
            return [JobSlot(self.name, None)]
        return [JobSlot(self.name, slot) for slot in range(self.concurrency)]

    def pause_seconds(self, attempts: int) -> float:
        """Return how long to wait after so many attempts."""
        longest = min(MAX_BACKOFF_SECONDS, self.backoff_seconds * 2.0 ** (attempts - 1))
        return random.uniform(longest / 2, longest)


class AnyKind(Protocol):
    """A kind of job, whatever its payload: what those need who run jobs by name."""

    @property
    def name(self) -> str:
        """What jobs of this kind are called."""

    @property
    def timeout_seconds(self) -> float:
        """How long one attempt may take."""

    @property
    def max_attempts(self) -> int:
        """How often a job is begun."""

    def run_text(self, job: RunningJob, payload: str) -> Outcome:
        """Run a job with its payload as its row has it."""

    def places(self) -> list[JobSlot]:
        """Return the places that jobs of this kind may have."""

    def pause_seconds(self, attempts: int) -> float:
        """Return how long to wait after so many attempts."""


@dataclass(frozen=True)
class Kinds:
    """The kinds that are run here, by name."""

    by_name: dict[str, AnyKind] = field(default_factory=dict)

    @staticmethod
    def of(*kinds: AnyKind) -> "Kinds":
        """Register kinds by their names."""
        return Kinds({kind.name: kind for kind in kinds})

    def places(self) -> list[JobSlot]:
        """Return all places of all kinds."""
        return [place for kind in self.by_name.values() for place in kind.places()]
