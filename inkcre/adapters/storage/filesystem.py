"""A folder of this machine.

How a key becomes a path: what is not a small letter, a digit, ``-``, ``_`` or ``.`` is written as
``%`` and two hexadecimal digits a byte, so that disks that know no case, or one normal form only,
keep every key apart. A folder's name ends in ``+``: ``a`` and ``a/b`` can both be files. A name
longer than a disk takes goes on in a folder whose name ends in ``~``.
"""

import heapq
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import ClassVar

import obstore
from obstore import exceptions as obs
from obstore.store import LocalStore, ObjectStore

from inkcre.adapters.storage.shared import (
    CHUNK_BYTES,
    MAX_CONDITIONAL_BYTES,
    ObstoreStorage,
    translated,
)
from inkcre.errors import Invalid, NotFound
from inkcre.ports.keys import MAX_LISTED, decode_cursor, encode_cursor
from inkcre.ports.storage import (
    FileContent,
    FileInfo,
    FileKey,
    FilePage,
    StorageCapabilities,
    check_folder,
    check_range,
    empty_range,
)
from inkcre.sections.storage import FilesystemSettings

PLACE = "storage.path"
MAX_NAME = 180
"""Disks take 255 bytes a name, and encrypted ones 143 to 200; obstore appends "#1" meanwhile."""

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.")
ESCAPED = re.compile(rb"%([0-9a-f]{2})")


MAX_LASTING = 4096
"""How many folders are remembered as written through; the files of blocks lie in 256."""

PLAIN_NAME = re.compile(rf"[a-z0-9_.-]{{0,{MAX_NAME - 1}}}[a-z0-9_-]")
OURS = re.compile(r"(?:[a-z0-9_.-]|%[0-9a-f]{2})+[+~]?")
LEFT_OVER = re.compile(r"(.+)#[0-9]+")


def path_of(key: str) -> str:
    """Return a key's path below the folder."""
    *folders, name = key.split("/")
    return "".join(f"{_escape(folder)}+/" for folder in folders) + _escape(name)


def _escape(name: str) -> str:
    if PLAIN_NAME.fullmatch(name):
        return name
    parts = [chr(byte) if byte in PLAIN else f"%{byte:02x}" for byte in name.encode()]
    if parts[-1] == ".":  # Windows drops it
        parts[-1] = "%2e"
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > MAX_NAME:
            lines.append("")
        lines[-1] += part
    return "~/".join(lines)


def _unescape(text: str) -> bytes:
    return ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())


class FilesystemStorage(ObstoreStorage):
    """Files below a folder, which is made when it is first used."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(
        is_shared=False, keeps_content_type=False, max_conditional_bytes=MAX_CONDITIONAL_BYTES
    )
    part_bytes: ClassVar[int] = 1024 * 1024

    def __init__(self, settings: FilesystemSettings) -> None:
        # Nothing is looked at yet: to build an adapter does no I/O.
        self._folder = Path(settings.path)
        self._lasting: dict[Path, int] = {}
        """Folders whose own names were written through, and their inodes' numbers: one that was
        removed and made again is another."""

        super().__init__(self._open, PLACE)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    def use(self, folder: Path) -> None:
        """Keep files in another folder, before any has been looked for."""
        self._folder = folder

    def _open(self) -> ObjectStore:
        with translated(PLACE):
            return LocalStore(prefix=self._folder, mkdir=True)

    # Files are read without obstore, which hands each look at a disk to a thread of its own: that
    # takes twice as long for a small file.

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it."""
        check_range(start, end)
        with translated(PLACE, key), ExitStack() as stack:
            file = stack.enter_context(self._path_on_disk(key).open("rb", buffering=0))
            info = _info(key, os.fstat(file.fileno()))
            stop = info.size if end is None else min(end, info.size)
            if start >= stop and (start or end is not None):
                raise empty_range()
            file.seek(start)
            if stop - start <= CHUNK_BYTES:
                return FileContent(info, start, stop, iter((_read(file, stop - start),)))
            stack.pop_all()
        return FileContent(info, start, stop, _Chunks(key, file, stop - start))

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file."""
        with translated(PLACE, key):
            return _info(key, self._path_on_disk(key).stat())

    def _path_on_disk(self, key: FileKey) -> Path:
        return self._folder / path_of(key)

    def list(
        self, folder: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> FilePage:
        """List the files below a folder, one directory at a time.

        obstore's own listing is in no order, and goes through every directory for each page.
        """
        after = decode_cursor(cursor).encode() if cursor else b""
        inside = f"{check_folder(folder)}/" if folder else ""
        root = self._folder / path_of(f"{inside}x").removesuffix("x")
        with translated(PLACE):
            keys = [*islice(_walk(root, inside.encode(), after), limit)]
        found = [info for key in keys if (info := self._head_if_there(FileKey(key.decode())))]
        more = len(keys) == limit
        return FilePage(tuple(found), encode_cursor(keys[-1].decode()) if more else None)

    def sync(self, key: FileKey) -> None:
        """Write a file and the folders that lead to it through to the disk."""
        path = self._path_on_disk(key)
        with translated(PLACE, key):
            _fsync(path)
            new: dict[Path, int] = {}
            for folder in path.parents[: len(Path(path_of(key)).parts)]:
                number = _fsync(folder)
                # That this folder is there has been written through before, and so has all above:
                # an fsync each, of folders that are hardly ever new, was a tenth of an upload.
                if self._lasting.get(folder) == number:
                    break
                new[folder] = number
        if len(self._lasting) > MAX_LASTING:
            self._lasting = {}
        self._lasting |= new  # not before all above is written through: others rely on it

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        """Remove the files of obstore's writers that were killed, which it names ``NAME#N``."""
        inside = f"{check_folder(folder)}/" if folder else ""
        root = self._folder / path_of(f"{inside}x").removesuffix("x")
        with translated(PLACE):
            for key, path in _list_left_over(root, inside.encode()):
                with suppress(FileNotFoundError):  # its writer was not killed, and has ended
                    is_old = path.stat().st_mtime < before.timestamp()
                    if is_old and re.fullmatch(names, key.rpartition("/")[2]):
                        path.unlink()

    def _head_if_there(self, key: FileKey) -> FileInfo | None:
        with suppress(NotFound):  # deleted since its directory was read
            return self.head(key)
        return None

    def _delete(self, paths: Sequence[str]) -> None:
        for path in paths:
            with suppress(FileNotFoundError, obs.NotFoundError):
                obstore.delete(self._store, path)

    def _path(self, key: FileKey) -> str:
        return path_of(key)


def _fsync(path: Path) -> int:
    """Write a file, or a folder's list of names, through to the disk; return its inode's number."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        return os.fstat(handle).st_ino
    finally:
        os.close(handle)


def _info(key: FileKey, found: os.stat_result) -> FileInfo:
    """Tell what the system knows of a file; each that is put has a number of its own."""
    return FileInfo(
        key=key,
        size=found.st_size,
        etag=f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}",
        modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
    )


def _read(file: FileIO, size: int) -> bytes:
    """Read so many bytes, or up to the end of a file that somebody has cut."""
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Chunks:
    """The rest of an open file, which is closed at its end, or when nobody wants it any more."""

    def __init__(self, key: FileKey, file: FileIO, size: int) -> None:
        self._key, self._file, self._size = key, file, size

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Read the next part."""
        with translated(PLACE, self._key):
            chunk = self._file.read(min(self._size, CHUNK_BYTES)) if self._size else b""
        if not chunk:
            self._file.close()
            raise StopIteration
        self._size -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file before its end."""
        self._file.close()

    __del__ = close


def _walk(folder: Path, prefix: bytes, after: bytes) -> Iterator[bytes]:
    """Yield the keys below a directory that come after a key, in order.

    What is there and was not put by us, under a name that we would not give, is passed by.
    """
    ways: list[tuple[bytes, Iterable[bytes]]] = []
    has_long_names = False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not OURS.fullmatch(entry.name):
                    continue
                end = entry.name[-1]
                if end not in "+~":
                    key = prefix + _unescape(entry.name)
                    if key > after and _is_key(key, entry):
                        ways.append((key, [key]))
                elif entry.is_dir():
                    has_long_names = has_long_names or end == "~"
                    start = prefix + _unescape(entry.name[:-1]) + (b"/" if end == "+" else b"")
                    if start > after or after.startswith(start):
                        ways.append((start, _walk(Path(entry.path), start, after)))
    except FileNotFoundError:
        return
    ways.sort(key=lambda way: way[0])
    if has_long_names:  # what such a name goes on with can come before or after the others
        yield from heapq.merge(*(keys for _, keys in ways))
    else:
        for _, keys in ways:
            yield from keys


def _is_key(key: bytes, entry: "os.DirEntry[str]") -> bool:
    """Tell whether a file is where we would put one of this key."""
    return entry.is_file() and _is_place(key, Path(entry.path))


def _is_place(key: bytes, place: Path) -> bool:
    try:
        path = path_of(FileKey(key.decode()))
    except (ValueError, Invalid):
        return False
    return place.as_posix().endswith(path)


def _list_left_over(folder: Path, prefix: bytes) -> Iterator[tuple[str, Path]]:
    """Yield keys, and the files that their writers make on the way; no link is followed."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if OURS.fullmatch(entry.name) and entry.name[-1] in "+~":
                end = b"/" if entry.name[-1] == "+" else b""
                inside = prefix + _unescape(entry.name[:-1]) + end
                yield from _list_left_over(Path(entry.path), inside)
        elif entry.is_file(follow_symlinks=False) and (left := LEFT_OVER.fullmatch(entry.name)):
            place = Path(entry.path).with_name(left[1])
            key = prefix + _unescape(left[1])
            if OURS.fullmatch(left[1]) and _is_place(key, place):
                yield key.decode(), Path(entry.path)
