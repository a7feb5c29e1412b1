"""Files that notes embed or link to: their bytes, for as long as a note says them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkcre.adapters.storage.memory import MemoryStorage
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph.blocks import delete_block, list_blocks
from inkcre.graph.files.files import add_file
from inkcre.graph.files.sweeps import sweep_files
from inkcre.graph.forms import RelationForm
from inkcre.graph.records import Block
from inkcre.graph.relations import create_relation, list_relations
from inkcre.ports.storage import Tenure
from inkcre.sections.storage import MemoryStorageSettings
from inkcre.sources.items.releases import forget_items
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.jobs.conftest import Clock, quiet
from tests.on_base import find_content
from tests.sources.conftest import add_source, collect, live, result_of
from tests.sources.test_folder import PDF, arcs, find, write
from tests.sources.test_items import make

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9
OTHER = b"\x89PNG\r\n\x1a\n" + bytes(reversed(range(256))) * 9
on_sqlite = pytest.mark.parametrize("base", ["sqlite"], indirect=True)


def files_of(base: Components) -> dict[str, Block]:
    """Return the blocks of files by their paths."""
    blocks, _ = list_blocks(base.database, limit=1000)
    return {
        path: block
        for block in blocks
        if block.storage == "file"
        for path in arcs(base, block).get("path", ["?"])
    }


def bytes_of(base: Components, block: Block) -> bytes:
    """Return what a file's block has."""
    content = find_content(base, block)
    return b"".join(content.source.read(0, content.size))


def attached(base: Components, note: str) -> list[int]:
    """Return the ids of what is attached to a note."""
    block = find(base, note)
    assert block
    relations, _ = list_relations(base.database, block.id, direction="out", limit=1000)
    return sorted(r.to_ for r in relations if r.content == "attachment")


def put(folder: Path, name: str, content: bytes, *, at: int | None = None) -> Path:
    """Write a file, as it was changed at a time."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if at is not None:
        os.utime(path, (at, at))
    return path


HOME = (
    "![[pic.png|100]] and ![x](img/Other%20one.png), see [the paper](paper.pdf) and ![[paper.pdf]]"
)


@pytest.mark.parametrize("keeps", ["filesystem", "memory"])
def test_what_notes_embed_and_link_to_is_kept(base: Components, notes: Path, keeps: str) -> None:
    """As one that was uploaded: by what it is, with its name; and again adds nothing."""
    if keeps == "memory":
        base = replace(base, storage=MemoryStorage(MemoryStorageSettings()))
    write(notes, home=HOME, again="again ![[pic.png]]")
    put(notes, "img/pic.png", PNG)
    put(notes, "img/Other one.png", b"GIF89a and more")
    put(notes, "img/unsaid.png", OTHER)
    put(notes, "paper.pdf", PDF)
    source_id = add_source(base, "folder", path=str(notes))
    result = result_of(collect(base, source_id))
    assert (result["added"], "left_out" in result) == (6, False)  # two notes, a text, three files
    files = files_of(base)
    assert {path: block.resolver for path, block in files.items()} == {
        "img/pic.png": "image", "img/Other one.png": "image", "paper.pdf": "file",
    }  # fmt: skip
    pic, other, paper = files["img/pic.png"], files["img/Other one.png"], files["paper.pdf"]
    assert bytes_of(base, pic) == PNG
    assert bytes_of(base, paper) == PDF
    told = find_content(base, other)
    assert (told.media_type, told.name) == ("image/gif", "Other one.png")
    assert attached(base, HOME) == sorted([pic.id, other.id, paper.id])
    assert attached(base, "again ![[pic.png]]") == [pic.id]
    home = find(base, HOME)
    assert home
    assert arcs(base, home)["links to"] == ["Hello PDF"]
    assert arcs(base, paper)["text content"] == ["Hello PDF"]
    before = list_blocks(base.database, limit=1000)[0]
    again = result_of(collect(base, source_id))
    assert again == {"added": 0, "updated": 0, "unchanged": 6, "deleted": 0}
    assert list_blocks(base.database, limit=1000)[0] == before


@on_sqlite
def test_file_that_looks_the_same_is_not_read(base: Components, notes: Path) -> None:
    """By its size and time; ``full`` reads it all the same."""
    write(notes, home="![[pic.png]]")
    put(notes, "pic.png", PNG, at=1_000_000)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    first = files_of(base)["pic.png"]
    put(notes, "pic.png", OTHER, at=1_000_000)
    assert result_of(collect(base, source_id))["updated"] == 0
    assert result_of(collect(base, source_id, full=True))["updated"] == 1
    now = files_of(base)["pic.png"]
    assert (now.id, bytes_of(base, now)) == (first.id, OTHER)


def test_edited_file_keeps_its_block(base: Components, notes: Path, clock: Clock) -> None:
    """In place, as a note does, with what was attached to it; the former bytes are let go."""
    write(notes, home="![[pic.png]]")
    put(notes, "pic.png", PNG, at=1)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    first = files_of(base)["pic.png"]
    mine = make(base, "mine")
    create_relation(
        base.database, RelationForm(from_=mine.id, to_=first.id, content="about"), clock()
    )
    put(notes, "pic.png", OTHER, at=2)
    assert result_of(collect(base, source_id))["updated"] == 1
    now = files_of(base)["pic.png"]
    assert (now.id, bytes_of(base, now)) == (first.id, OTHER)
    assert attached(base, "![[pic.png]]") == [first.id]
    clock.pass_by(days=40)
    swept = list(sweep_files(base.database, base.storage, clock, keep_days=0, tenure=base.tenure))
    assert swept[-1].deleted == 1
    assert bytes_of(base, now) == OTHER


def test_renamed_file_keeps_its_block(base: Components, notes: Path) -> None:
    """The same content is the same block, also where the note says the new name."""
    write(notes, home="![[pic.png]]")
    put(notes, "pic.png", PNG)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    first = files_of(base)["pic.png"]
    (notes / "pic.png").rename(notes / "photo.png")
    write(notes, home="![[photo.png]]")
    result = result_of(collect(base, source_id))
    assert (result["added"], result["updated"], result["deleted"]) == (1, 1, 1)
    assert {path: block.id for path, block in files_of(base).items()} == {"photo.png": first.id}
    assert attached(base, "![[photo.png]]") == [first.id]


def test_what_no_note_says_any_more_goes(base: Components, notes: Path) -> None:
    """Also though its file is there; what somebody has given stays, and what another note says."""
    write(notes, a="a ![[one.png]] ![[two.png]] ![[mine.png]]", b="b ![[two.png]]")
    put(notes, "one.png", PNG)
    put(notes, "two.png", OTHER)
    put(notes, "mine.png", b"GIF89a mine")
    given, _ = add_file(
        base.database, base.storage, [b"GIF89a mine"], name="mine.gif", now=base.clock()
    )
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    two = files_of(base)["two.png"]
    write(notes, a="a alone")
    result = result_of(collect(base, source_id))
    assert (result["updated"], result["deleted"]) == (1, 2)
    assert {block.id for block in files_of(base).values()} == {two.id, given.id}
    (notes / "b.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 2
    assert {block.id for block in files_of(base).values()} == {given.id}


@on_sqlite
def test_note_that_is_kept_keeps_what_it_says(base: Components, notes: Path, clock: Clock) -> None:
    """One that cannot be read now, is doubted, or is missing has taken nothing back."""
    for name in ("large", "emptied", "away/gone"):
        (notes / name).parent.mkdir(exist_ok=True)
        (notes / f"{name}.md").write_text(f"{name} ![[{Path(name).name}.png]] " + "words " * 60)
        put(notes, f"{Path(name).name}.png", PNG + name.encode())
    source_id = add_source(base, "folder", path=str(notes), max_bytes=1000)
    assert result_of(collect(base, source_id))["added"] == 6
    (notes / "large.md").write_text("x" * 2000)
    (notes / "emptied.md").write_text("x")
    (notes / "away").rename(notes.with_name("away"))
    (notes / "away").symlink_to(notes.with_name("away"))
    result = result_of(collect(base, source_id))
    assert (result["deleted"], result["missing"], result["doubtful"]) == (0, 1, 1)
    assert len(files_of(base)) == 3
    result = result_of(collect(base, source_id, forget=True))  # and emptied twice
    assert (result["updated"], result["deleted"]) == (1, 3)
    assert {*files_of(base)} == {"large.png"}


@on_sqlite
def test_files_on_a_disk_that_is_away_are_missing(
    base: Components, notes: Path, clock: Clock
) -> None:
    """They stay, with what notes say of them, and nothing is written when they return."""
    write(notes, home="![[pic.png]]")
    put(notes, "img/pic.png", PNG)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    pic = files_of(base)["img/pic.png"]
    (notes / "img").rename(notes.with_name("away"))
    (notes / "img").symlink_to(notes.with_name("away"))
    result = result_of(collect(base, source_id))
    assert (result["updated"], result["deleted"], result["missing"]) == (0, 0, 1)
    live(base, clock, days=9)
    collect(base, source_id)
    assert attached(base, "![[pic.png]]") == [pic.id]
    (notes / "img").unlink()
    notes.with_name("away").rename(notes / "img")
    result = result_of(collect(base, source_id))
    assert (result["updated"], result["deleted"], "missing" in result) == (0, 0, False)


def test_deleted_file_stays_away(base: Components, notes: Path) -> None:
    """Also in its next edition, and under another name; ``--restore`` brings it back."""
    write(notes, home="![[pic.png]]")
    put(notes, "pic.png", PNG, at=1)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    delete_block(base.database, files_of(base)["pic.png"].id)
    put(notes, "pic.png", PNG, at=2)
    assert result_of(collect(base, source_id))["withheld"] == 1
    (notes / "pic.png").rename(notes / "img.png")
    write(notes, home="![[img.png]]")
    assert result_of(collect(base, source_id))["withheld"] == 1
    assert files_of(base) == {}
    result_of(collect(base, source_id, restore=True))
    assert attached(base, "![[img.png]]") == [files_of(base)["img.png"].id]


@on_sqlite
def test_nothing_is_read_from_outside(base: Components, notes: Path, tmp_path: Path) -> None:
    """No link is followed, no path leads above the root, and hidden files are none."""
    put(tmp_path, "secret.png", PNG)
    put(tmp_path, "away/deep.png", PNG)
    put(notes, ".hidden.png", PNG)
    put(notes, ".git/inside.png", PNG)
    (notes / "link.png").symlink_to(tmp_path / "secret.png")
    (notes / "folder").symlink_to(tmp_path / "away")
    os.mkfifo(notes / "pipe.png")
    note = (
        "![[link.png]] ![](../secret.png) ![](folder/deep.png) ![[deep.png]] ![[secret.png]]"
        " ![](.hidden.png) ![[inside.png]] ![](.git/inside.png) ![[pipe.png]]"
        f" ![](/../secret.png) ![]({tmp_path}/secret.png) ![](file://{tmp_path}/secret.png)"
    )
    write(notes, home=note)
    source_id = add_source(base, "folder", path=str(notes))
    result = result_of(collect(base, source_id))
    assert (result["added"], result["left_out"]) == (1, {"link": 2, "unreadable": 1})
    assert files_of(base) == {}
    home = find(base, note)
    assert home
    assert sorted(arcs(base, home)["attachment"]) == ["link.png", "pipe.png"]


@on_sqlite
def test_what_is_not_kept_is_counted_and_named(base: Components, notes: Path) -> None:
    """Too large or empty; what was kept of it stays, and a limit of 0 keeps none."""
    write(notes, home="![[small.png]] ![[large.png]] ![[empty.png]]")
    put(notes, "small.png", PNG, at=1)
    put(notes, "large.png", PNG * 10)
    put(notes, "empty.png", b"")
    most = {"max_attachment_bytes": len(PNG)}
    source_id = add_source(base, "folder", path=str(notes), **most)
    result = result_of(collect(base, source_id))
    assert result["left_out"] == {"empty": 1, "too large": 1}
    home = find(base, "![[small.png]] ![[large.png]] ![[empty.png]]")
    assert home
    small = files_of(base)["small.png"]
    assert sorted(arcs(base, home)["attachment"]) == ["empty.png", "large.png", small.content]
    put(notes, "small.png", PNG * 2, at=2)
    assert result_of(collect(base, source_id))["left_out"] == {"empty": 1, "too large": 2}
    assert bytes_of(base, files_of(base)["small.png"]) == PNG
    none = add_source(base, "folder", path=str(notes), max_attachment_bytes=0)
    assert "left_out" not in result_of(collect(base, none))


@on_sqlite
def test_notes_are_collected_where_no_file_can_be_kept(
    base: Components, notes: Path, tmp_path: Path
) -> None:
    """The storage is another base's; once there is one, files come."""
    path = tmp_path / "other.sqlite3"
    lay_sqlite_base(path)
    other = build_components(sqlite_settings(path, **{"storage.path": str(tmp_path / "files")}))
    add_file(other.database, other.storage, [b"theirs"], name=None, now=base.clock())
    other.database.close()
    write(notes, home="![[pic.png]] ![[two.png]]")
    put(notes, "pic.png", PNG)
    put(notes, "two.png", OTHER)
    source_id = add_source(base, "folder", path=str(notes))
    result = result_of(collect(base, source_id))
    assert (result["added"], result["left_out"]) == (1, {"no storage": 2})
    own = replace(base, storage=MemoryStorage(MemoryStorageSettings()), tenure=Tenure())
    result = result_of(collect(own, source_id))
    assert (result["added"], result["updated"], "left_out" in result) == (2, 1, False)


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """What is killed before one of its writes."""

    def __init__(self, port: Any, step: Callable[[], None]) -> None:
        self._port, self._step = port, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in ("atomic", "put", "sync"):
            return found

        def act(*given: Any, **named: Any) -> Any:
            self._step()
            return found(*given, **named)

        return act


@pytest.fixture
def fresh(tmp_path: Path, notes: Path, clock: Clock) -> Iterator[Callable[[int], Components]]:
    """Return what makes bases."""
    made: list[Components] = []

    def make_base(number: int) -> Components:
        path = tmp_path / f"{number}.sqlite3"
        lay_sqlite_base(path)
        more = {"storage.path": str(tmp_path / f"{number}"), "sources.folders": [str(notes)]}
        made.append(build_components(sqlite_settings(path, **more), clock=clock))
        quiet(made[-1].database)
        return made[-1]

    yield make_base
    for base in made:
        base.database.close()


def test_killed_at_any_step_nothing_is_half(
    fresh: Callable[[int], Components], notes: Path, clock: Clock
) -> None:
    """Whatever a process was at, no block lacks its file, and the next attempt ends it."""
    write(notes, a="a ![[one.png]]", b="b ![[one.png]] ![[two.png]]")
    put(notes, "one.png", PNG)
    put(notes, "two.png", OTHER * 500)  # more than is put at once
    dies_at, has_ended = 0, False
    while not has_ended:
        dies_at += 1
        left = [dies_at]

        def step(left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Killed

        base = fresh(dies_at)
        source_id = add_source(base, "folder", path=str(notes))
        database: Any = Mortal(base.database, step)
        storage: Any = Mortal(base.storage, step)
        try:
            collect(replace(base, database=database, storage=storage), source_id)
            has_ended = True
        except Killed:
            for block in files_of(base).values():
                assert bytes_of(base, block)
        clock.pass_by(hours=1)
        collect(base, source_id)
        files = files_of(base)
        assert bytes_of(base, files["one.png"]) == PNG, dies_at
        assert bytes_of(base, files["two.png"]) == OTHER * 500
        assert attached(base, "a ![[one.png]]") == [files["one.png"].id]
        assert attached(base, "b ![[one.png]] ![[two.png]]") == sorted(f.id for f in files.values())
        assert result_of(collect(base, source_id))["unchanged"] == 4
    assert dies_at > 5


@on_sqlite
def test_source_that_goes_takes_its_files(base: Components, notes: Path) -> None:
    """By the same rule as its notes."""
    write(notes, home="![[pic.png]]")
    put(notes, "pic.png", PNG)
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    assert forget_items(base.database, source_id).deleted == 2
    assert list_blocks(base.database, limit=9)[0] == []
