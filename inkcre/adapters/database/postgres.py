"""PostgreSQL, with the driver that is chosen, on a pool.

Reads run in autocommit: one round trip, where a transaction around a SELECT takes three. A batch
is a transaction in one round trip. What differs from driver to driver is in their modules.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, ClassVar

from sqlalchemy import Engine, Float, cast, func, select

from inkcre.adapters.database.compiling import StatementCache
from inkcre.adapters.database.driver import Driver
from inkcre.adapters.database.pool import ConnectionPool, PoolBusy, PooledConnection, PoolLimits
from inkcre.adapters.database.sqlstates import (
    DEADLOCKS,
    STALE,
    TAKES_NO_WRITES,
    takes_no_writes,
    translate_state,
    unavailable,
)
from inkcre.errors import InkcreError, InvariantBroken
from inkcre.ports.database import (
    MIGRATE_HINT,
    Call,
    DatabaseBusy,
    DatabaseCapabilities,
    Lifetime,
    PoolUsage,
    Row,
    Statement,
    adds_jobs,
    wake_nobody,
)
from inkcre.sections.database import PostgresSettings, QueuePoolSettings, StaticPoolSettings

IDLE_SECONDS_BEFORE_PING = 0.5
"""A connection used this recently is not tested: a test is a round trip, and a dead one is noticed
anyway. (HikariCP's ``aliveBypassWindowMs`` has the same value for the same reason.)"""

ATTEMPTS = 6
"""How often a batch that met another one head on (deadlock) is tried."""

READ_ONLY = Statement(select(func.current_setting("transaction_read_only")))
"""Read whether the server takes no writes."""

SELECT_CLOCK = Statement(select(cast(func.extract("epoch", func.clock_timestamp()), Float)))
"""Read the server's time, in seconds since 1970."""

TAKE_TURN = "SELECT pg_advisory_xact_lock(7597129472484)"
"""Batches that were in each other's way try again one at a time: each deadlock costs a second."""


class PostgresDatabase:
    """A PostgreSQL server."""

    lifetime: ClassVar[Lifetime] = "process"
    migrate_hint: ClassVar[str] = MIGRATE_HINT
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "postgresql", is_shared=True, can_migrate=True
    )

    def __init__(
        self,
        settings: PostgresSettings,
        *,
        driver: Callable[[PostgresSettings], Driver],
        wake: Callable[[], None] = wake_nobody,
    ) -> None:
        self._wake = wake
        self._settings = settings
        self._driver = driver(settings)
        self._driver_errors: tuple[type[Exception], ...] = self._driver.errors
        self._errors: tuple[type[Exception], ...] = (*self._driver_errors, PoolBusy)
        self._statements = StatementCache(self._driver.dialect)
        self._pings = _pings(settings)
        self._limits = _limits(settings)
        self._pool = self._make_pool()

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing, in autocommit."""
        compiled = self._statements.get(call.statement)
        parameters = compiled.arrange(call.parameters)
        try:
            try:
                return self._fetch(compiled.text, parameters, ping=False)
            except self._driver_errors as error:
                is_passing = self._driver.find_state(error) in DEADLOCKS
                if not is_passing and not self._driver.is_lost(error):
                    raise
            return self._fetch(compiled.text, parameters, ping=True)
        except self._errors as error:
            raise translate(error, self._driver) from error

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one transaction and one round trip."""
        if not calls:
            return []
        rows = self._insist(calls)
        if adds_jobs(calls):
            self._wake()
        return rows

    def _insist(self, calls: Sequence[Call]) -> list[list[Row]]:
        with self._translated():
            for attempt in range(1, ATTEMPTS):
                try:
                    return self._batch(calls, in_turn=attempt > 1)
                except self._driver_errors as error:
                    state = self._driver.find_state(error)
                    if state == TAKES_NO_WRITES and attempt == 1:
                        continue  # by a new connection, which may lead to another server
                    if state not in DEADLOCKS:
                        raise
                # Rolled back whole, so trying again is safe; not all at the same time.
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
            return self._batch(calls, in_turn=True)

    def ping(self) -> None:
        """Raise unless the server answers."""
        with self._translated(), self._borrow(ping=True) as connection:
            self._driver.ping(connection)

    def find_pooler(self) -> str | None:
        """Say what a pooler in front of the server changes; None: there is none."""
        self.ping()  # whoever opens a connection finds out
        said = self._driver.describe_pooler()
        if said and self._settings.prepared_statements:
            with self._translated():
                self._require_prepared()
        return said

    def _require_prepared(self) -> None:
        """Raise if one session's statements get in the way of another's."""
        with closing(self._driver.connect()) as one, closing(self._driver.connect()) as other:
            for connection in (one, other, one):
                self._driver.fetch(connection, "SELECT 1", ())

    def read_clock(self) -> float:
        """Return the server's time, in seconds since 1970."""
        [(seconds,)] = self.read(SELECT_CLOCK())
        assert isinstance(seconds, float)
        return seconds

    def find_hindrance(self) -> InkcreError | None:
        """Tell that the server takes no writes now: a standby, or one that is told so."""
        [(setting,)] = self.read(READ_ONLY())
        return takes_no_writes() if setting == "on" else None

    def close(self) -> None:
        """Close idle connections; those lent out close when they come back."""
        closed, self._pool = self._pool, self._make_pool()
        closed.close()

    def pool_usage(self) -> PoolUsage:
        """Tell how many connections are lent; without a pool it is not known."""
        return self._pool.usage() if self._limits.kept else PoolUsage(0, 0)

    def keep_copy(self, name: str) -> str | None:  # noqa: ARG002 - the port's
        """Keep none: a server's backups are its operator's."""
        return None

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""
        with self._translated():
            return self._driver.migration_engine()

    def _fetch(self, text: str, parameters: Any, *, ping: bool) -> list[Row]:
        # The hot path: what _borrow does, without a context manager.
        pool = self._pool
        lent = self._take(pool, always_ping=ping)
        try:
            rows = self._driver.fetch(lent.connection, text, parameters)
        except BaseException as error:
            self._give_back(pool, lent, error)
            raise
        pool.give(lent)
        return rows

    def _batch(self, calls: Sequence[Call], *, in_turn: bool = False) -> list[list[Row]]:
        sent = [self._compile(call) for call in calls]
        if in_turn:
            sent.insert(0, (TAKE_TURN, ()))
        with self._borrow(ping=True) as connection:
            answers = self._driver.run(connection, sent)
        return [
            [(changed,)] if call.statement.counts else rows
            for call, (rows, changed) in zip(calls, answers[-len(calls) :], strict=True)
        ]

    def _compile(self, call: Call) -> tuple[str, Any]:
        compiled = self._statements.get(call.statement)
        return compiled.text, compiled.arrange(call.parameters)

    def _make_pool(self) -> ConnectionPool:
        return ConnectionPool(self._driver.connect, self._limits)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise translate(error, self._driver) from error

    @contextmanager
    def _borrow(self, *, ping: bool) -> Iterator[Any]:
        """Lend a connection that is very likely alive; ``ping`` also tests one used just now."""
        pool = self._pool
        lent = self._take(pool, always_ping=ping)
        try:
            yield lent.connection
        except BaseException as error:
            self._give_back(pool, lent, error)
            raise
        pool.give(lent)

    def _give_back(
        self, pool: ConnectionPool, lent: PooledConnection, error: BaseException
    ) -> None:
        """Return a connection to its pool; throw one away that is of no more use, and its kind."""
        is_stale = self._driver.find_state(error) in STALE
        if is_stale:
            pool.renew()
        if is_stale or self._driver.is_unusable(lent.connection, error):
            pool.discard(lent)
        else:
            pool.give(lent)

    def _take(self, pool: ConnectionPool, *, always_ping: bool) -> PooledConnection:
        while True:
            lent = pool.take()
            used_at = lent.used_at
            if used_at is None or not self._pings:
                return lent
            if not always_ping and time.monotonic() - used_at < IDLE_SECONDS_BEFORE_PING:
                return lent
            try:
                self._driver.ping(lent.connection)
            except self._driver_errors:
                pool.renew()  # a restart or a silence is all sessions'; each is not waited for
                pool.discard(lent)
            except BaseException:
                pool.discard(lent)
                raise
            else:
                return lent


def _limits(settings: PostgresSettings) -> PoolLimits:
    """Return what the settings say of a pool as limits; without one, each use has a connection."""
    pool = settings.pool
    if isinstance(pool, QueuePoolSettings):
        return PoolLimits(
            kept=pool.size,
            most=pool.size + pool.overflow,
            timeout_seconds=pool.timeout_seconds,
            recycle_seconds=pool.recycle_seconds,
        )
    if isinstance(pool, StaticPoolSettings):
        return PoolLimits(kept=1, most=1, timeout_seconds=pool.timeout_seconds)
    return PoolLimits(kept=0, most=sys.maxsize, timeout_seconds=0)


def _pings(settings: PostgresSettings) -> bool:
    """Tell whether a connection that lay idle is tested before it is used."""
    pool = settings.pool
    return pool.pre_ping if isinstance(pool, QueuePoolSettings) else pool.kind == "static"


def translate(error: Exception, driver: Driver) -> InkcreError:
    """Translate into the port's words what PostgreSQL, the driver or the pool said."""
    if isinstance(error, PoolBusy):
        return DatabaseBusy(
            "database: every connection is busy",
            hint="send it again; where it stays so, raise database.pool.size",
        )
    state = driver.find_state(error)
    if state is not None:
        return translate_state(state, setting="database.url")
    if driver.is_lost(error):
        return unavailable()
    return InvariantBroken(f"database: {type(error).__name__}")
