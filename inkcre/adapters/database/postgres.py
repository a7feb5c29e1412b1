"""PostgreSQL through psycopg 3, on a pool of SQLAlchemy's.

Reads run in autocommit: one round trip, where a transaction around a SELECT takes three. A batch
is sent through the driver's pipeline mode, BEGIN to COMMIT in one round trip:
https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool, Pool, PoolProxiedConnection, QueuePool, StaticPool

from inkcre.adapters.database.compiling import StatementCache
from inkcre.adapters.database.sqlstates import refused, translate_state, unavailable
from inkcre.errors import InkcreError, InvariantBroken, Misconfigured, Unavailable
from inkcre.ports.database import (
    MIGRATE_HINT,
    Call,
    DatabaseCapabilities,
    Lifetime,
    PoolUsage,
    Row,
    adds_jobs,
    wake_nobody,
)
from inkcre.sections.database import PostgresSettings, QueuePoolSettings, StaticPoolSettings

IDLE_SECONDS_BEFORE_PING = 0.5
"""A connection used this recently is not tested: a test is a round trip, and a dead one is noticed
anyway. (HikariCP's ``aliveBypassWindowMs`` has the same value for the same reason.)"""

ATTEMPTS = 6
"""How often a batch that met another one head on (deadlock) is tried."""

TAKE_TURN = "SELECT pg_advisory_xact_lock(7597129472484)"
"""Batches that were in each other's way try again one at a time: each deadlock costs a second."""

PLANNING = (
    "-c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
"""Every query of ours goes by an index, row by row, whatever its parameters: one plan serves.

Left to itself PostgreSQL plans a page of blocks anew each time, and keeps plans of joins that it
made while a table was small, which read the whole of it once it has grown."""

Connection = psycopg.Connection[Row]
DRIVER_ERRORS = (psycopg.Error, PoolTimeoutError)


class PostgresDatabase:
    """A PostgreSQL server."""

    lifetime: ClassVar[Lifetime] = "process"
    migrate_hint: ClassVar[str] = MIGRATE_HINT
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "postgresql", is_shared=True, can_migrate=True
    )

    def __init__(
        self, settings: PostgresSettings, *, wake: Callable[[], None] = wake_nobody
    ) -> None:
        self._wake = wake
        self._settings = settings
        self._conninfo = _conninfo(settings)
        self._prepare = settings.prepared_statements
        self._statements = StatementCache(psycopg_dialect(paramstyle="format"))  # type: ignore[no-untyped-call]
        self._pings = _pings(settings)
        self._pool = self._make_pool()

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing, in autocommit."""
        compiled = self._statements.get(call.statement)
        parameters = compiled.arrange(call.parameters)
        try:
            try:
                return self._fetch(compiled.text, parameters, ping=False)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if not _lost_connection(error):
                    raise
            return self._fetch(compiled.text, parameters, ping=True)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one transaction and one round trip."""
        if not calls:
            return []
        rows = self._insist(calls)
        if adds_jobs(calls):
            self._wake()
        return rows

    def _insist(self, calls: Sequence[Call]) -> list[list[Row]]:
        with _translated():
            for attempt in range(1, ATTEMPTS):
                try:
                    return self._batch(calls, in_turn=attempt > 1)
                except (pg.DeadlockDetected, pg.SerializationFailure):
                    # Rolled back whole, so trying again is safe; not all at the same time.
                    time.sleep(random.uniform(0, 0.02 * 2**attempt))
            return self._batch(calls, in_turn=True)

    def ping(self) -> None:
        """Raise unless the server answers."""
        with _translated():
            self._fetch("SELECT 1", None, ping=True)

    def close(self) -> None:
        """Close idle connections; those lent out close when they come back."""
        self._pool.dispose()
        self._pool = self._pool.recreate()

    def pool_usage(self) -> PoolUsage:
        """Tell how many connections are lent; without a pool it is not known."""
        if isinstance(self._pool, QueuePool):
            return PoolUsage(self._pool.checkedout(), self._pool.checkedin())
        return PoolUsage(0, 0)

    def keep_copy(self, name: str) -> str | None:  # noqa: ARG002 - the port's
        """Keep none: a server's backups are its operator's."""
        return None

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""
        with _translated():
            connection = psycopg.connect(self._conninfo)
        return create_engine(
            "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
        )

    def _fetch(self, text: str, parameters: Any, *, ping: bool) -> list[Row]:
        # The hot path: what _borrow does, without a context manager.
        lent = self._checkout(always_ping=ping)
        connection: Any = lent.dbapi_connection
        try:
            rows: list[Row] = (
                connection.cursor().execute(text, parameters, prepare=self._prepare).fetchall()
            )
            return rows
        except BaseException as error:
            self._examine(lent, error)
            raise
        finally:
            self._give_back(lent)

    def _batch(self, calls: Sequence[Call], *, in_turn: bool = False) -> list[list[Row]]:
        with self._borrow(ping=True) as connection:
            if len(calls) == 1 and not in_turn:  # a transaction by itself
                return [_answer(calls[0], self._send(connection, calls[0]))]
            # Not connection.transaction(): in a pipeline it waits for answers of its own.
            try:
                with connection.pipeline():
                    connection.execute("BEGIN", prepare=False)
                    if in_turn:
                        connection.execute(TAKE_TURN, prepare=False)
                    sent = [self._send(connection, call) for call in calls]
                    connection.execute("COMMIT", prepare=False)
            except BaseException:
                if not connection.closed:
                    connection.rollback()
                raise
            return [_answer(call, cursor) for call, cursor in zip(calls, sent, strict=True)]

    def _send(self, connection: Connection, call: Call) -> psycopg.Cursor[Row]:
        compiled = self._statements.get(call.statement)
        parameters: Any = compiled.arrange(call.parameters)
        return connection.cursor().execute(compiled.text, parameters, prepare=self._prepare)

    def _make_pool(self) -> Pool:
        pool = self._settings.pool
        if isinstance(pool, QueuePoolSettings):
            return QueuePool(
                self._connect,
                pool_size=pool.size,
                max_overflow=pool.overflow,
                timeout=pool.timeout_seconds,
                recycle=pool.recycle_seconds,
                reset_on_return=None,
            )
        if isinstance(pool, StaticPoolSettings):
            # Not SQLAlchemy's StaticPool: that lends its connection to several threads at once, and
            # one's statements would end up in another's transaction.
            return QueuePool(
                self._connect,
                pool_size=1,
                max_overflow=0,
                timeout=pool.timeout_seconds,
                reset_on_return=None,
            )
        return NullPool(self._connect, reset_on_return=None)

    def _connect(self) -> Any:
        connection = psycopg.connect(self._conninfo, autocommit=True)
        if not self._prepare:
            connection.prepare_threshold = None
        return connection

    @contextmanager
    def _borrow(self, *, ping: bool) -> Iterator[Connection]:
        """Lend a connection that is very likely alive; ``ping`` also tests one used just now."""
        lent = self._checkout(always_ping=ping)
        connection: Any = lent.dbapi_connection
        try:
            yield connection
        except BaseException as error:
            self._examine(lent, error)
            raise
        finally:
            self._give_back(lent)

    def _give_back(self, lent: PoolProxiedConnection) -> None:
        """Return a connection to its pool; one of a pool that has been closed is closed."""
        if lent.info.get("pool") is not self._pool:
            lent.invalidate()
        else:
            lent.info["used_at"] = time.monotonic()
        lent.close()

    def _examine(self, lent: PoolProxiedConnection, error: BaseException) -> None:
        """Throw a connection away that an error has cost its life."""
        connection: Any = lent.dbapi_connection
        if connection.closed or connection.broken or _lost_connection(error):
            lent.invalidate()

    def _checkout(self, *, always_ping: bool) -> PoolProxiedConnection:
        while True:
            pool = self._pool
            lent = pool.connect()
            lent.info.setdefault("pool", pool)
            used_at = lent.info.get("used_at")
            if used_at is None or not self._pings:
                return lent
            if not always_ping and time.monotonic() - used_at < IDLE_SECONDS_BEFORE_PING:
                return lent
            connection: Any = lent.dbapi_connection
            try:
                connection.execute("SELECT 1", prepare=False)
            except psycopg.Error:
                lent.invalidate()
                lent.close()
            else:
                return lent


def _pings(settings: PostgresSettings) -> bool:
    """Tell whether a connection that lay idle is tested before it is used."""
    pool = settings.pool
    return pool.pre_ping if isinstance(pool, QueuePoolSettings) else pool.kind == "static"


def _answer(call: Call, cursor: psycopg.Cursor[Row]) -> list[Row]:
    return [(cursor.rowcount,)] if call.statement.counts else _rows(cursor)


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    return cursor.fetchall() if cursor.description else []


def _conninfo(settings: PostgresSettings) -> str:
    url = settings.url.get_secret_value()
    _, _, rest = url.partition("://")  # the scheme may name a driver, as SQLAlchemy's do
    try:
        given = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.ProgrammingError:
        # The driver's message quotes the address, password and all.
        raise Misconfigured("database.url: not an address that libpq can read") from None
    timeout = int(settings.statement_timeout_seconds * 1000)
    options = f"-c statement_timeout={timeout} {PLANNING} {given.get('options') or ''}".strip()
    keywords: dict[str, Any] = {
        "connect_timeout": settings.connect_timeout_seconds,
        "application_name": "inkcre",
        **given,
        "options": options,
    }
    return make_conninfo("", **keywords)


def _lost_connection(error: BaseException) -> bool:
    """Tell an error of the connection from an error of the statement."""
    if isinstance(
        error, (pg.AdminShutdown, pg.CrashShutdown, pg.CannotConnectNow, pg.IdleSessionTimeout)
    ):
        return True
    is_link = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return is_link and getattr(error, "sqlstate", None) is None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error) from error


def translate(error: Exception) -> InkcreError:
    """Translate into the port's words what PostgreSQL or the pool said."""
    if isinstance(error, PoolTimeoutError):
        return Unavailable("database: every connection is busy")
    if isinstance(error, psycopg.OperationalError) and _is_refused_login(error):
        return refused("database.url")
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return translate_state(state, setting="database.url")
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return unavailable()
    return InvariantBroken(f"database: {type(error).__name__}")


def _is_refused_login(error: psycopg.OperationalError) -> bool:
    """Tell a server that refuses us from one that is not there: at connect there is only text."""
    text = str(error)
    passing = ("starting up", "shutting down", "recovery", "too many", "remaining connection slots")
    return (
        error.sqlstate is None
        and "FATAL:" in text
        and not any(p in text for p in passing)
        and ("terminating connection" not in text)
    )
