"""The storage port's contract, on every adapter's real backend that a process can reach.

S3 is moto's: ``tests/buckets.py`` says what it cannot show.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inkcre.assembly.assembly import build_storage
from inkcre.errors import Conflict, InkcreError, Invalid, Misconfigured, QuotaExceeded, Unavailable
from inkcre.ports.storage import FileKey, Storage
from inkcre.testing.ports import StorageContract
from inkcre.testing.ports.storage import in_parts
from tests.buckets import serve_bucket
from tests.conftest import ROOT, sqlite_settings
from tests.pages import Write, serve_pages

KEY = FileKey("k")
MIB = 1024 * 1024


def make(**section: Any) -> Storage:
    """Build an adapter from its section; the base beside it is made by nobody."""
    return build_storage(sqlite_settings("base.sqlite3", storage=section))


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    """Return the section of a bucket that the tests of this module share."""
    with serve_bucket() as section:
        yield section


class TestFilesystem(StorageContract):
    """A folder."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        """Return a folder that is not there yet."""
        return make(kind="filesystem", path=str(tmp_path / "a" / "files"))


class TestMemory(StorageContract):
    """This process's memory."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Return an empty one."""
        return make(kind="memory")


class TestS3(StorageContract):
    """A bucket."""

    @pytest.fixture
    def storage(self, bucket: dict[str, Any]) -> Storage:
        """Return the bucket that all tests share."""
        return make(**bucket)


def test_prefixes_keep_files_of_one_bucket_apart(bucket: dict[str, Any]) -> None:
    """Each sees its own files only, by their own names, in every method."""
    one, two = make(**bucket, prefix="one"), make(**bucket, prefix="one/two")
    for storage, content in ((one, b"1"), (two, b"22")):
        for name in ("a/b", "a/c", "d"):
            storage.put(FileKey(name), content, content_type="image/png")
        storage.move(FileKey("d"), FileKey("e"))
        storage.sync(FileKey("e"))
        with pytest.raises(Conflict):
            storage.put(FileKey("e"), b"", if_absent=True)
        storage.tidy("a", ".*", datetime.now(UTC))
    for storage, size in ((one, 1), (two, 2)):
        found = storage.get(FileKey("a/b"), start=size - 1)
        assert (found.info.key, found.info.size, len(found.read())) == ("a/b", size, 1)
        assert storage.head(FileKey("e")).key == "e"
        assert [info.key for info in storage.list("a").files] == ["a/b", "a/c"]
        page = storage.list("a", limit=1)
        rest = storage.list("a", cursor=page.cursor)
        assert [info.key for info in (*page.files, *rest.files)] == ["a/b", "a/c"]
    assert [info.key for info in two.list().files] == ["a/b", "a/c", "e"]
    two.delete(info.key for info in two.list().files)
    assert len(one.list().files) == 3
    whole = make(**bucket)
    assert [info.key for info in whole.list("one").files] == ["one/a/b", "one/a/c", "one/e"]
    whole.delete(info.key for info in whole.list("one").files)


@pytest.mark.parametrize(
    "text",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\0b", "a\nb", "\x7f", "\ud800",
     "\uffff", "k" * 1025, "é" * 513],
)  # fmt: skip
def test_text_that_is_no_key_is_refused(text: str) -> None:
    """Once, before any adapter sees it."""
    with pytest.raises(Invalid, match=r"^key: "):
        FileKey(text)


def test_only_a_bucket_is_shared(tmp_path: Path, bucket: dict[str, Any]) -> None:
    """A folder and memory are this machine's."""
    assert make(**bucket).capabilities.is_shared
    assert not make(kind="memory").capabilities.is_shared
    assert not make(kind="filesystem", path=str(tmp_path)).capabilities.is_shared


def test_folder_is_made_when_it_is_used(tmp_path: Path) -> None:
    """To build an adapter does nothing."""
    storage = make(kind="filesystem", path=str(tmp_path / "files"))
    assert not (tmp_path / "files").exists()
    assert storage.list().files == ()
    storage.put(KEY, b"x")
    assert (tmp_path / "files" / "k").read_bytes() == b"x"


def test_folders_that_lead_to_a_file_are_written_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and its folder each time; what is above only while it is new, or was made anew."""
    synced: list[str] = []
    fsync = os.fsync

    def record(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink().relative_to(tmp_path)))
        fsync(handle)

    monkeypatch.setattr("inkcre.adapters.storage.filesystem.os.fsync", record)
    storage = make(kind="filesystem", path=str(tmp_path / "files"))

    def keep(key: str) -> list[str]:
        synced.clear()
        storage.put(FileKey(key), b"content")
        storage.sync(FileKey(key))
        return synced[1:]

    assert keep("a/b/1") == ["files/a+/b+", "files/a+", "files"]
    assert keep("a/b/2") == ["files/a+/b+"]
    assert keep("a/c/1") == ["files/a+/c+", "files/a+"]
    (tmp_path / "files" / "a+").rename(tmp_path / "elsewhere")
    assert keep("a/b/1") == ["files/a+/b+", "files/a+", "files"]


def test_names_differ_on_a_disk_that_knows_no_case(tmp_path: Path) -> None:
    """Nor normal forms: what is on the disk is small letters of ASCII."""
    storage = make(kind="filesystem", path=str(tmp_path))
    names = ["README", "readme", "É", "é", "e\u0301", "a.", "con", "a:b"]
    for name in names:
        storage.put(FileKey(name), b"x")
    on_disk = [entry.name for entry in tmp_path.iterdir()]
    assert len({name.casefold() for name in on_disk}) == len(names)
    assert all(name.isascii() and name == name.lower() and name[-1] != "." for name in on_disk)


def test_folder_that_cannot_be_is_misconfigured(tmp_path: Path) -> None:
    """A file stands there."""
    (tmp_path / "file").write_text("")
    storage = make(kind="filesystem", path=str(tmp_path / "file" / "files"))
    for act in _acts(storage):
        with pytest.raises(Misconfigured, match=r"storage\.path: not a directory"):
            act()


def _acts(storage: Storage) -> list[Callable[[], object]]:
    return [
        lambda: storage.put(KEY, b"x"),
        lambda: storage.put(KEY, in_parts(bytes(3 * MIB), MIB)),
        lambda: storage.put(KEY, b"x", if_absent=True),
        lambda: storage.get(KEY).read(),
        lambda: storage.head(KEY),
        lambda: storage.move(KEY, FileKey("other")),
        lambda: storage.sync(KEY),
        lambda: storage.delete([KEY]),
        storage.list,
    ]


def test_folder_without_rights_is_misconfigured(tmp_path: Path) -> None:
    """For a user who may not look there; the tests may run as one who may everything."""
    folder = tmp_path / "files"
    storage = make(kind="filesystem", path=str(folder))
    storage.put(KEY, b"x")
    folder.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == 0 and Path(tempfile.gettempdir()) in parent.parents:
                parent.chmod(0o755)
        os.seteuid(65534)
    try:
        for act in _acts(storage):
            with pytest.raises(Misconfigured, match=r"storage\.path: permission denied"):
                act()
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
    assert storage.get(KEY).read() == b"x"


FULL = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", sys.argv[2]], check=True)
from inkcre.errors import NotFound, QuotaExceeded
from inkcre.ports.storage import FileKey
from inkcre.adapters.storage.filesystem import FilesystemStorage
from inkcre.sections.storage import FilesystemSettings
storage = FilesystemStorage(FilesystemSettings(path=Path(sys.argv[2])))
storage.put(FileKey("small"), b"old")
for content, only in ((bytes(2 << 20), False), (bytes(2 << 20), True), ((bytes(1 << 16) for _ in range(64)), False)):
    for key in ("small", "new"):
        if only and key == "small":
            continue
        try:
            storage.put(FileKey(key), content, if_absent=only)
        except QuotaExceeded as error:
            print(error)
assert [info.key for info in storage.list().files] == ["small"]
assert storage.get(FileKey("small")).read() == b"old"
storage.put(FileKey("small"), b"new")  # what did not fit takes no room
assert storage.get(FileKey("small")).read() == b"new"
print("whole")
"""


def test_full_disk_loses_nothing(tmp_path: Path) -> None:
    """A disk of one megabyte, mounted for this process alone."""
    command = ["unshare", "--map-root-user", "--user", "--mount", sys.executable, "-c", FULL, str(ROOT), str(tmp_path)]  # fmt: skip
    if os.geteuid() == 0:
        command[1:3] = []
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *refused, last = done.stdout.splitlines()
    assert last == "whole"
    assert refused == ["storage.path: there is no room left"] * 5


WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from inkcre.ports.storage import FileKey
from inkcre.adapters.storage.filesystem import FilesystemStorage
from inkcre.sections.storage import FilesystemSettings
storage = FilesystemStorage(FilesystemSettings(path=Path(sys.argv[2])))
storage.put(FileKey("old"), b"old")
def parts():
    for number in range(1000):
        yield bytes(1 << 20)
        if number == 8:
            print("writing", flush=True)
            time.sleep(60)
storage.put(FileKey(sys.argv[3]), parts())
"""


@pytest.mark.parametrize("name", ["old", "new"])
def test_killed_writer_leaves_nothing_visible(tmp_path: Path, name: str) -> None:
    """What it replaced is there as it was, and what is on the disk besides is not listed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(ROOT), str(tmp_path), name], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"writing\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    storage = make(kind="filesystem", path=str(tmp_path))
    assert [info.key for info in storage.list().files] == ["old"]
    assert storage.get(FileKey("old")).read() == b"old"
    storage.put(FileKey(name), b"again")
    assert storage.get(FileKey(name)).read() == b"again"


GROWTH = """
import sys
import tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from inkcre.assembly.assembly import build_storage
from inkcre.ports.storage import FileKey
from inkcre.sections.schema import load_settings
from tests.memory import forget_peak, peak_bytes
overrides = {"storage." + pair.partition("=")[0]: pair.partition("=")[2] for pair in sys.argv[2:]}
storage = build_storage(load_settings("dev", overrides=overrides, environ={}))
key, part = FileKey("k"), bytes(range(256)) * 256
storage.put(key, iter([part]))
storage.get(key).read()
forget_peak()
before = peak_bytes()
storage.put(key, (part for _ in range(1600)))
after_put = peak_bytes()
size = 0
for chunk in storage.get(key).chunks:
    size += len(chunk)
assert size == 1600 * len(part)
print(after_put - before, peak_bytes() - before)
"""


@pytest.mark.parametrize("kind", ["filesystem", "s3"])
def test_large_file_is_not_held_in_memory(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """100 MB in and out: the process grows by less than 16 MB."""
    if kind == "filesystem":
        section = {"kind": kind, "path": str(tmp_path / "files")}
    else:
        section = request.getfixturevalue("bucket")
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(ROOT), *(f"{k}={v}" for k, v in section.items())],
        check=False, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    put, get = (int(size) / MIB for size in done.stdout.split())
    print(f"{kind}: put grows by {put:.1f} MiB, put and get by {get:.1f} MiB")
    assert get < 16


def test_what_a_killed_writer_left_is_tidied_away(tmp_path: Path) -> None:
    """Once it is old, and below the folder; files of ours stay, however they are called."""
    storage = make(kind="filesystem", path=str(tmp_path))
    storage.put(FileKey("a/b#1"), b"kept")
    storage.put(FileKey("b/c"), b"kept")
    for name, age in (("a+/old#1", 7200), ("a+/young#2", 0), ("b+/old#1", 7200)):
        (tmp_path / name).write_bytes(b"left over")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    storage.tidy("a", "[a-z]+", datetime.now(UTC) - timedelta(hours=1))
    assert sorted(path.name for path in (tmp_path / "a+").iterdir()) == ["b%231", "young#2"]
    assert storage.get(FileKey("a/b#1")).read() == b"kept"
    assert (tmp_path / "b+" / "old#1").exists()


def test_what_others_keep_is_not_tidied_away(tmp_path: Path) -> None:
    """Names that we would not give, folders of others, what is behind a link, other names."""
    storage = make(kind="filesystem", path=str(tmp_path / "files"))
    storage.put(FileKey("a/b/c"), b"kept")
    others = ["invoice#12", "notes/invoice#12", "a+/My notes#1", "a+/Upper#2", "a+/%61#3",
              "a+/b+/#4", "a+/b+/name-5#5", "a+/b#x", "a+/two#1#2"]  # fmt: skip
    for name in others:
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_bytes(b"mine")
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "old#1").write_bytes(b"mine")
    (tmp_path / "files" / "a+" / "link+").symlink_to(tmp_path / "else")
    storage.tidy("a", "[a-z]+", datetime.now(UTC) + timedelta(hours=1))
    assert [name for name in others if not (tmp_path / "files" / name).exists()] == []
    assert (tmp_path / "else" / "old#1").exists()


def test_what_others_put_into_the_folder_is_passed_by(tmp_path: Path) -> None:
    """An editor's copy, a name that is no text, a name that we would write otherwise."""
    storage = make(kind="filesystem", path=str(tmp_path))
    storage.put(FileKey("a/kept"), b"x")
    for name in (
        b"copy~",
        b"plus+",
        b"\xff\xfe",
        b"Upper",
        b"%0a",
        b"%61",
        b".DS_Store",
        b"%2e%2e",
        b"a b",
    ):
        (tmp_path / "a+" / os.fsdecode(name)).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    listed = [info.key for info in storage.list().files]
    assert listed == ["a/kept"]


def test_store_that_is_slow_is_waited_for() -> None:
    """As long as something comes: a file takes as long as it takes."""

    def dripping(_: dict[str, str], write: Write) -> None:
        write(
            b'HTTP/1.1 200 OK\r\ncontent-length: 13\r\netag: "e"\r\nlast-modified: Tue, 24 Nov 2026 00:00:00 GMT\r\n\r\n'
        )
        for _number in range(13):
            time.sleep(0.9)
            write(b"x")

    with serve_pages() as pages:
        pages.answers["/inkcre-files/k"] = dripping
        section = {"kind": "s3", "bucket": "inkcre-files", "endpoint": pages.url}
        storage = make(**section, access_key_id="me", secret_access_key="mine")
        assert storage.get(KEY).read() == b"x" * 13


def test_bucket_that_is_not_there_is_misconfigured(bucket: dict[str, Any]) -> None:
    """Which is not the same as a file that is not there."""
    storage = make(**{**bucket, "bucket": "elsewhere"})
    for act in (lambda: storage.get(KEY), lambda: storage.put(KEY, b"x"), storage.list):
        with pytest.raises(Misconfigured, match=r"storage\.bucket: not there"):
            act()


def test_store_that_is_away_is_unavailable(bucket: dict[str, Any]) -> None:
    """Nobody listens there; the wait is bounded, and no address is told."""
    storage = make(**{**bucket, "endpoint": "http://127.0.0.1:1"})
    for act in _acts(storage):
        with pytest.raises(Unavailable) as caught:
            act()
        assert "127.0.0.1" not in str(caught.value)


def test_writers_and_a_sweeper_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Files come and go in the same folders while others are put there."""
    storage = make(kind="filesystem", path=str(tmp_path))
    until = time.monotonic() + 1

    def work(number: int) -> None:
        while time.monotonic() < until:
            key = FileKey(f"a/b/{number}")
            storage.put(key, b"x")
            assert storage.get(key).read() == b"x"
            storage.delete([key])
            storage.list("a")

    failures: list[InkcreError] = []

    def run(number: int) -> None:
        try:
            work(number)
        except InkcreError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_full_disk_is_told_from_the_text(tmp_path: Path) -> None:
    """The one device that is always full says so through Python too."""
    from inkcre.adapters.storage.shared import translated

    with pytest.raises(QuotaExceeded), translated("storage.path"):
        Path("/dev/full").write_bytes(b"x")
