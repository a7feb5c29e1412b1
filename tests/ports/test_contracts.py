"""The contracts themselves: an adapter that breaks one promise fails the test that is about it."""

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from inkcre.assembly.assembly import build_keyvalue, build_storage
from inkcre.errors import InkcreError, NotFound
from inkcre.ports.keyvalue import KeyPage, ValueKey
from inkcre.ports.storage import Content, FileContent, FileInfo, FileKey, FilePage
from inkcre.testing.ports import KeyValueContract, StorageContract
from tests.conftest import sqlite_settings


class Wrapped:
    """A good adapter, of which a derived class breaks something."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Overwrites(Wrapped):
    """Puts what is only to be put if there is nothing."""

    def put(self, key: FileKey, content: Content, *, content_type: str | None = None, if_absent: bool = False) -> None:  # fmt: skip
        self.inner.put(key, content, content_type=content_type)


class LooksFirst(Wrapped):
    """Looks whether there is something, and puts then: two at once both find nothing."""

    def put(self, key: FileKey, content: Content, *, content_type: str | None = None, if_absent: bool = False) -> None:  # fmt: skip
        if if_absent:
            try:
                self.inner.head(key)
            except NotFound:
                time.sleep(0.05)
                self.inner.put(key, content, content_type=content_type)
                return
        self.inner.put(key, content, content_type=content_type, if_absent=if_absent)


class WritesInPieces(Wrapped):
    """Puts each part as it comes."""

    def put(self, key: FileKey, content: Content, *, content_type: str | None = None, if_absent: bool = False) -> None:  # fmt: skip
        so_far = b""
        for part in (content,) if isinstance(content, bytes) else content:
            so_far += part
            time.sleep(0.01)
            self.inner.put(key, so_far, content_type=content_type)


class ForgetsTypes(Wrapped):
    """Keeps no content type, and says that it does."""

    def put(self, key: FileKey, content: Content, *, content_type: str | None = None, if_absent: bool = False) -> None:  # fmt: skip
        self.inner.put(key, content, if_absent=if_absent)


class MixesCase(Wrapped):
    """Takes two keys for one, as some disks do."""

    def put(self, key: FileKey, content: Content, **options: Any) -> None:
        self.inner.put(FileKey(key.lower()), content, **options)

    def get(self, key: FileKey, **options: Any) -> FileContent:
        found: FileContent = self.inner.get(FileKey(key.lower()), **options)
        return found


class EndsEarly(Wrapped):
    """Takes a range's end for a part of it, or not."""

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        found: FileContent = self.inner.get(key, start=start, end=end)
        content = found.read()[: -1 if end else None]
        return replace(found, chunks=iter([content]))


class AnswersNothing(Wrapped):
    """Has an empty file where there is none."""

    def get(self, key: FileKey, **options: Any) -> FileContent:
        try:
            found: FileContent = self.inner.get(key, **options)
        except NotFound:
            self.inner.put(FileKey("empty"), b"")
            found = self.inner.get(FileKey("empty"))
        return found


class ListsPrefixes(Wrapped):
    """Takes a folder for the beginning of a name."""

    def list(self, folder: str = "", **options: Any) -> FilePage:
        page: FilePage = self.inner.list("contract", **options)
        return replace(page, files=tuple(f for f in page.files if f.key.startswith(folder)))


class ListsOnePage(Wrapped):
    """Has no second page."""

    def list(self, folder: str = "", *, cursor: str | None = None, limit: int = 1000) -> FilePage:
        page: FilePage = self.inner.list(folder, limit=limit)
        return replace(page, cursor=None)


class ListsBackwards(Wrapped):
    """In another order."""

    def list(self, folder: str = "", *, cursor: str | None = None, limit: int = 1000) -> FilePage:
        page: FilePage = self.inner.list(folder, cursor=cursor, limit=limit)
        return replace(page, files=page.files[::-1])


class StopsDeleting(Wrapped):
    """At the first file that is not there."""

    def delete(self, keys: Iterable[FileKey]) -> None:
        for key in keys:
            self.inner.head(key)
            self.inner.delete([key])


class Copies(Wrapped):
    """Leaves a file where it was when it moves."""

    def move(self, source: FileKey, target: FileKey) -> None:
        self.inner.put(target, self.inner.get(source).read())


class SameEtag(Wrapped):
    """Has one etag for everything."""

    def head(self, key: FileKey) -> FileInfo:
        info: FileInfo = self.inner.head(key)
        return replace(info, etag="etag")


class SwallowsErrors(Wrapped):
    """Keeps what came before the content broke off."""

    def put(self, key: FileKey, content: Content, **options: Any) -> None:
        kept = b""
        try:
            for part in (content,) if isinstance(content, bytes) else content:
                kept += part
        except Exception:  # noqa: BLE001 - this is what is wrong with it
            pass
        self.inner.put(key, kept, **options)


BROKEN_STORAGES = {
    Overwrites: ["conditional_put_leaves_what_is_there", "files_are_kept_like_in_a_dictionary"],
    LooksFirst: ["one_of_many_conditional_puts_wins"],
    WritesInPieces: ["file_is_never_seen_half_written", "content_that_fails_leaves_nothing"],
    ForgetsTypes: ["content_type_comes_back_where_it_is_kept"],
    MixesCase: ["hostile_names_are_plain_characters"],
    EndsEarly: ["range_is_read", "range_of_a_large_file_is_read"],
    AnswersNothing: ["missing_file_is_not_found"],
    ListsPrefixes: ["folder_is_whole_names"],
    ListsOnePage: ["many_files_are_listed_in_pages_and_deleted", "listing_goes_on_while_files_come_and_go"],
    ListsBackwards: ["folder_is_whole_names", "files_are_kept_like_in_a_dictionary"],
    StopsDeleting: ["delete_passes_by_what_is_not_there"],
    Copies: ["file_moves"],
    SameEtag: ["file_of_the_same_key_is_replaced", "what_is_known_of_a_file_is_the_same_everywhere"],
    SwallowsErrors: ["content_that_fails_leaves_nothing"],
}  # fmt: skip


def run_case(contract: Any, case: str, port: str, adapter: Any) -> None:
    """Run one test of a contract as pytest would, with an adapter."""
    test: Callable[..., None] = getattr(contract, f"test_{case}")
    folder = f"contract/{uuid.uuid4().hex}"
    fixtures = {
        port: adapter,
        "folder": folder,
        "key": lambda name: FileKey(f"{folder}/{name}"),
        "prefix": f"contract:{uuid.uuid4().hex}:",
    }
    wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    test(**{name: fixtures[name] for name in wanted})


@pytest.mark.parametrize(
    ("broken", "case"), [(kind, case) for kind, cases in BROKEN_STORAGES.items() for case in cases]
)
def test_broken_storage_fails(broken: type[Wrapped], case: str) -> None:
    """The one it is built on passes the same test."""
    section = {"kind": "memory"}
    run_case(StorageContract(), case, "storage", _memory(section))
    with pytest.raises((AssertionError, InkcreError, pytest.fail.Exception, ValueError)):
        run_case(StorageContract(), case, "storage", broken(_memory(section)))


def _memory(section: dict[str, str]) -> Any:
    return build_storage(sqlite_settings(":memory:", storage=section))


class NeverForgets(Wrapped):
    """Keeps a value after its time."""

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        self.inner.put(key, value)


class KeepsTheFirst(Wrapped):
    """Does not replace a value."""

    def put(self, key: ValueKey, value: bytes, **options: Any) -> None:
        if self.inner.get(key) is None:
            self.inner.put(key, value, **options)


class HasEmptyValues(Wrapped):
    """Has a value where there is none."""

    def get(self, key: ValueKey) -> bytes | None:
        return self.inner.get(key) or b""


class TakesEmptyForNone(Wrapped):
    """Has no value that is empty."""

    def get(self, key: ValueKey) -> bytes | None:
        return self.inner.get(key) or None


class ListsEverything(Wrapped):
    """Whatever the prefix."""

    def list(self, prefix: str = "", **options: Any) -> KeyPage:
        page: KeyPage = self.inner.list("", **options)
        return page


class ListsUnordered(Wrapped):
    """In another order."""

    def list(self, prefix: str = "", **options: Any) -> KeyPage:
        page: KeyPage = self.inner.list(prefix, **options)
        return replace(page, keys=page.keys[::-1])


BROKEN_KEYVALUES = {
    NeverForgets: ["value_is_gone_when_its_time_is_over", "expiry_that_is_too_short_is_refused"],
    KeepsTheFirst: ["later_value_takes_the_place_of_an_earlier_one", "values_are_kept_like_in_a_dictionary"],
    HasEmptyValues: ["missing_value_is_none"],
    TakesEmptyForNone: ["values_are_kept_like_in_a_dictionary"],
    ListsEverything: ["many_keys_are_listed_in_pages"],
    ListsUnordered: ["many_keys_are_listed_in_pages", "hostile_keys_are_plain_characters"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "case"), [(kind, case) for kind, cases in BROKEN_KEYVALUES.items() for case in cases]
)
def test_broken_keyvalue_fails(
    broken: type[Wrapped], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one it is built on passes the same test."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    def pass_seconds(seconds: float) -> None:
        nonlocal now
        now += seconds

    contract = KeyValueContract()
    contract.pass_seconds = pass_seconds  # type: ignore[method-assign]
    settings = sqlite_settings(":memory:")
    run_case(contract, case, "keyvalue", build_keyvalue(settings, None))
    with pytest.raises((AssertionError, InkcreError, pytest.fail.Exception)):
        run_case(contract, case, "keyvalue", broken(build_keyvalue(settings, None)))
