"""Files of a folder that its documents embed or link to, kept as files by what is in them.

Each is an item of its own, beside the text of those that are read as documents too. It is there as
long as a document says it. One of the same size and time as before is not read again.
"""

import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from inkcre.errors import SurroundingsError
from inkcre.graph.files.files import NAMED
from inkcre.graph.forms import clean_name
from inkcre.graph.stars import block, star, text
from inkcre.graph.storages import PREFIX
from inkcre.sources.base import Item, Seen, SourceContext
from inkcre.sources.left_out import Reason
from inkcre.sources.types.places import RAW

logger = logging.getLogger("inkcre.sources")

FILE = "/file/"
"""What the key of a file begins with, in front of that of its path; no path's key does."""

TEXT_CONTENT = "text content"
"""The relation of a file to its text, as of a page to its own."""

WHOLE = frozenset((".pdf",))
"""Documents that are kept as files too: of these the text is not all."""

CHUNK_BYTES = 256 * 1024


def file_key(path_key: str) -> str:
    """Return the key of a file by that of its path."""
    return FILE + path_key


def path_key(key: str) -> str:
    """Return the key of the path of an item, be it a document or a file."""
    return key.removeprefix(FILE)


class Stamp(NamedTuple):
    """What tells that a file is what it was, and what that is."""

    size: int
    modified_ns: int
    resolver: str
    digest: str

    @staticmethod
    def read(written: str | None) -> "Stamp | None":
        """Read a stamp from the row of an item; None: there is none, or of another version."""
        match (written or "").split():
            case [size, modified, resolver, digest] if (size + modified).isdecimal():
                return Stamp(int(size), int(modified), resolver, digest)
        return None

    def written(self) -> str:
        """Return it for the row of an item."""
        return " ".join(map(str, self))

    def is_of(self, found: os.stat_result) -> bool:
        """Tell whether a file looks as it did."""
        return (self.size, self.modified_ns) == (found.st_size, found.st_mtime_ns)


class LeftOutFile(Exception):
    """Tell that a file is not taken, and why; it is no error."""

    def __init__(self, reason: Reason, said: str) -> None:
        super().__init__(said)
        self.reason = reason


class Attachments:
    """The files that documents have said in one collect."""

    def __init__(
        self,
        context: SourceContext,
        stamps: Mapping[str, str],
        paths: Mapping[str, Path],
        *,
        max_bytes: int,
        full: bool,
    ) -> None:
        """Take what there is.

        Args:
            context: where files are kept, and what is left out is counted.
            stamps: those of all items of the source.
            paths: all that is in the folder and is no folder, by key.
            max_bytes: the largest file that is kept; 0: none is.
            full: whether all are read, whatever the stamps say.
        """
        self._context = context
        self._stamps = stamps
        self._paths = paths
        self._max_bytes = max_bytes
        self._full = full
        self._known: dict[str, bool] = {}
        self._has_storage = True

    def has(self, key: str) -> bool:
        """Tell whether the file at a path is an item, behind ``take``."""
        return self._known.get(key, False)

    def take(self, keys: Iterable[str]) -> Iterator[Item | Seen]:
        """Yield the files at some paths, which a document says, unless another has said them."""
        for key in keys:
            if key in self._known or not self._max_bytes:
                continue
            self._context.check()
            is_stored = file_key(key) in self._stamps
            self._known[key] = is_stored
            if key not in self._paths:
                continue  # it is missing, and what it was is kept for now
            try:
                yield self._read(key, self._paths[key])
                self._known[key] = True
            except LeftOutFile as error:
                logger.warning("%s: %s", self._paths[key], error)
                self._context.left_out.add(error.reason)
                if is_stored:  # it is there: what is not given would be deleted
                    yield Seen(file_key(key))

    def _read(self, key: str, path: Path) -> Item:
        former = Stamp.read(self._stamps.get(file_key(key)))
        try:
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                raise LeftOutFile("link", "is a link, which may lead elsewhere")
            if former is not None and former.is_of(found) and not self._full:
                return _make_item(key, former)
            with _open(path) as file:
                return _make_item(key, self._keep(file))
        except OSError as error:
            raise LeftOutFile("unreadable", error.strerror or str(error)) from error

    def _keep(self, file: BinaryIO) -> Stamp:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise LeftOutFile("unreadable", "is no file")
        if found.st_size > self._max_bytes:
            raise LeftOutFile("too large", f"larger than {self._max_bytes} bytes")
        # Programs that carry files between devices empty them, for a while or by mistake.
        if not found.st_size:
            raise LeftOutFile("empty", "is empty")
        if not self._has_storage:
            raise LeftOutFile("no storage", "there is no storage to keep it in")
        try:
            kept = self._context.keep_file(_chunks(file, found, self._context.check))
        except SurroundingsError as error:
            self._has_storage = False  # each of a thousand files would wait for it
            raise LeftOutFile("no storage", error.message) from error
        return Stamp(found.st_size, found.st_mtime_ns, kept.resolver, kept.digest)


def _open(path: Path) -> BinaryIO:
    """Open a file, and nothing else: no link, and no pipe, which would be waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return open(os.open(path, flags), "rb")  # noqa: PTH123 - of a descriptor


def _chunks(file: BinaryIO, found: os.stat_result, check: Callable[[], None]) -> Iterator[bytes]:
    """Yield a file's bytes.

    Raises:
        LeftOutFile: it is being written; nothing is kept of it then.
    """
    left = found.st_size
    while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
        check()
        left -= len(chunk)
        yield chunk
    now = os.fstat(file.fileno())
    if (now.st_size, now.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
        raise LeftOutFile("unreadable", "was changed while it was read")


def _make_item(key: str, stamp: Stamp) -> Item:
    path = key.removeprefix(RAW)
    name = clean_name(path)
    arcs = [("path", text(path)), *([(NAMED, text(name))] if name else [])]
    centre = star(block(stamp.resolver, f"{PREFIX}{stamp.digest}", "file"), arcs)
    links = ((TEXT_CONTENT, key),) if PurePosixPath(path).suffix.lower() in WHOLE else ()
    return Item(file_key(key), centre, stamp.written(), links)
