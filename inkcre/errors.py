"""Every error that this project raises on purpose, one tree.

    InkcreError
    ├── CallerError            what the caller can fix
    │   ├── Invalid            the request says something that cannot be
    │   │   └── MalformedHeader    one of its headers cannot be read
    │   ├── NotFound           the thing named does not exist
    │   ├── CursorExpired      what follows a cursor was forgotten
    │   ├── ChangeForgotten    what a change was is no longer known
    │   ├── Conflict           the change collides with what is there
    │   │   ├── BuiltOn            what is to be undone was built on since
    │   │   └── MissingReference   a row refers to a row that is not there
    │   ├── PreconditionFailed the thing is not what the caller has seen
    │   ├── TooLarge           more than the configured or natural limit
    │   │   ├── TargetTooLong      the address that is asked for
    │   │   └── HeadersTooLarge    what is said of a request
    │   ├── UnknownCoding      a body is coded in a way that is not known
    │   ├── Refused            an address that may not be fetched
    │   ├── Forbidden          who asks may not do that
    │   └── TooSlow            what was announced does not come
    ├── OperatorError          what the operator can fix; the process exits with 78
    │   ├── SettingsError      the settings do not make sense (inkcre.settings.report)
    │   ├── SchemaBehind       the database's schema is not the one this version needs
    │   ├── BadReference       a part of the application names what is not there
    │   ├── NotLent            a function asks for what nobody lends (inkcre.lending)
    │   ├── ForeignTable       a part keeps a table that is not called as its own (inkcre.sql.lines)
    │   └── Clash              two parts bring something of one name (inkcre.application)
    ├── SurroundingsError      what the surroundings did
    │   ├── Unavailable        no answer for now; trying again is safe
    │   │   ├── TooManyConnections     no more are taken for now
    │   │   ├── DatabaseBusy           the database is not free (inkcre.ports.database)
    │   │   ├── OutOfDescriptors       the process may open no more files and sockets
    │   │   ├── TickStalled            nothing that is due is begun
    │   │   └── ClockSkewed            a clock is not the database's (inkcre.ports.clock)
    │   ├── TimedOut           no answer in time
    │   ├── BadAnswer          an answer that cannot be used
    │   ├── QuotaExceeded      no room left
    │   ├── ReadOnly           the place can be read and not written
    │   ├── DatabaseDamaged    what is kept is not as it was written
    │   ├── ClockAhead         a clock far ahead of what the base knows
    │   ├── Unsupported        this adapter cannot do that
    │   │   └── NotInstalled       a package that is needed cannot be imported
    │   ├── Misconfigured      the surroundings are not as the settings say
    │   └── NotOurs            a storage in which this base may not do that
    │       ├── StorageTaken       it belongs to another base
    │       ├── StorageContested   a copy of this base has been at it
    │       └── StorageUnclaimed   whose it is cannot be told
    └── InvariantBroken        a fault of ours

An HTTP status is known in one table only, in ``inkcre.http.problems``.
"""

from collections.abc import Sequence
from typing import ClassVar

EX_CONFIG = 78
"""Exit status of a configuration error (BSD ``sysexits.h``)."""


def in_words_of(command: str, prefix: str, text: str) -> str:
    """Return what an error says in the words of another application.

    The framework's hints are written with InKCre's own command and variables, which are most
    often meant, and read as what is typed.

    Args:
        command: what is typed to run the application.
        prefix: what its variables begin with.
        text: the text.
    """
    return text.replace("`inkcre ", f"`{command} ").replace("INKCRE_", prefix)


def last_line(error: BaseException) -> str:
    """Return the last line of an error's traceback, and where it was raised."""
    from traceback import extract_tb, format_exception_only  # not by who has none

    said = format_exception_only(error)[-1].strip()
    frames = extract_tb(error.__traceback__)
    return f"{said} ({frames[-1].filename}:{frames[-1].lineno})" if frames else said


class InkcreError(Exception):
    """Carry a one-sentence fact, a stable ``code``, and the remedy as ``hint``."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CallerError(InkcreError):
    """Tell what the caller can fix."""


class Invalid(CallerError):
    """Refuse a request whose ``field`` (a path such as ``block.content``) cannot be."""

    code = "invalid"

    def __init__(self, message: str, *, field: str, hint: str | None = None) -> None:
        super().__init__(f"{field}: {message}", hint=hint)
        self.field = field
        self.fact = message


class MalformedHeader(Invalid):
    """Refuse a request of which a header, the ``field``, cannot be read."""

    code = "malformed_header"


class NotFound(CallerError):
    """Tell that a thing named by the caller does not exist."""

    code = "not_found"


class CursorExpired(CallerError):
    """Tell that what a cursor stands before is no longer known."""

    code = "cursor_expired"


class ChangeForgotten(CallerError):
    """Tell that a change is so old that it is no longer known what it was."""

    code = "change_forgotten"


class Conflict(CallerError):
    """Tell that a change collides with what is there; nothing was written."""

    code = "conflict"


class MissingReference(Conflict):
    """Tell that a row refers to a row that is not there; nothing was written."""

    code = "missing_reference"


class BuiltOn(Conflict):
    """Tell why a change cannot be undone: what was built on it since; nothing was written."""

    code = "built_on"

    def __init__(self, message: str, *, reasons: Sequence[str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reasons = list(reasons)
        """Each thing that stands in the way, one by one."""


class PreconditionFailed(CallerError):
    """Tell that a thing is not what the caller has seen of it; nothing was written."""

    code = "precondition_failed"


class TooLarge(CallerError):
    """Tell that something is larger than a limit; nothing was written."""

    code = "too_large"


class TargetTooLong(TooLarge):
    """Tell that the address that is asked for is too long."""

    code = "target_too_long"


class HeadersTooLarge(TooLarge):
    """Tell that the headers of a request are too large."""

    code = "headers_too_large"


class UnknownCoding(CallerError):
    """Tell that a body is coded in a way that is not known; nothing was written."""

    code = "unknown_coding"


class Refused(CallerError):
    """Tell that an address is none that may be fetched; nobody was asked."""

    code = "address_refused"


class Forbidden(CallerError):
    """Tell that who asks has not shown that they may; nothing was written."""

    code = "forbidden"


class TooSlow(CallerError):
    """Tell that what a client has announced does not come, or too slowly; nothing was written."""

    code = "too_slow"


class OperatorError(InkcreError):
    """Tell what the operator can fix."""

    exit_status = EX_CONFIG


class SchemaBehind(OperatorError):
    """Tell that the database's schema is not the one that this version needs."""

    code = "schema_behind"


class SurroundingsError(InkcreError):
    """Tell what the surroundings did; ``is_retry_safe`` tells whether to try again."""

    is_retry_safe: ClassVar[bool] = False


class Unavailable(SurroundingsError):
    """Tell that there is no answer for now; ``retry_after_seconds`` is when to ask again."""

    code = "unavailable"
    is_retry_safe = True

    def __init__(
        self, message: str, *, retry_after_seconds: int = 1, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class TooManyConnections(Unavailable):
    """Tell that no more connections are taken for now: in all, or from one address."""

    code = "too_many_connections"


class OutOfDescriptors(Unavailable):
    """Tell that the process may open no more files and sockets."""

    code = "out_of_descriptors"


class TickStalled(Unavailable):
    """Tell that the tick does not come, so that nothing that is due is begun."""

    code = "tick_stalled"


class TimedOut(SurroundingsError):
    """Tell that no answer came in time; whether a write happened is known: it did not."""

    code = "timed_out"
    is_retry_safe = True


class BadAnswer(SurroundingsError):
    """Tell that an answer cannot be used: broken, too long, endless, or an error of theirs."""

    code = "bad_answer"


class QuotaExceeded(SurroundingsError):
    """Tell that there is no room left."""

    code = "quota_exceeded"


class ReadOnly(SurroundingsError):
    """Tell that the place can be read and not written."""

    code = "read_only"


class DatabaseDamaged(SurroundingsError):
    """Tell that what is kept is not as it was written: bytes of it have changed, or are gone."""

    code = "damaged"


class ClockAhead(SurroundingsError):
    """Tell that a clock is far ahead of the last time that the base knows; nothing was deleted."""

    code = "clock_ahead"


class Unsupported(SurroundingsError):
    """Tell that the chosen adapter or target cannot do that."""

    code = "unsupported"
    exit_status = EX_CONFIG


class NotTried(Exception):
    """Tell why the doctor does not try something here. It is no error: nothing is wrong."""


class NotInstalled(Unsupported):
    """Tell that a package that is needed cannot be imported: trying again finds no other."""

    code = "not_installed"


class Misconfigured(SurroundingsError):
    """Tell that the surroundings are not as the settings describe them."""

    code = "misconfigured"
    exit_status = EX_CONFIG


class NotOurs(SurroundingsError):
    """Tell that a storage is none in which this base may do what it was about to do."""

    exit_status = EX_CONFIG


class StorageTaken(NotOurs):
    """Tell that a storage belongs to another base; nothing was written there."""

    code = "storage_taken"


class StorageContested(NotOurs):
    """Tell that two copies of one base have been at a storage; nobody deletes there for now."""

    code = "storage_contested"


class StorageUnclaimed(NotOurs):
    """Tell that a storage has files of which most are not this base's; none is deleted."""

    code = "storage_unclaimed"


class InvariantBroken(InkcreError):
    """Tell that this project has a fault: something that cannot happen did."""

    code = "invariant_broken"
    exit_status = 70


class BadReference(OperatorError):
    """Tell that what a part of an application names is not there, or is another sort of thing."""

    code = "bad_reference"
