"""The part of the storage port's contract that is about keys and listings."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from inkcre.errors import Invalid
from inkcre.ports.storage import FileInfo, FileKey, Storage
from inkcre.testing.ports.shared import HOSTILE_NAMES, MANY


class StorageListing:
    """Keys, and how they are listed."""

    def in_order(self, keys: Iterable[FileKey]) -> list[FileKey]:
        """Return keys as they are listed: by their bytes. A place that cannot says how it does."""
        return sorted(keys, key=str.encode)

    def test_many_files_are_listed_in_pages_and_deleted(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """Each once, in the order of their keys; more than one listing or deletion takes."""
        names = [f"{number % 7}/{number:04}" for number in range(MANY)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda name: storage.put(key(name), name.encode()), names))
        pages = self._pages(storage, folder)
        listed = [info.key for page in pages for info in page]
        assert listed == self.in_order(map(key, names))
        assert len(pages) >= 3
        assert [info.key for page in self._pages(storage, f"{folder}/3", 100) for info in page] == [
            found for found in listed if found.startswith(f"{folder}/3/")
        ]
        storage.delete(listed)
        assert storage.list(folder).files == ()

    def _pages(self, storage: Storage, folder: str, limit: int = 1000) -> list[list[FileInfo]]:
        pages: list[list[FileInfo]] = []
        cursor = None
        while True:
            page = storage.list(folder, cursor=cursor, limit=limit)
            assert len(page.files) <= limit
            pages.append(list(page.files))
            cursor = page.cursor
            if cursor is None:
                return pages

    def test_folder_is_whole_names(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """``a`` has ``a/b`` in it, not ``ab`` nor ``a``; a file and a folder can have one name."""
        for name in ("a", "a/b", "a/b/c", "a-b", "ab", "a0"):
            storage.put(key(name), name.encode())
        found = [info.key for info in storage.list(f"{folder}/a").files]
        assert found == [key("a/b"), key("a/b/c")]
        everything = [info.key for info in storage.list(folder).files]
        assert everything == self.in_order(
            key(name) for name in ("a", "a-b", "a/b", "a/b/c", "a0", "ab")
        )
        assert storage.get(key("a")).read() == b"a"
        assert storage.list(f"{folder}/nowhere").files == ()
        with pytest.raises(Invalid):
            storage.list("../a")

    def test_listing_goes_on_while_files_come_and_go(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """What is there from the first page to the last is listed once."""
        names = [f"{number:03}" for number in range(100)]
        for name in names:
            storage.put(key(name), b"x")
        seen: list[FileKey] = []
        cursor = None
        for step in range(100):
            page = storage.list(folder, cursor=cursor, limit=7)
            seen += [info.key for info in page.files]
            evens = range(step * 14, step * 14 + 14, 2)
            storage.delete([key(f"{number:03}") for number in evens])
            storage.put(key(f"{step:03}+"), b"y")
            cursor = page.cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert {key(name) for name in names if int(name) % 2} <= set(seen)

    def test_cursor_of_another_kind_is_refused(self, storage: Storage) -> None:
        """It is opaque, and no key of ours."""
        with pytest.raises(Invalid, match="cursor"):
            storage.list(cursor="no cursor!")

    def test_hostile_names_are_plain_characters(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """As a file's name and as a folder's, all at once; each comes back as it was given."""
        keys = [key(f"{name}{after}") for name in HOSTILE_NAMES for after in ("", "/in")]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda k: storage.put(k, k.encode()), keys))
            assert list(pool.map(lambda k: storage.get(k).read(), keys)) == [
                k.encode() for k in keys
            ]
        assert [info.key for info in storage.list(folder).files] == self.in_order(keys)
        storage.delete(keys[::2])
        assert {info.key for info in storage.list(folder).files} == set(keys[1::2])

    @pytest.mark.parametrize("letter", ["k", "K", "é", "%", "/k"])
    def test_long_keys_are_kept_apart(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey], letter: str
    ) -> None:
        """1,024 bytes, also of characters that a path or a URL has to escape."""
        room = (1024 - len(folder) - 2) // len(letter.encode())
        keys = [key(letter.lstrip("/") + letter * (room - 1 - cut)) for cut in range(3)]
        for each in keys:
            storage.put(each, each.encode())
        assert [storage.get(each).read() for each in keys] == [each.encode() for each in keys]
        assert [info.key for info in storage.list(folder).files] == self.in_order(keys)
