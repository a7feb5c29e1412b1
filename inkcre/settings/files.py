"""Writing settings files: whole or not at all, and one writer at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inkcre.errors import OperatorError
from inkcre.replacement import replace_content
from inkcre.settings.origins import display_path


class CannotWrite(OperatorError):
    """Tell that a settings file cannot be written, or is there already; nothing was changed."""

    code = "cannot_write"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other writers of a folder's settings waiting.

    The lock is on the folder itself, so that nothing is left behind, not even by a kill. Where
    the system has no ``flock`` (Windows), writers do not wait for each other.

    Raises:
        CannotWrite: the folder cannot be opened.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with reported(folder):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace_file(path: Path, content: bytes) -> bool:
    """Put new content in the place of a file's; its rights stay, and its owner where they may.

    A reader sees the old file or the new one, whatever happens in between. False is returned when
    the file could only be written over where it stands.

    Raises:
        CannotWrite: it cannot be written; the file is as it was.
    """
    with reported(path):
        return replace_content(path, [content])


def create_file(path: Path, content: str) -> None:
    """Write a file that is not there yet, folders and all.

    Raises:
        CannotWrite: something is there, or it cannot be written.
    """
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    require_absent(path)
    replace_file(path, content.encode())


def require_absent(path: Path) -> None:
    """Raise if there is something at ``path``.

    Raises:
        CannotWrite: there is something, be it a link that leads nowhere.
    """
    if os.path.lexists(path):
        raise CannotWrite(
            f"{display_path(path)}: is there already, and stays as it is",
            hint="move it away first, or change what is in it",
        )


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Translate into one error of ours why a file cannot be written."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CannotWrite(
            f"{display_path(path)}: {reason}", hint="check the file, its folder and their rights"
        ) from error
