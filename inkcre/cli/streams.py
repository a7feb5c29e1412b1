"""Files that a command reads and writes."""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Self

from inkcre.errors import OperatorError


class UnreadableInput(OperatorError):
    """Say that a file given on the command line cannot be read or written."""

    code = "unreadable_input"
    exit_status = 66

    @classmethod
    def of(cls, name: str, error: OSError) -> Self:
        """Make one of what the system says."""
        return cls(f"{name}: {(error.strerror or 'cannot be read').lower()}")


def open_stdin() -> IO[bytes]:
    """Give standard input, to be closed without harm."""
    return os.fdopen(os.dup(sys.stdin.fileno()), "rb")


def write_whole(path: Path, chunks: Iterable[bytes]) -> int:
    """Write beside a file and move it into place: there is never half of it. Give how many chunks.

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
