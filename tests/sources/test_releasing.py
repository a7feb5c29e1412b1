"""A source is changed with care: what it has brought stays, unless it is to go."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.graph.blocks import delete_block, list_blocks
from inkcre.graph.relations import delete_relation, list_relations
from inkcre.graph.stars import star, text
from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.sources import sources
from inkcre.sources.base import Item, SourceBase, SourceConfig, SourceState
from inkcre.sources.configs import MASK, is_elsewhere, merge_config
from inkcre.sources.edits import Edited, edit_source
from inkcre.sources.forms import SourceEdit
from inkcre.sources.items.items import delete_items
from inkcre.sources.removals import delete_source, foresee_removal
from inkcre.sources.sources import get_source
from inkcre.sources.types.folder import FolderSource
from inkcre.sql.rows import Values
from tests.on_base import source_types
from tests.sources.conftest import add_source, collect, result_of, run_jobs
from tests.sources.histories import Player
from tests.sources.test_folder import arcs, find, write
from tests.sources.test_items import Between, item, make, relate, send

SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

COUNT_TAKEN = Values(
    select(
        select(func.count()).where(blocks.c.is_given == 0).scalar_subquery()
        + select(func.count()).where(relations.c.is_given == 0).scalar_subquery()
    ),
    int,
)
COUNT_KNOWN = Values(
    select(
        select(func.count()).select_from(source_items).scalar_subquery()
        + select(func.count()).select_from(sayings).scalar_subquery()
    ),
    int,
)


def edit(base: Components, source_id: int, *, forget: bool = False, **form: Any) -> Edited:
    """Change a source as a request does."""
    return edit_source(
        base.database, source_types(base), source_id, SourceEdit.model_validate(form),
        clock=base.clock, timezone=base.zone, forget=forget,
    )  # fmt: skip


def texts(base: Components) -> set[str]:
    """Return what all blocks say."""
    return {block.content for block in list_blocks(base.database, limit=1000)[0]}


def found(base: Components, content: str) -> Any:
    """Return a block that is there."""
    block = find(base, content)
    assert block, content
    return block


@pytest.mark.parametrize(
    ("current", "patch", "merged"),
    [
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": {"e": None}}}, {"a": {"c": 2, "d": {}}}),
        ({"a": [1, 2]}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"secret": "s"}, {"secret": MASK, "a": 1}, {"secret": "s", "a": 1}),
        ({}, {"secret": MASK, "b": None}, {}),
    ],
)
def test_config_is_merged_as_rfc_7396_says(current: Any, patch: Any, merged: Any) -> None:
    """What is absent stays, null takes away, mappings likewise, lists whole; a mask changes nothing."""
    assert merge_config(current, patch) == merged


def test_place_is_what_the_type_says_or_all_but_secrets() -> None:
    """A secret is no place, nor is a field that a version before did not have."""

    class Config(SourceConfig):
        where: str
        how: int = 1
        key: SecretStr | None = None

    class Plain(SourceBase[Config, SourceState]):
        name = "plain"
        config_model = Config

    class Placed(Plain):
        place = ("where",)

    with pytest.raises(TypeError, match="Lost: place names no field of its configuration: were"):

        class Lost(Plain):
            place = ("were",)

    plain: Any = Plain
    placed: Any = Placed
    former = {"where": "here"}
    for kind in (plain, placed):
        assert is_elsewhere(kind, former, {"where": "there", "how": 1, "key": None})
        assert not is_elsewhere(kind, former, {"where": "here", "how": 1, "key": "x"})
    assert is_elsewhere(plain, former, {"where": "here", "how": 2, "key": None})
    assert not is_elsewhere(placed, former, {"where": "here", "how": 2, "key": None})


def test_secret_stays_when_another_key_is_changed(base: Components) -> None:
    """Null takes it away; a key that is needed cannot be taken away."""
    source_id = add_source(base, "inbox", secret=SECRET)
    mapping = {"key": "/id", "block": {"content": "/text"}}
    config = edit(base, source_id, config={"mapping": mapping}).source.config
    assert config["secret"] == SECRET
    again = edit(base, source_id, config={"mapping": {"key": None}}).source.config
    assert again["mapping"]["key"] is None  # type: ignore[index,call-overload]
    assert again["mapping"]["block"] == config["mapping"]["block"]  # type: ignore[index,call-overload]
    assert edit(base, source_id, config={"secret": None}).source.config["secret"] is None
    feed = add_source(base, "rss", url="https://example.org/feed")
    with pytest.raises(ValidationError) as caught:
        edit(base, feed, config={"url": None})
    assert caught.value.errors()[0]["loc"] == ("config", "url")


def test_another_folder_keeps_what_the_former_one_gave(base: Components, notes: Path) -> None:
    """All of it, with links and what stood in front; the next collect takes nothing away."""
    (notes / "one").mkdir()
    (notes / "two").mkdir()
    write(notes / "one", a="---\ntag: x\n---\ntext of a", b="to [[a]]")
    write(notes / "two", c="text of c")
    source_id = add_source(base, "folder", path=str(notes / "one"))
    collect(base, source_id)
    before = texts(base)
    edited = edit(base, source_id, config={"path": str(notes / "two")})
    assert (edited.released, edited.forgotten) == (2, 0)
    assert (COUNT_TAKEN.read_one(base.database), COUNT_KNOWN.read_one(base.database)) == (0, 0)
    assert result_of(collect(base, source_id))["deleted"] == 0
    assert texts(base) == before | {"text of c", "c.md"}
    assert arcs(base, found(base, "to [[a]]"))["links to"] == ["text of a"]
    assert edit(base, source_id, config={"max_bytes": 1000}).released == 0
    assert edit(base, source_id, nickname="mine").released == 0


@pytest.mark.parametrize("said", ["place", "name"])
def test_edit_in_the_middle_of_a_collect(
    base: Components, notes: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Another place: what is collected of the former one is not written. A name is no matter."""
    clock: Any = base.clock
    (notes / "one").mkdir()
    (notes / "two").mkdir()
    write(notes / "one", a="one a", b="one b")
    write(notes / "two", c="two c")
    source_id = add_source(base, "folder", path=str(notes / "one"))
    change = {"config": {"path": str(notes / "two")}} if said == "place" else {"nickname": "one"}
    read = FolderSource._read

    def read_and_edit(self: FolderSource, path: Path) -> bytes | None:
        if path.name == "b.md" and get_source(base.database, source_id).updated_at < clock_text:
            clock.pass_by(seconds=1)
            edit(base, source_id, **change)
        return read(self, path)

    clock_text = "2026-11-24T12:00:00.500000Z"
    monkeypatch.setattr(FolderSource, "_read", read_and_edit)
    job = collect(base, source_id)
    if said == "name":
        assert result_of(job)["added"] == 2
        assert get_source(base.database, source_id).state != {"folders": {}}
        return
    assert (job.state, job.error) == (
        "pending",
        f"unavailable: source {source_id}: was changed while it was collected",
    )
    clock.pass_by(minutes=1)
    run_jobs(base)
    assert {"two c"} <= texts(base)
    assert not {"one a", "one b"} & texts(base)


def test_another_folder_forgets_the_former_one_when_asked(base: Components, notes: Path) -> None:
    """What something given hangs on stays."""
    (notes / "one").mkdir()
    (notes / "two").mkdir()
    write(notes / "one", a="text of a", b="text of b")
    source_id = add_source(base, "folder", path=str(notes / "one"))
    collect(base, source_id)
    relate(base, make(base, "mine"), found(base, "text of a"), "about")
    edited = edit(base, source_id, forget=True, config={"path": str(notes / "two")})
    assert (edited.released, edited.forgotten) == (0, 2)
    assert texts(base) == {"mine", "text of a"}
    assert (COUNT_TAKEN.read_one(base.database), COUNT_KNOWN.read_one(base.database)) == (0, 0)


def test_edit_that_is_overtaken_releases_only_with_its_change(base: Components) -> None:
    """Somebody renames the source in front of the batch: the edit is made again, and releases once."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one", ("tag", "x")))

    def rename() -> None:
        base.clock.pass_by(seconds=1)  # type: ignore[attr-defined]
        edit(base, source_id, nickname="other")
        assert COUNT_TAKEN.read_one(base.database) == 3

    database: Any = Between(base.database, rename)
    form = SourceEdit(config={"mapping": {"key": "/id", "block": {"content": "/text"}}})
    edited = edit_source(
        database, source_types(base), source_id, form, clock=base.clock, timezone="UTC"
    )
    assert (edited.source.nickname, edited.released) == ("other", 1)
    assert COUNT_TAKEN.read_one(base.database) == 0


def test_edit_of_what_was_changed_meanwhile_releases_nothing(base: Components) -> None:
    """Released is in the batch that changes the source, or not at all."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one", ("tag", "x")))
    seen: list[int] = []

    class Overtaken:
        capabilities = base.database.capabilities

        def read(self, call: Any) -> Any:
            return base.database.read(call)

        def atomic(self, calls: Any) -> Any:
            base.clock.pass_by(seconds=1)  # type: ignore[attr-defined]
            edit(base, source_id, nickname=f"other {len(seen)}")
            answers = base.database.atomic(calls)
            seen.append(COUNT_TAKEN.read_one(base.database))
            return answers

    database: Any = Overtaken()
    form = SourceEdit(config={"mapping": {"key": "/id", "block": {"content": "/text"}}})
    with pytest.raises(Exception, match="keeps changing"):
        edit_source(database, source_types(base), source_id, form, clock=base.clock, timezone="UTC")
    assert set(seen) == {3}


def test_deleted_source_leaves_what_it_brought_as_given(base: Components) -> None:
    """Another source that brings the same, and lets it go, does not take it away."""
    source_id = add_source(base, "inbox")
    brought = [item("a", "one", ("tag", "x")), item("b", "two", links=("a",))]
    send(base, source_id, *brought)
    assert foresee_removal(base.database, source_id).blocks_kept == 3
    assert vars(delete_source(base.database, source_id)) == {
        "items": 2, "blocks_gone": 0, "blocks_kept": 3,
    }  # fmt: skip
    assert (COUNT_TAKEN.read_one(base.database), COUNT_KNOWN.read_one(base.database)) == (0, 0)
    other = add_source(base, "inbox")
    send(base, other, *brought)
    delete_items(base.database, other, ["a", "b"], write=base.database.atomic)
    assert texts(base) == {"one", "two", "x"}
    assert arcs(base, found(base, "one")) == {"tag": ["x"]}
    for act in (delete_source, foresee_removal):
        with pytest.raises(NotFound):
            act(base.database, source_id)


def test_deletion_beside_a_collect_leaves_nothing_without_a_sayer(base: Components) -> None:
    """What an item says while its source goes is kept with the rest, or was never written."""

    def go_on(source_id: int) -> None:
        for number in count():
            a = item("a", f"edition {number}", ("tag", f"tag {number}"))
            try:
                send(base, source_id, a, item(str(number), f"more {number}"))
            except NotFound:
                return

    with ThreadPoolExecutor(1) as thread:
        for _ in range(5):
            source_id = add_source(base, "inbox")
            going = thread.submit(go_on, source_id)
            time.sleep(0.1)
            delete_source(base.database, source_id)
            going.result()
            assert COUNT_TAKEN.read_one(base.database) == 0


def entangle(base: Components) -> int:
    """Make a source whose blocks are shared, given, related by hand, deleted, and left."""
    source_id, other = add_source(base, "inbox"), add_source(base, "inbox")
    make(base, "given around")
    ann = star(text("ann"), [("lives in", text("Rome"))])
    send(
        base, source_id,
        item("plain", "plain", ("tag", "x"), ("tag", "given around"), ("tag", "held around")),
        Item("nested", star(text("nested"), [("by", ann)])),
        item("shared", "shared", ("tag", "shared around"), ("tag", "y")),
        item("about", "about", ("of", "plain"), links=("held",)),
        item("held", "held", ("tag", "z")),
        item("deleted", "deleted", ("tag", "of deleted")),
        item("loose", "loose", ("tag", "unrelated")),
        item("silent", "silent"),
        item("mine as well", "mine as well"),
    )  # fmt: skip
    send(base, other, item("1", "shared", ("tag", "shared around")), item("2", "z", ("in", "Rome")))
    relate(base, make(base, "my note"), found(base, "held"), "about")
    relate(base, found(base, "held around"), found(base, "my note"), "see")
    relate(base, found(base, "my note"), found(base, "silent"), "about")
    make(base, "mine as well")
    delete_block(base.database, found(base, "deleted").id)
    [by_hand] = list_relations(
        base.database, found(base, "unrelated").id, direction="both", limit=9
    )[0]
    delete_relation(base.database, by_hand.id)
    delete_items(base.database, source_id, ["silent"], write=base.database.atomic)
    silent = found(base, "silent")
    [about] = list_relations(base.database, silent.id, direction="both", limit=9)[0]
    delete_relation(base.database, about.id)
    return source_id


@pytest.mark.parametrize("group", [100, 1])
def test_dry_run_says_what_the_deletion_does(
    base: Components, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of blocks that are shared, given, related by hand: the same numbers, in whatever groups."""
    monkeypatch.setattr("inkcre.sources.items.releases.GROUP", group)
    source_id = entangle(base)
    before = texts(base)
    told = foresee_removal(base.database, source_id, forget=True)
    assert texts(base) == before, "nothing is changed"
    assert told == foresee_removal(base.database, source_id, forget=True)
    assert delete_source(base.database, source_id, forget=True) == told
    gone = before - texts(base)
    assert len(gone) == told.blocks_gone
    assert gone == {
        "plain", "x", "nested", "ann", "about", "y", "loose", "unrelated", "of deleted", "silent",
    }  # fmt: skip
    assert told.items == 8
    with pytest.raises(NotFound):
        sources.get_source(base.database, source_id)


@pytest.mark.parametrize("seed", range(4))
def test_dry_run_of_random_histories_is_true(base: Components, seed: int) -> None:
    """Whatever was given, collected, related and deleted before."""
    source_id = add_source(base, "inbox")
    player = Player(base, source_id, seed)
    for _ in range(40):
        player.step()
    before = texts(base)
    told = foresee_removal(base.database, source_id, forget=True)
    assert delete_source(base.database, source_id, forget=True) == told
    assert len(before - texts(base)) == told.blocks_gone


def test_forgetting_that_is_killed_goes_on(
    base: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is there still, and the next attempt does the rest."""
    monkeypatch.setattr("inkcre.sources.items.releases.GROUP", 1)
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one"), item("b", "two"), item("c", "three"))

    def die() -> None:
        raise KeyboardInterrupt

    database: Any = Between(base.database, die, 3)
    with pytest.raises(KeyboardInterrupt):
        delete_source(database, source_id, forget=True)
    assert texts(base) == {"three"}
    assert vars(delete_source(base.database, source_id, forget=True)) == {
        "items": 1, "blocks_gone": 1, "blocks_kept": 0,
    }  # fmt: skip
    assert texts(base) == set()
