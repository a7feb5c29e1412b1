"""What a session is started with, and whether it holds: shared by the drivers beside it.

A pooler by transaction, such as PgBouncer, lends a session of the server's for one transaction.
What was set before, or prepared, is then another client's, and ours may be gone; a pooler may also
drop what a session is to be started with (``ignore_startup_parameters``) and say nothing. So it is
looked once a connection who is at its other end, and where that is not the server itself, each
transaction brings along all that it counts on, in the same round trip:
https://www.pgbouncer.org/features.html
"""

from sqlalchemy import Connection, Engine, event

from inkcre.adapters.database.driver import PLAN_MODE, make_options, read_options
from inkcre.ports.database import Row
from inkcre.sections.database import PostgresSettings

LOOK = f"SELECT pg_backend_pid(), current_setting('plan_cache_mode') = '{PLAN_MODE}'"
"""Read who serves this session, and whether it has what it was started with.

A server tells the number of its process at the login, and a pooler makes one up, since requests to
cancel go by it and must come to the pooler:
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
"""


class SessionTerms:
    """What the sessions of one base have, as far as that is known."""

    def __init__(self, settings: PostgresSettings, given: str | None) -> None:
        self.options = make_options(settings, given)
        self.refuses_options = False
        """Whether the other end takes no options at the login."""

        self.is_pooled = False
        """Whether each transaction brings along what it counts on."""

        self._settling: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._is_prepared = settings.prepared_statements
        self.prepares = self._is_prepared is not False
        """Whether statements are prepared."""

        # Who plans otherwise has said so in the address: then only the number counts.
        self._is_marked = self.options.count("plan_cache_mode") == 1

    def refuse_options(self) -> None:
        """Take note that a login with options was refused: no other one asks for them."""
        self.refuses_options = True
        self._take_pooled()

    def look(self, told: int | None, found: Row) -> None:
        """Find out whether a pooler is in front of the server.

        Args:
            told: the number that the login told, if it did.
            found: what ``LOOK`` gave.
        """
        number, is_as_started = found
        if told not in (None, number) or (self._is_marked and not is_as_started):
            self._take_pooled()

    def _take_pooled(self) -> None:
        self.is_pooled = True
        self.prepares = self._is_prepared is True

    def settle(self, place: str) -> tuple[str, tuple[str, ...]]:
        """Return the statement that sets all for its transaction alone.

        Args:
            place: how the driver writes the place of a parameter, with ``{}`` for its number.

        Raises:
            Misconfigured: the address has options that only the start of a session takes.
        """
        if place not in self._settling:
            values = tuple(part for pair in read_options(self.options).items() for part in pair)
            places = [place.format(number + 1) for number in range(len(values))]
            pairs = zip(places[::2], places[1::2], strict=True)
            text = ", ".join(f"set_config({n}, {v}, true)" for n, v in pairs)
            self._settling[place] = f"SELECT {text}", values
        return self._settling[place]

    def settle_each_transaction(self, engine: Engine) -> Engine:
        """Have an engine's transactions begin so, where sessions do not hold."""
        if self.is_pooled:
            text, values = self.settle("%s")

            @event.listens_for(engine, "begin")
            def settle(connection: Connection) -> None:
                connection.exec_driver_sql(text, values)

        return engine

    def describe(self) -> str | None:
        """Say what a pooler changes; None where there is none."""
        if not self.is_pooled:
            return None
        prepared = "prepared all the same" if self.prepares else "not prepared"
        return f"through a pooler: limits are set in each transaction, statements are {prepared}"
