"""Small inputs that programs of this kind have failed on, by public reports: a folder each."""

import zipfile
from pathlib import Path, PurePosixPath

ARCHIVE = Path(__file__).parent / "data" / "cases.zip"
"""Not loose: their names are part of what is tested, and not every file system takes them."""


def read_case(name: str) -> bytes:
    """Return a file of a case."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        return archive.read(name)


def lay_case(case: str, folder: Path) -> None:
    """Write the files of a case into a folder, under the names that they have."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            path = PurePosixPath(name)
            if path.parts[0] == case:
                target = folder.joinpath(*path.parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
