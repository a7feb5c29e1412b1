"""The key-value port: small values with an expiry.

Its places differ more than those of other ports, so an application says what it needs of one
(``KeyValueNeeds``), and is refused when it is assembled on a place that cannot do that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from inkcre.errors import Invalid, TooLarge, Unsupported
from inkcre.ports.keys import MAX_LISTED, check_key

MAX_KEY_BYTES = 512
"""As Cloudflare KV has it: https://developers.cloudflare.com/kv/platform/limits/"""


class ValueKey(str):
    """A key of a value: 1 to 512 bytes of UTF-8 without control characters, not ``.`` or ``..``."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check a key.

        Raises:
            Invalid: it is no key of a value.
        """
        check_key(text, MAX_KEY_BYTES)
        if text in (".", ".."):
            raise Invalid('cannot be "." or ".."', field="key")
        return super().__new__(cls, text)


@dataclass(frozen=True)
class KeyValueNeeds:
    """What an application needs of the place of its values. The defaults are what all can do."""

    ttl_seconds: int = 60
    """The shortest expiry that it gives a value."""

    own_writes: bool = False
    """Whether what it has put must be found, and what it has deleted must be gone, at once."""

    shared: bool = False
    """Whether all its processes must see the same values."""

    value_bytes: int = 1_000_000
    """The largest value that it puts."""


@dataclass(frozen=True)
class KeyValueCapabilities:
    """What an adapter declares of itself."""

    is_shared: bool
    """Whether several processes on several machines see the same values."""

    min_ttl_seconds: int
    """The shortest expiry that a value can be given."""

    reads_own_writes: bool
    """Whether a change is seen at once by whoever made it and by everybody else. If not, it may
    take a minute, and a listing may miss it as long."""

    max_value_bytes: int
    """How large a value may be."""

    def list_lacks(self, needs: KeyValueNeeds) -> Iterator[str]:
        """Yield in words what cannot be done of what an application needs."""
        if needs.shared and not self.is_shared:
            yield "share values between processes"
        if needs.ttl_seconds < self.min_ttl_seconds:
            yield (
                f"let a value expire after {needs.ttl_seconds} seconds, "
                f"only after {self.min_ttl_seconds} or more"
            )
        if needs.own_writes and not self.reads_own_writes:
            yield "show a change at once"
        if needs.value_bytes > self.max_value_bytes:
            yield f"keep a value of {needs.value_bytes} bytes, only {self.max_value_bytes}"


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of a listing."""

    keys: tuple[ValueKey, ...]
    cursor: str | None
    """Where the next page begins; opaque. None: this is the last one."""


class KeyValue(Protocol):
    """Bytes by key, for a while.

    Every method may raise what the place behind it raises when nobody answers (``Unavailable``).
    Where ``capabilities.reads_own_writes`` is false, what is said here holds after a while.
    """

    capabilities: ClassVar[KeyValueCapabilities]

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value, in the place of an earlier one; None keeps it until it is deleted.

        A place that is bounded may forget a value before its time.

        Raises:
            Unsupported: an expiry below ``capabilities.min_ttl_seconds``.
            TooLarge: more than ``capabilities.max_value_bytes``.
        """

    def get(self, key: ValueKey) -> bytes | None:
        """Return a value; None when there is none, or when its time is over."""

    def delete(self, key: ValueKey) -> None:
        """Forget a value; do nothing when there is none."""

    def list(
        self, prefix: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> KeyPage:
        """List the keys that begin with ``prefix``, in the order of their bytes.

        Values whose time is over are left out. A page has at most ``limit`` keys, which is at most
        ``MAX_LISTED``, and may have fewer although others follow.

        Raises:
            Invalid: the cursor is not one of this adapter's.
        """


def check_put(capabilities: KeyValueCapabilities, value: bytes, ttl_seconds: int | None) -> None:
    """Raise unless a value can be kept for such a time.

    Raises:
        Unsupported: its time is too short.
        TooLarge: it is too large.
    """
    if ttl_seconds is not None and ttl_seconds < capabilities.min_ttl_seconds:
        raise Unsupported(
            f"keyvalue: a value cannot expire after {ttl_seconds} seconds",
            hint=f"give it {capabilities.min_ttl_seconds} or more",
        )
    if len(value) > capabilities.max_value_bytes:
        raise TooLarge(
            f"keyvalue: a value of {len(value)} bytes; {capabilities.max_value_bytes} are possible"
        )
