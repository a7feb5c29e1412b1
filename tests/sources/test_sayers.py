"""What somebody said stays: a source takes back only its own words."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.graph.blocks import create_block, delete_block, edit_block
from inkcre.graph.forms import BlockEdit, BlockForm, parse_graph
from inkcre.graph.graphs import write_graph
from inkcre.graph.records import Block
from inkcre.graph.relations import delete_relation, list_relations
from inkcre.graph.stars import star, text
from inkcre.sources.base import Item
from inkcre.sources.items.changes import Return
from inkcre.sources.items.item_rows import read_stamps
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.removals import delete_source
from inkcre.transfer.imports import import_lines
from tests.sources.conftest import add_source, collect
from tests.sources.histories import Player
from tests.sources.test_folder import arcs, find, write
from tests.sources.test_items import Between, item, make, relate, send


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_end_as_the_rule_says(base: Components, seed: int) -> None:
    """Give, collect, rename, vanish, return, relate, edit, delete: no difference at any step."""
    player = Player(base, add_source(base, "inbox"), seed)
    for _ in range(60):
        player.step()


def say(base: Components, source_id: int, disk: dict[str, Item], **returning: bool) -> Written:
    """Collect what is there now, and let go what is not, as a source that gives everything."""
    database = base.database
    written = write_items(
        database, source_id, list(disk.values()), now=base.clock(), returning=Return(**returning)
    )
    gone = [key for key, _ in read_stamps(database, source_id) if key not in disk]
    return written + delete_items(database, source_id, gone, write=database.atomic)


def notes_of(**texts: str) -> dict[str, Item]:
    """Return items without anything around."""
    return {key: item(key, content) for key, content in texts.items()}


def found(base: Components, content: str) -> Block:
    """Return a block that is there."""
    block = find(base, content)
    assert block, content
    return block


@pytest.mark.parametrize("together", [False, True])
def test_relation_between_notes_outlives_both(base: Components, together: bool) -> None:
    """What a person related stays, and so do both ends, whatever becomes of the other in a batch."""
    source_id = add_source(base, "inbox")
    say(base, source_id, notes_of(a="one", b="other", c="third"))
    relate(base, found(base, "one"), found(base, "other"), "contradicts")
    left = notes_of(c="third") if together else notes_of(b="other", c="third")
    assert say(base, source_id, left).deleted == 1 + together
    assert arcs(base, found(base, "one")) == {"contradicts": ["other"]}
    assert say(base, source_id, left).deleted == 0, "it is gone once"
    back = notes_of(a="one, corrected", b="other", c="third")
    assert say(base, source_id, back).added == 1 + together
    assert arcs(base, found(base, "one, corrected")) == {"contradicts": ["other"]}
    assert find(base, "one") is None


def test_rename_with_an_edit_leaves_what_was_related(base: Components) -> None:
    """The item is another, so that its former block stays as it was."""
    source_id = add_source(base, "inbox")
    say(base, source_id, notes_of(a="one", b="other"))
    relate(base, found(base, "one"), found(base, "other"), "contradicts")
    say(base, source_id, notes_of(renamed="one, edited", b="other"))
    assert arcs(base, found(base, "one")) == {"contradicts": ["other"]}
    assert arcs(base, found(base, "one, edited")) == {}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("by", ["post", "graph", "import"])
def test_what_a_person_said_is_not_the_sources_to_take(
    base: Components, by: str, when: str
) -> None:
    """A block and a relation that a file says as well stay when the file goes."""
    source_id = add_source(base, "inbox")
    said = {"tag": ["physics"], "about": ["physics"]}
    collected = {"a": item("a", "my idea", ("tag", "physics"), ("about", "physics"))}

    def give() -> None:
        if by == "post":
            for says in said:
                relate(base, make(base, "my idea"), make(base, "physics"), says)
            return
        star = {
            "block": {"resolver": "text", "content": "my idea"},
            "out_relations": [
                {
                    "relation": {"content": says},
                    "to_block": {"block": {"resolver": "text", "content": "physics"}},
                }
                for says in ("tag", "about")
            ],
        }
        if by == "graph":
            write_graph(base.database, parse_graph(star), base.clock())
        else:
            list(import_lines(base.database, [json.dumps(star).encode()], base.clock))

    if when == "before":
        give()
    say(base, source_id, collected)
    if when == "after":
        give()
    say(base, source_id, {"a": item("a", "another")})
    assert arcs(base, found(base, "my idea")) == said
    say(base, source_id, {})
    assert arcs(base, found(base, "my idea")) == said
    assert find(base, "another") is None


def test_what_a_source_brought_goes_with_it(base: Components) -> None:
    """The item, what stood around it and led from there; what another item says stays."""
    source_id = add_source(base, "inbox")
    author = star(text("ann"), [("lives in", text("Rome"))])
    nested = Item("a", star(text("one"), [("by", author), ("tag", text("x"))]))
    say(base, source_id, {"a": nested, "b": item("b", "other", ("tag", "x"))})
    assert say(base, source_id, {"b": item("b", "other", ("tag", "x"))}).deleted == 1
    assert [find(base, gone) for gone in ("one", "ann", "Rome")] == [None] * 3
    assert arcs(base, found(base, "other")) == {"tag": ["x"]}
    say(base, source_id, {})
    assert find(base, "x") is None


def test_relation_that_two_items_say_stays_until_the_second_stops(base: Components) -> None:
    """Also one that leads from neither's own block."""
    source_id = add_source(base, "inbox")

    def by_ann(key: str, *, tells: bool = True) -> Item:
        author = star(text("ann"), [("lives in", text("Rome"))] if tells else [])
        return Item(key, star(text(f"text {key}"), [("by", author)]))

    say(base, source_id, {"a": by_ann("a"), "b": by_ann("b")})
    say(base, source_id, {"a": by_ann("a", tells=False), "b": by_ann("b")})
    assert arcs(base, found(base, "ann")) == {"lives in": ["Rome"]}
    say(base, source_id, {"a": by_ann("a", tells=False), "b": by_ann("b", tells=False)})
    assert arcs(base, found(base, "ann")) == {}
    assert find(base, "Rome") is None


def test_note_that_is_corrected_by_hand_keeps_what_its_item_said(base: Components) -> None:
    """With author and path; the file's next edition is a block of its own."""
    source_id = add_source(base, "inbox")
    said = (("by", "ann"), ("path", "a.md"))
    say(base, source_id, {"a": item("a", "a mitsake", *said)})
    block = found(base, "a mitsake")
    edit_block(base.database, block.id, BlockEdit(content="a mistake"), base.clock())
    assert say(base, source_id, {"a": item("a", "a mitsake", *said)}).unchanged == 1
    say(base, source_id, {"a": item("a", "rewritten", *said)})
    for content in ("a mistake", "rewritten"):
        assert arcs(base, found(base, content)) == {"by": ["ann"], "path": ["a.md"]}
    say(base, source_id, {})
    assert arcs(base, found(base, "a mistake")) == {"by": ["ann"], "path": ["a.md"]}
    assert find(base, "rewritten") is None


def test_what_a_person_deleted_stays_away_until_it_is_restored(base: Components) -> None:
    """A block, a relation, a block around: not by the next edition, item by item by a restore."""
    source_id = add_source(base, "inbox")
    say(base, source_id, {"a": item("a", "one", ("tag", "x"), ("tag", "y")), **notes_of(b="two")})
    delete_block(base.database, found(base, "x").id)
    delete_block(base.database, found(base, "two").id)
    [y] = list_relations(base.database, found(base, "y").id, direction="both", limit=9)[0]
    delete_relation(base.database, y.id)
    new = {"a": item("a", "one!", ("tag", "x"), ("tag", "y"), ("tag", "z")), **notes_of(b="two!")}
    assert say(base, source_id, new).withheld == 1
    assert arcs(base, found(base, "one!")) == {"tag": ["z"]}
    assert [find(base, gone) for gone in ("x", "two", "two!")] == [None] * 3
    again = say(base, source_id, new, always=True)
    assert (again.added, again.updated, again.withheld) == (1, 1, 0)
    assert sorted(arcs(base, found(base, "one!"))["tag"]) == ["x", "y", "z"]
    found(base, "two!")
    assert say(base, source_id, new, always=True).unchanged == 2


@pytest.mark.parametrize("together", [False, True])
def test_restored_note_gets_back_what_was_related_to_it(base: Components, together: bool) -> None:
    """By hand, from and to it, and nothing that was deleted by itself before."""
    source_id = add_source(base, "inbox")
    disk = notes_of(a="one", b="two")
    say(base, source_id, disk)
    mine = make(base, "mine")
    relate(base, mine, found(base, "one"), "about")
    relate(base, found(base, "one"), found(base, "two"), "contradicts")
    relate(base, found(base, "one"), mine, "dropped")
    [dropped] = list_relations(base.database, mine.id, direction="in", content="dropped", limit=9)[
        0
    ]
    delete_relation(base.database, dropped.id)
    for content in ("one", "two") if together else ("one",):
        delete_block(base.database, found(base, content).id)
    disk["a"] = item("a", "one, edited")
    assert say(base, source_id, disk).withheld == 1 + together
    assert say(base, source_id, disk, always=True).added == 1 + together
    assert arcs(base, mine) == {"about": ["one, edited"]}
    assert arcs(base, found(base, "one, edited")) == {"contradicts": ["two"]}


def test_relation_that_a_restored_note_says_as_well_is_given_again(base: Components) -> None:
    """It was given before the note was deleted, so it does not go with what the note says."""
    source_id = add_source(base, "inbox")
    say(base, source_id, {"a": item("a", "one", ("tag", "x"))})
    relate(base, found(base, "one"), make(base, "x"), "tag")
    delete_block(base.database, found(base, "one").id)
    say(base, source_id, {"a": item("a", "one", ("tag", "x"))}, always=True)
    say(base, source_id, {"a": item("a", "another")})
    assert arcs(base, found(base, "another")) == {"tag": ["x"]}


def test_two_notes_of_one_text_that_both_went_come_back(base: Components) -> None:
    """The first left its block to the second; nobody has deleted it, so nothing is withheld."""
    source_id = add_source(base, "inbox")
    say(base, source_id, notes_of(a="same", b="same", c="other"))
    say(base, source_id, notes_of(b="same", c="other"))
    say(base, source_id, notes_of(c="other"))
    assert find(base, "same") is None
    back = say(base, source_id, notes_of(a="same", c="other"))
    assert (back.added, back.withheld) == (1, 0)
    assert find(base, "same")


def test_note_that_left_its_block_to_another_source_comes_back(base: Components) -> None:
    """The same of two sources, also when the second one is deleted with what it brought."""
    one, other = add_source(base, "inbox"), add_source(base, "inbox")
    for source_id in (one, other):
        say(base, source_id, notes_of(a="same"))
    say(base, one, {})
    delete_source(base.database, other, forget=True)
    assert find(base, "same") is None
    assert say(base, one, notes_of(a="same")).added == 1


def test_block_is_given_as_it_was_seen(base: Components) -> None:
    """Somebody says what is there already, while its item becomes another: his words stay."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "my words"))
    block = found(base, "my words")
    database: Any = Between(base.database, lambda: send(base, source_id, item("a", "others")))
    given = edit_block(database, block.id, BlockEdit(content="my words"), base.clock())
    assert (given.id, given.content) == (block.id, "my words")
    send(base, source_id, item("a", "others again"))
    assert found(base, "my words") == given


def test_block_is_not_given_that_somebody_deletes_meanwhile(base: Components) -> None:
    """To have been there is not enough."""
    block = make(base, "a note")
    database: Any = Between(base.database, lambda: delete_block(base.database, block.id))
    with pytest.raises(NotFound):
        edit_block(database, block.id, BlockEdit(content="a note"), base.clock())


def test_inbox_takes_what_is_new_under_the_key_of_what_was_deleted(base: Components) -> None:
    """The same is not brought back; who has something new to say is heard."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one"))
    delete_block(base.database, found(base, "one").id)
    assert send(base, source_id, item("a", "one")) == {
        "added": 0, "updated": 0, "unchanged": 1, "deleted": 0, "withheld": 1,
    }  # fmt: skip
    assert send(base, source_id, item("a", "two"))["added"] == 1
    found(base, "two")


def test_link_follows_to_the_block_that_its_note_has_now(base: Components, notes: Path) -> None:
    """Of a note that was corrected by hand, to the next edition of the file."""
    write(notes, a="text of a", b="to [[a]]")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    old = found(base, "text of a")
    edit_block(base.database, old.id, BlockEdit(content="by hand"), base.clock())
    write(notes, a="another text of a")
    collect(base, source_id)
    assert arcs(base, found(base, "to [[a]]"))["links to"] == ["another text of a"]
    assert arcs(base, found(base, "by hand"))["path"] == ["a.md"]


def test_giving_and_taking_back_at_once_loses_nothing(base: Components) -> None:
    """A 200 that was given a moment before is kept: while items come and go, somebody posts them."""
    source_id = add_source(base, "inbox")
    stopped = Event()

    def come_and_go() -> None:
        while not stopped.is_set():
            say(base, source_id, {"a": item("a", "word", ("tag", "x"))})
            say(base, source_id, {})

    with ThreadPoolExecutor(1) as thread:
        going = thread.submit(come_and_go)
        try:
            for _ in range(100):
                block, _ = create_block(
                    base.database, BlockForm(resolver="text", content="word"), base.clock()
                )
                graph = write_graph(base.database, parse_graph(TAGGED), base.clock())
                time.sleep(0.002)
                assert find(base, "word") == block
                assert {b.content for b in graph.blocks} == {"mine", "x"}
                assert arcs(base, found(base, "mine")) == {"tag": ["x"]}
                for content in ("word", "mine", "x"):
                    delete_block(base.database, found(base, content).id)
                base.database.atomic([])
        finally:
            stopped.set()
        going.result()


TAGGED = {
    "block": {"resolver": "text", "content": "mine"},
    "out_relations": [
        {
            "relation": {"content": "tag"},
            "to_block": {"block": {"resolver": "text", "content": "x"}},
        }
    ],
}
