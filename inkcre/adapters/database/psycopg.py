"""The driver psycopg 3, which is libpq's: https://www.psycopg.org/psycopg3/docs/.

A batch is sent through its pipeline mode, BEGIN to COMMIT in one round trip:
https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Dialect, Engine, StaticPool, create_engine
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

from inkcre.adapters.database.driver import (
    APPLICATION_NAME,
    NO_TLS,
    UNTRUSTED,
    make_options,
    read_options,
    refuse_own_fault,
    require_utf8,
)
from inkcre.adapters.database.sqlstates import (
    LOST,
    NOT_LET_IN,
    OPTIONS_REFUSED,
    UNKNOWN_PARAMETER,
)
from inkcre.errors import Misconfigured
from inkcre.ports.database import Row
from inkcre.sections.database import PostgresSettings

Connection = psycopg.Connection[Row]
LINK_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)


class PsycopgDriver:
    """A base's server, through psycopg."""

    errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    # Not "pyformat": what a Driver is given are tuples.
    dialect: ClassVar[Dialect] = psycopg_dialect(paramstyle="format")  # type: ignore[no-untyped-call]

    def __init__(self, settings: PostgresSettings) -> None:
        self._conninfo = _conninfo(settings)
        self._refuses_options = False
        self._prepare = settings.prepared_statements

    def connect(self) -> Connection:
        """Open a connection."""
        connection = self._open(autocommit=True)
        if not self._prepare:
            # Else psycopg prepares by itself what has come five times:
            # https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
            connection.prepare_threshold = None
        return connection

    def ping(self, connection: Connection) -> None:
        """Raise unless the server answers."""
        connection.execute("SELECT 1", prepare=False)

    def fetch(self, connection: Connection, text: Any, parameters: Any) -> list[Row]:
        """Run one statement that returns rows."""
        # The hot path: what _send does, without a call.
        return connection.cursor().execute(text, parameters, prepare=self._prepare).fetchall()

    def run(
        self, connection: Connection, statements: Sequence[tuple[str, Any]]
    ) -> list[tuple[list[Row], int]]:
        """Run statements in one transaction and one round trip."""
        if len(statements) == 1:  # a transaction by itself
            return [_answer(self._send(connection, *statements[0]))]
        # Not connection.transaction(): in a pipeline it waits for answers of its own.
        try:
            with connection.pipeline():
                connection.execute("BEGIN", prepare=False)
                sent = [self._send(connection, *statement) for statement in statements]
                connection.execute("COMMIT", prepare=False)
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        return [_answer(cursor) for cursor in sent]

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""
        connection = self._open(autocommit=False)
        return create_engine(
            "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
        )

    def find_state(self, error: BaseException) -> str | None:
        """Return the SQLSTATE; for a login there is only text, which tells a few of them apart."""
        state: str | None = getattr(error, "sqlstate", None)
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

    def _open(self, *, autocommit: bool) -> Connection:
        if not self._refuses_options:
            try:
                return _connect(self._conninfo, autocommit=autocommit)
            except psycopg.OperationalError as error:
                if self.find_state(error) != OPTIONS_REFUSED:
                    raise
            self._refuses_options = True  # from now on it is not asked again
        return self._open_and_set(autocommit=autocommit)

    def _open_and_set(self, *, autocommit: bool) -> Connection:
        """Open a connection through a pooler, and set what a session else is started with.

        One round trip more for each connection, and none for a request.
        """
        keywords = conninfo_to_dict(self._conninfo)
        said = read_options(str(keywords["options"]))
        # Empty, and not absent: PGOPTIONS would count then.
        connection = _connect(make_conninfo(self._conninfo, options=""), autocommit=True)
        try:
            text = ", ".join(["set_config(%s, %s, false)"] * len(said))
            values = [part for pair in said.items() for part in pair]
            connection.execute(f"SELECT {text}".encode(), values, prepare=False)
        except BaseException:
            connection.close()
            raise
        connection.autocommit = autocommit  # what is set in a transaction goes with it
        return connection

    def _send(self, connection: Connection, text: Any, parameters: Any) -> psycopg.Cursor[Row]:
        return connection.cursor().execute(text, parameters, prepare=self._prepare)


def _answer(cursor: psycopg.Cursor[Row]) -> tuple[list[Row], int]:
    return (cursor.fetchall() if cursor.description else []), cursor.rowcount


def _conninfo(settings: PostgresSettings) -> str:
    url = settings.url.get_secret_value()
    _, _, rest = url.partition("://")  # the scheme may name a driver, as SQLAlchemy's do
    try:
        given = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.ProgrammingError:
        # The driver's message quotes the address, password and all.
        raise Misconfigured("database.url: not an address that libpq can read") from None
    options = given.get("options")
    keywords: dict[str, Any] = {
        "connect_timeout": settings.connect_timeout_seconds,
        "application_name": APPLICATION_NAME,
        **given,
        "options": make_options(settings, None if options is None else str(options)),
        "client_encoding": "UTF8",  # whatever PGCLIENTENCODING says
    }
    return make_conninfo("", **keywords)


PASSING = (
    "starting up", "shutting down", "recovery", "too many", "remaining connection slots",
    "no more connections", "terminating connection",
)  # fmt: skip
"""What a server, or a pooler, says that lets nobody in for now."""


def _connect(conninfo: str, *, autocommit: bool) -> Connection:
    try:
        connection = psycopg.connect(conninfo, autocommit=autocommit)
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
    if "startup parameter" in text:
        return OPTIONS_REFUSED
    return UNKNOWN_PARAMETER if "configuration parameter" in text else NOT_LET_IN
