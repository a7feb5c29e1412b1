"""An artifact as a folder: written, and compared with what is there."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from inkcre.errors import OperatorError
from inkcre.settings.files import reported
from inkcre.settings.origins import display_path

MARK = ".inkcre-artifact"
MARK_TEXT = b"Written by `inkcre build`, which replaces this folder whole.\n"
LOCAL_STATE = ".wrangler"


class ForeignFolder(OperatorError):
    """Tell that a folder holds something else than an artifact, and stays as it is."""

    code = "foreign_folder"


class StaleArtifact(OperatorError):
    """Tell that an artifact is not what the settings, the lock and the code make."""

    code = "stale_artifact"


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Make a folder hold these files and no others; local state of wrangler in it stays.

    The new one is made beside the old one and takes its name; for a moment there is none. Whatever
    fails, the old one is there, or the new one, and the local state is not lost.

    Raises:
        ForeignFolder: there is something that is no artifact.
        CannotWrite: it cannot be written.
    """
    require_own(folder)
    with reported(folder):
        folder = folder.resolve()  # what a link leads to, and not the link
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside it: only within one file system can it take another name.
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _fill(beside / "new", {MARK: MARK_TEXT, **files})
            _take_place(beside, folder)
        except BaseException:
            if not (beside / "old").exists():  # else it holds what could not be put back
                shutil.rmtree(beside, ignore_errors=True)
            raise
        shutil.rmtree(beside, ignore_errors=True)


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _take_place(beside: Path, folder: Path) -> None:
    """Put ``new`` in the folder's place, and the local state of the old one into it."""
    old, new = beside / "old", beside / "new"
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    if (old / LOCAL_STATE).is_dir():
        (old / LOCAL_STATE).rename(folder / LOCAL_STATE)


def require_own(folder: Path) -> None:
    """Raise unless a folder may be replaced: it is absent, empty, or one of ours.

    Raises:
        ForeignFolder: it is somebody's.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise ForeignFolder(
            f"{display_path(folder)}: is there and is no artifact; it stays as it is",
            hint="name another folder with --out, or move it away",
        )


def compare_folder(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Return the paths that differ, sorted: changed, missing, or there and not wanted."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARK and LOCAL_STATE not in path.parts
    }
    changed = {
        name for name in there.keys() & files.keys() if there[name].read_bytes() != files[name]
    }
    return sorted(changed | (there.keys() ^ files.keys()))
