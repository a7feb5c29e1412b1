"""What differs from one driver of PostgreSQL to another: shared by the adapters beside it."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from sqlalchemy import Dialect, Engine

from inkcre.errors import Misconfigured
from inkcre.ports.database import Row
from inkcre.sections.database import PostgresSettings

APPLICATION_NAME = "inkcre"
"""How connections of ours are called in ``pg_stat_activity``, unless the address names another."""

PLAN_MODE = "force_generic_plan"
PLANNING = (
    f"-c timezone=UTC -c jit=off -c plan_cache_mode={PLAN_MODE}"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
"""Every query of ours goes by an index, row by row, whatever its parameters: one plan serves.

Left to itself PostgreSQL plans a page of blocks anew each time, and keeps plans of joins that it
made while a table was small, which read the whole of it once it has grown."""


class Driver(Protocol):
    """A package that talks to PostgreSQL, as one base is reached with it. It opens nothing itself.

    Connections commit each statement by itself. A connection has one user at a time.
    """

    errors: ClassVar[tuple[type[Exception], ...]]
    """What the package raises when the server, or the way to it, fails."""

    dialect: ClassVar[Dialect]
    """What compiles statements for it; their parameters are tuples."""

    def __init__(self, settings: PostgresSettings) -> None:
        """Read the address.

        Raises:
            Misconfigured: it cannot be read; it is not quoted, for the sake of its password.
        """

    def connect(self) -> Any:
        """Open a connection, which has ``close()``."""

    def ping(self, connection: Any) -> None:
        """Raise unless the server answers, and no later than a login may take."""

    def fetch(self, connection: Any, text: str, parameters: Any) -> list[Row]:
        """Run one statement that returns rows, in one round trip."""

    def run(
        self, connection: Any, statements: Sequence[tuple[str, Any]]
    ) -> Sequence[tuple[list[Row], int]]:
        """Run statements in one transaction and one round trip; return rows, and how many changed.

        When it raises, none of them did anything, and the connection can go on unless it is lost.
        It is lost, too, when the server is silent for so long that it should have stopped them.
        """

    def migration_engine(self) -> Engine:
        """Make an engine with one connection in the usual transactions."""

    def describe_pooler(self) -> str | None:
        """Say what a pooler in front of the server changes; None: so far there is none."""

    def find_state(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of what the server said; None when it said nothing."""

    def is_lost(self, error: BaseException) -> bool:
        """Tell an error of the connection from an error of the statement."""

    def is_unusable(self, connection: Any, error: BaseException) -> bool:
        """Tell whether an error has cost the connection its life."""


NO_TLS = (
    "the server has no TLS, and sslmode asks for it",
    "have the server encrypt, or write another sslmode",
)
UNTRUSTED = (
    "the server's certificate is not trusted, or is another host's",
    "name the file of who signed it in sslrootcert, and the host as it has it",
)
"""What is wrong on this side, and what to do: no waiting mends it."""


def refuse_own_fault(fault: tuple[str, str]) -> Misconfigured:
    """Make the error of a fault on this side."""
    fact, hint = fault
    return Misconfigured(f"database.url: {fact}", hint=hint)


def require_utf8(encoding: str | None) -> None:
    """Raise unless a database keeps its texts as UTF-8, or nothing says how it does.

    https://www.postgresql.org/docs/current/multibyte.html

    Raises:
        Misconfigured: an emoji could not be kept there, or what comes back could not be read.
    """
    if encoding not in (None, "UTF8"):
        raise Misconfigured(
            f"database.url: the database's encoding is {encoding}, and UTF8 is needed",
            hint="make another one: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0",
        )


def read_options(options: str) -> dict[str, str]:
    """Return the parameters that the options of a session set, for ``set_config``.

    Raises:
        Misconfigured: there is another one among them, which only the start of a session takes.
    """
    words = [word.replace("\0", " ") for word in options.replace("\\ ", "\0").split()]
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        said = words.pop(0) if word == "-c" and words else word.removeprefix("-c")
        name, is_pair, value = said.removeprefix("--").partition("=")
        if not is_pair or (said.startswith("-") and not said.startswith("--")):
            raise Misconfigured(
                "database.url: option options: a pooler in front of the server refuses it",
                hint="write parameters alone, such as -c%20search_path%3Dmine",
            )
        found[name.replace("-", "_")] = value.replace("\\\\", "\\")
    return found


def make_options(settings: PostgresSettings, given: str | None) -> str:
    """Return what a session is started with; what the address has of its own comes last, and holds.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
    """
    limits = {
        "statement_timeout": settings.statement_timeout_seconds,
        "lock_timeout": settings.lock_timeout_seconds,
    }
    # Not 0, which is none at all.
    said = " ".join(f"-c {name}={max(int(s * 1000), 1)}" for name, s in limits.items())
    return f"{said} {PLANNING} {given or ''}".strip()
