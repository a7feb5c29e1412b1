"""Kinds of jobs: typed functions, by name."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from inkcre.application import Application
from inkcre.context import Components
from inkcre.errors import BadReference, InvariantBroken, TimedOut
from inkcre.jobs.housekeeping import OwnSchedule
from inkcre.jobs.leases import JobSlot, Lease, LeaseLost, write_fenced
from inkcre.jobs.strangers import StrangePayload, read_payload
from inkcre.lending import Function, NotLent, Parameters, find_parameters, refuse_unknown
from inkcre.ports.database import Call, Database, DatabaseCapabilities, Lifetime, Row
from inkcre.sql.rows import Json
from inkcre.wording import say_fault

MAX_BACKOFF_SECONDS = 3600
"""The longest pause between two attempts, unless whoever was asked wants a longer one."""


class Payload(BaseModel):
    """What a job is given: JSON in its row, read again by whichever version runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NoPayload(Payload):
    """What a job is given that needs nothing."""


P = TypeVar("P", bound=BaseModel)

MAX_TOLD = 1000
"""How much a process remembers that it has said."""


@dataclass
class Hold:
    """A lease as its holder sees it; the heartbeat says when it is lost."""

    lease: Lease
    deadline: float
    """When the job has taken too long, by ``time.monotonic``."""

    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job while it runs, and the only way for it to write."""

    hold: Hold
    database: Database

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
        # Asked without the database, so that a job may look as often as it likes.
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
        return write_fenced(self.database, self.hold.lease, calls)


@dataclass(frozen=True)
class Outcome:
    """How a job ended well."""

    result: Json = None
    """What is kept of it, as JSON."""

    calls: Sequence[Call] = ()
    """Its last statements: they run in the batch that ends the job."""


class HeldDatabase:
    """The database as a job is lent it: it takes what the job writes while the job is held."""

    def __init__(self, job: RunningJob) -> None:
        self._job = job

    @property
    def capabilities(self) -> DatabaseCapabilities:
        """What the database declares of itself."""
        return self._job.database.capabilities

    @property
    def lifetime(self) -> Lifetime:
        """How long the database's adapter lives."""
        return self._job.database.lifetime

    @property
    def migrate_hint(self) -> str:
        """How the database's schema is brought up to date."""
        return self._job.database.migrate_hint

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing."""
        return self._job.database.read(call)

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one batch, if the job is still held: see ``RunningJob.write``."""
        return self._job.write(calls)

    def ping(self) -> None:
        """Raise unless the database answers."""
        self._job.database.ping()

    def close(self) -> None:
        """Keep what is held: it is lent."""


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """A kind of job.

    ``run`` is lent what it names by type, among it the payload and the ``RunningJob``. It may be
    called more than once for one job, if whoever runs it is killed; what it writes goes through
    ``RunningJob.write``, which nobody gets through who has lost the job, and so does what it writes
    through the ``Database`` that it is lent.

    Raises:
        NotLent: ``run`` names what nobody lends it.
    """

    name: str
    payload: type[P]
    run: Function[Outcome | None]
    timeout_seconds: float = 300
    """How long one attempt may take."""

    max_attempts: int = 5
    concurrency: int | None = None
    """How many may run at a time, in all processes together; None: as many as there are."""

    backoff_seconds: float = 10
    """The pause after the first attempt; it doubles, up to an hour, and is drawn from its upper
    half, so that what failed together is not tried together again."""

    def __post_init__(self) -> None:
        """Look at what it is to be lent, before there is a job."""
        kind: object = self.payload
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise NotLent(
                f"job {self.name}: {self.payload!r} is no payload",
                hint="write NoPayload, or a class that is made of Payload",
            )
        refuse_unknown(self.parameters, lambda hint: hint in (RunningJob, self.payload))

    @cached_property
    def parameters(self) -> Parameters[Outcome | None]:
        """What ``run`` names in its signature."""
        return find_parameters(self.run)

    def run_text(self, job: RunningJob, payload: str, context: Components) -> Outcome:
        """Run a job with its payload as its row has it.

        Raises:
            StrangePayload: another version has written the payload.
        """
        given = {RunningJob: job, self.payload: read_payload(self.payload, payload)}
        own = {
            name: given[parameter.annotation]
            for name, parameter in self.parameters.others.items()
            if parameter.annotation in given
        }
        # It declares what the database declares, so it cannot do so as a class.
        held = replace(context, database=cast("Database", HeldDatabase(job)))
        outcome = self.run(**own, **self.parameters.lend(held)) or Outcome()
        if not isinstance(outcome, Outcome):
            raise InvariantBroken(
                f"job {self.name}: gave a {type(outcome).__name__}, and no Outcome"
            )
        return outcome

    def require_payload(self, payload: Mapping[str, Json]) -> None:
        """Raise unless jobs can be given a payload.

        Raises:
            pydantic.ValidationError: they cannot.
        """
        self.payload.model_validate(payload)

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
    def payload(self) -> type[BaseModel]:
        """What a job of this kind is given."""

    @property
    def timeout_seconds(self) -> float:
        """How long one attempt may take."""

    @property
    def max_attempts(self) -> int:
        """How often a job is begun."""

    @property
    def parameters(self) -> Parameters[Outcome | None]:
        """What is named in the signature of what runs it."""

    def run_text(self, job: RunningJob, payload: str, context: Components) -> Outcome:
        """Run a job with its payload as its row has it."""

    def require_payload(self, payload: Mapping[str, Json]) -> None:
        """Raise unless jobs can be given a payload."""

    def places(self) -> list[JobSlot]:
        """Return the places that jobs of this kind may have."""

    def pause_seconds(self, attempts: int) -> float:
        """Return how long to wait after so many attempts."""


@dataclass
class Kinds:
    """The kinds that are run here, by name, and when some of them come by themselves."""

    by_name: dict[str, AnyKind] = field(default_factory=dict)
    schedules: Sequence[OwnSchedule] = ()
    are_scheduled: bool = False
    """Whether this process has seen to their rows."""

    told: set[str] = field(default_factory=set)
    """What was said of what is left to another version."""

    @staticmethod
    def of(*kinds: AnyKind) -> "Kinds":
        """Register kinds by their names."""
        return Kinds({kind.name: kind for kind in kinds})

    def is_news(self, said: str) -> bool:
        """Tell whether something was not said before, and take note that it was."""
        if said in self.told:
            return False
        if len(self.told) >= MAX_TOLD:
            self.told.clear()
        self.told.add(said)
        return True

    def find_strange(self, kind: str, payload: str) -> str | None:
        """Say why jobs of a kind with a payload are left to another version; None: they are not."""
        known = self.by_name.get(kind)
        if known is None:
            return f"nobody here runs {kind}"
        try:
            read_payload(known.payload, payload)
        except StrangePayload as error:
            return error.message
        return None

    def places(self) -> list[JobSlot]:
        """Return all places of all kinds."""
        return [place for kind in self.by_name.values() for place in kind.places()]


def _names(kind: AnyKind) -> list[str]:
    return [f"job {kind.name}"]


def load_kinds(application: Application) -> Kinds:
    """Return the kinds of jobs that an application's parts bring.

    Raises:
        BadReference: one of their references names no kind of jobs, or no schedule of one.
        Clash: two parts bring something of one name.
    """
    kinds = Kinds.of(*application.load_all("jobs", JobKind, _names))
    kinds.schedules = application.load_all(
        "schedules", OwnSchedule, lambda own: [f"schedule of {own.kind}"]
    )
    for own in kinds.schedules:
        kind = kinds.by_name.get(own.kind)
        if kind is None:
            raise BadReference(
                f'schedule of "{own.kind}": no part brings such a kind of jobs',
                hint=f"there are {', '.join(sorted(kinds.by_name))}",
            )
        try:
            kind.require_payload(own.payload)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(("payload", *map(str, first["loc"])))
            raise BadReference(
                f'schedule of "{own.kind}": {where}: {say_fault(first).lower()}',
                hint=f"give it what {kind.name} is to be given, as payload=…",
            ) from error
    return kinds
