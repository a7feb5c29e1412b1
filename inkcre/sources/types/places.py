"""Which folders a source has listed, and whether each is still the one that it was.

A disk that is not mounted, a link in the place of a folder and a folder that was emptied look alike
to who only sees that files are missing. So it is remembered which folder each was, by device and
inode, and what is missing is gone only where the folders on the way to it are still those.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from inkcre.errors import Misconfigured
from inkcre.sources.base import Absence

MAX_FOLDERS = 5000
MAX_CHARACTERS = 256 * 1024
"""How much of folders is remembered, those nearest to the root first. In others no file is known to
be gone at once: it goes when it has been missing for long enough."""

RAW = "//"
"""What a key begins with whose path is no UTF-8; no path relative to a folder does."""

PLACEHOLDER = re.compile(
    r"\.(?P<icloud>.+)\.icloud|(?P<other>.+)\.(?:nextcloud|owncloud)", re.DOTALL
)
"""What programs that carry files between devices put in the place of one whose bytes are elsewhere
for now: ``.note.md.icloud`` or ``note.md.nextcloud`` for ``note.md``.

- https://github.com/atomantic/PortOS/issues/3716
- https://github.com/nextcloud/desktop/issues/5082
"""

WORST: tuple[Absence, ...] = ("gone", "unsure", "away")


def key_of(path: PurePosixPath) -> str:
    """Return the key of a path below the root: the path, if it is UTF-8.

    Of another one, the bytes that are no UTF-8 are written by their hexadecimal digits behind a
    backslash and an x, and a backslash as two: no two names have the same key.
    """
    raw = os.fsencode(path.as_posix())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return RAW + raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def folder_of(key: str) -> list[str] | None:
    """Return the keys of the folders on the way to a file, the root's first; None: cannot be told.

    A long key is kept as its SHA-256.
    """
    if key.startswith("sha256:"):
        return None
    if not key.startswith(RAW):
        steps = [*PurePosixPath(key).parents][::-1]
        return ["" if step == PurePosixPath() else step.as_posix() for step in steps]
    steps = [*PurePosixPath(key.removeprefix(RAW)).parents][::-1]
    return ["", *(_with_mark(step.as_posix()) for step in steps[1:])]


def _with_mark(written: str) -> str:
    """Return the key of a folder of which is known how it is written below one that is no UTF-8."""
    plain = written.replace("\\\\", "")
    return RAW + written if "\\" in plain else written.replace("\\\\", "\\")


class Places:
    """The folders of a source: what they were, and what they are now."""

    def __init__(self, former: Mapping[str, str]) -> None:
        read = {key: _Identity.read(text) for key, text in former.items()}
        self._former = {key: identity for key, identity in read.items() if identity}
        self._found: dict[str, _Identity] = {}
        self.placeholders: set[str] = set()
        """Keys of files that are there, but whose bytes are elsewhere for now."""

        self.others: dict[str, Path] = {}
        """All that is there and is no folder, by key: files of whatever ending, and links."""

        self._balance: Counter[str] = Counter()
        """How many more files that were known are in or below a folder than are missing there."""

        self._is_moved = False
        self.links = 0
        """How many links in the places of folders, and of files that would be read, were left out:
        they may lead elsewhere."""

    def walk(
        self, root: Path, check: Callable[[], None], *, endings: Collection[str], most: int
    ) -> Iterator[Path]:
        """Yield the files of some endings, in order; hidden ones, and links, are left out.

        Raises:
            Misconfigured: a folder cannot be listed, or something in it cannot be looked at: what
                is in it cannot be told from what is gone. Or there are more than ``most``.
        """
        found = 0
        for name, folders, files in os.walk(root, onerror=_refuse):
            check()
            folder = Path(name)
            below = PurePosixPath(folder.relative_to(root))
            # Behind the listing: what was listed is at least not newer than who is asked here.
            self._found["" if folder == root else key_of(below)] = _Identity.of(folder)
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            links = [each for each in folders if _is_link(folder / each)]
            self.links += len(links)
            self.others.update((key_of(below / each), folder / each) for each in (*links, *files))
            for each in sorted(files):
                path = folder / each
                if found_of := PLACEHOLDER.fullmatch(each):
                    stands_for = found_of["icloud"] or found_of["other"]
                    self.placeholders.add(key_of(below / stands_for))
                if each.startswith(".") or path.suffix.lower() not in endings:
                    continue
                # A link may lead out of the folders that may be read.
                if _is_link(path):
                    self.links += 1
                    continue
                found += 1
                if found > most:
                    raise Misconfigured(f"{root}: more than {most} files", hint="name a part of it")
                yield path

    def note_known(self, found: Iterable[str], lost: Iterable[str]) -> None:
        """Note which files were known before: those that were found, and those that were not."""
        for change, keys in ((1, found), (-1, lost)):
            for key in keys:
                for folder in folder_of(key) or ():
                    self._balance[folder] += change

    def look_again(self, root: Path) -> None:
        """Note whether the root has become another while it was read."""
        try:
            self._is_moved = _Identity.of(root) != self._found.get("")
        except Misconfigured:
            self._is_moved = True

    def judge(self, key: str) -> Absence:
        """Tell how sure it is that a file is gone which was not found."""
        folders = folder_of(key)
        if self._is_moved:
            return "away"
        if folders is None:
            return "unsure"
        worst: Absence = "gone"
        for number, folder in enumerate(folders):
            if folder not in self._found:
                return max(worst, self._judge_lost(folders, number), key=WORST.index)
            worst = max(worst, self._judge_found(folder), key=WORST.index)
        return worst

    def _judge_found(self, folder: str) -> Absence:
        was, now = self._former.get(folder), self._found[folder]
        if was == now:
            return "gone"
        # Another disk, without most of what was known: the place where the other was mounted, with
        # no more than a note in it of what belongs there.
        if was is not None and was.device != now.device and self._balance[folder] <= 0:
            return "away"
        return "unsure"

    def _judge_lost(self, folders: list[str], number: int) -> Absence:
        """Judge a folder that is not there any more, from the last one that is."""
        if number == 0 or folders[number] in self.others:
            return "away"
        former = [self._former.get(folder) for folder in folders[number - 1 :]]
        known = [each for each in former if each is not None]
        # One of them was a disk of its own, whose place may come and go with it.
        if len({each.device for each in known}) > 1:
            return "away"
        return "gone" if len(known) == len(former) else "unsure"

    def remember(self, missing: Iterable[str]) -> dict[str, str]:
        """Return what is to be remembered of folders while these keys stay missing."""
        waiting = {folder for key in missing for folder in folder_of(key) or ()}
        kept = {folder: was for folder, was in self._former.items() if folder in waiting}
        kept |= {
            folder: identity
            for folder, identity in self._found.items()
            # While a disk is away, the place where it was mounted does not become it.
            if folder not in waiting or self._judge_found(folder) != "away"
        }
        written: dict[str, str] = {}
        room = MAX_CHARACTERS
        for folder in sorted(kept, key=lambda each: (each.count("/"), each))[:MAX_FOLDERS]:
            text = kept[folder].written()
            room -= len(folder) + len(text)
            if room < 0:
                break
            written[folder] = text
        return written


class _Identity(NamedTuple):
    """Which folder one is, as long as its disk is mounted."""

    device: int
    inode: int

    @staticmethod
    def of(folder: Path) -> "_Identity":
        try:
            found = folder.stat()
        except OSError as error:
            raise _cannot_be_read(folder, error) from error
        return _Identity(found.st_dev, found.st_ino)

    @staticmethod
    def read(text: str) -> "_Identity | None":
        device, _, inode = text.partition(":")
        return _Identity(int(device), int(inode)) if (device + inode).isdecimal() else None

    def written(self) -> str:
        return f"{self.device}:{self.inode}"


def _refuse(error: OSError) -> None:
    raise _cannot_be_read(Path(error.filename), error)


def _cannot_be_read(folder: Path, error: OSError) -> Misconfigured:
    return Misconfigured(
        f"{folder}: {(error.strerror or 'cannot be listed').lower()}",
        hint="look whether the folder is there, and its rights",
    )


def _is_link(path: Path) -> bool:
    """Tell whether something is a link; what has gone since it was listed is none."""
    try:
        return path.is_symlink()
    except OSError as error:
        raise _cannot_be_read(path, error) from error
