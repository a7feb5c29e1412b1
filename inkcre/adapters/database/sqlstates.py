"""What PostgreSQL says went wrong, in the port's words: shared by the adapters beside it.

By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Callable, Mapping

from inkcre.errors import (
    Conflict,
    InkcreError,
    InvariantBroken,
    Misconfigured,
    MissingReference,
    QuotaExceeded,
    ReadOnly,
    SchemaBehind,
    TimedOut,
    TooLarge,
    Unavailable,
)
from inkcre.ports.database import MIGRATE_HINT, DatabaseBusy

DEADLOCKS = frozenset({"40P01", "40001"})
"""A batch that met another one head on: it was rolled back whole, and may be tried again."""

CONNECTION_FAILED = "08006"

LOST = frozenset({"57P01", "57P02", "57P03", "57P05", CONNECTION_FAILED})
"""The server hangs up: shut down by hand, crashed, not started yet, the session lay idle. Or a
pooler does, which has lost the server."""

TAKES_NO_WRITES = "25006"
"""The session, or the server, is read-only. A session remembers it: after a switchover those from
before stay so, wherever their writes could go by now."""

STALE = LOST | {TAKES_NO_WRITES}
"""What a session says that is as true of all others of its age."""

NOT_LET_IN = "28000"
"""The server does not let this user in."""

POOLER = "08P01"
"""A pooler's word for nearly all that it says by itself."""

OPTIONS_REFUSED = "OPTIONS_REFUSED"
"""A pooler does not take what a session is to be started with."""

CROWDED = "53300"
"""No more connections are taken: by the server, or by a pooler in front of it."""

NOT_PREPARED = frozenset({"26000", "42P05"})
"""A statement that was prepared is not there, or is another's: a pooler changes the sessions."""

UNKNOWN_PARAMETER = "42704"
"""The server has no such parameter."""


def refused(setting: str) -> Misconfigured:
    """Tell that the server does not let us in, with what ``setting`` gives it."""
    return Misconfigured(
        f"{setting}: the server refuses this user or database",
        hint="check the name and the rights",
    )


def unavailable() -> Unavailable:
    """Tell that nobody answers."""
    return Unavailable("database: no answer from the server")


def takes_no_writes() -> ReadOnly:
    """Tell that the server can be read and not written."""
    return ReadOnly("database: the server takes no writes")


def _conflict() -> InkcreError:
    return Conflict("database: the row exists already")


def _missing_reference() -> InkcreError:
    return MissingReference("database: a row refers to one that is not there")


def _crowded() -> InkcreError:
    return DatabaseBusy(
        "database: the server, or a pooler in front of it, takes no more connections for now",
        hint="lower database.pool, or raise max_connections of the server or the limits of the"
        " pooler",
    )


def _locked() -> InkcreError:
    return DatabaseBusy(
        "database: others hold what was to be changed", hint="send it again in a moment"
    )


def _not_prepared() -> InkcreError:
    return Misconfigured(
        "database: a pooler in front of the server does not keep prepared statements",
        hint="write database.prepared_statements = false",
    )


def _no_room() -> InkcreError:
    return QuotaExceeded("database: the server has no room left")


def _options_refused() -> InkcreError:
    return Misconfigured(
        "database.url: a pooler in front of the server refuses what a session is started with",
        hint="take application_name and options out of the address, or name them in the pooler's"
        " ignore_startup_parameters",
    )


def _unknown_parameter() -> InkcreError:
    return Misconfigured(
        "database.url: the server does not know a parameter that sessions are given",
        hint="use PostgreSQL 12 or newer, and look at the options of the address",
    )


STATES: Mapping[str, Callable[[], InkcreError]] = {
    "23505": _conflict,
    "23P01": _conflict,
    "23503": _missing_reference,
    # NOT NULL: an end that is looked up by its digest and not found is NULL.
    "23502": _missing_reference,
    "55P03": _locked,
    **dict.fromkeys(DEADLOCKS, _locked),
    CROWDED: _crowded,
    **dict.fromkeys(NOT_PREPARED, _not_prepared),
    "57014": lambda: TimedOut("database: the statement took too long"),
    OPTIONS_REFUSED: _options_refused,
    UNKNOWN_PARAMETER: _unknown_parameter,
    "53100": _no_room,
    "53200": _no_room,
    "54000": lambda: TooLarge("database: a value is larger than PostgreSQL takes"),
    TAKES_NO_WRITES: takes_no_writes,
}
NO_SCHEMA = frozenset({"42P01", "42703", "3F000"})
REFUSALS = frozenset({"28P01", NOT_LET_IN, "3D000", "42501"})
PASSING_CLASSES = frozenset({"08", "40", "53", "54", "55", "57", "58"})
"""Classes of errors that pass: connection, rollback, resources, limits, state, operator, system."""


def find_state(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of pg8000's; None when the server said nothing.

    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    fields = error.args[0] if error.args else None
    if not isinstance(fields, dict):
        return None
    return tell_poolers(fields.get("C"), str(fields.get("M")))


def tell_poolers(state: str | None, text: str) -> str | None:
    """Return a state, and one that says more where a pooler has said it.

    PgBouncer has one state for all that is not about who we are:
    https://github.com/pgbouncer/pgbouncer/blob/master/src/client.c
    """
    if state != POOLER:
        return state
    if "startup parameter" in text:
        return OPTIONS_REFUSED
    if any(said in text for said in POOLER_REFUSES):
        return NOT_LET_IN
    return CROWDED if any(said in text for said in POOLER_IS_FULL) else CONNECTION_FAILED


POOLER_REFUSES = ("config error", "no such database", "no such user", "authentication failed")
"""It knows no such database, or lets nobody in so."""

POOLER_IS_FULL = ("no more connections allowed", "query_wait_timeout")
"""Of its own, or for as long as a client waits for one of the server's."""


def translate_state(state: str, *, setting: str, migrate_hint: str = MIGRATE_HINT) -> InkcreError:
    """Return the error of an SQLSTATE.

    Args:
        state: five characters.
        setting: what names the server.
        migrate_hint: what to do when the schema is not there.
    """
    if state in NO_SCHEMA:
        return SchemaBehind("database: the schema is not there", hint=migrate_hint)
    if state in REFUSALS:
        return refused(setting)
    if state in STATES:
        return STATES[state]()
    if state[:2] in PASSING_CLASSES:
        return unavailable()
    return InvariantBroken(f"database: SQLSTATE {state}")
