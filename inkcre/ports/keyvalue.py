"""The key-value port: small values with an expiry.

What stands here is the part of it that is needed now: one value at a time.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class KeyValueCapabilities:
    """What an adapter declares of itself."""

    is_shared: bool
    """Whether several processes on several machines see the same values."""


class KeyValue(Protocol):
    """Bytes by key, for a while.

    Every method may raise what the place behind it raises when nobody answers (``Unavailable``).
    """

    capabilities: ClassVar[KeyValueCapabilities]

    def put(self, key: str, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value, in the place of an earlier one; None keeps it until it is deleted."""

    def get(self, key: str) -> bytes | None:
        """Give a value; None when there is none, or when its time is over."""

    def delete(self, key: str) -> None:
        """Forget a value; do nothing when there is none."""
