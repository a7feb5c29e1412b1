"""Writing settings files: whole or not at all, and one writer at a time."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inkcre.errors import OperatorError
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


def replace_file(path: Path, content: bytes) -> None:
    """Put new content in the place of a file's; its rights stay, and its owner where they may.

    A reader sees the old file or the new one, whatever happens in between.

    Raises:
        CannotWrite: it cannot be written; the file is as it was.
    """
    with reported(path):
        before = path.stat() if path.exists() else None
        if before:
            _require_writable(path, before)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                # mkstemp lets nobody but its owner read. Rights come behind the owner: chown(2)
                # clears some.
                os.fchmod(file.fileno(), _keep_owner(file.fileno(), before))
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


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


def _require_writable(path: Path, before: os.stat_result) -> None:
    """Refuse what its own rights forbid: taking a file's place needs only those of its folder."""
    effective = os.access in os.supports_effective_ids
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK, effective_ids=effective):
        raise CannotWrite(
            f"{display_path(path)}: may be read and not written", hint="check the file's rights"
        )


def _keep_owner(handle: int, before: os.stat_result | None) -> int:
    """Give the file to whom the old one belonged, as far as may be, and the rights it should have.

    A group that cannot be kept is an error: its members would be shut out, or others let in.
    """
    if before is None:
        return _new_mode()
    os.fchown(handle, -1, before.st_gid)
    with suppress(PermissionError):  # only root may give files away
        os.fchown(handle, before.st_uid, -1)
    return before.st_mode & 0o7777


def _new_mode() -> int:
    # It cannot be asked for without being set.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the new name survive the power going."""
    with suppress(OSError):  # not every file system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Translate into one error of ours why a file cannot be written."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CannotWrite(
            f"{display_path(path)}: {reason}", hint="check the folder and its rights"
        ) from error
