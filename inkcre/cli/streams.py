"""Files that a command reads and writes."""

import os
import sys
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
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        raise UnreadableInput.of(str(path), error) from error
    finally:
        partial.unlink(missing_ok=True)
    return count
