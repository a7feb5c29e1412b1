"""An S3-compatible store.

Not every store does all that Amazon's does. What one lacks is found out when it is first needed,
remembered as long as the process lives, logged, and done in another way.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import obstore
from obstore import exceptions as obs
from obstore.store import S3Store

from inkcre.adapters.storage.s3_answers import NOT_PARTIAL, SERVER_FAULT, read_answer, tell
from inkcre.adapters.storage.shared import (
    DRIVER_ERRORS,
    MAX_CONDITIONAL_BYTES,
    ObstoreStorage,
    translate,
)
from inkcre.errors import (
    BadAnswer,
    Conflict,
    InkcreError,
    Misconfigured,
    NotFound,
    SurroundingsError,
    Unsupported,
)
from inkcre.ports.storage import (
    WAYS_ROUND,
    Content,
    FileContent,
    FileInfo,
    FileKey,
    Lack,
    StorageCapabilities,
    check_range,
    empty_range,
    gather,
)
from inkcre.sections.storage import S3Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

logger = logging.getLogger("inkcre.storage")

MAX_RETRIES = 5
"""Three seconds of tries, each wait twice as long and drawn at random: of what is 5xx or 429, and
of connections that break. With two, over within 0.4 s, a large upload failed when a store that was
busy reset a few connections."""

CONNECT_TIMEOUT = RETRY_TIMEOUT = timedelta(seconds=10)
"""obstore goes on for three minutes by default; whoever waits for an answer has left by then."""

READ_TIMEOUT = timedelta(seconds=60)
"""How long the store may be silent, also while it copies a large file."""

TIMEOUT = timedelta(days=1)
"""How long one file may take, in or out: as long as something comes."""

HEAD = "Error performing HEAD "
"""How obstore begins to tell of one."""

AUTO = "auto"
"""The region of stores that have none; Amazon has no such region."""

QUIET_SECONDS = 60.0
"""How long a fault that has been logged is not logged again: a store that is away fails every
request."""


class S3Storage(ObstoreStorage):
    """Files in a bucket."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(
        is_shared=True, keeps_content_type=True, max_conditional_bytes=MAX_CONDITIONAL_BYTES
    )

    def __init__(self, settings: S3Settings) -> None:
        if settings.endpoint is None and settings.region == AUTO:
            raise Misconfigured(
                "storage.region: is not set, and Amazon needs one",
                hint="set storage.region, or storage.endpoint for another store",
            )
        self._settings = settings
        self._lacks: set[Lack] = set()
        self._logged: dict[str, float] = {}
        super().__init__(lambda: store, "storage.bucket")
        with self._translated():
            # Deletes one file by a DELETE, and not by a list of one, which some stores refuse.
            store = self._make_store(deletes_singly=True)

    def _make_store(
        self, *, deletes_singly: bool = False, max_retries: int = MAX_RETRIES
    ) -> S3Store:
        # https://developmentseed.org/obstore/latest/api/store/aws/
        settings = self._settings
        options: S3Config = {"bucket": settings.bucket, "region": settings.region}
        if settings.endpoint:
            options["endpoint"] = settings.endpoint
            # Else a variable of the shell's, AWS_ENDPOINT_URL_S3, would come first.
            options["aws_endpoint_url_s3"] = settings.endpoint
        if settings.access_key_id:
            options["access_key_id"] = settings.access_key_id.get_secret_value()
        if settings.secret_access_key:
            options["secret_access_key"] = settings.secret_access_key.get_secret_value()
        return S3Store(
            client_options={
                # For an endpoint of one's own; Amazon's is https in any case.
                "allow_http": True,
                "connect_timeout": CONNECT_TIMEOUT,
                "read_timeout": READ_TIMEOUT,
                "timeout": TIMEOUT,
            },
            retry_config={"max_retries": max_retries, "retry_timeout": RETRY_TIMEOUT},
            disable_bulk_delete=deletes_singly,
            **options,
        )

    @cached_property
    def _bulk_store(self) -> S3Store:
        return self._make_store()

    @cached_property
    def _asking_store(self) -> S3Store:
        """What tries nothing twice: 501 is answered for good, and obstore tries it for seconds."""
        return self._make_store(max_retries=0)

    @property
    def lacks(self) -> frozenset[Lack]:
        """What has been found that the store cannot do."""
        return frozenset(self._lacks)

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        """Write a file whole."""
        if not if_absent:
            super().put(key, content, content_type=content_type)
            return
        content = gather(content, MAX_CONDITIONAL_BYTES)
        if "conditional puts" not in self._lacks:
            try:
                super().put(key, content, content_type=content_type, if_absent=True)
            except (BadAnswer, Unsupported) as error:
                self._require_refusal(error)
            else:
                return
        is_there = self._is_there(key)
        if not is_there:
            super().put(key, content, content_type=content_type)
        self._note("conditional puts")
        if is_there:
            raise Conflict(f"file {key}: is there already")

    def _is_there(self, key: FileKey) -> bool:
        with suppress(NotFound):
            self.head(key)
            return True
        return False

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        """Open a file to read it."""
        is_part = bool(start) or end is not None
        if not is_part or "ranges" not in self._lacks:
            try:
                return super().get(key, start=start, end=end)
            except BadAnswer as error:
                if not is_part or NOT_PARTIAL not in str(error.__cause__):
                    raise
        check_range(start, end)
        whole = super().get(key)
        self._note("ranges")
        stop = whole.end if end is None else min(end, whole.end)
        if start >= stop:
            raise empty_range()
        return FileContent(whole.info, start, stop, _cut(whole.chunks, start, stop))

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file."""
        try:
            return super().head(key)
        except (BadAnswer, Misconfigured):
            # An answer to HEAD has no body, so it does not say why: the one to GET does.
            return super().get(key).info

    def move(self, source: FileKey, target: FileKey) -> None:
        """Give a file another key."""
        if not self._copy(source, target):
            found = super().get(source)
            super().put(target, found.chunks, content_type=found.info.content_type)
            self._note("copies")
        self.delete([source])

    def _copy(self, source: FileKey, target: FileKey) -> bool:
        """Tell whether the store has copied a file."""
        if "copies" in self._lacks:
            return False
        try:
            with self._translated(source):
                obstore.copy(self._store, source, target)
        except (BadAnswer, Unsupported) as error:
            self._require_refusal(error)
            return False
        return True

    def _delete(self, paths: Sequence[str]) -> None:
        is_refused = False
        if len(paths) > 1 and "bulk deletes" not in self._lacks:
            try:
                obstore.delete(self._asking_store, paths)
            except DRIVER_ERRORS as error:
                answer = read_answer(error)
                is_refused = answer is not None and answer.is_refusal
                if not is_refused:
                    obstore.delete(self._bulk_store, paths)
                    return
            else:
                return
        self._delete_singly(paths)
        if is_refused:
            self._note("bulk deletes")

    def _delete_singly(self, paths: Sequence[str]) -> None:
        try:
            obstore.delete(self._store, paths)  # several at once
        except (FileNotFoundError, obs.NotFoundError):  # most stores pass by what is not there
            for path in paths:
                with suppress(FileNotFoundError, obs.NotFoundError):
                    obstore.delete(self._store, path)

    def _require_refusal(self, error: InkcreError) -> None:
        """Raise an error again unless it may be that the store does not know what it was asked."""
        answer = read_answer(error.__cause__)
        if answer is None or not answer.is_refusal:
            raise error

    def _note(self, lack: Lack) -> None:
        """Remember what the store lacks, when the way round it has worked."""
        if lack not in self._lacks:
            self._lacks.add(lack)
            logger.warning("storage.bucket: the store has no %s: %s", lack, WAYS_ROUND[lack])

    def _translate(self, error: Exception, key: str | None) -> InkcreError:
        answer = read_answer(error)
        told = answer and tell(answer, self._place)
        if NOT_PARTIAL in str(error):
            told = BadAnswer(f"{self._place}: the store answers with all of a file, not a part")
        told = told or translate(error, self._place, key)
        # A refused HEAD says nothing, and is asked again by GET.
        is_mute = answer is not None and answer.status < SERVER_FAULT and HEAD in str(error)
        if isinstance(told, SurroundingsError) and not is_mute:
            self._log(told, f"the store answers {answer}" if answer else type(error).__name__)
        return told

    def _log(self, error: SurroundingsError, why: str) -> None:
        now = time.monotonic()
        if now - self._logged.get(error.code, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._logged[error.code] = now
            hint = f"; {error.hint}" if error.hint else ""
            logger.warning("%s (%s)%s", error.message, why, hint)


def _cut(chunks: Iterable[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yield of a file's bytes those from one place up to before another."""
    place = 0
    for chunk in chunks:
        if part := chunk[max(start - place, 0) : stop - place]:
            yield part
        place += len(chunk)
        if place >= stop:
            return
