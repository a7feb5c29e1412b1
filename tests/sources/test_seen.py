"""What is written on condition that somebody has seen it, while others write between look and write."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from inkcre.context import Components
from inkcre.errors import PreconditionFailed
from inkcre.graph.blocks import create_block, delete_block, edit_block, get_block
from inkcre.graph.changes import read_changes
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm
from inkcre.graph.records import Block, unless_changed
from inkcre.graph.relations import (
    Relation,
    create_relation,
    delete_relation,
    get_relation,
)
from inkcre.graph.tables import file_notes
from inkcre.jobs.due import enqueue_due
from inkcre.sources.edits import edit_source
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.removals import delete_source
from inkcre.sources.rows import Source
from inkcre.sources.sources import SET_STATE, get_source
from inkcre.sql.rows import Values
from tests.jobs.conftest import Clock
from tests.on_base import create_source, source_types
from tests.sources.test_items import Between

NOTES = Values(select(func.count()).select_from(file_notes), int)


def meanwhile(base: Components, write: Callable[[], object]) -> Any:
    """Return a database on which somebody else writes once, in front of the next batch."""
    return Between(base.database, lambda: _call(write))


def _call(write: Callable[[], object]) -> None:
    write()


def add(base: Components, content: str) -> Block:
    """Add a block."""
    form = BlockForm(resolver="text", content=content)
    return create_block(base.database, form, base.clock())[0]


def edit(base: Components, block_id: int, content: str) -> Block:
    """Edit a block, whatever it is."""
    return edit_block(base.database, block_id, BlockEdit(content=content), base.clock())


def changes(base: Components) -> list[str]:
    """Return what the log has of blocks and relations."""
    return [change.action for change in read_changes(base.database, 0, 100)]


def there_and_back(base: Components, clock: Clock, block: Block) -> Callable[[], object]:
    """Return what gives a block another text and then its own again, some seconds later."""

    def write() -> None:
        clock.pass_by(seconds=1)
        edit(base, block.id, "another")
        edit(base, block.id, block.content)

    return write


def test_edit_sees_what_came_between(base: Components, clock: Clock) -> None:
    """Also if the text is the same again: somebody has said so since. Nothing is logged."""
    block = add(base, "a note")
    database = meanwhile(base, there_and_back(base, clock, block))
    with pytest.raises(PreconditionFailed, match=f"block {block.id}"):
        edit_block(
            database,
            block.id,
            BlockEdit(content="mine"),
            clock(),
            expected=unless_changed(block),
        )
    assert get_block(base.database, block.id).content == "a note"
    assert changes(base) == ["block.post", "block.patch", "block.patch"]


def test_delete_sees_what_came_between(base: Components, clock: Clock) -> None:
    """The block stays, nothing is logged, and no file is noted as let go."""
    block = add(base, "a note")
    database = meanwhile(base, lambda: edit(base, block.id, "another"))
    with pytest.raises(PreconditionFailed, match=f"block {block.id}"):
        delete_block(database, block.id, expected=unless_changed(block))
    assert get_block(base.database, block.id).content == "another"
    assert changes(base) == ["block.post", "block.patch"]
    assert NOTES.read_one(base.database) == 0
    delete_block(
        base.database, block.id, expected=unless_changed(get_block(base.database, block.id))
    )
    assert changes(base)[2:] == ["block.delete"]


def test_delete_of_a_relation_sees_what_came_between(base: Components, clock: Clock) -> None:
    """One that was deleted and said again is another."""
    ends = {"from_": add(base, "a").id, "to_": add(base, "b").id}
    form = RelationForm(**ends, content="says")
    relation, _ = create_relation(base.database, form, base.clock())
    tags = {relation.tag()}

    def expected(seen: Relation) -> None:
        tags.add(seen.tag())
        if seen != relation:
            raise PreconditionFailed("another")

    delete_relation(base.database, relation.id, expected=expected)
    clock.pass_by(seconds=1)
    again, _ = create_relation(base.database, form, base.clock())
    assert again.tag() not in tags
    delete_relation(base.database, again.id)
    assert changes(base)[2:] == ["relation.post", "relation.delete"] * 2


def test_relation_is_read_by_its_id(base: Components) -> None:
    """As it was answered."""
    ends = {"from_": add(base, "a").id, "to_": add(base, "b").id}
    made, _ = create_relation(base.database, RelationForm(**ends, content="says"), base.clock())
    assert get_relation(base.database, made.id) == made


@pytest.mark.parametrize("what", ["state", "schedule", "name"])
def test_source_is_changed_as_it_was_seen(base: Components, clock: Clock, what: str) -> None:
    """How far it has come, when it is due, and what it is called: each of them is of what was seen."""
    every = SourceForm.model_validate({"type": "inbox", "schedule": {"every": "15m"}})
    source = get_source(base.database, create_source(base, every).id)

    def rename(nickname: str, **seen: Any) -> Source:
        form = SourceEdit(nickname=nickname)
        edited = edit_source(
            seen.pop("database", base.database), source_types(base), source.id, form,
            clock=clock, timezone="UTC", **seen,
        )  # fmt: skip
        return edited.source

    def collect() -> None:
        base.database.atomic(
            [SET_STATE(id_=source.id, read_at=source.updated_at, new_state='{"at":1}')]
        )

    def somebody() -> None:
        clock.pass_by(seconds=1)
        if what == "name":
            rename("theirs")
        elif what == "state":
            collect()
        else:
            enqueue_due(base.database, clock(), "UTC")

    def expected(seen: Source) -> None:
        if seen != source:
            raise PreconditionFailed("another")

    with pytest.raises(PreconditionFailed):
        rename("mine", database=meanwhile(base, somebody), expected=expected)
    assert get_source(base.database, source.id).nickname == ("theirs" if what == "name" else None)
    with pytest.raises(PreconditionFailed):
        delete_source(base.database, source.id, expected=expected)
    source = get_source(base.database, source.id)
    assert rename("mine", expected=expected).nickname == "mine"
    source = get_source(base.database, source.id)
    delete_source(base.database, source.id, expected=expected)


def test_contents_are_hashed_once(base: Components, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read hashes none, an edit its new text."""
    from inkcre.graph import records
    from inkcre.graph.digests import block_digest

    hashed: list[str] = []

    def counted(resolver: str, storage: str | None, content: str) -> str:
        hashed.append(content)
        return block_digest(resolver, storage, content)

    block = add(base, "a long text")
    monkeypatch.setattr(records, "block_digest", counted)
    assert get_block(base.database, block.id).tag() == block.tag()
    assert hashed == []
    edited = edit(base, block.id, "another long text")
    assert edited.tag() == get_block(base.database, block.id).tag()
    assert hashed == ["another long text"]
