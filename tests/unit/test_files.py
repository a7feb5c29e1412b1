"""Files and the sweep that clears them away, at every step of each other."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inkcre import schema
from inkcre.assembly import build_components
from inkcre.errors import InkcreError, NotFound, Unavailable
from inkcre.infobase import files, sweeping
from inkcre.infobase.blocks import delete_block, get_block
from inkcre.infobase.contents import find_content
from inkcre.infobase.sniffing import HEAD_BYTES, resolver_for, sniff_type
from inkcre.ports.components import Components
from inkcre.ports.database import Database
from inkcre.ports.storage import FileKey, Storage
from tests.conftest import postgres_settings, sqlite_settings

SMALL = b"small file"
LARGE = bytes(range(256)) * 8192


def later() -> datetime:
    """Give a time at which every file of the test is old."""
    return datetime.now(UTC) + timedelta(days=2)


def soon() -> datetime:
    """Give a time at which what has come is old, and what is still coming is not."""
    return datetime.now(UTC) + timedelta(hours=2)


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Components]:
    """Give a base on each database, with a folder for its files."""
    path = {"storage.path": str(tmp_path / "files")}
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        settings = postgres_settings(url, **path)
    else:
        settings = sqlite_settings(tmp_path / "base.sqlite3", **path)
    components = build_components(settings)
    schema.migrate(components.database)
    yield components
    components.database.close()


def add(given: Components, content: bytes, name: str | None = None) -> dict[str, Any]:
    """Keep a file; give its block."""
    parts = [content[i : i + 65536] for i in range(0, len(content), 65536)]
    block, _ = files.add_file(given.database, given.storage, parts, name=name, now=given.clock())
    return block


def sweep(
    given: Components, clock: Callable[[], datetime] = later, **options: Any
) -> sweeping.Swept:
    """Sweep at a time at which everything is old; give what came of it."""
    *_, swept = sweeping.sweep_files(given.database, given.storage, clock, **options)
    return swept


def all_keys(given: Components) -> set[str]:
    """List every file that there is."""
    return {info.key for info in given.storage.list().files}


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=len)
def test_file_is_kept_by_what_it_is(given: Components, content: bytes) -> None:
    """Once, under the digest of its content, and nothing besides."""
    digest = hashlib.sha256(content).hexdigest()
    first, second = add(given, content), add(given, content, "a name")
    assert first["id"] == second["id"]
    assert first["content"] == f"sha256:{digest}"
    assert all_keys(given) == {f"sha256/{digest[:2]}/{digest}"}


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_file_that_breaks_off_leaves_nothing(given: Components, size: int) -> None:
    """Neither file nor block."""

    def broken() -> Iterator[bytes]:
        yield bytes(size)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        files.add_file(given.database, given.storage, broken(), name="x", now=given.clock())
    assert all_keys(given) == set()
    with pytest.raises(NotFound):
        get_block(given.database, 1)


def test_sweep_leaves_what_a_block_names(given: Components) -> None:
    """Of two blocks of one file the last one keeps it; then it goes, and nothing else."""
    kept, gone = add(given, SMALL), add(given, LARGE)
    for block in (kept, gone):
        given.database.atomic([_copy_of(block)])
    delete_block(given.database, gone["id"])
    assert sweep(given).deleted == 0
    delete_block(given.database, gone["id"] + 2)
    assert (sweep(given, is_dry=True).deleted, len(all_keys(given))) == (1, 2)
    swept = sweep(given)
    assert (swept.seen, swept.deleted, swept.bytes) == (2, 1, len(LARGE))
    assert all_keys(given) == {files.file_key(kept["content"].removeprefix("sha256:"))}
    assert sweep(given).deleted == 0


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("port", "name", "number"), [("database", "read", 2), ("storage", "delete", 1)]
)
def test_two_sweeps_and_a_file_that_comes(
    given: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """One sweep runs whole inside another, and then the file is sent again: it is not lost."""
    delete_block(given.database, add(given, content)["id"])
    outcomes: list[dict[str, Any] | InkcreError] = []

    def sweep_and_come() -> None:
        sweep(given)
        try:
            outcomes.append(add(given, content))
        except Unavailable as error:
            outcomes.append(error)

    made = Interrupted(getattr(given, port), name, number, sweep_and_come)
    database = made if port == "database" else given.database
    storage = made if port == "storage" else given.storage
    list(sweeping.sweep_files(database, storage, later))  # type: ignore[arg-type]
    (outcome,) = outcomes
    if isinstance(outcome, InkcreError):
        outcome = add(given, content)
    found = find_content(given, outcome)
    assert b"".join(found.source.read(0, found.size)) == content


def test_sweep_whose_machine_slept_looks_again(given: Components) -> None:
    """Its marks may have lapsed, and a file may have come."""
    delete_block(given.database, add(given, SMALL)["id"])
    slept = timedelta()

    def clock() -> datetime:
        return later() + slept

    def sleep_and_come() -> None:
        nonlocal slept
        slept = timedelta(days=1)
        files.add_file(given.database, given.storage, [SMALL], name=None, now=clock())

    database = Interrupted(given.database, "read", 2, sleep_and_come)
    *_, swept = sweeping.sweep_files(database, given.storage, clock)  # type: ignore[arg-type]
    assert swept.deleted == 0
    assert len(all_keys(given)) == 1


@pytest.mark.parametrize("way", ["create", "edit", "graph", "import"])
def test_block_written_by_hand_during_a_sweep_is_told_of(given: Components, way: str) -> None:
    """Whoever names a file that is about to be deleted hears of it, however it is written."""
    from inkcre.infobase import blocks, graphs, transfer
    from inkcre.infobase.forms import BlockEdit, BlockForm, Star

    kept = add(given, SMALL)
    form = {"resolver": "mine", "storage": "file", "content": kept["content"]}
    other, _ = blocks.create_block(given.database, BlockForm(resolver="text", content="x"), given.clock())  # fmt: skip
    delete_block(given.database, kept["id"])
    told: list[Unavailable] = []
    database, now = given.database, later()
    lines = [json.dumps({"block": form}).encode()]
    edit = BlockEdit(storage="file", content=kept["content"])
    ways: dict[str, Callable[[], Any]] = {
        "create": lambda: blocks.create_block(database, BlockForm(**form), now),
        "edit": lambda: blocks.edit_block(database, other["id"], edit, now),
        "graph": lambda: graphs.write_graph(database, Star.model_validate({"block": form}), now),
        "import": lambda: list(transfer.import_lines(database, lines, lambda: now)),
    }

    def write() -> None:
        with pytest.raises(Unavailable, match="is being cleared away") as caught:
            ways[way]()
        told.append(caught.value)

    storage = Interrupted(given.storage, "delete", 1, write)
    list(sweeping.sweep_files(given.database, storage, later))  # type: ignore[arg-type]
    assert told


def test_file_that_a_power_cut_emptied_is_put_again(given: Components) -> None:
    """When it is sent again."""
    for content in (SMALL, LARGE):
        block = add(given, content)
        key = files.file_key(block["content"].removeprefix("sha256:"))
        given.storage.put(key, b"")
        assert add(given, content)["id"] == block["id"]
        assert given.storage.get(key).read() == content


def test_file_is_written_through_to_the_disk(
    given: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and every folder that leads to it, before its block is written."""
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    block = add(given, SMALL)
    digest = block["content"].removeprefix("sha256:")
    assert synced[:4] == [digest, f"{digest[:2]}+", "sha256+", "files"]


def _copy_of(block: dict[str, Any]) -> Any:
    from inkcre.infobase.blocks import INSERT_BLOCK
    from inkcre.infobase.digests import block_digest

    values = {"storage": "file", "resolver": "mine", "content": block["content"]}
    digest = block_digest("mine", "file", block["content"])
    return INSERT_BLOCK(now="2026-11-24T00:00:00.000000Z", digest=digest, **values)


def test_young_files_stay(given: Components) -> None:
    """One may have a block in a moment; of what is still coming, a day is waited for."""
    given.storage.put(FileKey("sha256/aa/" + "a" * 64), b"x")
    given.storage.put(FileKey("incoming/part"), b"x")
    *_, swept = sweeping.sweep_files(given.database, given.storage, given.clock)
    assert swept.deleted == 0
    assert sweep(given).deleted == 2


def test_files_of_others_are_not_touched(given: Components) -> None:
    """A sweep looks into its own folders only."""
    given.storage.put(FileKey("mine/file"), b"x")
    given.storage.put(FileKey("sha256"), b"x")
    sweep(given)
    assert all_keys(given) == {"mine/file", "sha256"}


class Interrupted:
    """A component that lets something else happen before one of its calls."""

    def __init__(self, inner: Any, name: str, number: int, act: Callable[[], None]) -> None:
        self._inner, self._name, self._left, self._act = inner, name, number, act

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name != self._name:
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self._act()
            return method(*arguments, **named)

        return call


STEPS = [("storage", "list", 2), ("database", "read", 1), ("database", "atomic", 1),
         ("database", "read", 2), ("storage", "delete", 1), ("database", "atomic", 2)]  # fmt: skip


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(("port", "name", "number"), STEPS)
def test_file_that_comes_during_a_sweep_is_not_lost(
    given: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """Whichever step of the sweep it comes before: its block has its file, or it is told to wait."""
    block = add(given, content)
    delete_block(given.database, block["id"])
    outcomes: list[dict[str, Any] | InkcreError] = []

    def come() -> None:
        try:
            outcomes.append(add(given, content))
        except Unavailable as error:
            outcomes.append(error)

    database: Database = given.database
    storage: Storage = given.storage
    if port == "storage":
        storage = Interrupted(storage, name, number, come)  # type: ignore[assignment]
    else:
        database = Interrupted(database, name, number, come)  # type: ignore[assignment]
    list(sweeping.sweep_files(database, storage, later))
    (outcome,) = outcomes
    if isinstance(outcome, InkcreError):
        assert "is being cleared away" in str(outcome)
        outcome = add(given, content)
    found = find_content(given, outcome)
    assert b"".join(found.source.read(0, found.size)) == content


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("port", "name", "number"),
    [("storage", "put", 1), ("storage", "head", 1), ("storage", "move", 1), ("database", "atomic", 1),
     ("database", "read", 1)],
)  # fmt: skip
def test_sweep_during_the_coming_of_a_file_loses_nothing(
    given: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """Whichever step it runs before, also when the same old file is there already."""
    block = add(given, content)
    delete_block(given.database, block["id"])
    swept: list[sweeping.Swept] = []
    made = Components(
        database=given.database,
        storage=given.storage,
        keyvalue=given.keyvalue,
        web=given.web,
        clock=given.clock,
        source_types=given.source_types,
    )
    ran = Interrupted(getattr(made, port), name, number, lambda: swept.append(sweep(given, soon)))
    database = ran if port == "database" else given.database
    storage = ran if port == "storage" else given.storage
    again, _ = files.add_file(database, storage, [content], name=None, now=given.clock())  # type: ignore[arg-type]
    found = find_content(given, again)
    assert b"".join(found.source.read(0, found.size)) == content


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"", "text/plain; charset=utf-8"),
        (b"a\tb\r\n\x0c\x1b[1m", "text/plain; charset=utf-8"),
        ("x" * (HEAD_BYTES - 1) + "é", "text/plain; charset=utf-8"),
        (b"\xef\xbb\xbf<html>", "text/html; charset=utf-8"),
        (b"caf\xe9", "text/plain"),
        (b"\xff\xfea\x00", "text/plain; charset=utf-16le"),
        (b"  <!-- c --> <HTML lang=x>", "text/html; charset=utf-8"),
        (b"<htmlx>", "text/plain; charset=utf-8"),
        (b"<?xml version='1.0'?><rss>", "text/xml; charset=utf-8"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg xmlns='x'>", "image/svg+xml"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x1cftypavif", "image/avif"),
        (b"\x00\x00\x00\x1cftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x1cftypisom", "video/mp4"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream"),
        (b"text and \x00", "application/octet-stream"),
        (b"<!---->" * 206 + b"x", "text/plain; charset=utf-8"),  # once took for ever
        (b"<!-- a --><!-- b --><html>", "text/html; charset=utf-8"),
    ],
)  # fmt: skip
def test_type_is_told_by_the_first_bytes(head: bytes | str, media_type: str) -> None:
    """As the standard says; a letter that is cut at the end of what is looked at does no harm."""
    assert sniff_type(head.encode() if isinstance(head, str) else head) == media_type


def test_resolver_is_told_by_the_type() -> None:
    """Text, image and video; all else is a file."""
    for media_type, resolver in (("text/html", "text"), ("image/svg+xml", "image"), ("video/mp4", "video"), ("audio/wav", "file")):  # fmt: skip
        assert resolver_for(media_type) == resolver
