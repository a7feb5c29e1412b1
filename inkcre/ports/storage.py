"""The storage port: files by key.

What stands here is the part of it that is needed now: whole small files, to find out whether a
place can be written and read.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class StorageCapabilities:
    """What an adapter declares of itself."""

    is_shared: bool
    """Whether several processes on several machines see the same files."""


class Storage(Protocol):
    """Bytes by key. A key is a path of one or more names parted by ``/``.

    Every method may raise ``Unavailable`` (nobody answers) and ``Misconfigured`` (the place is
    not as the settings say, or may not be used).
    """

    capabilities: ClassVar[StorageCapabilities]

    def put(self, key: str, content: bytes) -> None:
        """Write a file whole; one of the same key is replaced.

        Raises:
            QuotaExceeded: there is no room left.
        """

    def get(self, key: str) -> bytes:
        """Read a file whole.

        Raises:
            NotFound: there is no such file.
        """

    def delete(self, key: str) -> None:
        """Remove a file; do nothing when there is none."""
