"""The storage port: files by key.

A key is a path of names parted by ``/``. It is checked once, when a ``FileKey`` is made of it, so
an adapter takes every key that it is given. Upper and lower case, and the normal forms of Unicode,
are different keys in every place, also where the disk underneath would mix them up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

from inkcre.errors import Invalid, TooLarge
from inkcre.ports.keys import MAX_LISTED, check_key

MAX_KEY_BYTES = 1024
"""As S3 and R2 have it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


class FileKey(str):
    """A key of a file: 1 to 1,024 bytes of UTF-8 without control characters.

    None of its names is empty, ``.`` or ``..``; everything else is a plain character: ``%2e``,
    ``?``, ``#``, spaces, backslashes.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check a key.

        Raises:
            Invalid: it is no key of a file.
        """
        check_key(text, MAX_KEY_BYTES)
        if any(name in ("", ".", "..") for name in text.split("/")):
            raise Invalid('has a name that is empty, "." or ".."', field="key")
        return super().__new__(cls, text)


Content = bytes | Iterable[bytes]
"""What is put: all of it, or parts of any size. An error that the parts raise ends the put, which
leaves nothing behind, and comes out of it as it is."""


@dataclass(frozen=True)
class StorageCapabilities:
    """What an adapter declares of itself."""

    is_shared: bool
    """Whether several processes on several machines see the same files."""

    keeps_content_type: bool
    """Whether a file's content type comes back; otherwise it is None."""

    max_conditional_bytes: int
    """How large a file may be that is put only if there is none."""

    outlives_process: bool = True
    """Whether files are there when the process is not: so that two bases can meet in one."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What is known of a file."""

    key: FileKey
    size: int
    """In bytes."""

    etag: str
    """Opaque, without quotes; another one when the file is another."""

    modified_at: datetime
    """When it was put, as its place's clock says; with a time zone."""

    content_type: str | None = None
    """As it was put. None in a listing, and where the adapter keeps none."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file, or a part of one, as it is read."""

    info: FileInfo
    start: int
    """The first byte's place in the file."""

    end: int
    """The place after the last byte."""

    chunks: Iterator[bytes]
    """The bytes, in parts of any size; can be gone through once. Whoever does not go to their end
    calls their ``close``, if they have one."""

    def read(self) -> bytes:
        """Return all the bytes at once."""
        return b"".join(self.chunks)


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of a listing."""

    files: tuple[FileInfo, ...]
    cursor: str | None
    """Where the next page begins; opaque. None: this is the last one."""


class Storage(Protocol):
    """Files by key.

    Every method may raise ``Unavailable`` (nobody answers) and ``Misconfigured`` (the place is
    not as the settings say, or may not be used). A file is never seen half written, and a writer
    that is killed leaves nothing that can be seen.
    """

    capabilities: ClassVar[StorageCapabilities]

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        """Write a file whole; one of the same key is replaced unless ``if_absent``.

        Parts are not gathered in memory, but for a file that is put ``if_absent``. Of several that
        are put at once under one key, one is there at the end; of those ``if_absent``, the first.

        Raises:
            Conflict: ``if_absent``, and there is a file of this key.
            TooLarge: ``if_absent``, and larger than ``capabilities.max_conditional_bytes``.
            QuotaExceeded: there is no room left.
            ReadOnly: the place takes no writes.
        """

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it from ``start`` up to before ``end``, at most to its end.

        Raises:
            NotFound: there is no such file.
            Invalid: the range has no byte in it; a whole file may be empty.
        """

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file.

        Raises:
            NotFound: there is no such file.
        """

    def move(self, source: FileKey, target: FileKey) -> None:
        """Give a file another key; a file that has it is replaced. The content type stays.

        Whoever looks finds the whole file at either key, for a moment perhaps at both.

        Raises:
            NotFound: there is no such file.
        """

    def sync(self, key: FileKey) -> None:
        """Return when a file that is there would survive a power cut, name and all.

        Raises:
            NotFound: there is no such file.
        """

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        """Remove what writers below a folder that were killed before a time have left.

        Of keys whose last name matches ``names``, a regular expression, as a whole. Nothing else
        is removed, whatever it is called; nor anything where the place sees to it.
        """

    def delete(self, keys: Iterable[FileKey]) -> None:
        """Remove files, any number of them; those that are not there are passed by."""

    def list(
        self, folder: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> FilePage:
        """List the files below a folder, in the order of their keys' bytes.

        ``folder`` is one or more whole names: ``a`` has ``a/b`` in it, not ``ab`` nor ``a``. All
        files are below "". A page has at most ``limit`` files, which is at most ``MAX_LISTED``,
        and may have fewer although others follow. A file that is there from the first page to
        the last is listed once, whatever is put and deleted meanwhile.

        Raises:
            Invalid: the cursor is not one of this adapter's.
        """


@runtime_checkable
class InFolder(Protocol):
    """A storage that is a folder of this machine."""

    @property
    def folder(self) -> Path:
        """Where the files are."""

    def use(self, folder: Path) -> None:
        """Keep files in another folder, before any has been looked for."""


Lack = Literal["bulk deletes", "conditional puts", "ranges", "copies"]
"""What a place may not be able to do, so that its adapter does it in another way."""

WAYS_ROUND: dict[Lack, str] = {
    "bulk deletes": "files are deleted one by one",
    "conditional puts": "it puts over what is there, so nothing is deleted by itself",
    "ranges": "files are read from their beginning",
    "copies": "files are moved through this machine",
}
"""What comes of it."""


@runtime_checkable
class Lacking(Protocol):
    """A storage whose place may lack something, which shows when it is first needed."""

    @property
    def lacks(self) -> frozenset[Lack]:
        """What it has been found to lack."""


def lacks_of(storage: "Storage") -> frozenset[Lack]:
    """Return what a storage's place has been found to lack."""
    return storage.lacks if isinstance(storage, Lacking) else frozenset()


State = Literal["ours", "contested", "taken", "unclaimed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a base stands to its storage."""

    state: State
    base: str
    """The base's id."""

    storage: str = ""
    """The storage's id; "" where nobody has given it one."""

    holder: str | None = None
    """The id of the base that has last claimed the storage."""

    epoch: int = 0
    """The number of that claim."""


KEEP_DAYS = 30
"""How long a file stays that was let go: never shorter than what is undone is remembered."""


@dataclass
class Tenure:
    """What is remembered of a storage between invocations: how the base stood to it."""

    claim: str | None = None
    """Of which base the storage is to be taken over: ``storage.claim``."""

    keep_days: int = KEEP_DAYS
    """How long files stay that were let go: ``storage.keep_days``."""

    standing: Standing | None = None
    looked_at: float = 0.0
    """When that was, by ``time.monotonic``."""


def check_folder(folder: str) -> str:
    """Return a folder's name if it is one.

    Raises:
        Invalid: it is not.
    """
    return FileKey(folder) if folder else folder


def check_range(start: int, end: int | None) -> None:
    """Raise unless a range has a byte in it, in a file that is long enough.

    Raises:
        Invalid: it has none.
    """
    if start < 0 or (end is not None and end <= start):
        raise empty_range()


def empty_range() -> Invalid:
    """Make the error of a range without a byte in it."""
    return Invalid("there is no byte of the file in it", field="range")


def gather(content: Content, max_bytes: int) -> bytes:
    """Return content as one, for what has to be put at once.

    Raises:
        TooLarge: it is larger than ``max_bytes``.
    """
    gathered: list[bytes] = []
    size = 0
    for part in (content,) if isinstance(content, bytes) else content:
        gathered.append(part)
        size += len(part)
        if size > max_bytes:
            raise TooLarge(f"file: larger than {max_bytes} bytes, and to be put if there is none")
    return b"".join(gathered)


def first_part(content: Content, size: int) -> tuple[bytes, Iterator[bytes] | None]:
    """Take at least ``size`` bytes off the front, and give the rest; None when that was all."""
    if isinstance(content, bytes):
        return content, None
    parts = iter(content)
    first: list[bytes] = []
    taken = 0
    for part in parts:
        first.append(part)
        taken += len(part)
        if taken >= size:
            return b"".join(first), parts
    return b"".join(first), None
