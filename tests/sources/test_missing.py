"""What a source no longer gives: it goes when it is sure to be gone, and stays until then."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import delete_block, list_blocks
from inkcre.sources.edits import edit_source
from inkcre.sources.forms import SourceEdit
from inkcre.sources.sources import get_source
from tests.jobs.conftest import Clock
from tests.on_base import source_types
from tests.sources.conftest import add_source, collect, live, result_of
from tests.sources.test_folder import PDF, arcs, find, write


def texts(base: Components) -> set[str]:
    """Return the contents of the notes that are there, without their paths."""
    blocks, _ = list_blocks(base.database, resolver="text", limit=1000)
    return {block.content for block in blocks if block.content.startswith("note ")}


def fill(folder: Path, count: int) -> set[str]:
    """Write some notes; return what they say."""
    folder.mkdir(exist_ok=True)
    write(folder, **{f"n{number}": f"note {folder.name} {number}" for number in range(count)})
    return {f"note {folder.name} {number}" for number in range(count)}


def told(base: Components, source_id: int) -> tuple[int, str | None]:
    """Return what is told of what a source misses."""
    source = get_source(base.database, source_id)
    return source.missing, source.missing_since


def add_folder(base: Components, folder: Path) -> int:
    """Add a folder, and collect it."""
    source_id = add_source(base, "folder", path=str(folder))
    assert collect(base, source_id).state == "finished"
    return source_id


def collect_nothing_lost(base: Components, source_id: int, missing: int) -> None:
    """Collect a source that misses something, and deletes nothing."""
    result = result_of(collect(base, source_id))
    assert (result["deleted"], result.get("missing", 0)) == (0, missing)


def test_emptied_folder_is_missing_until_it_has_been_for_days(
    base: Components, notes: Path, clock: Clock
) -> None:
    """The job ends well, sources tell of it, and after ``sources.forget_days`` it goes."""
    had = fill(notes, 4)
    source_id = add_folder(base, notes)
    assert told(base, source_id) == (0, None)
    for note in notes.iterdir():
        note.unlink()
    result = result_of(collect(base, source_id))
    since = "2026-11-24T12:00:00.000000Z"
    assert (result["missing"], result["missing_since"]) == (4, since)
    live(base, clock, days=6)
    collect_nothing_lost(base, source_id, 4)
    assert told(base, source_id) == (4, since)
    assert texts(base) == had
    live(base, clock, days=1)
    assert result_of(collect(base, source_id))["deleted"] == 4
    assert texts(base) == set()
    assert told(base, source_id) == (0, None)


def test_clock_that_is_ahead_for_a_moment_takes_nothing(
    base: Components, notes: Path, clock: Clock
) -> None:
    """What is missing has not waited for a year because one clock says so."""
    had = fill(notes, 4)
    source_id = add_folder(base, notes)
    for note in notes.iterdir():
        note.unlink()
    collect_nothing_lost(base, source_id, 4)
    clock.pass_by(days=365)
    collect_nothing_lost(base, source_id, 4)
    clock.pass_by(minutes=1)
    collect_nothing_lost(base, source_id, 4)
    assert texts(base) == had
    clock.pass_by(minutes=5)
    assert result_of(collect(base, source_id))["deleted"] == 4, "the clock was right"


def test_what_is_there_again_is_not_missing(base: Components, notes: Path, clock: Clock) -> None:
    """Its days are counted anew when it goes once more; what stayed away is as old as it is."""
    fill(notes, 4)
    source_id = add_folder(base, notes)
    away = notes.with_name("away")
    shutil.copytree(notes, away)
    for note in notes.iterdir():
        note.unlink()
    collect_nothing_lost(base, source_id, 4)
    live(base, clock, days=5)
    for name in ("n0.md", "n1.md"):
        shutil.copy(away / name, notes / name)
    result = result_of(collect(base, source_id))
    assert (result["unchanged"], result["deleted"], result["missing"]) == (2, 0, 2)
    live(base, clock, days=2)
    assert result_of(collect(base, source_id))["deleted"] == 2
    assert texts(base) == {"note notes 0", "note notes 1"}


def test_much_at_once_is_missing_and_little_is_gone(base: Components, notes: Path) -> None:
    """More than twenty and more than a fifth; both have to be."""
    fill(notes, 104)
    source_id = add_folder(base, notes)
    for number in range(20):
        (notes / f"n{number}.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 20
    for number in range(20, 41):
        (notes / f"n{number}.md").unlink()
    collect_nothing_lost(base, source_id, 21)
    fill(notes, 121)
    assert "missing" not in result_of(collect(base, source_id))
    for number in range(24):  # twenty and more, but no fifth
        (notes / f"n{number}.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 24


def test_forgetting_lets_go_at_once_and_full_does_not(base: Components, notes: Path) -> None:
    """``full`` fetches everything anew and means nothing else."""
    fill(notes, 4)
    source_id = add_folder(base, notes)
    shutil.rmtree(notes)
    notes.mkdir()
    assert result_of(collect(base, source_id, full=True))["deleted"] == 0
    assert result_of(collect(base, source_id, restore=True))["deleted"] == 0
    assert result_of(collect(base, source_id, forget=True))["deleted"] == 4
    assert texts(base) == set()


@pytest.mark.parametrize("left", ["empty", "readme"])
@pytest.mark.parametrize("place", ["root", "below"])
def test_another_folder_in_its_place_takes_nothing(
    base: Components, notes: Path, clock: Clock, place: str, left: str
) -> None:
    """A few notes are as many as it needs, and a README in the empty place makes no difference."""
    root = notes / "vault"
    root.mkdir()
    had = fill(root / "sub", 3) | fill(root / "other", 40)
    source_id = add_folder(base, root)
    lost = root if place == "root" else root / "sub"
    lost.rename(notes / "away")
    lost.mkdir()
    if left == "readme":
        (lost / "README.txt").write_text("mount the disk here")
    missing = 43 if place == "root" else 3
    collect_nothing_lost(base, source_id, missing)
    collect_nothing_lost(base, source_id, missing)
    assert texts(base) == had
    shutil.rmtree(lost)
    (notes / "away").rename(lost)
    collect(base, source_id)
    # The folder has become another once more, where the README is not.
    readme = int(left == "readme")
    assert told(base, source_id)[0] == readme
    assert texts(base) == had
    (root / "sub" / "n0.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 1
    live(base, clock, days=30)
    assert result_of(collect(base, source_id))["deleted"] == readme
    assert texts(base) == had - {"note sub 0"}


def test_folder_that_became_a_link_takes_nothing_however_long(
    base: Components, notes: Path, clock: Clock
) -> None:
    """What is behind a link is not read, so nobody can tell whether it is gone; forgetting does."""
    had = fill(notes / "sub", 3) | fill(notes, 2)
    source_id = add_folder(base, notes)
    (notes / "sub").rename(notes.with_name("elsewhere"))
    (notes / "sub").symlink_to(notes.with_name("elsewhere"))
    collect_nothing_lost(base, source_id, 3)
    live(base, clock, days=30)
    collect_nothing_lost(base, source_id, 3)
    assert texts(base) == had
    assert result_of(collect(base, source_id, forget=True))["deleted"] == 3


def test_folder_that_was_deleted_is_gone_with_what_was_in_it(base: Components, notes: Path) -> None:
    """It was no disk of its own, and the folder above is what it was."""
    (notes / "deep").mkdir()
    fill(notes / "deep" / "sub", 3)
    fill(notes, 2)
    source_id = add_folder(base, notes)
    shutil.rmtree(notes / "deep")
    assert result_of(collect(base, source_id))["deleted"] == 3


def test_folder_that_was_renamed_loses_nothing_however_large(base: Components, notes: Path) -> None:
    """Its notes have other paths, and their blocks: the former paths go at once."""
    had = fill(notes / "sub", 30)
    source_id = add_folder(base, notes)
    before = find(base, "note sub 7")
    (notes / "sub").rename(notes / "renamed")
    result = result_of(collect(base, source_id))
    assert (result["deleted"], result.get("missing", 0)) == (30, 0)
    assert texts(base) == had
    after = find(base, "note sub 7")
    assert after
    assert before
    assert after.id == before.id
    assert arcs(base, after)["path"] == ["renamed/n7.md"]


def set_device(base: Components, source_id: int, *folders: str) -> None:
    """Let folders have been on another disk the last time."""
    import json

    from inkcre.sources.sources import SET_STATE

    source = get_source(base.database, source_id)
    state: Any = source.state
    for folder in folders:
        state["folders"][folder] = f"1{state['folders'][folder]}"
    base.database.atomic(
        [SET_STATE(id_=source_id, new_state=json.dumps(state), read_at=source.updated_at)]
    )


@pytest.mark.parametrize("is_there", [True, False], ids=["empty-place", "no-place"])
def test_disk_that_is_away_takes_nothing_however_long(
    base: Components, notes: Path, clock: Clock, *, is_there: bool
) -> None:
    """Its place is on another one, or goes with it as places of removable disks do."""
    had = fill(notes / "disk", 3) | fill(notes, 30)
    source_id = add_folder(base, notes)
    set_device(base, source_id, "disk")
    shutil.move(notes / "disk", notes.with_name("away"))
    if is_there:
        (notes / "disk").mkdir()
        (notes / "disk" / "README.txt").write_text("mount the disk here")
    collect_nothing_lost(base, source_id, 3)
    live(base, clock, days=30)
    collect_nothing_lost(base, source_id, 3)
    assert texts(base) == had


def test_disk_that_has_another_number_each_time_is_still_collected(
    base: Components, notes: Path, clock: Clock
) -> None:
    """Disks of the network have: what is missing there goes with time, and later ones at once."""
    fill(notes, 4)
    source_id = add_folder(base, notes)
    set_device(base, source_id, "")
    (notes / "n0.md").unlink()
    collect_nothing_lost(base, source_id, 1)
    (notes / "n1.md").unlink()
    result = result_of(collect(base, source_id))
    assert (result["deleted"], result["missing"]) == (1, 1)
    live(base, clock, days=7)
    assert result_of(collect(base, source_id))["deleted"] == 1


def test_links_to_what_is_missing_stay(base: Components, notes: Path, clock: Clock) -> None:
    """The notes that say so are there, and have not taken it back; what is gone has none."""
    fill(notes / "disk", 2)
    write(notes, a="see [[n0]] and [n1](disk/n1.md)", b="see [[c]]", c="see [[a]]")
    source_id = add_folder(base, notes)
    linking = find(base, "see [[n0]] and [n1](disk/n1.md)")
    assert linking
    both = ["note disk 0", "note disk 1"]
    assert sorted(arcs(base, linking)["links to"]) == both
    shutil.move(notes / "disk", notes.with_name("away"))
    (notes / "disk").mkdir()
    for _ in range(2):
        collect_nothing_lost(base, source_id, 2)
        assert sorted(arcs(base, linking)["links to"]) == both
    shutil.copy(notes.with_name("away") / "n0.md", notes / "disk" / "n0.md")
    collect_nothing_lost(base, source_id, 1)
    assert sorted(arcs(base, linking)["links to"]) == both
    (notes / "c.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 1
    live(base, clock, days=7)
    assert result_of(collect(base, source_id))["deleted"] == 1
    assert arcs(base, linking)["links to"] == ["note disk 0"]
    collect(base, source_id)
    assert result_of(collect(base, source_id))["updated"] == 0, "it says so once"


def test_link_follows_a_note_that_moves_while_others_are_missing(
    base: Components, notes: Path
) -> None:
    """What is found comes before what is missing."""
    fill(notes, 40)
    write(notes, a="see [[b]]", b="moved")
    source_id = add_folder(base, notes)
    for number in range(30):
        (notes / f"n{number}.md").unlink()
    (notes / "below").mkdir()
    (notes / "b.md").rename(notes / "below" / "b.md")
    assert result_of(collect(base, source_id))["missing"] == 30
    linking = find(base, "see [[b]]")
    assert linking
    assert arcs(base, linking)["links to"] == ["moved"]


class Broken:
    """A listing that a disk ends with an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "listing")

    def close(self) -> None:
        """Hang up."""


@pytest.mark.parametrize("part", ["listing", "link", "stat"])
def test_disk_that_answers_errors_takes_nothing(
    base: Components, notes: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Whatever is asked of it: the job fails and says so."""
    had = fill(notes / "sub", 3) | fill(notes, 3)
    source_id = add_folder(base, notes)
    sub = str(notes / "sub")
    with monkeypatch.context() as patch:
        if part == "listing":
            scan = os.scandir
            patch.setattr(os, "scandir", lambda at: Broken() if str(at) == sub else scan(at))
        else:
            asked = "is_symlink" if part == "link" else "stat"
            real = getattr(Path, asked)

            def refuse(path: Path, **more: Any) -> Any:
                if str(path).startswith(sub):
                    raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
                return real(path, **more)

            patch.setattr(Path, asked, refuse)
        job = collect(base, source_id)
    assert job.state == "failed"
    assert "input/output error" in str(job.error)
    assert texts(base) == had
    assert told(base, source_id) == (0, None)


def test_another_path_of_a_source_takes_nothing(base: Components, notes: Path) -> None:
    """What the former folder gave is released: none of it is missing, nor edited by its key."""
    had = fill(notes / "one", 3)
    fill(notes / "two", 3)
    source_id = add_folder(base, notes / "one")
    edit_source(
        base.database, source_types(base), source_id,
        SourceEdit(config={"path": str(notes / "two")}), clock=base.clock, timezone="UTC",
    )  # fmt: skip
    (notes / "two" / "n0.md").unlink()
    collect_nothing_lost(base, source_id, 0)
    assert "note two 1" in texts(base)
    assert had <= texts(base)


def test_two_sources_of_one_folder_each_decide(base: Components, notes: Path, clock: Clock) -> None:
    """What both have goes with the last of them; one that is collected later notices later."""
    had = fill(notes, 3)
    one, two = add_folder(base, notes), add_folder(base, notes)
    for note in notes.iterdir():
        note.unlink()
    collect_nothing_lost(base, one, 3)
    assert told(base, two) == (0, None)
    live(base, clock, days=7)
    collect_nothing_lost(base, two, 3)
    assert result_of(collect(base, one))["deleted"] == 3
    assert texts(base) == had
    live(base, clock, days=7)
    assert result_of(collect(base, two))["deleted"] == 3
    assert texts(base) == set()


def test_source_below_another_has_its_own_words(base: Components, notes: Path) -> None:
    """A note of both is one block, which stays as long as one of them gives it, or misses it."""
    had = fill(notes / "sub", 3)
    fill(notes, 3)
    above, below = add_folder(base, notes), add_folder(base, notes / "sub")
    (notes / "sub").rename(notes.with_name("away"))
    (notes / "sub").mkdir()
    collect_nothing_lost(base, above, 3)
    collect_nothing_lost(base, below, 3)
    assert result_of(collect(base, above, forget=True))["deleted"] == 3
    assert had <= texts(base)
    assert result_of(collect(base, below, forget=True))["deleted"] == 3
    assert not had & texts(base)


def test_names_that_are_no_text_have_keys_of_their_own(base: Components, notes: Path) -> None:
    """Two that look alike are two; a name that is text is called as it always was."""
    raw = os.fsencode(notes)
    (notes / "caf\ufffd.md").write_text("note text")
    Path(os.fsdecode(raw + b"/sub\xff")).mkdir()
    for name, text in (
        (b"caf\xe9.md", "note one"), (b"caf\xe8.md", "note two [[plain]]"),
        (b"caf\\xe9.md", "note backslash"), (b"sub\xff/a.md", "note below"),
        (b"plain.md", "note plain"),
    ):  # fmt: skip
        Path(os.fsdecode(raw + b"/" + name)).write_text(text)
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == 6
    assert result_of(collect(base, source_id))["unchanged"] == 6
    (two,) = [
        b for b in list_blocks(base.database, limit=1000)[0] if b.content.startswith("note two")
    ]
    assert arcs(base, two) == {"path": ["caf\\xe8.md"], "links to": ["note plain"]}
    below = find(base, "note below")
    assert below
    assert arcs(base, below)["path"] == ["sub\\xff/a.md"]
    Path(os.fsdecode(raw + b"/caf\xe9.md")).unlink()
    shutil.rmtree(raw + b"/sub\xff")
    assert result_of(collect(base, source_id))["deleted"] == 2
    assert texts(base) == {"note text", "note two [[plain]]", "note backslash", "note plain"}


def test_item_that_is_there_is_not_written_again(base: Components, notes: Path) -> None:
    """Neither when it is seen as always, nor what is missing as before."""
    fill(notes, 3)
    source_id = add_folder(base, notes)
    for note in notes.iterdir():
        note.unlink()
    collect(base, source_id)
    from inkcre.sources.absence import MARK_MISSING, MARK_PRESENT

    written: list[object] = []
    atomic = base.database.atomic

    def watch(calls: Any) -> Any:
        written.extend(call.statement for call in calls)
        return atomic(calls)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base.database, "atomic", watch)
        collect(base, source_id)
        assert not {MARK_MISSING, MARK_PRESENT} & set(written)
        fill(notes, 3)
        collect(base, source_id)
        assert written.count(MARK_PRESENT) == 1
        collect(base, source_id)
    assert written.count(MARK_PRESENT) == 1
    assert MARK_MISSING not in written


def test_file_that_is_read_once_comes_back_when_asked_for(base: Components, notes: Path) -> None:
    """A PDF file of the same bytes is not read again, unless everything is fetched anew."""
    (notes / "a.pdf").write_bytes(PDF)
    source_id = add_folder(base, notes)
    block = find(base, "Hello PDF")
    assert block
    delete_block(base.database, block.id)
    collect(base, source_id)
    collect(base, source_id, full=True)
    assert find(base, "Hello PDF") is None
    collect(base, source_id, restore=True)
    assert find(base, "Hello PDF")


def test_most_of_many_files_are_missing_in_a_moment(
    base: Components, notes: Path, clock: Clock
) -> None:
    """Time and memory go with the number of files; what goes later, goes in groups."""
    fill(notes, 1200)
    source_id = add_folder(base, notes)
    for number in range(1150):
        (notes / f"n{number}.md").unlink()
    collect_nothing_lost(base, source_id, 1150)
    assert told(base, source_id)[0] == 1150
    live(base, clock, days=8)
    assert result_of(collect(base, source_id))["deleted"] == 1150
    assert told(base, source_id) == (0, None)


def test_what_folders_are_is_not_shown(base: Components, notes: Path) -> None:
    """It may be long, and only the source understands it."""
    from inkcre.sources.masks import mask

    fill(notes, 1)
    source = get_source(base.database, add_folder(base, notes))
    assert "folders" in source.state
    assert "folders" not in mask(source, source_types(base).load("folder")).state


def test_no_more_folders_are_remembered_than_there_is_room_for() -> None:
    """Those nearest to the root, which all others stand on."""
    from inkcre.sources.types import places

    former = {"": "1:1"} | {f"{'d' * 200}/{number}": "1:2" for number in range(5000)}
    kept = places.Places(former).remember([f"{folder}/x" for folder in former if folder])
    assert "" in kept
    assert sum(map(len, kept)) <= places.MAX_CHARACTERS
