"""The driver psycopg 3, which is libpq's: https://www.psycopg.org/psycopg3/docs/.

A batch is sent through its pipeline mode, BEGIN to COMMIT in one round trip:
https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg.abc import ConnDict, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Dialect, Engine, StaticPool, create_engine
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

from inkcre.adapters.database.driver import (
    APPLICATION_NAME,
    NO_TLS,
    UNTRUSTED,
    refuse_own_fault,
    require_utf8,
)
from inkcre.adapters.database.sessions import LOOK, SessionTerms
from inkcre.adapters.database.sqlstates import (
    CROWDED,
    LOST,
    NOT_LET_IN,
    OPTIONS_REFUSED,
    UNKNOWN_PARAMETER,
    tell_poolers,
)
from inkcre.errors import Misconfigured
from inkcre.ports.database import Row
from inkcre.sections.database import PostgresSettings

LINK_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)

Value = TypeVar("Value")


class Connection(psycopg.Connection[Row]):
    """A connection that gives a server up which is silent for too long."""

    patience_seconds: float | None = None
    """How long an answer may take; None: for ever."""

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        """Wait for an answer, which the driver does for each one."""
        try:
            return super().wait(gen, interval, timeout or self.patience_seconds)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - it has no other name
            self.pgconn.finish()  # else what comes after all would be taken for the next answer
            raise

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Wait for answers no longer than so."""
        before, self.patience_seconds = self.patience_seconds, seconds
        try:
            yield
        finally:
            self.patience_seconds = before


class PsycopgDriver:
    """A base's server, through psycopg."""

    errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    # Not "pyformat": what a Driver is given are tuples.
    dialect: ClassVar[Dialect] = psycopg_dialect(paramstyle="format")  # type: ignore[no-untyped-call]

    def __init__(self, settings: PostgresSettings) -> None:
        given = _read_address(settings)
        options = given.pop("options", None)
        self._terms = SessionTerms(settings, None if options is None else str(options))
        self._conninfo = _conninfo(settings, given)
        self._greeting_seconds = settings.connect_timeout_seconds
        self._statement_seconds = settings.statement_timeout_seconds

    def connect(self) -> Connection:
        """Open a connection."""
        connection = self._open()
        connection.patience_seconds = self._patience(1)
        if not self._terms.prepares:
            # Else psycopg prepares by itself what has come five times:
            # https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
            connection.prepare_threshold = None
        if not self._terms.is_pooled:
            try:
                with connection.within(self._greeting_seconds):
                    [found] = connection.execute(LOOK, prepare=False).fetchall()
            except BaseException:
                connection.close()
                raise
            self._terms.look(connection.info.backend_pid, found)
        return connection

    def ping(self, connection: Connection) -> None:
        """Raise unless the server answers."""
        with connection.within(self._greeting_seconds):
            connection.execute("SELECT 1", prepare=False)

    def fetch(self, connection: Connection, text: Any, parameters: Any) -> list[Row]:
        """Run one statement that returns rows."""
        terms = self._terms
        if terms.is_pooled:
            return self.run(connection, [(text, parameters)])[0][0]
        # The hot path: what _send does, without a call.
        return connection.cursor().execute(text, parameters, prepare=terms.prepares).fetchall()

    def run(
        self, connection: Connection, statements: Sequence[tuple[str, Any]]
    ) -> list[tuple[list[Row], int]]:
        """Run statements in one transaction and one round trip."""
        is_pooled = self._terms.is_pooled
        if len(statements) == 1 and not is_pooled:  # a transaction by itself
            return [_answer(self._send(connection, *statements[0]))]
        # Not connection.transaction(): in a pipeline it waits for answers of its own.
        try:
            with connection.within(self._patience(len(statements))), connection.pipeline():
                connection.execute("BEGIN", prepare=False)
                if is_pooled:
                    text, values = self._terms.settle("%s")
                    connection.execute(text.encode(), values, prepare=False)
                sent = [self._send(connection, *statement) for statement in statements]
                connection.execute("COMMIT", prepare=False)
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        return [_answer(cursor) for cursor in sent]

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""
        connection = self.connect()
        connection.autocommit = False
        connection.prepare_threshold = None  # what is prepared may be another session's then
        connection.patience_seconds = None
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
        )
        return self._terms.settle_each_transaction(engine)

    def describe_pooler(self) -> str | None:
        """Say what a pooler in front of the server changes."""
        return self._terms.describe()

    def find_state(self, error: BaseException) -> str | None:
        """Return the SQLSTATE; for a login there is only text, which tells a few of them apart."""
        state = tell_poolers(getattr(error, "sqlstate", None), str(error))
        if state is None and isinstance(error, psycopg.OperationalError):
            return _find_login_state(str(error))
        return state

    def is_lost(self, error: BaseException) -> bool:
        """Tell an error of the connection from an error of the statement."""
        state = self.find_state(error)
        return state in LOST if state else isinstance(error, LINK_ERRORS)

    def is_unusable(self, connection: Connection, error: BaseException) -> bool:
        """Tell whether an error has cost the connection its life."""
        return connection.closed or connection.broken or self.is_lost(error)

    def _open(self) -> Connection:
        if not self._terms.refuses_options:
            try:
                return _connect(make_conninfo(self._conninfo, options=self._terms.options))
            except psycopg.OperationalError as error:
                if self.find_state(error) != OPTIONS_REFUSED:
                    raise
            self._terms.refuse_options()  # from now on it is not asked again
        # Empty, and not absent: PGOPTIONS would count then.
        return _connect(make_conninfo(self._conninfo, options=""))

    def _patience(self, statements: int) -> float:
        """Return how long so many statements may take, and their answer to come."""
        return statements * self._statement_seconds + self._greeting_seconds

    def _send(self, connection: Connection, text: Any, parameters: Any) -> psycopg.Cursor[Row]:
        return connection.cursor().execute(text, parameters, prepare=self._terms.prepares)


def _answer(cursor: psycopg.Cursor[Row]) -> tuple[list[Row], int]:
    return (cursor.fetchall() if cursor.description else []), cursor.rowcount


def _read_address(settings: PostgresSettings) -> ConnDict:
    url = settings.url.get_secret_value()
    _, _, rest = url.partition("://")  # the scheme may name a driver, as SQLAlchemy's do
    try:
        return dict(conninfo_to_dict(f"postgresql://{rest}"))
    except psycopg.ProgrammingError:
        # The driver's message quotes the address, password and all.
        raise Misconfigured("database.url: not an address that libpq can read") from None


def _conninfo(settings: PostgresSettings, given: ConnDict) -> str:
    keywords: ConnDict = {
        "connect_timeout": settings.connect_timeout_seconds,
        "application_name": APPLICATION_NAME,
        **given,
        "client_encoding": "UTF8",  # whatever PGCLIENTENCODING says
    }
    return make_conninfo("", **keywords)


PASSING = (
    "starting up", "shutting down", "recovery", "terminating connection", "cannot connect",
    "login has been failing", "login_timeout",
)  # fmt: skip
"""What a server, or a pooler in front of it, says that lets nobody in for now."""

FULL = ("too many", "remaining connection slots", "no more connections", "query_wait_timeout")
"""What it says that has let in as many as it may."""


def _connect(conninfo: str) -> Connection:
    try:
        connection = Connection.connect(conninfo, autocommit=True)
    except UnicodeError as error:  # Python's word for a name that no machine can have
        raise psycopg.OperationalError("no such host") from error
    except psycopg.OperationalError as error:
        _refuse_own_fault(str(error))
        raise
    try:
        require_utf8(connection.info.parameter_status("server_encoding"))
    except Misconfigured:
        connection.close()
        raise
    return connection


OWN_FAULTS = {
    "does not support SSL": NO_TLS,
    "root certificate file": (
        "the file of sslrootcert cannot be used",
        "look at its path and its rights",
    ),
    "certificate verify failed": UNTRUSTED,
    "does not match host name": UNTRUSTED,
    "no password supplied": (
        "the server asks for a password, and there is none",
        "write it into the address, or into ~/.pgpass with the rights 0600",
    ),
    "definition of service": (
        "the service that it names is in no file",
        "look at ~/.pg_service.conf and PGSERVICEFILE",
    ),
}
"""What libpq says of this side, which no waiting mends."""


def _refuse_own_fault(text: str) -> None:
    for said, fault in OWN_FAULTS.items():
        if said in text:
            raise refuse_own_fault(fault) from None


def _find_login_state(text: str) -> str | None:
    """Tell a server that refuses us from one that is not there; libpq gives no SQLSTATE for it."""
    if "FATAL:" not in text or any(passing in text for passing in PASSING):
        return None
    if any(full in text for full in FULL):
        return CROWDED
    if "startup parameter" in text:
        return OPTIONS_REFUSED
    return UNKNOWN_PARAMETER if "configuration parameter" in text else NOT_LET_IN
