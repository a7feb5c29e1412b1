"""Files that a command reads and writes."""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self

from inkcre.errors import OperatorError
from inkcre.replacement import RISK, replace_content


class UnreadableInput(OperatorError):
    """Tell that a file given on the command line cannot be read."""

    code = "unreadable_input"
    exit_status = 66

    @classmethod
    def of(cls, name: str, error: OSError) -> Self:
        """Make one of what the system says."""
        return cls(f"{name}: {(error.strerror or 'cannot be read').lower()}")


class UnwritableOutput(OperatorError):
    """Tell that a file given on the command line cannot be written."""

    code = "unwritable_output"
    exit_status = 73

    @classmethod
    def of(cls, name: str, error: OSError) -> Self:
        """Make one of what the system says."""
        hint = (
            "name a file in a folder that is there, and that you may write to; - is standard output"
        )
        return cls(f"{name}: {(error.strerror or 'cannot be written').lower()}", hint=hint)


DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
STANDARD = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}
"""What stands for a file that is open already."""

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
    if is_file(name) and path.exists() and _read_head(path).strip():
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


def is_file(name: str) -> bool:
    """Tell whether a FILE of the command line is a regular file, or will be one.

    Everything else is written to as it is: standard output, a device, a pipe.

    Raises:
        UnwritableOutput: nobody can tell.
    """
    if _descriptor_of(name) is not None:
        return False
    try:
        return stat.S_ISREG(Path(name).stat().st_mode)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise UnwritableOutput.of(name, error) from error


def write_output(
    name: str, chunks: Iterable[bytes], look: Callable[[Path | None], None] | None = None
) -> None:
    """Write to a FILE of the command line: there is never half of a regular file.

    ``look`` is given what was written before it takes a file's place, and None where nothing can be
    read back; if it raises, a file stays as it was.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    is_whole = is_file(name)
    try:
        if is_whole:
            is_whole = replace_content(Path(name), chunks, look)
            if not is_whole:
                print(f"note: {name} {RISK}", file=sys.stderr)
            return
        with _open_stream(name) as stream:
            for chunk in chunks:
                stream.write(chunk)
    except BrokenPipeError:
        raise  # whoever read it has enough
    except OSError as error:
        raise UnwritableOutput.of(name, error) from error
    if look is not None:
        look(None)


def _descriptor_of(name: str) -> int | None:
    """Return the open file that a name stands for.

    Opened again, a file would be written from its beginning, and a socket not at all.
    """
    found = DESCRIPTOR.fullmatch(name)
    return int(found[1]) if found else STANDARD.get(name)


def _open_stream(name: str) -> IO[bytes]:
    descriptor = _descriptor_of(name)
    if descriptor is None:
        # Without O_CREAT: what was there a moment ago, and no file in its place.
        return os.fdopen(os.open(name, os.O_WRONLY | getattr(os, "O_NOCTTY", 0)), "wb")
    sys.stdout.flush()
    return os.fdopen(os.dup(descriptor), "wb")
