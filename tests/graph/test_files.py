"""Files and the sweep that clears them away, at every step of each other."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, bindparam, select, update

from inkcre.adapters.storage.filesystem import FilesystemStorage, path_of
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import InkcreError, NotFound, Unavailable
from inkcre.graph.blocks import delete_block, get_block
from inkcre.graph.file_notes import HELD_SECONDS
from inkcre.graph.files import claims, files, sweeps
from inkcre.graph.files.media_types import HEAD_BYTES, resolver_for, sniff_type
from inkcre.graph.records import Block
from inkcre.graph.tables import file_notes
from inkcre.ports.database import Database, Statement
from inkcre.ports.storage import FileKey, Storage
from tests.conftest import lay_sqlite_base, postgres_settings, sqlite_settings
from tests.lengths import is_whole
from tests.on_base import create_source, find_content

SMALL = b"small file"
LARGE = bytes(range(256)) * 8192


def soon() -> datetime:
    """Return a time at which what has come is old, and what is still coming is not."""
    return datetime.now(UTC) + timedelta(hours=2)


def later() -> datetime:
    """Return a time at which every file of the test is old."""
    return datetime.now(UTC) + timedelta(days=40)


@pytest.fixture(params=["sqlite", "postgres"])
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Components]:
    """Return a base on each database, with a folder for its files."""
    path = {"storage.path": str(tmp_path / "files")}
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        settings = postgres_settings(url, **path)
    else:
        lay_sqlite_base(tmp_path / "base.sqlite3")
        settings = sqlite_settings(tmp_path / "base.sqlite3", **path)
    components = build_components(settings)
    yield components
    components.database.close()


def add(context: Components, content: bytes, name: str | None = None) -> Block:
    """Keep a file; give its block."""
    parts = [content[i : i + 65536] for i in range(0, len(content), 65536)]
    block, _ = files.add_file(
        context.database, context.storage, parts, name=name, now=context.clock()
    )
    return block


AGE = Statement(
    update(file_notes).values(noted_at=file_notes.c.noted_at - bindparam("by", type_=BigInteger))
)
"""Let notes have been made earlier: the database's clock cannot be moved."""


def age(context: Components, days: float = 31) -> None:
    """Let everything that was let go have been let go some days before."""
    context.database.atomic([AGE(by=int(days * 86_400_000))])


def let_go(context: Components, content: bytes, days: float = 31) -> None:
    """Keep a file, and let it go some days ago."""
    block = add(context, content)
    delete_block(context.database, block.id)
    age(context, days)
    assert isinstance(context.storage, FilesystemStorage)
    path = context.storage.folder / path_of(files.file_key(block.content[7:]))
    os.utime(path, (time.time() - 40 * 86400,) * 2)


def sweep(
    context: Components, clock: Callable[[], datetime] = later, **options: Any
) -> sweeps.Swept:
    """Sweep at a time at which every file is old; give what came of it."""
    *_, swept = sweeps.sweep_files(context.database, context.storage, clock, **options)
    return swept


def notes_of(context: Components) -> list[tuple[Any, ...]]:
    """Read which files are noted, and what has them."""
    return context.database.read(SELECT_NOTES())


SELECT_NOTES = Statement(select(file_notes.c.digest, file_notes.c.sweep))
"""Read all notes."""


def all_keys(context: Components) -> set[str]:
    """List every file that there is, but for those that say whose they are."""
    keys = {str(info.key) for info in context.storage.list().files}
    return {key for key in keys if not key.startswith("inkcre/")}


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=len)
def test_file_is_kept_by_what_it_is(context: Components, content: bytes) -> None:
    """Once, under the digest of its content, and nothing besides."""
    digest = hashlib.sha256(content).hexdigest()
    first, second = add(context, content), add(context, content, "a name")
    assert first.id == second.id
    assert first.content == f"sha256:{digest}"
    assert all_keys(context) == {f"sha256/{digest[:2]}/{digest}"}


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_file_that_breaks_off_leaves_nothing(context: Components, size: int) -> None:
    """Neither file nor block."""

    def broken() -> Iterator[bytes]:
        yield bytes(size)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        files.add_file(context.database, context.storage, broken(), name="x", now=context.clock())
    assert all_keys(context) == set()
    with pytest.raises(NotFound):
        get_block(context.database, 1)


def test_sweep_leaves_what_a_block_names(context: Components) -> None:
    """Of two blocks of one file the last one keeps it; then it goes, and nothing else."""
    kept, gone = add(context, SMALL), add(context, LARGE)
    for block in (kept, gone):
        context.database.atomic([_copy_of(block)])
    delete_block(context.database, gone.id)
    age(context)
    assert sweep(context).deleted == 0
    assert notes_of(context) == []
    delete_block(context.database, gone.id + 2)
    assert sweep(context).deleted == 0
    assert sweep(context, is_dry=True).deleted == 0
    age(context)
    assert (sweep(context, is_dry=True).deleted, len(all_keys(context))) == (1, 2)
    swept = sweep(context)
    assert (swept.deleted, swept.bytes) == (1, len(LARGE))
    assert all_keys(context) == {files.file_key(kept.content.removeprefix("sha256:"))}
    assert sweep(context).deleted == 0
    assert notes_of(context) == []


@pytest.mark.parametrize("way", ["delete", "edit", "item follows", "item leaves"])
def test_what_is_let_go_is_noted(context: Components, way: str) -> None:
    """However its last block goes: the file stays for ``keep_days``, and is gone after that."""
    from inkcre.graph import blocks
    from inkcre.graph.forms import BlockEdit, parse_star
    from inkcre.sources.base import Item
    from inkcre.sources.forms import SourceForm
    from inkcre.sources.items import items

    database, now = context.database, context.clock()
    digest = hashlib.sha256(SMALL).hexdigest()
    star = parse_star(
        {"block": {"resolver": "x", "storage": "file", "content": f"sha256:{digest}"}}
    )
    other = parse_star({"block": {"resolver": "text", "content": "other"}})
    block = add(context, SMALL)
    if way == "delete":
        delete_block(database, block.id)
    elif way == "edit":
        blocks.edit_block(database, block.id, BlockEdit(storage=None, content="x"), now)
    else:
        source = create_source(context, SourceForm(type="inbox")).id
        items.write_items(database, source, [Item("key", star)], now=now)
        delete_block(database, block.id)
        age(context, 100)
        assert sweep(context).deleted == 0
        if way == "item follows":
            items.write_items(database, source, [Item("key", other)], now=now)
        else:
            items.delete_items(database, source, ["key"], write=database.atomic)
    assert notes_of(context) == [(digest, None)]
    age(context, 29)
    assert sweep(context).deleted == 0
    age(context, 2)
    assert (sweep(context).deleted, all_keys(context), notes_of(context)) == (1, set(), [])


def test_files_that_are_named_again_are_not_noted(context: Components) -> None:
    """Sent again, or named by hand: and old notes of named files are taken away by the sweep."""
    from inkcre.graph.blocks import create_block
    from inkcre.graph.forms import BlockForm

    block = add(context, SMALL)
    form = BlockForm(resolver="mine", storage="file", content=block.content)
    ways: list[Callable[[], Block]] = [
        lambda: add(context, SMALL),
        lambda: create_block(context.database, form, context.clock())[0],
    ]
    for come_back in ways:
        delete_block(context.database, block.id)
        assert len(notes_of(context)) == 1
        block = come_back()
        assert notes_of(context) == []
    age(context)
    assert sweep(context).deleted == 0


def test_file_that_comes_again_is_put_again_if_it_is_old(
    context: Components, tmp_path: Path
) -> None:
    """A copy of the base, in which it was let go and the block is unknown, sees that it is used."""
    block = add(context, LARGE)
    delete_block(context.database, block.id)
    key = files.file_key(block.content.removeprefix("sha256:"))
    before = context.storage.head(key)
    context.storage.put(FileKey("x"), b"x")
    block, _ = files.add_file(context.database, context.storage, [LARGE], name=None, now=later())
    assert context.storage.head(key).etag != before.etag
    before = context.storage.head(key)
    files.add_file(context.database, context.storage, [LARGE], name=None, now=later())
    assert context.storage.head(key).etag == before.etag


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("port", "name", "number"), [("database", "read", 2), ("storage", "delete", 2)]
)
def test_two_sweeps_and_a_file_that_comes(
    context: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """One sweep runs whole inside another, and then the file is sent again: it is not lost."""
    let_go(context, content)
    outcomes: list[Block | InkcreError] = []

    def sweep_and_come() -> None:
        sweep(context)
        try:
            outcomes.append(add(context, content))
        except Unavailable as error:
            outcomes.append(error)

    made = Interrupted(getattr(context, port), name, number, sweep_and_come)
    database = made if port == "database" else context.database
    storage = made if port == "storage" else context.storage
    list(sweeps.sweep_files(database, storage, later))  # type: ignore[arg-type]
    (outcome,) = outcomes
    if isinstance(outcome, InkcreError):
        outcome = add(context, content)
    found = find_content(context, outcome)
    assert b"".join(found.source.read(0, found.size)) == content


def test_sweep_whose_machine_slept_looks_again(context: Components) -> None:
    """Its marks may have lapsed, and a file may have come."""
    let_go(context, SMALL)
    slept = timedelta()

    def clock() -> datetime:
        return later() + slept

    def sleep_and_come() -> None:
        nonlocal slept
        slept = timedelta(days=1)
        age(context, 1)
        files.add_file(context.database, context.storage, [SMALL], name=None, now=clock())

    storage = Interrupted(context.storage, "head", 1, sleep_and_come)
    *_, swept = sweeps.sweep_files(context.database, storage, clock)  # type: ignore[arg-type]
    assert swept.deleted == 0
    assert len(all_keys(context)) == 1
    assert [sweep for _, sweep in notes_of(context)] == []


def test_sweep_that_slept_for_half_of_its_time_begins_anew(context: Components) -> None:
    """While its marks still hold: as much time again is left for what it has begun."""
    let_go(context, SMALL)
    slept = timedelta()

    def clock() -> datetime:
        return later() + slept

    def sleep() -> None:
        nonlocal slept
        slept = timedelta(seconds=HELD_SECONDS / 2 + 1)

    storage = Interrupted(context.storage, "head", 1, sleep)
    *_, swept = sweeps.sweep_files(context.database, storage, clock)  # type: ignore[arg-type]
    assert swept.deleted == 0
    assert len(all_keys(context)) == 1
    assert [sweep for _, sweep in notes_of(context)] == [None]


@pytest.mark.parametrize("way", ["create", "edit", "graph", "import"])
def test_block_written_by_hand_during_a_sweep_is_told_of(context: Components, way: str) -> None:
    """Whoever names a file that is about to be deleted hears of it, however it is written."""
    from inkcre.graph import blocks, graphs
    from inkcre.graph.forms import BlockEdit, BlockForm, Star
    from inkcre.transfer import imports

    kept = add(context, SMALL)
    form = {"resolver": "mine", "storage": "file", "content": kept.content}
    other, _ = blocks.create_block(context.database, BlockForm(resolver="text", content="x"), context.clock())  # fmt: skip
    delete_block(context.database, kept.id)
    age(context)
    told: list[Unavailable] = []
    database, now = context.database, later()
    lines = [json.dumps({"block": form}).encode()]
    edit = BlockEdit(storage="file", content=kept.content)
    ways: dict[str, Callable[[], Any]] = {
        "create": lambda: blocks.create_block(database, BlockForm(**form), now),
        "edit": lambda: blocks.edit_block(database, other.id, edit, now),
        "graph": lambda: graphs.write_graph(database, Star.model_validate({"block": form}), now),
        "import": lambda: list(imports.import_lines(database, lines, lambda: now)),
    }

    def write() -> None:
        with pytest.raises(Unavailable, match="is being cleared away") as caught:
            ways[way]()
        told.append(caught.value)

    storage = Interrupted(context.storage, "delete", 2, write)
    list(sweeps.sweep_files(context.database, storage, later))  # type: ignore[arg-type]
    assert told


def test_file_that_a_power_cut_emptied_is_put_again(context: Components) -> None:
    """When it is sent again."""
    for content in (SMALL, LARGE):
        block = add(context, content)
        key = files.file_key(block.content.removeprefix("sha256:"))
        context.storage.put(key, b"")
        assert add(context, content).id == block.id
        assert context.storage.get(key).read() == content


def test_file_is_written_through_to_the_disk(
    context: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and every folder that leads to it, before its block is written."""
    claims.require(context.database, context.storage, context.tenure)
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    block, _ = files.add_file(context.database, context.storage, [SMALL], name=None, now=context.clock(), tenure=context.tenure)  # fmt: skip
    digest = block.content.removeprefix("sha256:")
    assert synced[:4] == [digest, f"{digest[:2]}+", "sha256+", "files"]


def _copy_of(block: Block) -> Any:
    from inkcre.graph.block_rows import INSERT_BLOCK
    from inkcre.graph.digests import block_digest

    values = {"storage": "file", "resolver": "mine", "content": block.content}
    digest = block_digest("mine", "file", block.content)
    return INSERT_BLOCK(now="2026-11-24T00:00:00.000000Z", digest=digest, **values)


def test_what_never_came_whole_goes_after_a_day(context: Components) -> None:
    """Of this base's uploads; those of others are orphans."""
    base = claims.require(context.database, context.storage, context.tenure).base
    ours, others, former = (f"incoming/{name}/{'0' * 32}" for name in (base, "f" * 32, "x"))
    for key in (ours, others, former):
        context.storage.put(FileKey(key), b"x")
    assert sweep(context, context.clock).deleted == 0
    assert sweep(context).deleted == 1
    assert all_keys(context) == {others, former}


def test_orphans_are_counted_and_deleted_only_when_asked(context: Components) -> None:
    """What is neither named nor noted stays for ever, unless somebody says otherwise."""
    kept = add(context, LARGE)
    let_go(context, SMALL, days=1)
    orphan = FileKey("sha256/aa/" + "a" * 64)
    context.storage.put(orphan, b"x")
    context.storage.put(FileKey("incoming/" + "0" * 32), b"x")
    standing = claims.require(context.database, context.storage, context.tenure)
    found = list(sweeps.list_orphans(context.database, context.storage, context.clock, standing))
    assert found == []
    assert sweep(context).deleted == 0
    found = list(sweeps.list_orphans(context.database, context.storage, later, standing))
    assert {info.key for info in found} == {orphan, "incoming/" + "0" * 32}
    *_, swept = sweeps.sweep_orphans(context.database, context.storage, later, orphans=found)
    assert (swept.deleted, swept.bytes) == (2, 2)
    digests = {block.rpartition("/")[2] for block in all_keys(context)}
    assert digests == {kept.content[7:], hashlib.sha256(SMALL).hexdigest()}


def test_orphan_that_is_named_meanwhile_stays(context: Components) -> None:
    """Between the look that found it and the sweep."""
    claims.require(context.database, context.storage, context.tenure)
    digest = hashlib.sha256(SMALL).hexdigest()
    context.storage.put(files.file_key(digest), SMALL)
    standing = claims.require(context.database, context.storage, context.tenure)
    found = list(sweeps.list_orphans(context.database, context.storage, later, standing))
    add(context, SMALL)
    *_, swept = sweeps.sweep_orphans(context.database, context.storage, later, orphans=found)
    assert (len(found), swept.deleted, len(all_keys(context))) == (1, 0, 1)


def test_marks_of_a_sweep_that_was_killed_do_not_last(context: Components) -> None:
    """For a quarter of an hour the file is told to be cleared away; then it can come again."""
    let_go(context, SMALL)
    killed = Interrupted(context.storage, "delete", 2, _die)
    database = Interrupted(context.database, "atomic", 4, _die)
    with pytest.raises(KeyboardInterrupt):
        list(sweeps.sweep_files(database, killed, later))  # type: ignore[arg-type]
    ((_, mark),) = notes_of(context)
    assert mark
    with pytest.raises(Unavailable, match="is being cleared away"):
        add(context, SMALL)
    assert sweep(context).deleted == 0
    age(context, (HELD_SECONDS + 1) / 86400)
    block = add(context, SMALL)
    assert context.storage.get(files.file_key(block.content[7:])).read() == SMALL
    delete_block(context.database, block.id)
    age(context)
    assert sweep(context).deleted == 1


def _die() -> None:
    raise KeyboardInterrupt


def test_files_of_others_are_not_touched(context: Components) -> None:
    """A sweep looks into its own folders only."""
    context.storage.put(FileKey("mine/file"), b"x")
    context.storage.put(FileKey("sha256"), b"x")
    sweep(context)
    assert all_keys(context) == {"mine/file", "sha256"}


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


STEPS = [("storage", "list", 1), ("storage", "put", 1), ("database", "atomic", 1),
         ("database", "atomic", 2), ("database", "atomic", 3), ("database", "read", 5),
         ("storage", "head", 1), ("storage", "delete", 2), ("database", "atomic", 4)]  # fmt: skip
"""Those of a sweep: it looks, claims, forgets, marks, looks, deletes, forgets."""


PAIRS = [("sqlite", SMALL), ("postgres", LARGE)]
"""How large a file is, only the storage knows."""

if is_whole():
    PAIRS += [("sqlite", LARGE), ("postgres", SMALL)]

ON_EACH = pytest.mark.parametrize(
    ("context", "content"),
    PAIRS,
    indirect=["context"],
    ids=[f"{database}-{len(content)}" for database, content in PAIRS],
)


@ON_EACH
@pytest.mark.parametrize(("port", "name", "number"), STEPS)
def test_file_that_comes_during_a_sweep_is_not_lost(
    context: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """Whichever step of the sweep it comes before: its block has its file, or it is told to wait."""
    let_go(context, content)
    outcomes: list[Block | InkcreError] = []

    def come() -> None:
        try:
            outcomes.append(add(context, content))
        except Unavailable as error:
            outcomes.append(error)

    database: Database = context.database
    storage: Storage = context.storage
    if port == "storage":
        storage = Interrupted(storage, name, number, come)  # type: ignore[assignment]
    else:
        database = Interrupted(database, name, number, come)  # type: ignore[assignment]
    list(sweeps.sweep_files(database, storage, later))
    (outcome,) = outcomes
    if isinstance(outcome, InkcreError):
        assert "is being cleared away" in str(outcome)
        outcome = add(context, content)
    found = find_content(context, outcome)
    assert b"".join(found.source.read(0, found.size)) == content


@ON_EACH
@pytest.mark.parametrize(
    ("port", "name", "number"),
    [("storage", "put", 1), ("storage", "head", 1), ("storage", "move", 1), ("database", "atomic", 1),
     ("database", "atomic", 2)],
)  # fmt: skip
def test_sweep_during_the_coming_of_a_file_loses_nothing(
    context: Components, content: bytes, port: str, name: str, number: int
) -> None:
    """Whichever step it runs before, also when the same old file is there already."""
    let_go(context, content)
    swept: list[sweeps.Swept] = []
    made = Components(
        database=context.database,
        storage=context.storage,
        keyvalue=context.keyvalue,
        web=context.web,
        clock=context.clock,
        settings=context.settings,
        application=context.application,
    )
    ran = Interrupted(getattr(made, port), name, number, lambda: swept.append(sweep(context, soon)))
    database = ran if port == "database" else context.database
    storage = ran if port == "storage" else context.storage
    again, _ = files.add_file(database, storage, [content], name=None, now=context.clock())  # type: ignore[arg-type]
    found = find_content(context, again)
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
        (b"\x00\x00\x00\x1cftypavif\x00\x00", "image/avif"),
        (b"\x00\x00\x00\x1cftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x1cftypisom", "video/mp4"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
        (b"7z\xbc\xaf'\x1c\x00", "application/x-7z-compressed"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"BM\x00", "image/bmp"),
        (b"\x00\x00\x01\x00", "image/x-icon"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"%!PS-Adobe-3.0", "application/postscript"),
        (b"OggS\x00", "application/ogg"),
        (b"MThd\x00\x00\x00\x06", "audio/midi"),
        (b"fLaC", "audio/flac"),
        (b"ID3\x03", "audio/mpeg"),
        (b"\xff\xfb", "audio/mpeg"),
        (b"\x1aE\xdf\xa3", "video/webm"),
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
