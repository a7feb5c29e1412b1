"""Undoing what sources have done: a whole collect at once, and items find their blocks again."""

from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.errors import BuiltOn
from inkcre.graph.blocks import delete_block, get_block, list_blocks
from inkcre.graph.change_log import log_made
from inkcre.graph.changes import GraphChange, list_changes
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.plans import plan_star
from inkcre.graph.stars import star, text
from inkcre.graph.undoing import Undone, undo_change
from inkcre.sources import collect as collecting
from tests.sources.conftest import add_source, collect, result_of
from tests.sources.test_folder import arcs, find, write
from tests.sources.test_items import item, make, relate, send
from tests.sources.test_sayers import found


def newest(base: Components) -> GraphChange:
    """Return the newest change."""
    return list_changes(base.database, limit=1)[0]


def undo(base: Components, change_id: int | None = None) -> Undone:
    """Undo a change, or the newest one."""
    id_ = newest(base).id if change_id is None else change_id
    return undo_change(base.database, id_, keep_days=30, has_file=lambda _: True)


def contents(base: Components) -> set[str]:
    """Return all there is."""
    return {block.content for block in list_blocks(base.database, limit=100)[0]}


def test_whole_collect_comes_back(
    base: Components, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it let go in several batches is there again by one undo, and stays."""
    monkeypatch.setattr(collecting, "GROUP", 2)
    write(notes, **{f"note{n}": f"text {n}" for n in range(5)})
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    there = list_blocks(base.database, limit=100)[0]
    for note in notes.iterdir():
        note.unlink()
    assert result_of(collect(base, source_id, forget=True))["deleted"] == 5
    assert contents(base) == set()
    undone = undo(base)
    assert len(undone.ids) == 3
    assert list_blocks(base.database, limit=100)[0] == there
    collect(base, source_id, forget=True)
    assert list_blocks(base.database, limit=100)[0] == there, "they were brought back by a person"
    undo(base)
    assert contents(base) == set()


def test_what_a_collect_brought_goes_and_stays_away(
    base: Components, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what a person deletes; undone in turn, its items have their blocks again."""
    monkeypatch.setattr(collecting, "GROUP", 2)
    write(notes, **{f"note{n}": f"text {n}" for n in range(5)})
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    there = list_blocks(base.database, limit=100)[0]
    assert len(undo(base).ids) == 3
    assert contents(base) == set()
    assert result_of(collect(base, source_id, full=True))["withheld"] == 5
    assert contents(base) == set()
    undo(base)
    assert list_blocks(base.database, limit=100)[0] == there
    assert "withheld" not in result_of(collect(base, source_id, full=True))
    write(notes, note0="another text")
    collect(base, source_id)
    assert {"another text", "text 1"} <= contents(base)
    assert "text 0" not in contents(base), "its block followed it"


def test_what_was_organized_goes_with_its_block(base: Components) -> None:
    """Nobody has given it, nor does an item say it."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one"))
    change, block = newest(base).id, found(base, "one")
    plan = plan_star(star(text("one"), [("tag", text("found"))]))
    calls = write_calls(base.database, plan, base.clock(), is_given=False)
    base.database.atomic(log_made(calls, action="organize", actor=f"source:{source_id}"))
    assert arcs(base, block) == {"tag": ["found"]}
    undo(base, change)
    assert contents(base) == {"found"}


def test_item_has_its_block_again(base: Components) -> None:
    """Deleted by a person, brought back by a person: the item goes on with it."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "my idea", ("tag", "physics")))
    block = found(base, "my idea")
    delete_block(base.database, block.id)
    undo(base)
    assert arcs(base, found(base, "my idea")) == {"tag": ["physics"]}
    send(base, source_id, item("a", "my better idea", ("tag", "physics")))
    assert get_block(base.database, block.id).content == "my better idea"
    assert find(base, "my idea") is None
    assert arcs(base, found(base, "my better idea")) == {"tag": ["physics"]}


def test_revision_is_taken_back(base: Components) -> None:
    """The block is what it was; the item's next revision finds it."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "old", ("tag", "one")))
    block = found(base, "old")
    send(base, source_id, item("a", "new", ("tag", "other")))
    undo(base)
    assert get_block(base.database, block.id) == block
    assert arcs(base, block) == {"tag": ["one"]}
    send(base, source_id, item("a", "newest", ("tag", "other")))
    assert get_block(base.database, block.id).content == "newest"


def test_what_was_built_on_a_collect_is_named(base: Components) -> None:
    """A relation of a person's, a block that somebody gives too, an item of another source."""
    source_id, other_id = add_source(base, "inbox"), add_source(base, "inbox")
    send(base, source_id, item("a", "one"), item("b", "two"), item("c", "three"))
    change = newest(base).id
    one, two, three = (found(base, content) for content in ("one", "two", "three"))
    relate(base, make(base, "mine"), one, "about")
    make(base, "two")
    send(base, other_id, item("x", "three"))
    with pytest.raises(BuiltOn) as caught:
        undo(base, change)
    relation, *rest = sorted(caught.value.reasons, key=lambda said: "relation" not in said)
    assert relation.startswith(f"block {one.id}: relation ")
    assert rest == [
        f"block {two.id}: somebody has given it, too",
        f"block {three.id}: an item of source {other_id} says it, too",
    ]
    assert contents(base) == {"one", "two", "three", "mine"}


def test_block_that_an_item_took_up_stays(base: Components) -> None:
    """What somebody has made, and an item says as well."""
    make(base, "mine")
    change = newest(base).id
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "mine"))
    with pytest.raises(BuiltOn) as caught:
        undo(base, change)
    assert caught.value.reasons == [
        f"block {found(base, 'mine').id}: an item of source {source_id} says it, too"
    ]
