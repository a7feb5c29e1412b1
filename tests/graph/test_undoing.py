"""Undo: what a change deleted is there again, or it is said what stands in the way."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from inkcre.assembly.assembly import utc_now
from inkcre.errors import BuiltOn, ChangeForgotten, Conflict, NotFound
from inkcre.graph import blocks as graph_blocks
from inkcre.graph import undoing
from inkcre.graph.blocks import create_block, delete_block, edit_block, get_block, list_blocks
from inkcre.graph.changes import forget_calls, list_changes
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm, parse_graph
from inkcre.graph.graphs import write_graph
from inkcre.graph.records import Block
from inkcre.graph.relations import Relation, create_relation, delete_relation, get_relation
from inkcre.graph.tables import blocks, relations
from inkcre.graph.undo_plans import UndoPlan
from inkcre.graph.undo_reads import make_plan
from inkcre.graph.undoing import Undone, undo_change
from inkcre.ports.database import Database, Row, Statement
from tests.graph.test_changes import STAR, add, ids, last, read_all, relate


def undo(database: Database, change_id: int | None = None, **words: bool) -> Undone:
    """Undo a change, or the newest one; all files are there."""
    id_ = last(database).id if change_id is None else change_id
    return undo_change(database, id_, keep_days=30, has_file=lambda _: True, **words)


def refused(database: Database, change_id: int) -> list[str]:
    """Return why a change cannot be undone; nothing is written."""
    before = read_all(database)
    with pytest.raises(BuiltOn) as caught:
        undo(database, change_id)
    assert read_all(database) == before
    return caught.value.reasons


def is_gone(database: Database, block_id: int) -> bool:
    """Tell whether there is no such block."""
    try:
        get_block(database, block_id)
    except NotFound:
        return True
    return False


def star(database: Database) -> tuple[list[Block], list[Relation]]:
    """Write a star; give what it is."""
    made = write_graph(database, parse_graph(STAR), utc_now()).created
    return (
        [get_block(database, id_) for id_ in made.blocks],
        [get_relation(database, id_) for id_ in made.relations],
    )


def test_deleted_block_is_there_again_with_its_relations(database: Database) -> None:
    """With its id and its times; and the undo is one change, told with the ids that came back."""
    blocks, relations = star(database)
    delete_block(database, blocks[0].id)
    undone = undo(database)
    assert [get_block(database, each.id) for each in blocks] == blocks
    assert [get_relation(database, each.id) for each in relations] == relations
    change = last(database)
    assert (change.action, change.actor) == ("undo", None)
    assert undone.ids == [read_all(database)[-2].id]
    assert ids(change.blocks) == [blocks[0].id]
    assert ids(change.relations) == [each.id for each in relations]
    later = add(database, "later")
    assert ids(last(database).blocks) == [later.id], "the log tells new ids as before"


def test_edit_is_taken_back_step_by_step(database: Database) -> None:
    """The newest first; the older one then, for it is again what that has left."""
    one = add(database, "one")
    changes = []
    for content in ("two", "three"):
        edit_block(database, one.id, BlockEdit(content=content), utc_now())
        changes.append(last(database).id)
    assert refused(database, changes[0]) == [
        f"block {one.id}: was changed since, by change {changes[1]}"
    ]
    undo(database, changes[1])
    assert get_block(database, one.id).content == "two"
    undo(database, changes[0])
    assert get_block(database, one.id) == one


def test_what_was_made_goes(database: Database) -> None:
    """Blocks and relations; and an undo of that brings them back."""
    blocks, relations = star(database)
    undo(database)
    assert all(is_gone(database, each.id) for each in blocks)
    undo(database)
    assert [get_block(database, each.id) for each in blocks] == blocks
    assert [get_relation(database, each.id) for each in relations] == relations
    undo(database)
    assert all(is_gone(database, each.id) for each in blocks)


def test_relation_alone_goes_and_comes(database: Database) -> None:
    """Its blocks stay."""
    one, other = add(database, "one"), add(database, "other")
    relation = get_relation(database, relate(database, one, other))
    undo(database)
    with pytest.raises(NotFound):
        get_relation(database, relation.id)
    undo(database)
    assert get_relation(database, relation.id) == relation
    delete_relation(database, relation.id)
    undo(database)
    assert get_relation(database, relation.id) == relation


def test_made_block_that_was_built_on_stays(database: Database) -> None:
    """Changed, or related to something: each is named."""
    one, other = add(database, "one"), add(database, "other")
    made = {ids(change.blocks)[0]: change.id for change in read_all(database) if change.blocks}
    edit_block(database, one.id, BlockEdit(content="changed"), utc_now())
    edit = last(database).id
    relation = relate(database, one, other)
    assert refused(database, made[one.id]) == [
        f"block {one.id}: was changed since, by change {edit}",
        f"block {one.id}: relation {relation} was added to it since",
    ]
    assert refused(database, made[other.id]) == [
        f"block {other.id}: relation {relation} was added to it since"
    ]


def test_changed_block_that_is_gone_is_named(database: Database) -> None:
    """Its deletion has to be undone first."""
    one = add(database, "one")
    edit_block(database, one.id, BlockEdit(content="changed"), utc_now())
    edit = last(database).id
    delete_block(database, one.id)
    gone = last(database).id
    assert refused(database, edit) == [f"block {one.id}: was deleted since, by change {gone}"]
    undo(database, gone)
    undo(database, edit)
    assert get_block(database, one.id) == one


def test_relations_go_to_the_twin(database: Database) -> None:
    """Where somebody has said the same meanwhile there is no second block of it."""
    one, other = add(database, "one"), add(database, "other")
    relate(database, one, other)
    delete_block(database, one.id)
    change = last(database).id
    twin = add(database, "one")
    undone = undo(database, change)
    assert undone.plan.twins == {one.id: twin.id}
    assert is_gone(database, one.id)
    [relation] = ids(last(database).relations)
    assert get_relation(database, relation).from_ == twin.id


def test_changed_back_to_what_another_is(database: Database) -> None:
    """It is refused."""
    one = add(database, "one")
    edit_block(database, one.id, BlockEdit(content="changed"), utc_now())
    change = last(database).id
    twin = add(database, "one")
    assert refused(database, change) == [f"block {one.id}: block {twin.id} has its content already"]


def test_relation_without_an_end_is_left(database: Database) -> None:
    """The rest comes back."""
    blocks, relations = star(database)
    delete_block(database, blocks[0].id)
    change = last(database).id
    delete_block(database, relations[0].to_)
    undone = undo(database, change)
    assert undone.plan.left == 1
    assert ids(last(database).relations) == [relations[1].id]


def test_trial_writes_nothing(database: Database) -> None:
    """It tells what would be done."""
    one = add(database, "one")
    before = read_all(database)
    assert undo(database, is_trial=True).plan.gone == [one.id]
    assert read_all(database) == before


def test_second_time_there_is_nothing_left(database: Database) -> None:
    """What was brought back is not brought back again."""
    one = add(database, "one")
    delete_block(database, one.id)
    change = last(database).id
    undo(database, change)
    assert refused(database, change) == []


def test_unknown_and_forgotten_changes(database: Database) -> None:
    """One that never was is not found; of one of long ago it is said how long they are kept."""
    add(database, "one")
    first = last(database).id
    add(database, "two")
    for number in (1, 999_999):
        with pytest.raises(NotFound, match=f"change {number}: not found"):
            undo(database, number)
    database.atomic(forget_calls(utc_now() + timedelta(days=31), 30))
    for number in (1, first):
        with pytest.raises(ChangeForgotten, match="kept for 30 days") as caught:
            undo(database, number)
        assert "core.changes_keep_days" in str(caught.value.hint)


def test_swept_file_is_named(database: Database) -> None:
    """A block does not come back without its file."""
    content = f"sha256:{'0' * 64}"
    form = BlockForm(resolver="image", storage="file", content=content)
    block, _ = create_block(database, form, utc_now())
    delete_block(database, block.id)
    change = last(database).id
    with pytest.raises(BuiltOn) as caught:
        undo_change(database, change, keep_days=30, has_file=lambda _: False)
    assert caught.value.reasons == [f"block {block.id}: its file {content} was swept away"]
    undo(database, change)
    assert get_block(database, block.id) == block


Others = Callable[[Database, Block, Block], object]


def _edit(database: Database, one: Block, _: Block) -> None:
    edit_block(database, one.id, BlockEdit(content="between"), utc_now())


def _relate(database: Database, one: Block, other: Block) -> None:
    create_relation(database, RelationForm(from_=one.id, to_=other.id, content="x"), utc_now())


@pytest.mark.parametrize("others", [_edit, _relate])
def test_nothing_that_comes_between_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch, others: Others
) -> None:
    """What somebody does between the look and the batch breaks it: it is looked at again."""
    other, one = add(database, "other"), add(database, "one")
    change = last(database).id
    looks: list[UndoPlan] = []

    def look_and_wait(*arguments: Any) -> UndoPlan:
        plan = make_plan(*arguments)
        if not looks:
            others(database, one, other)
        looks.append(plan)
        return plan

    monkeypatch.setattr(undoing, "make_plan", look_and_wait)
    with pytest.raises(BuiltOn):
        undo(database, change)
    assert len(looks) == 2
    assert not is_gone(database, one.id)


def test_list_is_newest_first(database: Database) -> None:
    """Page by page, without what tells of the log itself."""
    for content in ("one", "two", "three"):
        add(database, content)
    log = read_all(database)
    newest = list_changes(database, limit=2)
    assert newest == [log[2], log[1]]
    assert list_changes(database, limit=2, before=newest[-1].id) == [log[0]]


BLOCKS = Statement(select(*blocks.columns).order_by(blocks.c.id))
RELATIONS = Statement(select(*relations.columns).order_by(relations.c.id))


def state(database: Database) -> list[list[Row]]:
    """Return all there is, column by column."""
    return [database.read(BLOCKS()), database.read(RELATIONS())]


def step(database: Database, dice: random.Random) -> None:
    """Do something, as anybody does."""
    there = list_blocks(database, limit=100)[0]
    content = str(dice.randrange(12))
    match dice.choice(["add", "star", "relate", "edit", "delete"]) if there else "add":
        case "add":
            add(database, content)
        case "star":
            out = [
                {"relation": {"content": "has"}, "to_block": {"block": {"resolver": "text", "content": str(n)}}}
                for n in dice.sample(range(12), 3)
            ]  # fmt: skip
            form = {"block": {"resolver": "text", "content": content}, "out_relations": out}
            write_graph(database, parse_graph(form), utc_now())
        case "relate":
            relate(database, dice.choice(there), dice.choice(there))
        case "edit":
            with suppress(Conflict):
                edit_block(database, dice.choice(there).id, BlockEdit(content=content), utc_now())
        case "delete":
            delete_block(database, dice.choice(there).id)


@pytest.mark.parametrize("seed", range(2))
def test_random_histories_are_walked_back(database: Database, seed: int) -> None:
    """Each step undone and done again leaves no trace; all undone, from the last, leave nothing."""
    dice = random.Random(seed)
    done: list[tuple[int, list[list[Row]]]] = []
    for _ in range(25):
        before, log = state(database), len(read_all(database))
        step(database, dice)
        after = state(database)
        if len(read_all(database)) == log:
            continue
        done.append((last(database).id, before))
        if dice.random() < 0.5:
            undo(database)
            assert state(database) == before
            undo(database)
            assert state(database) == after
    for change, before in reversed(done):
        undo(database, change)
        assert state(database) == before
    assert state(database) == [[], []]


def test_change_that_is_not_whole_in_the_log(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there was no room for all that was deleted, nothing is brought back."""
    monkeypatch.setattr(graph_blocks, "room_for_former", lambda _: 10)
    delete_block(database, add(database, "one").id)
    assert refused(database, last(database).id) == [
        "1 rows of what was there before were too much for the log"
    ]
