"""Any storage below a prefix, so that bases can share a bucket."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from inkcre.ports.keys import MAX_LISTED
from inkcre.ports.storage import (
    Content,
    FileContent,
    FileInfo,
    FileKey,
    FilePage,
    Lack,
    Storage,
    StorageCapabilities,
    check_folder,
    lacks_of,
)


class PrefixedStorage:
    """Another storage, in which every key begins with a prefix that nobody sees."""

    def __init__(self, inner: Storage, prefix: str) -> None:
        self._inner, self._prefix = inner, f"{prefix}/"

    @property
    def capabilities(self) -> StorageCapabilities:
        """Declare what the other storage declares."""
        return self._inner.capabilities

    @property
    def lacks(self) -> frozenset[Lack]:
        """Tell what the other storage was found to lack."""
        return lacks_of(self._inner)

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        """Write a file whole."""
        self._inner.put(self._into(key), content, content_type=content_type, if_absent=if_absent)

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it."""
        found = self._inner.get(self._into(key), start=start, end=end)
        return replace(found, info=self._out_of(found.info))

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file."""
        return self._out_of(self._inner.head(self._into(key)))

    def move(self, source: FileKey, target: FileKey) -> None:
        """Give a file another key."""
        self._inner.move(self._into(source), self._into(target))

    def sync(self, key: FileKey) -> None:
        """Return when a file would survive a power cut."""
        self._inner.sync(self._into(key))

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        """Remove what killed writers have left."""
        self._inner.tidy(self._folder(folder), names, before)

    def delete(self, keys: Iterable[FileKey]) -> None:
        """Remove files."""
        self._inner.delete(self._into(key) for key in keys)

    def list(
        self, folder: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> FilePage:
        """List the files below a folder."""
        page = self._inner.list(self._folder(folder), cursor=cursor, limit=limit)
        return replace(page, files=tuple(map(self._out_of, page.files)))

    def _folder(self, folder: str) -> str:
        return f"{self._prefix}{check_folder(folder)}".removesuffix("/")

    def _into(self, key: FileKey) -> FileKey:
        return FileKey(f"{self._prefix}{key}")

    def _out_of(self, info: FileInfo) -> FileInfo:
        return replace(info, key=FileKey(info.key.removeprefix(self._prefix)))
