"""The contract of the storage port."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inkcre.errors import Conflict, Invalid, NotFound, TooLarge
from inkcre.ports.storage import FileInfo, FileKey, Storage
from inkcre.testing.ports.listings import StorageListing
from inkcre.testing.ports.shared import NAMES, properties

MIB = 1024 * 1024
LARGE = bytes(range(256)) * (5 * MIB // 256)

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put if absent", "delete", "move"]),
        NAMES,
        NAMES,
        st.binary(max_size=40),
    ),
    max_size=12,
)
# Tried whatever is drawn: what a broken adapter most often does wrong is found each time.
_TWICE = [("put", "a", "a", b"1"), ("put if absent", "a", "a", b"2")]
_TWO = [("put", "a", "a", b"1"), ("put", "b", "b", b"2")]


def in_parts(content: bytes, size: int) -> Iterator[bytes]:
    """Yield content in parts of a size."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


class StorageContract(StorageListing):
    """The storage port: every sentence of its docstrings."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Return the adapter; define it in your class."""
        raise NotImplementedError

    @pytest.fixture
    def folder(self) -> str:
        """Return a folder that nobody has used."""
        return f"contract/{uuid.uuid4().hex}"

    @pytest.fixture
    def key(self, folder: str) -> Callable[[str], FileKey]:
        """Return what makes keys in the folder."""
        return lambda name: FileKey(f"{folder}/{name}")

    @pytest.mark.parametrize(
        "content",
        [b"", b"x", bytes(range(256)) * 1000, LARGE, LARGE * 2 + b"more than two parts"],
        ids=len,
    )
    @pytest.mark.parametrize("part", [None, 65_537])
    def test_file_comes_back_whole(
        self, storage: Storage, key: Callable[[str], FileKey], content: bytes, part: int | None
    ) -> None:
        """Empty or large, of any bytes, given at once or in parts of any size."""
        storage.put(key("a"), content if part is None else in_parts(content, part))
        found = storage.get(key("a"))
        assert (found.start, found.end, found.info.size) == (0, len(content), len(content))
        assert found.read() == content

    def test_file_of_the_same_key_is_replaced(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """The last one counts, also when it is shorter, and has another etag."""
        storage.put(key("a"), b"long content")
        first = storage.head(key("a"))
        storage.put(key("a"), b"s")
        assert storage.get(key("a")).read() == b"s"
        assert storage.head(key("a")).etag != first.etag

    def test_missing_file_is_not_found(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """Never there, or deleted; nor is the folder of a file a file."""
        storage.put(key("gone/inside"), b"x")
        storage.delete([key("gone/inside")])
        for name in ("nowhere", "gone", "gone/inside"):
            for act in (storage.get, storage.head):
                with pytest.raises(NotFound, match="not found"):
                    act(key(name))
            with pytest.raises(NotFound):
                storage.get(key(name), start=1)
            with pytest.raises(NotFound):
                storage.move(key(name), key("elsewhere"))

    def test_what_is_known_of_a_file_is_the_same_everywhere(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """From a look, a read and a listing; a listing has no content types."""
        storage.put(key("a"), b"12345", content_type="text/plain; charset=utf-8")
        info = storage.head(key("a"))
        assert (info.key, info.size) == (key("a"), 5)
        assert info.etag
        assert not info.etag.startswith('"')
        assert abs(info.modified_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert storage.get(key("a")).info == info
        (listed,) = storage.list(folder).files
        assert listed == FileInfo(info.key, info.size, info.etag, info.modified_at)

    def test_content_type_comes_back_where_it_is_kept(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """And is None elsewhere; also of a file that came in many parts, and of one that moved."""
        kept = "image/png" if storage.capabilities.keeps_content_type else None
        for name, content in (("small", b"x"), ("large", LARGE + b"x")):
            storage.put(key(name), in_parts(content, MIB), content_type="image/png")
            storage.move(key(name), key("moved"))
            assert storage.head(key("moved")).content_type == kept
            assert storage.get(key("moved")).info.content_type == kept
        storage.put(key("conditional"), b"x", content_type="image/png", if_absent=True)
        assert storage.head(key("conditional")).content_type == kept

    def test_conditional_put_leaves_what_is_there(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """It puts the first file and refuses the second, which changes nothing."""
        storage.put(key("a"), in_parts(b"first", 2), if_absent=True)
        with pytest.raises(Conflict, match="is there already"):
            storage.put(key("a"), b"second", if_absent=True)
        assert storage.get(key("a")).read() == b"first"
        storage.delete([key("a")])
        storage.put(key("a"), b"third", if_absent=True)
        assert storage.get(key("a")).read() == b"third"

    def test_conditional_put_of_too_much_is_refused(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """At once or in parts; nothing is left behind."""
        size = storage.capabilities.max_conditional_bytes + 1
        for content in (bytes(size), in_parts(bytes(size), MIB)):
            with pytest.raises(TooLarge):
                storage.put(key("a"), content, if_absent=True)
        with pytest.raises(NotFound):
            storage.head(key("a"))

    def test_one_of_many_conditional_puts_wins(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """At once under one key: one is told that it did, and its content is there."""

        def put(number: int) -> int | None:
            try:
                storage.put(key("a"), b"%d" % number * 1000, if_absent=True)
            except Conflict:
                return None
            return number

        with ThreadPoolExecutor(8) as pool:
            (winner,) = [won for won in pool.map(put, range(8)) if won is not None]
        assert storage.get(key("a")).read() == b"%d" % winner * 1000

    def test_file_is_never_seen_half_written(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """Whoever reads while others write reads one of the files that were put, whole."""
        contents = {bytes([n]) * (300_000 + n) for n in range(4)}
        storage.put(key("a"), min(contents))
        over = threading.Event()

        def write(content: bytes) -> None:
            for _ in range(5):
                storage.put(key("a"), in_parts(content, 50_000))

        def read() -> set[bytes]:
            seen = set()
            while not over.is_set():
                seen.add(storage.get(key("a")).read())
            return seen

        with ThreadPoolExecutor(6) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for written in [pool.submit(write, content) for content in contents]:
                written.result()
            over.set()
            seen = set().union(*(reader.result() for reader in readers))
        assert seen <= contents
        assert storage.get(key("a")).read() in contents

    def test_content_that_fails_leaves_nothing(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """The error comes out as it is; what was there before is there still."""

        class Broken(Exception):
            pass

        def broken(size: int) -> Iterator[bytes]:
            yield bytes(size)
            raise Broken

        storage.put(key("old"), b"old")
        for size in (10, 6 * MIB):
            for name in ("old", "new"):
                with pytest.raises(Broken):
                    storage.put(key(name), broken(size))
            with pytest.raises(Broken):
                storage.put(key("new"), broken(10), if_absent=True)
        assert storage.get(key("old")).read() == b"old"
        assert [info.key for info in storage.list(folder).files] == [key("old")]

    def test_file_is_put_out_of_another(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """While it is read, small or large, also under its own key."""
        for content in (b"", b"small", LARGE + b"x"):
            storage.put(key("a"), content)
            storage.put(key("b"), storage.get(key("a")).chunks)
            storage.put(key("c"), storage.get(key("a")).chunks, if_absent=len(content) < MIB)
            assert storage.get(key("b")).read() == storage.get(key("c")).read() == content
            storage.delete([key("c")])

    def test_range_is_read(self, storage: Storage, key: Callable[[str], FileKey]) -> None:
        """From every place to every other, and past the end; one without a byte is refused."""
        content = b"0123456789"
        storage.put(key("a"), content)
        for start in range(11):
            for end in (*range(13), None):
                if content[start:end] or (start, end) == (0, None):
                    found = storage.get(key("a"), start=start, end=end)
                    stop = 10 if end is None else min(end, 10)
                    assert (found.start, found.end, found.info.size) == (start, stop, 10)
                    assert found.read() == content[start:end]
                else:
                    with pytest.raises(Invalid, match="range"):
                        storage.get(key("a"), start=start, end=end)
        with pytest.raises(Invalid):
            storage.get(key("a"), start=-1)
        storage.put(key("empty"), b"")
        with pytest.raises(Invalid):
            storage.get(key("empty"), end=5)

    def test_range_of_a_large_file_is_read(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """Around the places where it was written or is read in parts."""
        storage.put(key("a"), in_parts(LARGE + b"tail", MIB))
        whole = LARGE + b"tail"
        for place in (256 * 1024, MIB, len(LARGE)):
            for start, end in ((place - 1, place + 1), (place, place + 1), (place - 1, None)):
                assert storage.get(key("a"), start=start, end=end).read() == whole[start:end]

    def test_file_moves(self, storage: Storage, folder: str, key: Callable[[str], FileKey]) -> None:
        """To a key that is free or taken, small or large; the old key is free then."""
        for content in (b"", b"new", LARGE + b"x"):
            storage.put(key("from"), in_parts(content, MIB))
            storage.put(key("deep/down/to"), b"in the way")
            storage.move(key("from"), key("deep/down/to"))
            assert storage.get(key("deep/down/to")).read() == content
            assert [info.key for info in storage.list(folder).files] == [key("deep/down/to")]

    def test_file_is_synced_and_tidied_around(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """A file that is there stays as it is; one that is not is not found."""
        storage.put(key("a/b"), b"x")
        storage.sync(key("a/b"))
        with pytest.raises(NotFound):
            storage.sync(key("nowhere"))
        storage.tidy("", ".*", datetime.now(UTC) + timedelta(days=1))
        assert [info.key for info in storage.list(folder).files] == [key("a/b")]
        assert storage.get(key("a/b")).read() == b"x"

    def test_delete_passes_by_what_is_not_there(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """Any number of keys, also none, with missing ones among them, as often as one likes."""
        storage.delete([])
        for name in ("a", "b", "c"):
            storage.put(key(name), b"x")
        for _ in range(2):
            storage.delete(iter([key("a"), key("nowhere"), key("c"), key("no/where")]))
            assert [info.key for info in storage.list(folder).files] == [key("b")]

    def test_files_are_kept_like_in_a_dictionary(self, storage: Storage) -> None:
        """Whatever is put, moved and deleted, in whatever order."""

        @properties
        @given(steps=_STEPS)
        @example(steps=_TWICE)
        @example(steps=_TWO)
        def run(steps: list[tuple[str, str, str, bytes]]) -> None:
            folder = f"contract/{uuid.uuid4().hex}"
            model: dict[str, bytes] = {}
            for act, name, other, content in steps:
                self._step(storage, folder, model, (act, name, other, content))
            listed = storage.list(folder).files
            assert [info.key for info in listed] == self.in_order(
                FileKey(f"{folder}/{name}") for name in model
            )
            assert {
                info.key.removeprefix(f"{folder}/"): storage.get(info.key).read() for info in listed
            } == model

        run()

    def _step(
        self,
        storage: Storage,
        folder: str,
        model: dict[str, bytes],
        step: tuple[str, str, str, bytes],
    ) -> None:
        act, name, other, content = step
        here, there = FileKey(f"{folder}/{name}"), FileKey(f"{folder}/{other}")
        if act == "put":
            storage.put(here, content)
            model[name] = content
        elif act == "put if absent":
            if name in model:
                with pytest.raises(Conflict):
                    storage.put(here, content, if_absent=True)
            else:
                storage.put(here, content, if_absent=True)
                model[name] = content
        elif act == "delete":
            storage.delete([here])
            model.pop(name, None)
        elif name != other:
            if name in model:
                storage.move(here, there)
                model[other] = model.pop(name)
            else:
                with pytest.raises(NotFound):
                    storage.move(here, there)
