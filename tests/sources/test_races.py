"""Two who write at once, one of them slowly: between two statements of a batch others commit."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from inkcre.context import Components
from inkcre.errors import NotFound, Unavailable
from inkcre.graph.blocks import create_block, delete_block, list_blocks
from inkcre.graph.forms import BlockForm, RelationForm, parse_graph
from inkcre.graph.graphs import write_graph
from inkcre.graph.relations import create_relation, delete_relation, list_relations
from inkcre.ports.database import Call, Row, Statement
from inkcre.sources.items.items import delete_items, write_items
from tests.sources.conftest import add_source
from tests.sources.test_folder import arcs, find
from tests.sources.test_items import item, make
from tests.sources.test_sayers import say

ROUNDS = 25
PAUSE = Statement(select(func.pg_sleep(0.01)))


class Slow:
    """A database that pauses within its batches, where others write meanwhile."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.capabilities = database.capabilities
        self._pauses = "Postgres" in type(database).__name__  # SQLite has one writer

    def read(self, call: Any) -> Any:
        return self._database.read(call)

    def atomic(self, calls: Any) -> Any:
        if not self._pauses:
            return self._database.atomic(calls)
        return self._database.atomic([each for call in calls for each in (call, PAUSE())])[::2]


def beside(come_and_go: Callable[[], object], act: Callable[[], None]) -> None:
    """Do something often, while something else goes on all the time."""
    stopped = Event()

    def go_on() -> None:
        while not stopped.is_set():
            come_and_go()

    with ThreadPoolExecutor(1) as thread:
        going = thread.submit(go_on)
        try:
            for _ in range(ROUNDS):
                act()
        finally:
            stopped.set()
        going.result()


def forget(base: Components, content: str) -> None:
    """Delete a block, if it is there."""
    block = find(base, content)
    with suppress(NotFound):
        if block:
            delete_block(base.database, block.id)


@pytest.mark.parametrize("by", ["post", "graph"])
def test_block_that_is_given_meanwhile_is_given(base: Components, by: str) -> None:
    """An item takes back the block that was met, and brings it anew: that one is not given yet."""
    source_id, slow = add_source(base, "inbox"), Slow(base.database)
    form = BlockForm(resolver="text", content="word")
    lone = parse_graph({"block": form.model_dump(exclude_unset=True)})

    def come_and_go() -> None:
        say(base, source_id, {"a": item("a", "word")})
        say(base, source_id, {})

    def give() -> None:
        if by == "post":
            create_block(slow, form, base.clock())  # type: ignore[arg-type]
        else:
            write_graph(slow, lone, base.clock())  # type: ignore[arg-type]
        say(base, source_id, {})
        assert find(base, "word")
        forget(base, "word")

    beside(come_and_go, give)


def test_relation_that_is_given_meanwhile_is_given(base: Components) -> None:
    """The same of a relation."""
    source_id, slow = add_source(base, "inbox"), Slow(base.database)
    mine, x = make(base, "mine"), make(base, "x")
    form = RelationForm(from_=mine.id, to_=x.id, content="tag")

    def come_and_go() -> None:
        say(base, source_id, {"a": item("a", "mine", ("tag", "x"))})
        say(base, source_id, {"a": item("a", "mine")})

    def give() -> None:
        create_relation(slow, form, base.clock())  # type: ignore[arg-type]
        say(base, source_id, {"a": item("a", "mine")})
        assert arcs(base, mine) == {"tag": ["x"]}
        for relation in list_relations(base.database, mine.id, direction="out", limit=9)[0]:
            with suppress(NotFound):
                delete_relation(base.database, relation.id)

    beside(come_and_go, give)


def test_item_has_the_block_that_it_says(base: Components) -> None:
    """Another source changes and takes back the block that was met: the item has its own then."""
    source_id, other, slow = (
        add_source(base, "inbox"),
        add_source(base, "inbox"),
        Slow(base.database),
    )
    said = item("k", "word", ("tag", "x"))

    def come_and_go() -> None:
        with suppress(Unavailable):
            for content in ("word", "other word"):
                say(base, other, {"a": item("a", content)})
            say(base, other, {})

    def collect() -> None:
        with suppress(Unavailable):  # a job is tried again
            write_and_look()

    def write_and_look() -> None:
        write_items(slow, source_id, [said], now=base.clock())  # type: ignore[arg-type]
        block = find(base, "word")
        assert block
        assert arcs(base, block) == {"tag": ["x"]}
        assert write_items(base.database, source_id, [said], now=base.clock()).withheld == 0
        delete_items(base.database, source_id, ["k"], write=base.database.atomic)

    beside(come_and_go, collect)


@pytest.mark.parametrize("is_new", [True, False])
def test_two_posts_of_one_key_leave_nothing_that_nobody_says(
    base: Components, is_new: bool
) -> None:
    """Who comes second has read what the first has changed: he reads again, and takes its block."""
    source_id = add_source(base, "inbox")
    if not is_new:
        said = item("k", "given", ("tag", "z"))
        make(base, "given")  # so that the item leaves this block
        write_items(base.database, source_id, [said], now=base.clock())
    first = [item("k", "first", ("tag", "x"))]
    second = [item("k", "second", ("tag", "y"))]

    def write(calls: Sequence[Call]) -> list[list[Row]]:
        if first:
            write_items(base.database, source_id, [first.pop()], now=base.clock())
        return base.database.atomic(calls)

    write_items(base.database, source_id, second, now=base.clock(), write=write)
    given = [] if is_new else ["given"]
    assert sorted(block.content for block in list_blocks(base.database, limit=9)[0]) == sorted(
        [*given, "second", "y"]
    )
    delete_items(base.database, source_id, ["k"], write=base.database.atomic)
    assert [block.content for block in list_blocks(base.database, limit=9)[0]] == given


def test_posts_at_once_leave_what_the_last_one_says(base: Components) -> None:
    """Whoever is slower, and in whatever order each has its keys."""
    source_id, slow = add_source(base, "inbox"), Slow(base.database)

    def post(number: int) -> None:
        keys = ["a", "b"] if number % 2 else ["b", "a"]
        items = [item(key, f"{key} {number}") for key in keys]
        with suppress(Unavailable):  # is sent again
            write_items(slow, source_id, items, now=base.clock())  # type: ignore[arg-type]

    for _ in range(3):
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(post, range(4)))
        blocks = list_blocks(base.database, limit=99)[0]
        assert [block.content[0] for block in sorted(blocks, key=lambda b: b.content)] == ["a", "b"]
        delete_items(base.database, source_id, ["a", "b"], write=base.database.atomic)
        assert list_blocks(base.database, limit=99)[0] == []
