"""Reports of people who lost what they kept in other programs: here each of them keeps it.

Each test does here what was done there; its docstring names the report.
"""

import shutil
from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from inkcre.graph.records import Block
from inkcre.sources.edits import edit_source
from inkcre.sources.forms import SourceEdit
from inkcre.sources.removals import delete_source
from inkcre.sources.types.places import PLACEHOLDER
from tests.jobs.conftest import Clock
from tests.on_base import source_types
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, live, result_of
from tests.sources.test_doubts import rss
from tests.sources.test_folder import arcs, find, write
from tests.sources.test_items import make, relate
from tests.sources.test_missing import add_folder, collect_nothing_lost, fill, texts

LONG = "What I have thought of in the last year. " * 20


def found(base: Components, content: str) -> Block:
    """Return the block of some content, which is there."""
    block = find(base, content)
    assert block is not None, content
    return block


def test_files_that_are_all_deleted_where_they_lie_stay_here(
    base: Components, notes: Path, clock: Clock
) -> None:
    """What is all gone is told at each collect, and stays for days.

    The fail-safe held for a while, and then everything went without a word.
    https://github.com/laurent22/joplin/issues/883, https://github.com/laurent22/joplin/issues/5822
    """
    had = fill(notes, 68)
    source_id = add_folder(base, notes)
    for note in notes.iterdir():
        note.unlink()
    for _ in range(3):
        collect_nothing_lost(base, source_id, 68)
        live(base, clock, days=2)
    assert texts(base) == had


def test_another_target_does_not_take_what_the_former_one_gave(
    base: Components, notes: Path, clock: Clock
) -> None:
    """What a source brought from elsewhere stays when it leads to an empty place.

    A new server was set, and what was not there was deleted here.
    https://github.com/laurent22/joplin/issues/661, https://github.com/laurent22/joplin/issues/6864
    """
    had = fill(notes / "old", 5)
    (notes / "new").mkdir()
    source_id = add_folder(base, notes / "old")
    edit_source(
        base.database, source_types(base), source_id,
        SourceEdit(config={"path": str(notes / "new")}), clock=base.clock, timezone="UTC",
    )  # fmt: skip
    for _ in range(2):
        collect_nothing_lost(base, source_id, 0)
        live(base, clock, days=30)
    assert texts(base) == had


def test_tags_and_stars_outlive_the_feed(base: Components, pages: Pages) -> None:
    """What a person marked stays when its feed is removed.

    Articles that had been tagged and starred went a while after their feed.
    https://github.com/Athou/commafeed/issues/698
    """
    url = pages.put("/feed", rss(("1", "One", "first"), ("2", "Two", "second")).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    [starred] = list_blocks(base.database, resolver="feed entry", limit=1)[0]
    relate(base, make(base, "starred"), starred, "is")
    delete_source(base.database, source_id)
    other = add_source(base, "inbox")
    collect(base, other)
    assert arcs(base, found(base, "starred")) == {"is": [starred.content]}


def test_entries_of_other_identity_leave_what_was_said_of_the_former(
    base: Components, pages: Pages
) -> None:
    """What was said of an entry stays when its feed names it otherwise.

    All GUIDs went from http to https, and every article came once more.
    https://github.com/Ranchero-Software/NetNewsWire/issues/3572
    """
    url = pages.put(
        "/guids", rss(("http://x/1", "One", "first"), ("http://x/2", "Two", "2")).encode()
    )
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    [starred] = list_blocks(base.database, resolver="feed entry", limit=1)[0]
    relate(base, make(base, "starred"), starred, "is")
    pages.put("/guids", rss(("https://x/1", "One", "first"), ("https://x/2", "Two", "2")).encode())
    assert collect(base, source_id).state == "finished"
    assert arcs(base, found(base, "starred")) == {"is": [starred.content]}


@pytest.mark.parametrize("case", ["file", "folder"])
def test_only_the_case_of_a_name_changes(base: Components, notes: Path, case: str) -> None:
    """A file or a folder that is only written otherwise keeps what it has.

    The former name was deleted, and the new one taken for the same.
    https://github.com/vrtmrz/obsidian-livesync/issues/1168
    https://github.com/pbek/QOwnNotes/issues/1190
    """
    had = fill(notes / "sub", 3)
    source_id = add_folder(base, notes)
    relate(base, found(base, "note sub 1"), make(base, "mine"), "about")
    if case == "file":
        (notes / "sub" / "n1.md").rename(notes / "sub" / "N1.md")
    else:
        (notes / "sub").rename(notes / "Sub")
    collect_ok = result_of(collect(base, source_id))
    assert collect_ok.get("missing", 0) == 0
    assert texts(base) == had
    assert arcs(base, found(base, "note sub 1"))["about"] == ["mine"]


@pytest.mark.parametrize("left", ["", "-", "---\ntags: daily\n---\n", "# Today\n"])
def test_note_that_a_sync_empties_stays_until_it_is_so_again(
    base: Components, notes: Path, left: str
) -> None:
    """A note of which hardly anything is left for once stays as it was.

    A new and empty daily note, or one with its properties alone, overwrote that of another device.
    https://github.com/vrtmrz/obsidian-livesync/issues/539
    https://github.com/logseq/logseq/issues/3709, https://github.com/logseq/logseq/issues/12273
    """
    write(notes, daily=LONG, other="another")
    source_id = add_folder(base, notes)
    relate(base, found(base, LONG), make(base, "mine"), "about")
    write(notes, daily=left)
    collect_nothing_lost(base, source_id, 0)
    assert arcs(base, found(base, LONG))["about"] == ["mine"]
    write(notes, daily=LONG)
    assert result_of(collect(base, source_id))["updated"] == 0
    assert arcs(base, found(base, LONG)) == {"about": ["mine"], "path": ["daily.md"]}


def test_note_that_was_not_taken_links_to_nothing(base: Components, notes: Path) -> None:
    """Its links wait with its text; taken the second time, and taken back, they leave nothing."""
    write(notes, a="all that I know of rye " * 20, b="a bread")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    former = found(base, "all that I know of rye " * 20)
    write(notes, a="[[b]]")
    assert result_of(collect(base, source_id))["doubtful"] == 1
    assert arcs(base, former) == {"path": ["a.md"]}
    collect(base, source_id)
    assert arcs(base, found(base, "[[b]]")) == {"path": ["a.md"], "links to": ["a bread"]}
    write(notes, a="nothing")
    collect(base, source_id)
    assert arcs(base, found(base, "nothing")) == {"path": ["a.md"]}


def test_note_that_is_emptied_and_meant_so_is_taken_the_second_time(
    base: Components, notes: Path
) -> None:
    """What its file says twice is so; a note of few words is taken at once."""
    write(notes, daily=LONG, short="note to self")
    source_id = add_folder(base, notes)
    write(notes, daily="# Done", short="x")
    result = result_of(collect(base, source_id))
    assert (result["updated"], result["doubtful"]) == (1, 1)
    assert find(base, "x")
    result = result_of(collect(base, source_id))
    assert (result["updated"], result.get("doubtful", 0)) == (1, 0)
    assert find(base, "# Done")
    assert find(base, LONG) is None
    write(notes, daily=f"# Done\n\n{LONG}")
    assert result_of(collect(base, source_id))["updated"] == 1


@pytest.mark.parametrize("mark", [".{}.icloud", "{}.nextcloud", "{}.owncloud"])
def test_file_whose_bytes_are_elsewhere_is_there(base: Components, notes: Path, mark: str) -> None:
    """A file that a program has sent away, and left a placeholder for, is not gone.

    What stood in its place was taken for nothing.
    https://github.com/atomantic/PortOS/issues/3716
    https://github.com/nextcloud/desktop/issues/5082
    """
    had = fill(notes / "sub", 3) | fill(notes, 3)
    source_id = add_folder(base, notes)
    for folder in (notes, notes / "sub"):
        (folder / "n1.md").unlink()
        (folder / mark.format("n1.md")).write_bytes(b"bplist00")
    collect_nothing_lost(base, source_id, 0)
    assert texts(base) == had
    (notes / mark.format("n1.md")).unlink()
    assert result_of(collect(base, source_id))["deleted"] == 1
    assert texts(base) == had - {"note notes 1"}


@pytest.mark.parametrize(
    ("name", "stands_for"),
    [
        (".a.md.icloud", "a.md"), ("a.md.nextcloud", "a.md"), ("a.md.owncloud", "a.md"),
        (".icloud", None), ("a.icloud", None), (".nextcloud", None), ("a.md", None),
    ],
)  # fmt: skip
def test_what_a_placeholder_stands_for(name: str, stands_for: str | None) -> None:
    """A file that is only called so is none."""
    match = PLACEHOLDER.fullmatch(name)
    assert (match and (match["icloud"] or match["other"])) == stands_for


def test_storage_that_is_away_in_the_middle_takes_nothing(
    base: Components, notes: Path, clock: Clock
) -> None:
    """A disk that is away for some days takes nothing along, and brings nothing twice.

    Its place was there without it, and everything was deleted, with what people had shared of it.
    https://github.com/nextcloud/server/issues/20995
    https://github.com/nextcloud/server/issues/22751
    https://github.com/laurent22/joplin/issues/6304
    """
    had = fill(notes / "mount", 30)
    source_id = add_folder(base, notes)
    relate(base, found(base, "note mount 7"), make(base, "mine"), "about")
    away = notes.with_name("away")
    shutil.move(notes / "mount", away)
    (notes / "mount").mkdir()
    collect_nothing_lost(base, source_id, 30)
    live(base, clock, days=5)
    shutil.rmtree(notes / "mount")
    shutil.move(away, notes / "mount")
    result = result_of(collect(base, source_id))
    assert (result["unchanged"], result["added"], result.get("missing", 0)) == (30, 0, 0)
    assert texts(base) == had
    assert arcs(base, found(base, "note mount 7"))["about"] == ["mine"]


def test_older_copy_that_is_put_back_takes_none_of_what_came_since(
    base: Components, notes: Path
) -> None:
    """A backup that is put back does not take what was written after it.

    The server was put back to two weeks ago, and took from each client what was newer.
    https://github.com/nextcloud/server/issues/33527
    """
    fill(notes, 40)
    source_id = add_folder(base, notes)
    backup = notes.with_name("backup")
    shutil.copytree(notes, backup)
    write(notes, **{f"new{number}": f"note new {number}" for number in range(30)})
    collect(base, source_id)
    had = texts(base)
    shutil.rmtree(notes)
    shutil.copytree(backup, notes)
    collect_nothing_lost(base, source_id, 30)
    assert texts(base) == had


def test_smaller_limit_does_not_delete_what_is_larger(base: Components, notes: Path) -> None:
    """What a source is told to read no more stays as it is.

    What a new pattern left out was moved to the trash, and went from there.
    https://github.com/immich-app/immich/issues/14898
    """
    write(notes, long=LONG, other="note short")
    source_id = add_folder(base, notes)
    edit_source(
        base.database, source_types(base), source_id,
        SourceEdit(config={"max_bytes": 100}), clock=base.clock, timezone="UTC",
    )  # fmt: skip
    collect_nothing_lost(base, source_id, 0)
    assert find(base, LONG)
