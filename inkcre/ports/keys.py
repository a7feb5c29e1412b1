"""What the keys of files and of small values have in common."""

import re

from inkcre.errors import Invalid

MAX_LISTED = 1000
"""How many keys a page of a listing has at most, as in S3, R2 and Cloudflare KV."""

_UNLISTABLE = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")
"""What the XML of an S3 listing cannot say."""


def check_key(text: str, max_bytes: int) -> None:
    """Raise unless text can be a key: so many bytes of UTF-8, no control character.

    Raises:
        Invalid: it cannot.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Invalid("not Unicode text: half of a surrogate pair", field="key") from None
    if not 1 <= size <= max_bytes:
        raise Invalid(f"{size} bytes long; 1 to {max_bytes} are possible", field="key")
    if _UNLISTABLE.search(text):
        raise Invalid("has a control character", field="key")


def encode_cursor(last: str) -> str:
    """Make the cursor of the page after a key, for places that list by key."""
    return last.encode().hex()


def decode_cursor(cursor: str) -> str:
    """Return the key after which a page begins.

    Raises:
        Invalid: this is no such cursor.
    """
    try:
        return bytes.fromhex(cursor).decode()
    except ValueError:
        raise Invalid(
            "not a cursor of this listing", field="cursor", hint="start again without one"
        ) from None
