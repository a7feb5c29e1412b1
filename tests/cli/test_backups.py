"""Backups: a base as one file, taken while it is used, and put back into another of any kind."""

import json
import random
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from inkcre.context import Components
from inkcre.graph import graphs
from inkcre.graph.files import files
from inkcre.graph.forms import parse_graph
from inkcre.ports.keyvalue import ValueKey
from inkcre.sources.on_demand import collect_now
from inkcre.sources.sources import list_sources
from inkcre.transfer.backups.archive import MANIFEST
from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.cli.test_moves import (
    Places,
    arguments,
    contents,
    fill,
    without_schedule_id,
)
from tests.pages import Pages, serve_pages


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Return bases by name."""
    made = Places(tmp_path)
    yield made
    made.close()


@pytest.fixture
def first(places: Places, tmp_path: Path, pages: Pages) -> Components:
    """Return a base with everything that one can have."""
    base = places.open("first")
    fill(base, tmp_path, pages)
    return base


def add_file(base: Components, content: bytes) -> None:
    """Add a file, and a block for it."""
    files.add_file(base.database, base.storage, [content], name=None, now=base.clock())


def test_backup_is_put_back_anywhere(places: Places, first: Components, run: Run) -> None:
    """From SQLite to PostgreSQL and back: nothing is missing, and a collect there adds nothing."""
    said = contents(first)
    for number, (before, name) in enumerate(pairwise(("first", "pg", "second"))):
        made = run("backup", f"{number}.zip", *arguments(places, before))
        assert made.returncode == 0, made.stderr
        assert "2 files of 3,000,005 bytes; 0 missing" in made.stderr
        looked = run("backup", f"{number}.zip", "--verify")
        assert looked.returncode == 0, looked.stderr
        assert "all rows, 2 files" in looked.stdout
        restored = run("restore", f"{number}.zip", *arguments(places, name))
        assert restored.returncode == 0, restored.stderr
        assert "2 files; 0 missing" in restored.stdout
        there = places.open(name)
        assert contents(there) == said
        kept, _ = list_sources(places.open(before).database, limit=100)
        found, _ = list_sources(there.database, limit=100)
        assert list(map(without_schedule_id, found)) == list(map(without_schedule_id, kept))
        assert there.keyvalue.get(ValueKey("kept")) == bytes(range(256))
        assert collect_now(there, 2, full=False) == []


@pytest.mark.parametrize("kind", ["first", "pg"])
def test_backup_is_of_one_moment(places: Places, run: Run, kind: str) -> None:
    """While somebody writes, it has what was there at some moment, and nothing of later."""
    base = places.open(kind)
    stopped = Event()

    def write_on() -> int:
        for number in range(100_000):
            star = {
                "block": {"resolver": "text", "content": f"{number}"},
                "out_relations": [
                    {
                        "relation": {"content": "after"},
                        "to_block": {"block": {"resolver": "text", "content": f"{number - 1}"}},
                    }
                ],
            }
            graphs.write_graph(base.database, parse_graph(star), base.clock())
            if stopped.is_set():
                return number
        return -1

    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(write_on)
        try:
            time.sleep(0.3)
            made = run("backup", "moment.zip", *arguments(places, kind))
        finally:
            stopped.set()
        last = writing.result()
    assert made.returncode == 0, made.stderr
    restored = run("restore", "moment.zip", *arguments(places, "there"))
    assert restored.returncode == 0, restored.stderr
    there = sorted(map(int, contents(places.open("there"))))
    assert there == list(range(-1, there[-1] + 1))
    assert 0 < there[-1] < last


def test_plain_copy_is_a_base_of_one_moment(places: Places, run: Run, tmp_path: Path) -> None:
    """While a process writes on; it can be opened, and lies in one file."""
    stopped = Event()
    base = places.open("first")

    def write_on() -> int:
        for number in range(100_000):
            word = {"resolver": "text", "content": f"{number}"}
            before = {"resolver": "text", "content": f"{number - 1}"}
            arc = {"relation": {"content": "after"}, "to_block": {"block": before}}
            star = {"block": word, "out_relations": [arc]}
            graphs.write_graph(base.database, parse_graph(star), base.clock())
            if stopped.is_set():
                return number
        return -1

    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(write_on)
        try:
            time.sleep(0.3)
            made = run("backup", "copy.sqlite3", "--plain", *arguments(places, "first"))
        finally:
            stopped.set()
        last = writing.result()
    assert made.returncode == 0, made.stderr
    assert "copy.sqlite3: all rows; not in it: 0 files that they name" in made.stderr
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.sqlite3"]
    told = ("--set", "database.path=copy.sqlite3")
    assert run("doctor", "--thorough", *told).returncode == 0
    assert run("export", "copy.ndjson", *told).returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "copy.ndjson").read_text().splitlines()]
    there = sorted(int(line["block"]["content"]) for line in lines if "content" in line["block"])
    assert there == list(range(-1, there[-1] + 1))
    assert 0 < there[-1] < last


def test_plain_copy_of_what_is_damaged_replaces_nothing(
    places: Places, run: Run, tmp_path: Path
) -> None:
    """A copy of pages would be as damaged as they are; the one of before stays."""
    base = places.open("first")
    for number in range(300):
        star = {"block": {"resolver": "text", "content": f"{number} " + "x" * 300}}
        graphs.write_graph(base.database, parse_graph(star), base.clock())
    told = arguments(places, "first")
    assert run("backup", "copy.sqlite3", "--plain", *told).returncode == 0
    places.close()
    former = (tmp_path / "copy.sqlite3").read_bytes()
    path = tmp_path / "first.sqlite3"
    content = path.read_bytes()
    place = content.index(b"150 xxx") // 4096 * 4096
    path.write_bytes(content[:place] + bytes(4096) + content[place + 4096 :])
    made = run("backup", "copy.sqlite3", "--plain", *told)
    assert made.returncode == 1
    assert "error[damaged]" in made.stderr
    assert (tmp_path / "copy.sqlite3").read_bytes() == former


def test_plain_copy_is_of_sqlite_alone(places: Places, run: Run) -> None:
    """Of PostgreSQL there is the server's own; neither does it go with other options."""
    places.open("pg")
    made = run("backup", "copy.sqlite3", "--plain", *arguments(places, "pg"))
    assert made.returncode == 78
    assert "the base is no file of SQLite" in made.stderr
    made = run("backup", "copy.sqlite3", "--plain", "--verify", *arguments(places, "pg"))
    assert made.returncode == 2


def test_backup_since_another_has_only_what_is_new(
    places: Places, first: Components, run: Run, tmp_path: Path
) -> None:
    """Rows are all in it; files that are in one before it are taken from there."""
    told = arguments(places, "first")
    assert run("backup", "one.zip", *told).returncode == 0
    add_file(first, b"new")
    made = run("backup", "two.zip", "--since", "one.zip", *told)
    assert "1 files of 3 bytes, 2 in an earlier backup; 0 missing" in made.stderr
    add_file(first, b"newer")
    made = run("backup", "three.zip", "--since", "two.zip", *told)
    assert "1 files of 5 bytes, 3 in an earlier backup; 0 missing" in made.stderr
    assert (tmp_path / "three.zip").stat().st_size < 3_000_000
    alone = run("backup", "three.zip", "--verify")
    assert alone.returncode == 1
    assert alone.stderr.count("is not in the backup") == 3
    since = ["--since", "two.zip", "--since", "one.zip"]
    restored = run("restore", "three.zip", *since, *arguments(places, "there"))
    assert restored.returncode == 0, restored.stderr
    assert "4 files; 0 missing" in restored.stdout


def test_base_with_rows_of_its_own_is_left_alone(
    places: Places, first: Components, run: Run
) -> None:
    """What is in the base and in the backup may be two things; what was put back twice is one."""
    assert run("backup", "one.zip", *arguments(places, "first")).returncode == 0
    other = places.open("other")
    form = parse_graph({"block": {"resolver": "text", "content": "of the other"}})
    graphs.write_graph(other.database, form, other.clock())
    refused = run("restore", "one.zip", *arguments(places, "other"))
    assert refused.returncode == 78
    assert "error[not_empty]" in refused.stderr
    assert contents(other) == ["of the other"]
    for _ in range(2):
        again = run("restore", "one.zip", *arguments(places, "there"))
        assert again.returncode == 0, again.stderr
    assert contents(places.open("there")) == contents(first)


@pytest.mark.parametrize("kind", ["there", "pg"])
def test_restore_that_is_killed_is_run_again(
    places: Places, first: Components, run: Run, tmp_path: Path, kind: str
) -> None:
    """At any moment: nothing is twice, and nothing is missing."""
    for number in range(20):
        add_file(first, f"file {number}".encode() * 1000)
    assert run("backup", "one.zip", *arguments(places, "first")).returncode == 0
    command = [COMMAND, "restore", "one.zip", *arguments(places, kind)]
    drawn = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=clean_environ(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(drawn.uniform(0.8, 2.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    done = run("restore", "one.zip", *arguments(places, kind))
    assert done.returncode == 0, done.stderr
    assert "22 files; 0 missing" in done.stdout
    assert contents(places.open(kind)) == contents(first)


def damage(path: Path, member: str) -> None:
    """Change a byte in the middle of a member of an archive."""
    with zipfile.ZipFile(path) as archive:
        [info] = [each for each in archive.infolist() if each.filename.startswith(member)]
    with path.open("r+b") as stream:
        stream.seek(info.header_offset + 100 + info.compress_size // 2)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 0xFF]))


def test_damage_is_told_by_its_part(places: Places, run: Run, tmp_path: Path) -> None:
    """A damaged file costs itself; damaged rows end a restore before anything is written."""
    base = places.open("first")
    add_file(base, b"whole" * 1000)
    add_file(base, b"damaged" * 1000)
    made = run("backup", "one.zip", *arguments(places, "first"))
    assert made.returncode == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        damaged = next(
            name for name in archive.namelist()
            if name.startswith("files/") and archive.read(name).startswith(b"damaged")
        )  # fmt: skip
    damage(tmp_path / "one.zip", damaged)
    looked = run("backup", "one.zip", "--verify")
    assert (looked.returncode, looked.stderr) == (
        1, f"file sha256:{damaged.removeprefix('files/')}: is damaged\n",
    )  # fmt: skip
    restored = run("restore", "one.zip", *arguments(places, "there"))
    assert restored.returncode == 1
    assert "1 files; 1 missing" in restored.stdout
    assert contents(places.open("there")) == contents(base)
    damage(tmp_path / "one.zip", "base.sqlite3")
    refused = run("restore", "one.zip", *arguments(places, "empty"))
    assert "error[damaged_backup]" in refused.stderr
    assert not (tmp_path / "empty.sqlite3").exists()


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("cut", "no backup, or one that was cut off"),
        ("text", "no backup, or one that was cut off"),
        ("absent", "no such file"),
        ("foreign", "no backup of ours"),
        ("later", "made by a later program, 9.0"),
        ("nonsense", "its manifest makes no sense"),
    ],
)
def test_what_is_no_backup_is_said(
    places: Places, run: Run, tmp_path: Path, what: str, says: str
) -> None:
    """Nothing is made of it."""
    path = tmp_path / "one.zip"
    places.open("first")
    assert run("backup", "one.zip", *arguments(places, "first")).returncode == 0
    if what == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif what == "text":
        path.write_text("a text")
    elif what == "absent":
        path.unlink()
    else:
        with zipfile.ZipFile(path) as archive:
            had = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(had[MANIFEST])
        if what == "later":
            had[MANIFEST] = json.dumps({**manifest, "format": 2, "program": "9.0"}).encode()
        elif what == "nonsense":
            had[MANIFEST] = b"[1]"
        else:
            had = {"a.txt": b"a"}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in had.items():
                archive.writestr(name, content)
    for command in (
        ["restore", "one.zip", *arguments(places, "there")],
        ["backup", "one.zip", "--verify"],
    ):
        done = run(*command)
        assert done.returncode != 0
        assert "error[no_backup]" in done.stderr
        assert says in done.stderr
    assert not (tmp_path / "there.sqlite3").exists()


def test_backup_is_written_whole_or_not_at_all(places: Places, run: Run, tmp_path: Path) -> None:
    """A former one stays when there is no base, and what others may not read stays so."""
    places.open("first")
    told = arguments(places, "first")
    assert run("backup", "one.zip", *told).returncode == 0
    path = tmp_path / "one.zip"
    path.chmod(0o600)
    before = path.read_bytes()
    assert "error[no_base]" in run("backup", "one.zip", "--set", "database.path=absent").stderr
    assert path.read_bytes() == before
    assert run("backup", "one.zip", *told).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_file_that_the_storage_lost_is_told(places: Places, run: Run, tmp_path: Path) -> None:
    """The rest is in the backup, and the command ends with 1."""
    base = places.open("first")
    add_file(base, b"lost" * 1000)
    add_file(base, b"damaged" * 1000)
    add_file(base, b"kept" * 1000)
    for kept in (tmp_path / "first-files").rglob("*"):
        if kept.is_file() and kept.read_bytes().startswith(b"lost"):
            kept.unlink()
        elif kept.is_file() and kept.read_bytes().startswith(b"damaged"):
            kept.write_bytes(b"another")
    made = run("backup", "one.zip", *arguments(places, "first"))
    assert made.returncode == 1
    assert "2 missing" in made.stderr
    assert made.stderr.count("the storage has none, or a damaged one") == 2
    restored = run("restore", "one.zip", *arguments(places, "there"))
    assert "1 files; 2 missing" in restored.stdout
