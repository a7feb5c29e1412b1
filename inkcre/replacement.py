"""New content in the place of a file's: in one step, with its rights, owner and attributes kept."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

CANNOT_MOVE = (errno.EBUSY, errno.EXDEV)
"""A file that is mounted by itself cannot be renamed over (rename(2))."""

CANNOT_MAKE = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Nor need its folder let anything else be made in it."""

RISK = "was written over where it stands, for nothing can be moved there: had it been cut off, \
half of it would be there"
"""What to tell of a file that could not be replaced in one step."""


def replace_content(
    path: Path, chunks: Iterable[bytes], look: Callable[[Path], None] | None = None
) -> bool:
    """Put new content where a path leads; tell whether that was done in one step.

    A reader sees the old content or the new one, and it is the old one still if ``chunks`` or
    ``look`` raise, which is given what was written. A link is followed, and stays. What is new
    has the rights that the umask leaves.

    A file that nothing can be moved over is written to in place, as a last resort: then, and only
    then, a reader may see half of it.

    Raises:
        OSError: it cannot be written; it is as it was, unless it was being written in place.
    """
    target = Path(os.path.realpath(path))
    before = target.stat() if os.path.lexists(target) else None
    if before:
        _require_writable(target, before)
    handle, partial = _make_partial(target, is_there=before is not None)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(chunks)
            stream.flush()
            if partial.parent == target.parent:
                # Not sooner: mkstemp lets nobody but its owner read.
                _take_after(stream.fileno(), target, before)
            os.fsync(stream.fileno())
        if look is not None:
            look(partial)
        return _move(partial, target, is_there=before is not None)
    finally:
        partial.unlink(missing_ok=True)


def _require_writable(path: Path, before: os.stat_result) -> None:
    """Refuse what its own rights forbid: taking a file's place needs only those of its folder."""
    effective = os.access in os.supports_effective_ids
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK, effective_ids=effective):
        raise PermissionError(errno.EACCES, "may be read and not written", str(path))


def _make_partial(target: Path, *, is_there: bool) -> tuple[int, Path]:
    """Make the file that will take the other's place; elsewhere if nothing may be made beside."""
    prefix = f".{target.name}."[:200]
    try:
        handle, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
    except OSError as error:
        if not is_there or error.errno not in CANNOT_MAKE:
            raise
        handle, name = tempfile.mkstemp(prefix=prefix)
    return handle, Path(name)


def _take_after(handle: int, target: Path, before: os.stat_result | None) -> None:
    """Give a file the owner, the attributes and the rights of the one that it replaces.

    A group that cannot be kept is an error: its members would be shut out, or others let in.
    """
    if before is None:
        os.fchmod(handle, 0o666 & ~_umask())
        return
    os.fchown(handle, -1, before.st_gid)
    with suppress(PermissionError):  # only root may give files away
        os.fchown(handle, before.st_uid, -1)
    if hasattr(os, "listxattr"):
        for name in os.listxattr(target):
            with suppress(OSError):  # some belong to the system, some to another file system
                os.setxattr(handle, name, os.getxattr(target, name))
    os.fchmod(handle, before.st_mode & 0o7777)  # behind the owner: chown(2) clears some


def _umask() -> int:
    # It cannot be asked for without being set.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _move(partial: Path, target: Path, *, is_there: bool) -> bool:
    try:
        if partial.parent != target.parent:
            raise OSError(errno.EXDEV, "is in another folder")
        partial.replace(target)
    except OSError as error:
        if not is_there or error.errno not in CANNOT_MOVE:
            raise
        _write_over(partial, target)
        return False
    _sync_folder(target.parent)
    return True


def _write_over(partial: Path, target: Path) -> None:
    with partial.open("rb") as source, target.open("r+b") as stream:
        shutil.copyfileobj(source, stream)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(path: Path) -> None:
    """Make the new name survive the power going."""
    with suppress(OSError):  # not every file system can
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
