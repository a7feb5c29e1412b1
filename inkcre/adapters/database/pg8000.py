"""The driver pg8000, which is Python alone: https://codeberg.org/tlocke/pg8000.

A batch is sent as a whole, with one Sync behind it (``pipelining``).
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from pg8000.core import CoreConnection, scramp
from pg8000.dbapi import Connection as DbapiConnection
from pg8000.dbapi import OperationalError
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Dialect, Engine, StaticPool, create_engine
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from inkcre.adapters.database.addresses import read_address
from inkcre.adapters.database.driver import (
    APPLICATION_NAME,
    require_utf8,
)
from inkcre.adapters.database.pipelining import (
    Answer,
    PipeliningConnection,
    PreparingConnection,
)
from inkcre.adapters.database.sessions import LOOK, SessionTerms
from inkcre.adapters.database.sockets import hang_up, open_socket
from inkcre.adapters.database.sqlstates import (
    CROWDED,
    LOST,
    OPTIONS_REFUSED,
    PASSING_CLASSES,
    find_state,
)
from inkcre.ports.database import Row
from inkcre.sections.database import PostgresSettings

PING = [("SELECT 1", ())]

AnyConnection = TypeVar("AnyConnection", bound=CoreConnection)


class Pg8000Driver:
    """A base's server, through pg8000."""

    errors: ClassVar[tuple[type[Exception], ...]] = (DatabaseError, InterfaceError, OSError)
    # $1, as PostgreSQL's protocol has it: texts are sent as they were compiled.
    dialect: ClassVar[Dialect] = PGDialect_pg8000(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

    def __init__(self, settings: PostgresSettings) -> None:
        self._address = read_address(settings.url.get_secret_value())
        self._terms = SessionTerms(settings, self._address.options)
        self._statement_seconds = settings.statement_timeout_seconds
        given = self._address.connect_timeout_seconds
        self._seconds = (settings.connect_timeout_seconds if given is None else given) or None

    def connect(self) -> PipeliningConnection:
        """Open a connection."""
        terms = self._terms
        connection = self._open(PreparingConnection)
        if not terms.is_pooled:
            try:
                self._allow(connection, self._seconds)
                [found] = connection.run([(LOOK, ())])[0].rows
            except BaseException:
                connection.close()
                raise
            terms.look(connection.login_number, found)
        connection.is_preparing = terms.prepares
        return connection

    def ping(self, connection: PipeliningConnection) -> None:
        """Raise unless the server answers."""
        self._allow(connection, self._seconds)
        connection.run(PING)

    def fetch(self, connection: PipeliningConnection, text: str, parameters: Any) -> list[Row]:
        """Run one statement that returns rows."""
        return self.run(connection, [(text, parameters)])[0].rows

    def run(
        self, connection: PipeliningConnection, statements: Sequence[tuple[str, Any]]
    ) -> list[Answer]:
        """Run statements in one transaction and, when they are small, one round trip."""
        seconds = len(statements) * self._statement_seconds + (self._seconds or 0)
        self._allow(connection, seconds if self._seconds else None)
        if not self._terms.is_pooled:
            return connection.run(statements)
        return connection.run([self._terms.settle("${}"), *statements])[1:]

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""
        self.connect().close()  # finds out who is at the other end
        connection = self._open(_MigratingConnection)
        engine = create_engine(
            "postgresql+pg8000://", creator=lambda: connection, poolclass=StaticPool
        )
        return self._terms.settle_each_transaction(engine)

    def describe_pooler(self) -> str | None:
        """Say what a pooler in front of the server changes."""
        return self._terms.describe()

    def find_state(self, error: BaseException) -> str | None:
        """Return the SQLSTATE."""
        return find_state(error)

    def is_lost(self, error: BaseException) -> bool:
        """Tell an error of the connection from an error of the statement.

        It is of the connection unless the server spoke: what is half sent or half read is not the
        next one's.
        """
        return not isinstance(error, DatabaseError) or find_state(error) in LOST

    def is_unusable(self, connection: PipeliningConnection, error: BaseException) -> bool:  # noqa: ARG002 - the driver's
        """Tell whether an error has cost the connection its life."""
        # What a pooler says of itself is the last that it says.
        return self.is_lost(error) or find_state(error) == CROWDED

    @staticmethod
    def _allow(connection: PipeliningConnection, seconds: float | None) -> None:
        """Bound each wait for bytes; None: for ever."""
        opened = connection._usock  # noqa: SLF001 - it has no other name
        if opened.gettimeout() != seconds:
            opened.settimeout(seconds)

    def _open(self, kind: type[AnyConnection]) -> AnyConnection:
        if not self._terms.refuses_options:
            try:
                return self._log_in(kind, {"options": self._terms.options})
            except DatabaseError as error:
                if find_state(error) != OPTIONS_REFUSED:
                    raise
            self._terms.refuse_options()  # from now on it is not asked again
        return self._log_in(kind, {})

    def _log_in(self, kind: type[AnyConnection], started: dict[str, str]) -> AnyConnection:
        address = self._address
        opened = open_socket(address, self._seconds)
        try:
            connection: AnyConnection = kind(
                address.user,
                sock=opened,
                database=address.database,
                password=address.password or "",  # the server says what it thinks of none
                application_name=address.application_name or APPLICATION_NAME,
                # What we send is UTF-8, whatever the server's own texts are in.
                startup_params={**started, "client_encoding": "UTF8"},
                ssl_context=False,  # it is encrypted already, if it is
            )
            require_utf8(connection.parameter_statuses.get("server_encoding"))
        except scramp.ScramException as error:
            hang_up(opened)
            raise InterfaceError("the login with SCRAM came to nothing") from error
        except BaseException:
            hang_up(opened)  # pg8000 does not when the server has gone before it is greeted
            raise
        opened.settimeout(None)  # the limit was for the login
        return connection


class _MigratingConnection(DbapiConnection):  # type: ignore[misc]
    """A connection as SQLAlchemy wants it, whose errors are told apart as psycopg's are."""

    def handle_ERROR_RESPONSE(self, data: bytes, context: Any) -> None:  # noqa: N802
        """Give what passes a class of its own."""
        super().handle_ERROR_RESPONSE(data, context)
        if (find_state(context.error) or "")[:2] in PASSING_CLASSES:
            context.error = OperationalError(*context.error.args)

    def handle_messages(self, context: Any) -> None:
        """Read the answer; that there is none is pg8000's own error, and not the socket's."""
        try:
            super().handle_messages(context)
        except OSError as error:
            raise InterfaceError("network error") from error

    def close(self) -> None:
        """Close the connection, be it gone already."""
        opened, file = self._usock, self._sock
        with suppress(InterfaceError, OSError):
            super().close()
        if opened is not None:
            hang_up(opened)
            with suppress(OSError):  # what it could not send any more
                file.close()
