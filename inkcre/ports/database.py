"""The database port: constant statements in, rows out, one batch at a time.

A domain function builds its statements first and hands them over together; there is no
transaction to hold open and think in. Statements are SQLAlchemy Core, compiled once per adapter.
Many rows travel as one JSON parameter, so a statement's text never depends on how many there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from sqlalchemy import ClauseElement, Engine

from inkcre.errors import InkcreError, Unavailable

Row = tuple[object, ...]
"""One row: plain values in the order of the statement's columns."""

MIGRATE_HINT = "run `inkcre migrate`"
"""How a schema is brought up to date from here."""

DAMAGE_HINT = (
    "stop what uses it, keep a copy of the file and its log, and bring a backup back with"
    " `inkcre restore`; `inkcre export` writes what can be read, and `inkcre doctor --thorough`"
    " tells what is wrong"
)
"""What to do with a database that is damaged."""

Lifetime = Literal["process", "invocation"]
"""How long an adapter lives: as long as the process, or for one request or tick."""


class Call(NamedTuple):
    """A statement and the values of its parameters."""

    statement: "Statement"
    parameters: Mapping[str, object]


class Statement:
    """A constant SQLAlchemy Core statement. Calling it gives it parameters.

    Adapters keep the compiled text by the statement's identity, so statements are made once, at
    import, and named for what they do.
    """

    __slots__ = ("_clause", "adds_jobs", "counts", "is_durable")

    made: ClassVar[list["Statement"]] = []
    """Every statement there is, for those who want to compile them ahead."""

    def __init__(
        self,
        clause: ClauseElement | Callable[[], ClauseElement],
        *,
        counts: bool = False,
        is_durable: bool = True,
        adds_jobs: bool = False,
    ) -> None:
        """Wrap a clause; one that ``counts`` gives one row: how many rows it changed.

        A long clause that many a process never needs may be given as a function, which returns the
        same at each call.

        What a statement that is not durable writes, alone in its batch, may be gone after a power
        cut, though never after the end of a process, and never without what came later. It is a
        hint: an adapter for which that is no cheaper takes no notice.

        Behind a batch with a statement that ``adds_jobs``, an adapter of a process wakes those who
        run jobs there: whoever writes need not remember.
        """
        self.adds_jobs = adds_jobs
        self._clause = clause
        self.counts = counts
        self.is_durable = is_durable
        self.made.append(self)

    @property
    def clause(self) -> ClauseElement:
        """Return what is compiled."""
        clause = self._clause
        return clause if isinstance(clause, ClauseElement) else clause()

    def __call__(self, **parameters: object) -> Call:
        """Pair the statement with values for its parameters."""
        return Call(self, parameters)


def wake_nobody() -> None:
    """Do nothing: nobody runs jobs beside requests."""


def adds_jobs(calls: Sequence[Call]) -> bool:
    """Tell whether there may be new jobs once a batch is committed."""
    return any(call.statement.adds_jobs for call in calls)


@dataclass(frozen=True)
class DatabaseCapabilities:
    """What an adapter declares of itself."""

    dialect: Literal["sqlite", "postgresql"]
    is_shared: bool
    """Whether several processes on several machines may use it at once."""

    can_migrate: bool
    """Whether this process can bring the schema up to date."""

    max_value_bytes: int | None = None
    """How large one value may be, in bytes of UTF-8; None: larger than any request."""


class DatabaseBusy(Unavailable):
    """Tell that a connection of the database's, or a row, was not free in time."""

    code = "database_busy"


class Database(Protocol):
    """Rows in tables.

    Every method may raise ``Unavailable`` (nobody answers; nothing was written unless the answer
    to a commit was lost), ``DatabaseBusy`` and ``TimedOut`` (nothing was written) and
    ``SchemaBehind`` (a table is not there). One that lives as long as the process is safe to call
    from several threads; one that lives for an invocation belongs to it.
    """

    capabilities: ClassVar[DatabaseCapabilities]
    lifetime: ClassVar[Lifetime]

    migrate_hint: ClassVar[str]
    """How its schema is brought up to date, for those who find it behind."""

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing; all its rows, in order, empty when none.

        It runs by itself, in no transaction of others. Where connections are kept, it is tried
        again once when the one that it was given turns out to be dead.
        """

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in order, all or nothing; give each one's rows, empty when it has none.

        Later statements see what earlier ones wrote; nobody else does until all are done. An
        empty sequence does nothing.

        Raises:
            Conflict: a unique column has the value already.
            MissingReference: a row would refer to a row that is not there.
            ReadOnly: the database takes no writes.
            QuotaExceeded: there is no room left.
            TooLarge: a value is larger than the database takes.
        """

    def ping(self) -> None:
        """Raise unless the database answers."""

    def close(self) -> None:
        """Give back what is held. The adapter opens anew when it is used again."""


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """How many connections of a pool are lent, and how many wait to be."""

    in_use: int
    idle: int


@runtime_checkable
class Pooled(Protocol):
    """A database that keeps connections."""

    def pool_usage(self) -> PoolUsage:
        """Tell how the pool is used now."""


@runtime_checkable
class Timed(Protocol):
    """A database on a server, which has a clock of its own."""

    def read_clock(self) -> float:
        """Return the server's time, in seconds since 1970, to the microsecond."""


@runtime_checkable
class Hindered(Protocol):
    """A database that knows what keeps it from being written to."""

    def find_hindrance(self) -> InkcreError | None:
        """Tell what does, as far as that is known without a write; None: nothing."""


@runtime_checkable
class Remote(Protocol):
    """A database that a pooler may be in front of."""

    def find_pooler(self) -> str | None:
        """Say what is done otherwise since there is one; None: there is none.

        Raises:
            Misconfigured: the settings ask for what it does not keep.
        """


@runtime_checkable
class SelfChecking(Protocol):
    """A database that can look through all that it keeps."""

    def find_damage(self, *, is_thorough: bool) -> str | None:
        """Tell what is not as it was written; None: nothing was found.

        Args:
            is_thorough: whether each index is compared with its table too, which takes longer.
        """


@runtime_checkable
class SelfCopying(Protocol):
    """A database that is a file, of which it can make another one."""

    def copy_to(self, path: Path) -> None:
        """Write all of it, as it is at one moment, to a file that is not there yet.

        Others go on writing meanwhile.

        Raises:
            DatabaseDamaged: it is not as it was written; so is what was copied.
            QuotaExceeded: there is no room for it.
            Misconfigured: it cannot be written there.
        """


@runtime_checkable
class Migratable(Protocol):
    """A database whose schema this process can change."""

    def migration_engine(self) -> Engine:
        """Make an engine whose transactions cover changes of the schema.

        The caller disposes of it.
        """

    def keep_copy(self, name: str) -> str | None:
        """Keep a copy of the whole base, called so, before its schema changes; return where it is.

        One of the same name is replaced. None where that is others' business: a server's backups.

        Raises:
            QuotaExceeded: there is no room for it; nothing has changed.
            Misconfigured: it cannot be written where it belongs.
        """
