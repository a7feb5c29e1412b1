"""PostgreSQL through Cloudflare Hyperdrive, with pg8000, which is pure Python.

One connection serves one invocation: connections may not outlive the request that opened them,
and Hyperdrive is the pool. https://developers.cloudflare.com/hyperdrive/concepts/connection-lifecycle/

There is no SQLAlchemy engine: its first connection would ask the server for its version under a
lock that all requests share, which on Workers is a deadlock. Statements are compiled by the
dialect and sent by the driver, which is imported where it is used: what the adapter declares can be
asked for anywhere.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Float, cast, func, select
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from inkcre.adapters.database.compiling import StatementCache
from inkcre.adapters.database.sqlstates import (
    DEADLOCKS,
    STALE,
    find_state,
    translate_state,
    unavailable,
)
from inkcre.adapters.database.wire import Hyperdrive, Stream, Wire, open_stream
from inkcre.errors import InkcreError
from inkcre.ports.database import Call, DatabaseCapabilities, Lifetime, Row, Statement
from inkcre.sections.database import HyperdriveSettings

if TYPE_CHECKING:
    from inkcre.adapters.database.pipelining import Answer, PipeliningConnection

ATTEMPTS = 6
"""How often a batch that met another one head on (deadlock) is tried."""

SETTLE = "SELECT set_config('statement_timeout', $1, true)"
"""For this transaction only: Hyperdrive lends a connection for one, and clears it behind us.
https://developers.cloudflare.com/hyperdrive/concepts/connection-pooling/

It rides in front of each transaction, in the same round trip."""

SELECT_CLOCK = Statement(select(cast(func.extract("epoch", func.clock_timestamp()), Float)))
"""Read the server's time, in seconds since 1970."""

TAKE_TURN = "SELECT version_num FROM framework_schema FOR UPDATE"
"""Batches that were in each other's way try again one at a time: each deadlock costs a second. They
hold the one row that nobody writes; Hyperdrive has no advisory locks.
https://developers.cloudflare.com/hyperdrive/reference/supported-databases-and-features/"""

MARGIN_SECONDS = 10
"""How much longer than one statement may take a batch may take, and a login."""

STATEMENTS = StatementCache(PGDialect_pg8000(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
"""Compiled once for all invocations."""

Sent = tuple[str, Sequence[Any]]


class HyperdriveDatabase:
    """A PostgreSQL server behind Hyperdrive, for one invocation."""

    lifetime: ClassVar[Lifetime] = "invocation"
    migrate_hint: ClassVar[str] = (
        "run `inkcre migrate --profile server`, with the server's address in INKCRE_DATABASE__URL"
    )
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "postgresql", is_shared=True, can_migrate=False
    )

    def __init__(self, settings: HyperdriveSettings, lend: Callable[[], Hyperdrive]) -> None:
        self._setting = f"bindings.{settings.binding}"
        self._lend = lend
        self._seconds = settings.statement_timeout_seconds + MARGIN_SECONDS
        milliseconds = int(settings.statement_timeout_seconds * 1000)
        self._settle: Sent = (SETTLE, (str(milliseconds),))
        self._stream: Stream | None = None
        self._connection: PipeliningConnection | None = None

    @classmethod
    def prepare(cls, statements: Iterable[Statement]) -> None:
        """Load the driver and compile statements, ahead of their first use."""
        from inkcre.adapters.database import pipelining  # noqa: F401

        for statement in statements:
            STATEMENTS.get(statement)

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing, in one round trip."""
        return self._translated(lambda: self._run([self._compile(call)]))[0].rows

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one transaction and, when they are small, one round trip."""
        if not calls:
            return []
        compiled = [self._compile(call) for call in calls]
        answers = self._translated(lambda: self._run_in_turn(compiled))
        return [
            [(answer.changed,)] if call.statement.counts else answer.rows
            for call, answer in zip(calls, answers, strict=True)
        ]

    def ping(self) -> None:
        """Raise unless the server answers."""
        self._translated(lambda: self._run([("SELECT 1", ())]))

    def read_clock(self) -> float:
        """Return the server's time, in seconds since 1970."""
        [(seconds,)] = self.read(SELECT_CLOCK())
        assert isinstance(seconds, float)
        return seconds

    def close(self) -> None:
        """Close the connection, if one was opened."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _compile(self, call: Call) -> Sent:
        compiled = STATEMENTS.get(call.statement)
        return compiled.text, compiled.arrange(call.parameters)  # type: ignore[return-value]

    def _run_in_turn(self, statements: Sequence[Sent]) -> "list[Answer]":
        from pg8000.exceptions import DatabaseError

        first: Sequence[Sent] = ()
        for attempt in range(1, ATTEMPTS):
            try:
                return self._run([*first, *statements])[len(first) :]
            except DatabaseError as error:
                if find_state(error) not in DEADLOCKS:
                    raise
            # Rolled back whole, so trying again is safe; not all at the same time.
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
            first = [(TAKE_TURN, ())]
        return self._run([*first, *statements])[len(first) :]

    def _run(self, statements: Sequence[Sent]) -> "list[Answer]":
        connection = self._connection or self._connect()
        assert self._stream is not None
        self._stream.allow(self._seconds)
        return connection.run([self._settle, *statements])[1:]

    def _connect(self) -> "PipeliningConnection":
        from inkcre.adapters.database.pipelining import PipeliningConnection

        lent = self._lend()
        self._stream = open_stream(lent, self._seconds)
        try:
            self._connection = PipeliningConnection(
                lent.user,
                sock=Wire(self._stream),
                database=lent.database,
                password=lent.password,
                application_name="inkcre",
                ssl_context=False,  # Hyperdrive does TLS to the server, not towards us
            )
        except BaseException:
            self._stream.close()  # pg8000 does not when the greeting cannot be sent
            raise
        return self._connection

    def _translated(self, work: "Callable[[], list[Answer]]") -> "list[Answer]":
        from pg8000.exceptions import DatabaseError, InterfaceError

        try:
            return work()
        except DatabaseError as error:
            if find_state(error) in STALE:  # the last that this connection says, or of use
                self.close()
            raise translate(error, setting=self._setting) from error
        except (InterfaceError, OSError) as error:
            self.close()
            raise unavailable() from error
        except BaseException:
            self.close()  # whatever was left unsaid or unread is not the next one's
            raise


def translate(error: Exception, *, setting: str) -> InkcreError:
    """Translate into the port's words what PostgreSQL or the driver said."""
    state = find_state(error)
    if state:
        return translate_state(state, setting=setting, migrate_hint=HyperdriveDatabase.migrate_hint)
    return unavailable()
