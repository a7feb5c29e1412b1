"""The lock of the artifact's packages: exact versions, the hashes of their files, and who asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inkcre.errors import Misconfigured

LOCK_NAME = "workers.txt"


@dataclass(frozen=True)
class LockedPackage:
    """One package of the lock."""

    name: str
    version: str
    hashes: frozenset[str]
    """SHA-256 of each file that may be installed, in hexadecimal."""

    required_by: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """The package as pip's requirement files write it."""
        hashes = "".join(f" --hash=sha256:{value}" for value in sorted(self.hashes))
        return f"{self.name}=={self.version}{hashes}"


def lock_file() -> Path:
    """Return the lock that belongs to this version: in the package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    for folder in (package, package.parent):
        path = folder / "requirements" / LOCK_NAME
        if path.is_file():
            return path
    raise Misconfigured(f"requirements/{LOCK_NAME}: is missing", hint="install the package again")


def read_lock(text: str) -> list[LockedPackage]:
    """Read a lock as ``uv pip compile --generate-hashes`` writes it.

    https://pip.pypa.io/en/stable/topics/secure-installs/
    """
    return list(_packages(text))


def _packages(text: str) -> Iterator[LockedPackage]:
    for block in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        head = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        if head is None:
            continue
        via = re.split(r"# via", block, maxsplit=1)[1:]
        yield LockedPackage(
            name=head[1],
            version=head[2],
            hashes=frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block)),
            required_by=tuple(re.findall(r"^[#\s]*(\S+)", "".join(via), flags=re.MULTILINE)),
        )
