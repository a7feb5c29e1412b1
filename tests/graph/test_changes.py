"""The log of changes: one row a batch, whatever it did, and a reader whom nothing passes by."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Text, bindparam, text, update

from inkcre.assembly.assembly import build_components, utc_now
from inkcre.errors import CursorExpired, NotFound
from inkcre.graph import change_log
from inkcre.graph.blocks import create_block, delete_block, edit_block
from inkcre.graph.change_log import log_made
from inkcre.graph.changes import GraphChange, forget_calls, read_changes
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm, parse_graph
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.graphs import write_graph
from inkcre.graph.plans import plan_graph
from inkcre.graph.records import Block
from inkcre.graph.relations import create_relation, delete_relation
from inkcre.graph.tables import changes
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import timestamp
from inkcre.transfer.imports import import_lines
from tests.conftest import DRIVERS, postgres_settings
from tests.unit.test_golden_sql import DIALECTS, own_statements

STAR = {
    "block": {"resolver": "text", "content": "centre"},
    "out_relations": [
        {"relation": {"content": "has"}, "to_block": {"block": {"resolver": "text", "content": name}}}
        for name in ("one", "two")
    ],
}  # fmt: skip

SET_TIME = Statement(
    update(changes)
    .where(changes.c.id == bindparam("of", type_=BigInteger))
    .values(created_at=timestamp(bindparam("to", type_=Text)))
)
WAIT = Statement(text("SELECT pg_advisory_xact_lock(77)"))


def add(database: Database, content: str) -> Block:
    """Add a block."""
    return create_block(database, BlockForm(resolver="text", content=content), utc_now())[0]


def relate(database: Database, one: Block, other: Block) -> int:
    """Relate two blocks; give the relation's id."""
    form = RelationForm(from_=one.id, to_=other.id, content="to")
    return create_relation(database, form, utc_now())[0].id


def read_all(database: Database) -> list[GraphChange]:
    """Return the whole log."""
    return read_changes(database, 0, 1000)


def last(database: Database) -> GraphChange:
    """Return the newest change."""
    return read_all(database)[-1]


def ids(spans: tuple[range, ...] | None) -> list[int]:
    """Return the ids in some spans."""
    return [id_ for span in spans or () for id_ in span]


def test_each_batch_writes_one_row(database: Database) -> None:
    """With the ids of what it made, and of what it changed or deleted the former rows."""
    one, other = add(database, "one"), add(database, 'ot"her')
    relation = relate(database, one, other)
    edit_block(database, one.id, BlockEdit(content="changed"), utc_now())
    graph = write_graph(database, parse_graph(STAR), utc_now())
    delete_relation(database, relation)
    relation = relate(database, one, other)
    delete_block(database, other.id)
    log = read_all(database)
    assert [change.action for change in log] == [
        "block.post", "block.post", "relation.post", "block.patch", "graph.put", "relation.delete",
        "relation.post", "block.delete",
    ]  # fmt: skip
    assert [change.id for change in log] == sorted({change.id for change in log})
    assert ids(log[0].blocks) == [one.id]
    assert log[3].changed == ({"block": {**vars(one), "is_given": 1}},)
    assert (ids(log[4].blocks), ids(log[4].relations)) == (
        graph.created.blocks,
        graph.created.relations,
    )
    [gone] = log[5].deleted or ()
    assert isinstance(gone, dict)
    assert isinstance(gone["relation"], dict)
    assert (gone["relation"]["from_"], gone["relation"]["content"]) == (one.id, "to")
    block, arc = log[7].deleted or ()
    assert block == {"block": {**vars(other), "is_given": 1}}
    assert isinstance(arc, dict)
    assert arc.keys() == {"relation"}
    assert {(change.actor, bool(change.blocks and change.deleted)) for change in log} == {
        (None, False)
    }


def test_batch_that_changes_nothing_writes_none(database: Database) -> None:
    """A replay, an edit that says the same, a deletion of what is not there, a conflict."""
    one, other = add(database, "one"), add(database, "other")
    relate(database, one, other)
    write_graph(database, parse_graph(STAR), utc_now())
    before = read_all(database)
    add(database, "one")
    relate(database, one, other)
    write_graph(database, parse_graph(STAR), utc_now())
    edit_block(database, one.id, BlockEdit(content="one"), utc_now())
    for delete in (delete_block, delete_relation):
        with pytest.raises(NotFound):
            delete(database, 999_999)
    assert read_all(database) == before


def test_ids_with_others_between_are_told_one_by_one(database: Database) -> None:
    """Where some of a graph's blocks were there, the new ones need not follow each other."""
    graph = {"blocks": [{"resolver": "text", "content": str(n)} for n in range(10)]}
    for number in (3, 6):
        add(database, str(number))
    written = write_graph(database, parse_graph(graph), utc_now())
    assert ids(last(database).blocks) == written.created.blocks


def test_several_statements_of_a_batch_are_told_together(database: Database) -> None:
    """What the first of them has added is there, too."""
    plans = [
        plan_graph(parse_graph({"blocks": [{"resolver": "text", "content": content}]}))
        for content in ("one", "other")
    ]
    calls = [call for plan in plans for call in write_calls(database, plan, utc_now())]
    database.atomic(log_made(calls, action="both"))
    assert len(ids(last(database).blocks)) == 2


def test_every_statement_that_adds_is_marked() -> None:
    """Rows of one that is not would be missing from the log on PostgreSQL."""
    adding = {
        name: text
        for name, statement in own_statements().items()
        for text in [str(statement.clause.compile(dialect=DIALECTS["postgresql"]))]
        if text.startswith(("INSERT INTO blocks ", "INSERT INTO relations "))
    }
    assert "graph.graph_rows.INSERT_BLOCKS" in adding
    assert [name for name, text in adding.items() if "set_config('inkcre." not in text] == []


def test_import_writes_one_row_a_batch(database: Database) -> None:
    """It has as many ids as rows were made; done again, it writes none."""
    import json

    lines = [json.dumps(STAR).encode()]
    made = [list(import_lines(database, lines, utc_now))[-1].created_blocks for _ in range(2)]
    assert made == [3, 0]
    [change] = read_all(database)
    assert change.action == "import"
    assert (len(ids(change.blocks)), len(ids(change.relations))) == (3, 2)


def test_former_rows_end_where_a_value_has_no_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out is counted, and the deletion goes through all the same."""
    centre = write_graph(database, parse_graph(STAR), utc_now()).blocks[0]
    monkeypatch.setattr(change_log, "NO_LIMIT", 400)
    delete_block(database, centre.id)
    *kept, rest = last(database).deleted or ()
    assert kept
    assert rest == {"left_out": 3 - len(kept)}


def test_what_was_forgotten_is_said(database: Database) -> None:
    """A cursor before it has expired, one behind it goes on, and one asks for all that is known."""
    for content in "abc":
        add(database, content)
    first, second, _ = read_all(database)
    moment = datetime.fromisoformat(second.created_at)
    database.atomic([SET_TIME(of=first.id, to="2020-01-01T00:00:00.000000Z")])
    database.atomic([SET_TIME(of=second.id, to="2020-01-02T00:00:00.000000Z")])
    database.atomic(forget_calls(moment, 30))
    with pytest.raises(CursorExpired, match="changes: those behind 0 are no longer known"):
        read_changes(database, 0, 10)
    with pytest.raises(CursorExpired):
        read_changes(database, first.id, 10)
    assert len(read_changes(database, second.id, 10)) == 1
    assert read_changes(database, None, 10) == read_changes(database, second.id, 10)
    add(database, "d")
    assert len(read_changes(database, second.id, 10)) == 2


def test_all_of_the_log_may_be_forgotten(database: Database) -> None:
    """The next change tells of its own ids alone."""
    for content in "abc":
        add(database, content)
    newest = last(database)
    database.atomic(forget_calls(datetime.now(UTC) + timedelta(days=100), 30))
    assert read_changes(database, newest.id, 10) == []
    block = add(database, "d")
    assert ids(read_changes(database, newest.id, 10)[0].blocks) == [block.id]


@pytest.fixture(params=DRIVERS.values())
def served(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Database]:
    """Return a base on PostgreSQL with each of its drivers."""
    settings = postgres_settings(postgres_url, **{"database.driver": request.param})
    with closing(build_components(settings).database) as database:
        yield database


def start(work: Callable[[], object]) -> threading.Thread:
    """Run something beside the test."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for_writer(url: str) -> None:
    """Wait until somebody waits for the lock: its row has a number, and is not committed."""
    asked = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 77"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(asked).fetchone() == (0,):
            pass


def test_reader_waits_for_the_lower_number(served: Database, postgres_url: str) -> None:
    """Two writers commit in the other order: the higher number is not read before the lower one."""
    add(served, "before")
    cursor = last(served).id

    def write_and_wait() -> None:
        plan = plan_graph(parse_graph(STAR))
        calls = log_made(write_calls(served, plan, utc_now()), action="slow")
        served.atomic([*calls, WAIT()])

    with psycopg.connect(postgres_url) as holder:
        holder.execute("SELECT pg_advisory_lock(77)")
        slow = start(write_and_wait)
        wait_for_writer(postgres_url)
        add(served, "fast")
        assert read_changes(served, cursor, 10) == []
        holder.execute("SELECT pg_advisory_unlock(77)")
        slow.join()
    first, second = read_changes(served, cursor, 10)
    assert (first.action, second.action) == ("slow", "block.post")
    assert first.id < second.id
    assert first.created_at < second.created_at


def test_reader_reads_what_was_there_before_a_slow_writer(
    served: Database, postgres_url: str
) -> None:
    """Whoever has begun later cannot have a lower number."""
    add(served, "before")
    with psycopg.connect(postgres_url) as writer:
        writer.execute("LOCK TABLE changes IN ROW EXCLUSIVE MODE")
        assert [change.action for change in read_all(served)] == ["block.post"]


class Between:
    """A database to which somebody writes behind the first read."""

    def __init__(self, database: Database, work: Callable[[], object]) -> None:
        self._database, self._work = database, work
        self.capabilities = database.capabilities

    def read(self, call: Call) -> list[Row]:
        """Read, and let the other one write."""
        rows = self._database.read(call)
        work, self._work = self._work, lambda: None
        work()
        return rows


def test_number_that_is_given_behind_the_look_is_not_read(served: Database) -> None:
    """Its change waits for the next time: somebody else may have got a lower one meanwhile."""
    add(served, "before")
    between: Any = Between(served, lambda: add(served, "between"))
    assert len(read_changes(between, 0, 10)) == 1
    assert len(read_changes(served, 0, 10)) == 2
