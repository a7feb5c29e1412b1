"""Cloudflare R2, by its binding.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, ClassVar

from inkcre.adapters.javascript import StreamChunks, make_array, make_bytes, make_object, wait_for
from inkcre.errors import Conflict, InkcreError, NotFound, TooLarge, Unavailable
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
from inkcre.settings.sections.storage import R2Settings

PART_BYTES = 5 * 1024 * 1024
"""The least that a part but the last may have:
https://developers.cloudflare.com/r2/objects/multipart-objects/"""

MAX_DELETED = 1000
"""How many keys one call may delete:
https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions"""

TOO_LARGE_CODE = "(100100)"
"""https://developers.cloudflare.com/r2/api/error-codes/"""


class R2Storage:
    """Files in a bucket, for one invocation."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(
        is_shared=True, keeps_content_type=True, max_conditional_bytes=PART_BYTES
    )

    def __init__(self, settings: R2Settings, lend: Callable[[], Any]) -> None:
        self._setting = f"bindings.{settings.binding}"
        self._lend = lend

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        """Write a file whole; one of more than a part in parts, each held in memory by itself."""
        if if_absent:
            content = gather(content, PART_BYTES)
        first, rest = first_part(content, PART_BYTES)
        kept = {"contentType": content_type} if content_type else None
        if rest is not None:
            self._put_in_parts(key, chain((first,), rest), kept)
            return
        only_if = {"etagDoesNotMatch": "*"} if if_absent else None
        with self._translated(key):
            stored = wait_for(
                self._lend().put(
                    key, make_bytes(first), make_object({"httpMetadata": kept, "onlyIf": only_if})
                )
            )
        if stored is None:
            raise Conflict(f"file {key}: is there already")

    def _put_in_parts(
        self, key: FileKey, parts: Iterator[bytes], kept: dict[str, str] | None
    ) -> None:
        with self._translated(key):
            upload = wait_for(
                self._lend().createMultipartUpload(key, make_object({"httpMetadata": kept}))
            )
        try:
            with self._translated(key):
                uploaded = [
                    wait_for(upload.uploadPart(number, make_bytes(part)))
                    for number, part in enumerate(_cut(parts), start=1)
                ]
                wait_for(upload.complete(make_array(uploaded)))
        except BaseException:
            with self._translated(key):
                wait_for(upload.abort())
            raise

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it."""
        check_range(start, end)
        length = None if end is None else end - start
        wanted = {"offset": start, "length": length} if start or end is not None else None
        try:
            with self._translated(key):
                found = wait_for(self._lend().get(key, make_object({"range": wanted})))
                info = _info(key, found)
                stop = info.size if end is None else min(end, info.size)
                return FileContent(info, start, stop, StreamChunks(found.body))
        except Unavailable:
            # It says in more than one way that a range begins behind the end.
            if wanted and self.head(key).size <= start:
                raise empty_range() from None
            raise

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file."""
        with self._translated(key):
            return _info(key, wait_for(self._lend().head(key)))

    def move(self, source: FileKey, target: FileKey) -> None:
        """Give a file another key; its bytes go from R2 to R2, and not through Python."""
        with self._translated(source):
            found = wait_for(self._lend().get(source))
            _info(source, found)
            kept = make_object({"httpMetadata": found.httpMetadata})
            wait_for(self._lend().put(target, found.body, kept))
            wait_for(self._lend().delete(source))

    def delete(self, keys: Iterable[FileKey]) -> None:
        """Remove files."""
        waiting = iter(keys)
        while some := list(islice(waiting, MAX_DELETED)):
            with self._translated(some[0]):
                wait_for(self._lend().delete(make_array(some)))

    def list(
        self, folder: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> FilePage:
        """List the files below a folder."""
        after = decode_cursor(cursor) if cursor else None
        prefix = f"{check_folder(folder)}/" if folder else None
        wanted = {"prefix": prefix, "startAfter": after, "limit": limit}
        with self._translated(folder):
            page = wait_for(self._lend().list(make_object(wanted)))
            found = tuple(_listed(item) for item in page.objects)
        return FilePage(found, encode_cursor(found[-1].key) if page.truncated and found else None)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        from pyodide.ffi import JsException

        try:
            yield
        except JsException as error:
            raise translate(str(error), setting=self._setting, key=key) from error


def _info(key: FileKey, found: Any) -> FileInfo:
    """Say in the port's words what R2 knows of a file: an R2Object, or nothing."""
    if found is None:
        raise NotFound(f"file {key}: not found")
    kept = getattr(found.httpMetadata, "contentType", None) if found.httpMetadata else None
    return replace(_listed(found), content_type=kept)


def _listed(found: Any) -> FileInfo:
    return FileInfo(
        key=FileKey(found.key),
        size=int(found.size),
        etag=str(found.etag),
        modified_at=datetime.fromtimestamp(found.uploaded.getTime() / 1000, UTC),
    )


def _cut(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Cut content anew: R2 wants all parts but the last of one size."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        while size > PART_BYTES:
            joined = b"".join(held)
            yield joined[:PART_BYTES]
            held, size = [joined[PART_BYTES:]], size - PART_BYTES
    yield b"".join(held)


def translate(message: str, *, setting: str, key: str) -> InkcreError:
    """Say in the port's words what R2 said: ``Error: get: <words> (<code>)``.

    https://developers.cloudflare.com/r2/api/error-codes/
    """
    if message.endswith(TOO_LARGE_CODE):
        return TooLarge(f"file {key}: larger than R2 takes")
    return Unavailable(f"{setting}: no answer")
