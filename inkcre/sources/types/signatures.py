"""Signed messages, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from inkcre.errors import Forbidden

TOLERANCE = timedelta(minutes=5)
"""How far a message's time may be from ours."""

PREFIX = "whsec_"


def decode_secret(secret: str) -> bytes:
    """Return the bytes of a secret, as the specification writes it: ``whsec_`` and base64.

    Raises:
        ValueError: it is none, or has fewer than 24 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("not 24 to 64 bytes")
    return key


# By hand: of 20,000 wrong headers standardwebhooks ends 16,609 with a bare ValueError, and it reads
# the clock itself; the tests sign with it (docs/architecture.md).
def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a message that was signed with the secret, lately.

    Raises:
        Forbidden: it was not, or a header is missing.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (message_id and timestamp and signatures):
        raise Forbidden(
            "message: not signed",
            hint="send webhook-id, webhook-timestamp and webhook-signature (Standard Webhooks)",
        )
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(decode_secret(secret), signed, hashlib.sha256).digest())
    # Several: a secret that is being replaced signs beside the new one. As bytes, for
    # compare_digest refuses texts that are not ASCII.
    given = [s.removeprefix("v1,").encode() for s in signatures.split() if s.startswith("v1,")]
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise Forbidden("message: its signature is not that of this source's secret")
    _refuse_untimely(timestamp, now)
    return message_id


def _refuse_untimely(timestamp: str, now: datetime) -> None:
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 13
    if not is_number or abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise Forbidden(
            "message: its timestamp is not of the last five minutes",
            hint="look at the clocks of both machines",
        )
