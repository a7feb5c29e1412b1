"""A backup as one file: a ZIP archive with a base's rows and the files that they name.

Anybody can open it without this program: ``base.sqlite3`` is a base of SQLite, the files are under
their digests, and ``manifest.json`` says of which versions it was made. What is cut off is seen: a
ZIP archive has its directory at its end.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.6)
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from inkcre.errors import NotFound, OperatorError
from inkcre.graph.files.files import digest_of_key
from inkcre.graph.storages import PREFIX
from inkcre.ports.storage import FileContent, FileInfo, FileKey
from inkcre.transfer.copies.files import Damaged

BASE = "base.sqlite3"
MANIFEST = "manifest.json"
FILES = "files"
FORMAT = 1
"""Of the archive. One of a later program has a higher number, and is refused."""

CHUNK = 256 * 1024
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)
"""What reading a damaged archive raises."""


class NoBackup(OperatorError):
    """Tell that a file is no backup, or one that cannot be read here."""

    code = "no_backup"


class DamagedBackup(OperatorError):
    """Tell that a part of a backup is not what it was when it was written."""

    code = "damaged_backup"


@dataclass(frozen=True)
class Manifest:
    """What a backup is."""

    made_at: str
    program: str
    """The version of the program that has made it."""

    revisions: dict[str, str]
    """The schema's, by the names of parts."""

    base_digest: str
    """The SHA-256 of ``base.sqlite3``, in hexadecimal digits."""

    base_bytes: int
    elsewhere: list[str] = field(default_factory=list)
    """Files that blocks name and that are in an archive before this one, as blocks call them."""

    missing: list[str] = field(default_factory=list)
    """Files that blocks name and that the storage did not have, or had damaged."""

    format: int = FORMAT

    def written(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def read(cls, name: str, content: bytes) -> Self:
        """Read one.

        Raises:
            NoBackup: it is none, or one of a program to come.
        """
        try:
            said = json.loads(content)
            known = {key: said[key] for key in cls.__dataclass_fields__ if key in said}
            if said["format"] > FORMAT:
                raise NoBackup(
                    f"{name}: made by a later program, {said['program']}",
                    hint="restore it with that one, or a later one",
                )
            datetime.fromisoformat(said["made_at"])
            return cls(**known)
        except (ValueError, TypeError, KeyError) as error:
            raise NoBackup(f"{name}: its manifest makes no sense") from error


def write_archive(
    base: Path,
    files: Iterable[FileContent],
    describe: Callable[[str, int], Manifest],
    now: datetime,
) -> Iterator[bytes]:
    """Yield an archive, a part at a time.

    Args:
        base: the SQLite file with the rows.
        files: each is read once; what they raise ends it all.
        describe: makes the manifest of the base's digest and size, when the files have been read.
        now: when it is made.
    """
    sink = _Sink()
    digest = hashlib.sha256()
    with zipfile.ZipFile(sink, "w") as archive:
        for chunk in _read(base):
            digest.update(chunk)
        yield from _write_member(archive, sink, _member(BASE, now, deflates=True), _read(base))
        for found in files:
            info = _member(f"{FILES}/{digest_of_key(found.info.key)}", now, deflates=False)
            yield from _write_member(archive, sink, info, found.chunks)
        manifest = describe(digest.hexdigest(), base.stat().st_size)
        info = _member(MANIFEST, now, deflates=True)
        yield from _write_member(archive, sink, info, [manifest.written()])
    yield sink.take()


def _member(name: str, now: datetime, *, deflates: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, now.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED if deflates else zipfile.ZIP_STORED
    info.external_attr = 0o600 << 16  # it may be private
    return info


def _write_member(
    archive: zipfile.ZipFile, sink: "_Sink", info: zipfile.ZipInfo, chunks: Iterable[bytes]
) -> Iterator[bytes]:
    # Its size is not known before: a file of more than 2 GiB needs the longer fields.
    with archive.open(info, "w", force_zip64=True) as member:
        for chunk in chunks:
            member.write(chunk)
            yield sink.take()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


class _Sink(io.RawIOBase):
    """Takes what an archive's writer writes, and gives it on; it cannot go back."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, given: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += given
        return len(given)

    def take(self) -> bytes:
        """Return what has come since the last time."""
        taken = bytes(self._held)
        self._held.clear()
        return taken


class Archive:
    """A backup that is there, to be read."""

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self.path = path
        self._opened = opened
        self._members = {info.filename: info for info in opened.infolist()}
        if MANIFEST not in self._members or BASE not in self._members:
            raise NoBackup(f"{path}: a ZIP archive, and no backup of ours")
        try:
            self.manifest = Manifest.read(str(path), b"".join(self._chunks(MANIFEST)))
        except Damaged as error:
            raise DamagedBackup(f"{path}: {MANIFEST} is damaged") from error

    def take_out_base(self, path: Path) -> None:
        """Write the rows to a file.

        Raises:
            DamagedBackup: they are not what they were.
        """
        digest = hashlib.sha256()
        damage = DamagedBackup(f"{self.path}: {BASE} is damaged", hint="take an earlier backup")
        try:
            with path.open("wb") as stream:
                for chunk in self._chunks(BASE):
                    digest.update(chunk)
                    stream.write(chunk)
        except Damaged as error:
            raise damage from error
        if digest.hexdigest() != self.manifest.base_digest:
            raise damage

    def names(self) -> list[str]:
        """Return the files that are in it, or in one before it, as blocks call them."""
        here = [name.removeprefix(f"{FILES}/") for name in self._members]
        mine = [f"{PREFIX}{name}" for name in here if name not in self._members]
        return [*mine, *self.manifest.elsewhere]

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file.

        Raises:
            NotFound: it is not in this archive.
        """
        digest = digest_of_key(key)
        member = self._members.get(f"{FILES}/{digest}")
        if member is None:
            raise NotFound(f"{self.path}: file {digest} is not in it")
        made_at = datetime.fromisoformat(self.manifest.made_at)
        return FileInfo(key, member.file_size, digest, made_at)

    def get(self, key: FileKey) -> FileContent:
        """Open a file, to be read once to its end.

        Raises:
            NotFound: it is not in this archive.
            Damaged: as it is read: it cannot be.
        """
        info = self.head(key)
        return FileContent(info, 0, info.size, self._chunks(f"{FILES}/{info.etag}"))

    def _chunks(self, member: str) -> Iterator[bytes]:
        try:
            with self._opened.open(self._members[member]) as stream:
                yield from iter(lambda: stream.read(CHUNK), b"")
        except UNREADABLE as error:
            raise Damaged(f"{self.path}: {member}") from error


class Archives:
    """A backup and those before it, which have the files that it has not."""

    def __init__(self, archives: Sequence[Archive]) -> None:
        self._archives = archives

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file.

        Raises:
            NotFound: it is in none of them.
        """
        return self._find(key).head(key)

    def get(self, key: FileKey) -> FileContent:
        """Open a file, to be read once to its end.

        Raises:
            NotFound: it is in none of them.
            Damaged: as it is read: it cannot be.
        """
        return self._find(key).get(key)

    def _find(self, key: FileKey) -> Archive:
        for archive in self._archives:
            with suppress(NotFound):
                archive.head(key)
                return archive
        raise NotFound(f"file {digest_of_key(key)}: not in the backup")


def open_archive(path: Path, stack: ExitStack) -> Archive:
    """Open a backup; the stack closes it.

    Raises:
        NoBackup: it is none; it was cut off; it cannot be read.
    """
    try:
        opened = stack.enter_context(zipfile.ZipFile(path))
    except OSError as error:
        raise NoBackup(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    except zipfile.BadZipFile as error:
        raise NoBackup(f"{path}: no backup, or one that was cut off") from error
    return Archive(path, opened)
