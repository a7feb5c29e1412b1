"""Files that a command reads and writes."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self

from inkcre.errors import OperatorError


class UnreadableInput(OperatorError):
    """Tell that a file given on the command line cannot be read or written."""

    code = "unreadable_input"
    exit_status = 66

    @classmethod
    def of(cls, name: str, error: OSError) -> Self:
        """Make one of what the system says."""
        return cls(f"{name}: {(error.strerror or 'cannot be read').lower()}")


HEAD_BYTES = 1024 * 1024
"""So much of a file is looked at to find out whether it holds something."""


def open_stdin() -> IO[bytes]:
    """Return standard input, to be closed without harm."""
    return os.fdopen(os.dup(sys.stdin.fileno()), "rb")


class NothingToExport(OperatorError):
    """Tell that what would be written holds nothing, and that it would replace what does."""

    code = "nothing_to_export"


def refuse_to_empty(name: str) -> None:
    """Refuse to replace a file that holds something by one that holds nothing.

    Raises:
        NothingToExport: it holds something; it stays as it is.
    """
    path = Path(name)
    if name != "-" and path.is_file() and _read_head(path).strip():
        raise NothingToExport(
            f"{name}: holds something, and the export nothing; it stays as it is",
            hint="look at the profile and the folder that you are in, or write --force",
        )


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise UnreadableInput.of(str(path), error) from error


def write_whole(
    path: Path, chunks: Iterable[bytes], look: Callable[[Path], None] | None = None
) -> int:
    """Write beside a file and move it into place: there is never half of it. Give how many chunks.

    ``look`` is given what was written before it is moved; if it raises, the file stays as it was.

    Raises:
        UnreadableInput: it cannot be written.
    """
    count = 0
    partial: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        partial = Path(name)
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        if look is not None:
            look(partial)
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
    except OSError as error:
        raise UnreadableInput.of(str(path), error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
