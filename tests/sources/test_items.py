"""Items and what others make of their blocks: nothing of anybody's is lost, nor changed unasked."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkcre.context import Components
from inkcre.errors import Conflict, NotFound
from inkcre.graph.blocks import create_block, delete_block, edit_block, list_blocks
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm, parse_graph, parse_star
from inkcre.graph.graphs import write_graph
from inkcre.graph.records import Block
from inkcre.graph.relations import create_relation, delete_relation, list_relations
from inkcre.graph.stars import star, text
from inkcre.sources.base import Item, SourceBase, SourceConfig, SourceState
from inkcre.sources.items.changes import Return
from inkcre.sources.items.item_rows import read_stored
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.on_demand import collect_now
from inkcre.sources.removals import delete_source
from inkcre.sql.rows import Json
from tests.on_base import add_items
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of
from tests.sources.test_folder import arcs, find, write


def item(key: str, content: str, *out: tuple[str, str], links: tuple[str, ...] = ()) -> Item:
    """Make an item."""
    made = star(text(content), [(says, text(what)) for says, what in out])
    return Item(key, made, links=tuple(("links to", to) for to in links))


def send(base: Components, source_id: int, *items: Item) -> dict[str, Json]:
    """Write items; give what came of them."""
    return add_items(base, source_id, list(items)).count()


def make(base: Components, content: str) -> Block:
    """Make a block as somebody does."""
    return create_block(base.database, BlockForm(resolver="text", content=content), base.clock())[0]


def relate(base: Components, from_: Block, to: Block, content: str) -> None:
    """Make a relation as somebody does."""
    form = RelationForm(from_=from_.id, to_=to.id, content=content)
    create_relation(base.database, form, base.clock())


def test_folder_takes_no_items_of_others(base: Components, notes: Path) -> None:
    """Its next collect would delete them, so that nothing of them is written."""
    write(notes, mine="mine")
    source_id = add_source(base, "folder", path=str(notes))
    with pytest.raises(Conflict, match="of type folder") as caught:
        send(base, source_id, item("sent.txt", "sent"))
    assert "inbox" in str(caught.value.hint)
    assert list_blocks(base.database, limit=10)[0] == []
    assert result_of(collect(base, source_id))["deleted"] == 0


def test_source_takes_items_or_gives_all_not_both() -> None:
    """What a collect does not give is gone; so a type cannot promise to keep what others send."""
    with pytest.raises(TypeError, match="takes_items"):

        class Both(SourceBase[SourceConfig, SourceState]):
            name = "both"
            config_model = SourceConfig
            gives_all = True
            takes_items = True


@pytest.fixture(params=["post", "graph", "item"])
def state_again(request: pytest.FixtureRequest, base: Components) -> Callable[[str], None]:
    """Return ways in which somebody else says what an item has said."""

    def state(content: str) -> None:
        if request.param == "post":
            relate(base, make(base, "mine"), make(base, content), "about")
        elif request.param == "graph":
            form = {"block": {"resolver": "text", "content": "mine"}, "out_relations": [
                {"relation": {"content": "about"},
                 "to_block": {"block": {"resolver": "text", "content": content}}}]}  # fmt: skip
            write_graph(base.database, parse_graph(form), base.clock())
        else:
            send(base, add_source(base, "inbox"), item("other", "mine", ("about", content)))

    return state


def test_edit_changes_nothing_that_others_have_stated(
    base: Components, state_again: Callable[[str], None]
) -> None:
    """A file that says "python" is not what others mean by the word when it says "milk"."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "python"))
    state_again("python")
    assert send(base, source_id, item("a", "milk"))["updated"] == 1
    mine = find(base, "mine")
    assert mine
    assert arcs(base, mine) == {"about": ["python"]}
    assert find(base, "milk")


def test_deletion_takes_nothing_that_others_use(
    base: Components, notes: Path, state_again: Callable[[str], None]
) -> None:
    """The file is gone; what others said with the same words is not."""
    write(notes, a="python", b="so that something is left")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    state_again("python")
    (notes / "a.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 1
    mine = find(base, "mine")
    assert mine
    assert arcs(base, mine) == {"about": ["python"]}
    python = find(base, "python")
    assert python
    assert arcs(base, python) == {}


def test_block_that_somebody_made_in_the_same_moment_is_not_an_items_own(base: Components) -> None:
    """Its time does not tell whose it is: it was there when the item came, so it stays."""
    now = base.clock()
    source_id = add_source(base, "inbox")
    create_block(base.database, BlockForm(resolver="text", content="python"), now)
    for key in ("of a block that was there", "of a new one"):
        named = "python" if key.startswith("of a block") else "snake"
        write_items(base.database, source_id, [item(key, named)], now=now)
        delete_items(base.database, source_id, [key], write=base.database.atomic)
    assert find(base, "python")
    assert not find(base, "snake")


def test_block_that_somebody_only_names_is_an_items_own(base: Components) -> None:
    """By its id in a graph: who says its content says it too, who refers to it does not."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "python"), item("b", "snake"))
    python, snake = find(base, "python"), find(base, "snake")
    assert python
    assert snake
    write_graph(base.database, parse_graph({"block": {"id": python.id}}), base.clock())
    said = {"block": {"resolver": "text", "content": "snake"}}
    write_graph(base.database, parse_graph(said), base.clock())
    delete_items(base.database, source_id, ["a", "b"], write=base.database.atomic)
    assert not find(base, "python")
    assert find(base, "snake")


def test_deletion_leaves_what_somebody_has_attached_something_to(
    base: Components, notes: Path
) -> None:
    """A note about a file outlives the file, and so does what it is about."""
    write(notes, a="text of a", b="to [[a]]")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    a = find(base, "text of a")
    assert a
    relate(base, make(base, "my note"), a, "about")
    (notes / "a.md").unlink()
    collect(base, source_id)
    note = find(base, "my note")
    assert note
    assert arcs(base, note) == {"about": ["text of a"]}


def test_link_of_another_file_does_not_keep_one_that_is_gone(base: Components, notes: Path) -> None:
    """It leads nowhere now, as in the folder itself."""
    write(notes, a="text of a", b="to [[a]]")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    (notes / "a.md").unlink()
    collect(base, source_id)
    assert find(base, "text of a") is None
    b = find(base, "to [[a]]")
    assert b
    assert "links to" not in arcs(base, b)


def test_items_that_swap_keep_what_they_both_say(base: Components) -> None:
    """A relation that one leaves and the other states in the same batch is there."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "one", ("tag", "x")), item("b", "two", ("tag", "x")))
    send(base, source_id, item("a", "two", ("tag", "x")), item("b", "one", ("tag", "x")))
    for content in ("one", "two"):
        block = find(base, content)
        assert block
        assert arcs(base, block) == {"tag": ["x"]}


def test_shared_block_keeps_what_the_other_item_says(base: Components) -> None:
    """Of two items that are one block, an edit of one takes its own relations away, no more."""
    source_id = add_source(base, "inbox")
    send(
        base,
        source_id,
        item("a", "same", ("tag", "x"), ("by", "ann")),
        item("b", "same", ("tag", "x")),
    )
    send(base, source_id, item("a", "other"))
    same = find(base, "same")
    assert same
    assert arcs(base, same) == {"tag": ["x"]}
    other = find(base, "other")
    assert other
    assert arcs(base, other) == {}


def test_relations_of_a_block_that_stays_follow_their_item(base: Components) -> None:
    """Also where the block is not the item's own: what it said of it is what it says now."""
    source_id = add_source(base, "inbox")
    make(base, "there before")
    send(base, source_id, item("a", "there before", ("tag", "x")))
    assert send(base, source_id, item("a", "there before", ("tag", "y")))["updated"] == 1
    block = find(base, "there before")
    assert block
    assert arcs(base, block) == {"tag": ["y"]}


class Between:
    """A database before whose n-th batch somebody else does something."""

    def __init__(self, database: Any, work: Callable[[], object], number: int = 1) -> None:
        self._database, self._work, self._number = database, work, number
        self.capabilities = database.capabilities

    def read(self, call: Any) -> Any:
        return self._database.read(call)

    def atomic(self, calls: Any) -> Any:
        self._number -= 1
        if self._number == 0:
            self._work()
        return self._database.atomic(calls)


def test_edit_that_meets_an_edit_is_not_lost(base: Components) -> None:
    """Somebody changes the block between the look and the write: theirs stays, the item has its own."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "first"))
    block = find(base, "first")
    assert block

    def change() -> None:
        edit_block(base.database, block.id, BlockEdit(content="by hand"), base.clock())

    database: Any = Between(base.database, change)
    assert send(replace(base, database=database), source_id, item("a", "second"))["updated"] == 1
    assert find(base, "by hand")
    assert find(base, "second")
    assert send(base, source_id, item("a", "second"))["unchanged"] == 1


def test_edit_that_meets_a_deletion_is_none(base: Components) -> None:
    """Somebody deletes the block between the look and the write: it stays away."""
    source_id = add_source(base, "inbox")
    send(base, source_id, item("a", "first"), item("b", "other"))
    block = find(base, "first")
    assert block
    database: Any = Between(base.database, lambda: delete_block(base.database, block.id))
    new = [item("a", "second"), item("b", "new")]
    written = write_items(database, source_id, new, now=base.clock())
    assert (written.updated, written.withheld) == (1, 1)
    assert find(base, "second") is None
    assert find(base, "new")


def test_source_that_is_deleted_meanwhile_is_said_so(base: Components) -> None:
    """And nothing is written."""
    source_id = add_source(base, "inbox")
    database: Any = Between(base.database, lambda: delete_source(base.database, source_id))
    with pytest.raises(NotFound) as caught:
        send(replace(base, database=database), source_id, item("a", "first"))
    assert "deleted meanwhile" in caught.value.message
    assert find(base, "first") is None


def test_links_are_made_by_whoever_comes_to_the_end(base: Components, notes: Path) -> None:
    """An attempt that was killed after the last group had no links; the next has nothing new."""
    for number in range(150):
        (notes / f"{number:03}.md").write_text(f"number {number}")
    (notes / "000.md").write_text("to [[149]]")
    source_id = add_source(base, "folder", path=str(notes))

    def die() -> None:
        raise KeyboardInterrupt

    database: Any = Between(base.database, die, 5)  # the job, its claim, two groups
    with pytest.raises(KeyboardInterrupt):
        collect_now(replace(base, database=database), source_id, full=False)
    base.clock.pass_by(hours=1)  # type: ignore[attr-defined]
    job = collect(base, source_id)
    assert job.state == "finished"
    first = find(base, "to [[149]]")
    assert first
    assert arcs(base, first)["links to"] == ["number 149"]


class Small:
    """A database that takes values of so many bytes, as D1 does."""

    def __init__(self, database: Any, max_bytes: int) -> None:
        self._database, self._max_bytes = database, max_bytes
        self.capabilities = replace(database.capabilities, max_value_bytes=max_bytes)

    def read(self, call: Any) -> Any:
        self._look(call)
        return self._database.read(call)

    def atomic(self, calls: Any) -> Any:
        for call in calls:
            self._look(call)
        return self._database.atomic(calls)

    def _look(self, call: Any) -> None:
        for value in call.parameters.values():
            if isinstance(value, str):
                assert len(value.encode()) <= self._max_bytes, call.statement.clause


def test_values_are_no_larger_than_the_database_takes(base: Components, pages: Pages) -> None:
    """Many items go in parts; one that is too large is passed over and counted, others are taken."""
    database: Any = Small(base.database, 100_000)
    small = replace(base, database=database)
    source_id = add_source(small, "inbox")
    for edition in ("one", "two"):
        items = [item(str(n), f"{n} {edition} " + "x" * 3000) for n in range(200)]
        send(small, source_id, *items)
    entries = "".join(
        f"<item><guid>{n}</guid><title>{n}</title><description>{'y' * size}</description></item>"
        for n, size in enumerate((10, 60_000, 20))
    )
    rss = f"<rss version='2.0'><channel><title>t</title>{entries}</channel></rss>"
    feed = add_source(small, "rss", url=pages.put("/large-entry", rss.encode()))
    job = collect(small, feed)
    assert job.state == "finished", job
    assert (result_of(job)["added"], result_of(job)["left_out"]) == (3, {"too large": 1})


def test_entries_of_one_name_do_not_take_each_others_place(base: Components, pages: Pages) -> None:
    """A new one on top leaves the others, and what is attached to them, as they were."""

    def put(*titles: str) -> str:
        items = "".join(f"<item><guid>g</guid><title>{t}</title></item>" for t in titles)
        rss = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"
        return pages.put("/one-name", rss.encode())

    source_id = add_source(base, "rss", url=put("A1", "A2"))
    collect(base, source_id)

    def ids() -> dict[str, int]:
        blocks, _ = list_blocks(base.database, resolver="feed entry", limit=10)
        return {json.loads(b.content)["title"]: b.id for b in blocks}

    before = ids()
    put("A0", "A1", "A2")
    assert result_of(collect(base, source_id)) == {
        "added": 1, "updated": 0, "unchanged": 3, "deleted": 0,
    }  # fmt: skip
    assert {t: i for t, i in ids().items() if t in before} == before


def test_content_of_a_feed_is_no_address(base: Components, pages: Pages, tmp_path: Path) -> None:
    """A server that answers with the path of a file does not have that file read."""
    secret = tmp_path / "secret.xml"
    secret.write_text("<rss version='2.0'><channel><title>secret</title></channel></rss>")
    source_id = add_source(base, "rss", url=pages.put("/path", str(secret).encode()))
    job = collect(base, source_id)
    assert job.state == "failed"
    assert "no feed" in str(job.error)
    assert find(base, "secret") is None


def test_item_of_anothers_block_stays_one_when_a_relation_comes_back(base: Components) -> None:
    """Which block it was written as is not known by a digest: that one is others'."""
    source_id = add_source(base, "inbox")
    block = make(base, "of others")
    x = {"block": {"resolver": "text", "content": "x"}}
    near = [{"relation": {"content": "near"}, "to_block": x}]
    by_id = Item("a", parse_star({"block": {"id": block.id}, "out_relations": near}))
    add_items(base, source_id, [by_id])
    [relation], _ = list_relations(base.database, block.id, direction="out", limit=9)
    delete_relation(base.database, relation.id)
    written = write_items(
        base.database, source_id, [by_id], now=base.clock(), returning=Return(always=True)
    )
    assert written.updated == 1
    [item] = read_stored(base.database, source_id, ["a"]).values()
    assert (item.block_id, item.written_digest) == (block.id, "")
