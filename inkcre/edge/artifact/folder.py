"""An artifact as a folder: written, and compared with what is there."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from inkcre.errors import OperatorError
from inkcre.settings.files import reported
from inkcre.settings.origins import display_path

MARK = "wrangler.jsonc"


class ForeignFolder(OperatorError):
    """Say that a folder holds something else than an artifact, and stays as it is."""

    code = "foreign_folder"


class StaleArtifact(OperatorError):
    """Say that an artifact is not what the settings, the lock and the code make."""

    code = "stale_artifact"


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Make a folder hold these files and no others; local state of wrangler in it stays.

    The new folder is made beside its place first: whoever looks sees the old one or the new one.

    Raises:
        ForeignFolder: there is something that is no artifact.
        CannotWrite: it cannot be written.
    """
    require_own(folder)
    with reported(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            fresh.chmod(0o755)
            for name, content in files.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            state = folder / ".wrangler"
            if state.is_dir():
                state.rename(fresh / ".wrangler")
            if folder.exists():
                shutil.rmtree(folder)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def require_own(folder: Path) -> None:
    """Return if a folder may be replaced: it is absent, empty, or an artifact.

    Raises:
        ForeignFolder: it is somebody's.
    """
    if not os.path.lexists(folder):
        return
    is_artifact = folder.is_dir() and (folder / MARK).is_file() and (folder / "src").is_dir()
    if not (is_artifact or (folder.is_dir() and not any(folder.iterdir()))):
        raise ForeignFolder(
            f"{display_path(folder)}: is there and is no artifact; it stays as it is",
            hint="name another folder with --out, or move it away",
        )


def compare_folder(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Give the paths that differ, sorted: changed, missing, or there and not wanted."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and ".wrangler" not in path.parts
    }
    changed = {
        name for name in there.keys() & files.keys() if there[name].read_bytes() != files[name]
    }
    return sorted(changed | (there.keys() ^ files.keys()))
