"""What S3-compatible stores answer when they do not do what they are asked, in the port's words.

obstore has one class for nearly all of it; status and code stand in its text only.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from inkcre.errors import (
    BadAnswer,
    InkcreError,
    Invalid,
    Misconfigured,
    QuotaExceeded,
    Unavailable,
    Unsupported,
)
from inkcre.ports.store_errors import KeysExpired, KeysRefused, SlowDown, TimeRefused, WrongRegion

ANSWER = re.compile(
    r" - Server returned non-2xx status code: (\d{3})[^:\n]*:(.*?)\n\nDebug ", re.DOTALL
)
CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
CODE_OF_ONE = re.compile(r"\(code: ([A-Za-z0-9.]{1,64})\)")
"""Of one of many that were to be deleted."""

REGION = re.compile(r"expecting '([a-z0-9-]{1,40})'|<Region>([a-z0-9-]{1,40})</Region>")
NO_LOCATION = "Received redirect without LOCATION"
NOT_PARTIAL = "Received non-partial response"

SERVER_FAULT, CONFLICT, NOT_IMPLEMENTED = 500, 409, 501
LACKING = frozenset({400, 405, 411, NOT_IMPLEMENTED})
"""How stores refuse an operation, or a header of one, that they do not know."""


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What a store answered."""

    status: int
    code: str = ""
    """As S3 calls it; "" where it did not say, as in every answer to HEAD."""

    region: str | None = None
    """The region that it expects, if it said so."""

    @property
    def is_refusal(self) -> bool:
        """Whether it may be that the store does not know what it was asked to do."""
        return self.status in LACKING and (not self.code or self.code not in FAULTS)

    def __str__(self) -> str:
        """Return it as it is logged."""
        return f"{self.status} {self.code}".strip()


def read_answer(error: BaseException | None) -> StoreAnswer | None:
    """Return what a store answered, or None if the error is of another kind."""
    text = str(error)
    if NO_LOCATION in text:
        return StoreAnswer(301, "PermanentRedirect")
    if one := CODE_OF_ONE.search(text):
        return StoreAnswer(200, one[1])
    found = ANSWER.search(text)
    if found is None:
        return None
    code, region = CODE.search(found[2]), REGION.search(found[2])
    return StoreAnswer(
        int(found[1]), code[1] if code else "", (region[1] or region[2]) if region else None
    )


def _tell_region(answer: StoreAnswer, _: str) -> InkcreError:
    name = f'"{answer.region}"' if answer.region else "the bucket's"
    return WrongRegion(
        "storage.region: is not the bucket's region", hint=f"set storage.region to {name}"
    )


def _tell_keys(_: StoreAnswer, __: str) -> InkcreError:
    return KeysRefused(
        "storage.access_key_id: the store does not know this key, or its secret is another",
        hint="set storage.access_key_id and storage.secret_access_key to a pair that it has given",
    )


def _tell_expired(_: StoreAnswer, __: str) -> InkcreError:
    return KeysExpired(
        "storage.access_key_id: the key has expired", hint="get a new key and its secret, set both"
    )


def _tell_clock(_: StoreAnswer, __: str) -> InkcreError:
    return TimeRefused(
        "storage.bucket: the store's clock and this machine's are too far apart",
        hint="let this machine set its clock by NTP",
    )


def _tell_quota(_: StoreAnswer, place: str) -> InkcreError:
    return QuotaExceeded(
        f"{place}: there is no room left", hint="let the store give more, or delete what it keeps"
    )


def _tell_pace(_: StoreAnswer, __: str) -> InkcreError:
    return SlowDown(
        "storage.bucket: the store asks for fewer requests",
        retry_after_seconds=5,
        hint="try again later; if it stays so, let the store take more",
    )


def _tell_busy(_: StoreAnswer, place: str) -> InkcreError:
    return Unavailable(f"{place}: the store cannot do it for now")


def _tell_denied(_: StoreAnswer, place: str) -> InkcreError:
    hint = "let the key read, write, list and delete in this bucket"
    return Misconfigured(f"{place}: permission denied", hint=hint)


def _tell_key(_: StoreAnswer, __: str) -> InkcreError:
    return Invalid("is longer than the store takes", field="key")


Telling = Callable[[StoreAnswer, str], InkcreError]

FAULTS: dict[str, Telling] = {
    **dict.fromkeys(
        ("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
         "IllegalLocationConstraintException", "InvalidRegionName"), _tell_region),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "NotSignedUp",
         "InvalidToken", "Unauthorized"), _tell_keys),
    **dict.fromkeys(("ExpiredToken", "TokenRefreshRequired", "RequestExpired"), _tell_expired),
    "RequestTimeTooSkewed": _tell_clock,
    **dict.fromkeys(
        ("QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "StorageQuotaExceeded",
         "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"), _tell_quota),
    **dict.fromkeys(
        ("SlowDown", "SlowDownRead", "SlowDownWrite", "TooManyRequests", "Throttling",
         "RequestLimitExceeded", "BandwidthLimitExceeded"), _tell_pace),
    **dict.fromkeys(
        ("OperationAborted", "RequestTimeout", "InternalError", "ServiceUnavailable"), _tell_busy),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "AccountProblem"), _tell_denied),
    "KeyTooLongError": _tell_key,
}  # fmt: skip
"""Codes of Amazon's and of others, MinIO's begin with X."""

STATUSES: dict[int, Telling] = {403: _tell_denied, 429: _tell_pace, 507: _tell_quota}
"""What is meant where no code of ours is said."""

HANDLED = frozenset({"NoSuchBucket", "NoSuchKey", "InvalidRange", "ConditionalRequestConflict"})
STATUSES_HANDLED = frozenset({304, 404, 412, 416})
"""What obstore, or its text, tells well enough."""


def tell(answer: StoreAnswer, place: str) -> InkcreError | None:
    """Return an answer in the port's words; None if obstore's own class says what it is.

    Args:
        answer: what the store answered.
        place: the setting that chose the store.
    """
    if answer.code in FAULTS:
        return FAULTS[answer.code](answer, place)
    if answer.code in HANDLED or answer.status in STATUSES_HANDLED:
        return None
    if answer.status in STATUSES:
        return STATUSES[answer.status](answer, place)
    if answer.status in (405, NOT_IMPLEMENTED) or answer.code == "NotImplemented":
        return Unsupported(f"{place}: the store does not do that", hint="take another store")
    if answer.status >= SERVER_FAULT:
        return _tell_busy(answer, place)
    return None if answer.status == CONFLICT else BadAnswer(f"{place}: the store answers {answer}")
