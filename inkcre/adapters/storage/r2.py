"""Cloudflare R2, by its binding.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import ClassVar

from inkcre.errors import Conflict, InkcreError, NotFound, TooLarge, Unavailable
from inkcre.javascript import (
    JsProxy,
    StreamChunks,
    make_array,
    make_bytes,
    make_object,
    wait_for,
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
)
from inkcre.sections.storage import R2Settings

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

    def __init__(self, settings: R2Settings, lend: Callable[[], JsProxy]) -> None:
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
        """Write a file whole; one of more than a part in parts, of which one is held in memory."""
        held = bytearray()
        upload: _Upload | None = None
        try:
            for part in (content,) if isinstance(content, bytes) else content:
                held += part
                if if_absent and len(held) > PART_BYTES:
                    raise TooLarge(f"file: larger than {PART_BYTES} bytes, and to be put if absent")
                while len(held) > PART_BYTES:
                    upload = upload or self._begin(key, content_type)
                    upload.add(held, PART_BYTES)
            if upload is None:
                self._put_whole(key, held, content_type, if_absent=if_absent)
            else:
                upload.add(held, len(held))
                upload.complete()
        except BaseException:
            if upload is not None:
                upload.abort()
            raise

    def _put_whole(
        self, key: FileKey, content: bytearray, content_type: str | None, *, if_absent: bool
    ) -> None:
        only_if = {"etagDoesNotMatch": "*"} if if_absent else None
        options = make_object({"httpMetadata": _metadata(content_type), "onlyIf": only_if})
        with self._translated(key):
            stored = wait_for(self._lend().put(key, make_bytes(content), options))
        if stored is None:
            raise Conflict(f"file {key}: is there already")

    def _begin(self, key: FileKey, content_type: str | None) -> "_Upload":
        options = make_object({"httpMetadata": _metadata(content_type)})
        with self._translated(key):
            upload = wait_for(self._lend().createMultipartUpload(key, options))
        return _Upload(upload, lambda: self._translated(key))

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

    def sync(self, key: FileKey) -> None:
        """Raise unless a file is there: R2 answers when what it has been given is safe."""
        self.head(key)

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        """Do nothing: R2 gives up uploads that were cut off after a week."""

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
            while page.truncated and not page.objects.length:  # it may look and find nothing
                page = wait_for(self._lend().list(make_object({**wanted, "cursor": page.cursor})))
            found = tuple(_listed(item) for item in page.objects)
        return FilePage(found, encode_cursor(found[-1].key) if page.truncated and found else None)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        from pyodide.ffi import JsException

        try:
            yield
        except JsException as error:
            raise translate(str(error), setting=self._setting, key=key) from error


def _info(key: FileKey, found: JsProxy) -> FileInfo:
    """Translate into the port's words what R2 knows of a file: an R2Object, or nothing."""
    if found is None:
        raise NotFound(f"file {key}: not found")
    kept = getattr(found.httpMetadata, "contentType", None) if found.httpMetadata else None
    return replace(_listed(found), content_type=kept)


def _listed(found: JsProxy) -> FileInfo:
    return FileInfo(
        key=FileKey(found.key),
        size=int(found.size),
        etag=str(found.etag),
        modified_at=datetime.fromtimestamp(found.uploaded.getTime() / 1000, UTC),
    )


class _Upload:
    """A file on its way in parts: https://developers.cloudflare.com/r2/objects/multipart-objects/."""

    def __init__(
        self, upload: JsProxy, translated: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._upload = upload
        self._translated = translated
        self._parts: list[JsProxy] = []

    def add(self, held: bytearray, size: int) -> None:
        """Send the next part, the first bytes of what is held, and hold them no longer."""
        with self._translated(), memoryview(held) as view, view[:size] as part:
            number = len(self._parts) + 1
            self._parts.append(wait_for(self._upload.uploadPart(number, make_bytes(part))))
        del held[:size]

    def complete(self) -> None:
        """Put the parts together: the file is there from now on."""
        with self._translated():
            wait_for(self._upload.complete(make_array(self._parts)))

    def abort(self) -> None:
        """Abandon what has been sent; R2 does so by itself after a week."""
        with suppress(InkcreError), self._translated():
            wait_for(self._upload.abort())


def _metadata(content_type: str | None) -> dict[str, str] | None:
    return {"contentType": content_type} if content_type else None


def translate(message: str, *, setting: str, key: str) -> InkcreError:
    """Translate into the port's words what R2 said: ``Error: get: <words> (<code>)``.

    https://developers.cloudflare.com/r2/api/error-codes/
    """
    if message.endswith(TOO_LARGE_CODE):
        return TooLarge(f"file {key}: larger than R2 takes")
    return Unavailable(f"{setting}: no answer")
