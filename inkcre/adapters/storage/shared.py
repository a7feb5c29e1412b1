"""What the storage adapters for processes share: obstore, and its errors in the port's words.

https://developmentseed.org/obstore/latest/
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

import obstore
from obstore import exceptions as obs
from obstore.store import ObjectStore

from inkcre.errors import (
    Conflict,
    InkcreError,
    InvariantBroken,
    Misconfigured,
    NotFound,
    QuotaExceeded,
    ReadOnly,
    Unavailable,
)
from inkcre.ports.keys import MAX_LISTED, decode_cursor, encode_cursor
from inkcre.ports.storage import (
    Content,
    FileContent,
    FileInfo,
    FileKey,
    FilePage,
    StorageCapabilities,
    check_folder,
    check_range,
    empty_range,
    first_part,
    gather,
)

if TYPE_CHECKING:
    from obstore import Attributes

DRIVER_ERRORS = (obs.BaseError, OSError, NotImplementedError)

CHUNK_BYTES = 256 * 1024
"""How much is read at a time."""

MAX_CONDITIONAL_BYTES = 16 * 1024 * 1024
"""obstore puts a file that must not be there yet in one request, out of memory."""

MAX_DELETED = 1000
"""How many keys one request may delete:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class ObstoreStorage:
    """Files in any of obstore's stores."""

    part_bytes: ClassVar[int] = 5 * 1024 * 1024
    """What is written at a time; S3 takes no less, but for the last part:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

    capabilities: ClassVar[StorageCapabilities]

    def __init__(self, open_store: Callable[[], ObjectStore], place: str) -> None:
        """Take what opens a store when it is first used; ``place`` is the setting that chose it."""
        self._open_store = open_store
        self._place = place

    @cached_property
    def _store(self) -> ObjectStore:
        return self._open_store()

    @contextmanager
    def _translated(self, key: str | None = None) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as error:
            raise self._translate(error, key) from error

    def _translate(self, error: Exception, key: str | None) -> InkcreError:
        return translate(error, self._place, key)

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        """Write a file whole."""
        if if_absent:
            content = gather(content, MAX_CONDITIONAL_BYTES)
        first, rest = first_part(content, self.part_bytes)
        attributes = self._attributes(content_type)
        if rest is not None:
            self._put_in_parts(key, chain((first,), rest), attributes)
            return
        with self._translated(key):
            obstore.put(
                self._store,
                self._path(key),
                first,
                attributes=attributes,
                mode="create" if if_absent else "overwrite",
                use_multipart=False,
            )

    def _put_in_parts(
        self, key: FileKey, parts: Iterator[bytes], attributes: "Attributes | None"
    ) -> None:
        # Not by obstore.put, which goes through the parts inside its own runtime: they cannot come
        # out of another of its stores then ("Cannot start a runtime from within a runtime").
        with self._translated(key):
            writer = obstore.open_writer(
                self._store,
                self._path(key),
                attributes=attributes,
                buffer_size=self.part_bytes,
                max_concurrency=1,  # each more is a part more in memory
            )
        try:
            for part in parts:
                with self._translated(key):
                    writer.write(part)
        except BaseException as error:
            with suppress(*DRIVER_ERRORS):  # it gives up what has been written
                writer.__exit__(type(error), error, error.__traceback__)
            raise
        with self._translated(key):
            writer.close()

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it."""
        check_range(start, end)
        with self._translated(key):
            if end is not None:
                found = obstore.get(self._store, self._path(key), options={"range": (start, end)})
            elif start:
                found = obstore.get(
                    self._store, self._path(key), options={"range": {"offset": start}}
                )
            else:
                found = obstore.get(self._store, self._path(key))
            info = make_info(key, found.meta, found.attributes.get("Content-Type"))
            start, stop = found.range
            if stop - start <= CHUNK_BYTES:  # half the time of a stream of one chunk
                chunks = iter((bytes(found.bytes()),))
            else:
                chunks = self._chunks(key, found)
        return FileContent(info, start, stop, chunks)

    def _chunks(self, key: FileKey, found: "obstore.GetResult") -> Iterator[bytes]:
        with self._translated(key):
            for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file."""
        with self._translated(key):
            if not self.capabilities.keeps_content_type:
                return make_info(key, obstore.head(self._store, self._path(key)))
            found = obstore.get(self._store, self._path(key), options={"head": True})
            return make_info(key, found.meta, found.attributes.get("Content-Type"))

    def move(self, source: FileKey, target: FileKey) -> None:
        """Give a file another key."""
        with self._translated(source):
            obstore.rename(self._store, self._path(source), self._path(target))

    def sync(self, key: FileKey) -> None:
        """Raise unless a file is there: a store answers when what it has been given is safe."""
        self.head(key)

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        """Do nothing: there is no way to ask for uploads that were cut off."""

    def delete(self, keys: Iterable[FileKey]) -> None:
        """Remove files."""
        waiting = iter(keys)
        while some := [self._path(key) for key in islice(waiting, MAX_DELETED)]:
            with self._translated(some[0]):
                self._delete(some)

    def _delete(self, paths: Sequence[str]) -> None:
        obstore.delete(self._store, paths)

    def list(
        self, folder: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> FilePage:
        """List the files below a folder."""
        after = decode_cursor(cursor) if cursor else None
        with self._translated():
            pages = obstore.list(
                self._store, check_folder(folder) or None, offset=after, chunk_size=limit
            )
            found = tuple(make_info(FileKey(m["path"]), m) for m in islice(chain(*pages), limit))
        more = len(found) == limit
        return FilePage(found, encode_cursor(found[-1].key) if more else None)

    def _path(self, key: FileKey) -> str:
        return str(key)

    def _attributes(self, content_type: str | None) -> "Attributes | None":
        if content_type is None or not self.capabilities.keeps_content_type:
            return None
        return {"Content-Type": content_type}


def make_info(
    key: FileKey, meta: "obstore.ObjectMeta", content_type: str | None = None
) -> FileInfo:
    """Translate into the port's words what obstore knows of a file."""
    return FileInfo(
        key=key,
        size=meta["size"],
        etag=(meta["e_tag"] or "").strip('"'),
        modified_at=meta["last_modified"],
        content_type=content_type,
    )


@contextmanager
def translated(place: str, key: str | None = None) -> Iterator[None]:
    """Translate into the port's words what obstore says, which quotes whole addresses and paths."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error, place, key) from error


def translate(error: Exception, place: str, key: str | None) -> InkcreError:
    """Return in the port's words what obstore says of a place, or of a file there."""
    is_missing = isinstance(error, (FileNotFoundError, obs.NotFoundError))
    if is_missing or "NoSuchBucket" in str(error):
        if key is None or "NoSuchBucket" in str(error):
            return Misconfigured(f"{place}: not there", hint="make it, or name another")
        return NotFound(f"file {key}: not found")
    if isinstance(error, (obs.AlreadyExistsError, obs.PreconditionError)):
        return Conflict(f"file {key}: is there already")
    if isinstance(error, (PermissionError, obs.PermissionDeniedError, obs.UnauthenticatedError)):
        return Misconfigured(f"{place}: permission denied", hint="check the rights and the keys")
    if isinstance(error, (OSError, obs.GenericError)):
        return _translate_text(str(error), getattr(error, "errno", None), place)
    return InvariantBroken(f"{place}: {type(error).__name__}")


def _translate_text(text: str, number: int | None, place: str) -> InkcreError:
    """Tell faults apart that obstore gives one class: the number stands in the text only."""

    def has(code: int) -> bool:
        return number == code or f"os error {code})" in text

    if "InvalidRange" in text or "StartTooLarge" in text:
        return empty_range()
    if has(errno.ENOSPC) or has(errno.EDQUOT):
        return QuotaExceeded(f"{place}: there is no room left")
    if has(errno.EROFS):
        return ReadOnly(f"{place}: nothing can be written there", hint="name another place")
    for code in (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG):
        if has(code):
            return Misconfigured(f"{place}: {os.strerror(code).lower()}", hint="name another place")
    return Unavailable(f"{place}: no answer")
