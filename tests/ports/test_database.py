"""The database port: every sentence of its docstrings, on every adapter's real backend."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Text, bindparam, delete, func, insert, select, true

from inkcre.errors import Conflict, InkcreError, MissingReference
from inkcre.graph.tables import blocks, relations, storages
from inkcre.ports.database import Call, Database, Migratable, Row, Statement
from inkcre.sql.constructs import json_rows
from tests.conftest import hyperdrive_database

INSERT = Statement(
    insert(storages)
    .from_select(
        ["name", "type"], select(bindparam("name", type_=Text), bindparam("type", type_=Text))
    )
    .returning(storages.c.name)
)
DELETE = Statement(delete(storages).where(storages.c.name == bindparam("name", type_=Text)))
SELECT = Statement(
    select(storages.c.name)
    .where(storages.c.type == bindparam("type", type_=Text))
    .order_by(storages.c.name)
)
COUNT = Statement(select(func.count()).select_from(storages))
NO_BLOCK = Statement(
    insert(blocks).from_select(
        ["created_at", "updated_at", "resolver", "content", "digest", "storage"],
        select(
            blocks.c.created_at,
            blocks.c.updated_at,
            blocks.c.resolver,
            blocks.c.content,
            bindparam("digest", type_=Text),
            bindparam("storage", type_=Text),
        ),
    )
)
RELATE = Statement(
    insert(relations).from_select(
        ["created_at", "updated_at", "from_", "to_", "content"],
        select(
            storages_now := func.now().label("now"),
            storages_now,
            bindparam("from_", type_=BigInteger),
            bindparam("to_", type_=BigInteger),
            bindparam("content", type_=Text),
        ),
    )
)
_rows = json_rows("rows", name=Text(), ord=BigInteger())
MANY = Statement(
    insert(storages)
    .from_select(
        ["name", "type"],
        select(_rows.c.name, bindparam("type", type_=Text)).where(true()).order_by(_rows.c.ord),
    )
    .returning(storages.c.name)
)
ECHO = Statement(select(bindparam("text", type_=Text)))


def test_read_gives_all_rows_in_order(database: Database) -> None:
    """All its rows, in order."""
    database.atomic([INSERT(name=name, type="t") for name in "cab"])
    assert [tuple(row) for row in database.read(SELECT(type="t"))] == [("a",), ("b",), ("c",)]


def test_read_gives_an_empty_list_when_there_are_none(database: Database) -> None:
    """Empty when none."""
    assert database.read(SELECT(type="none")) == []


def test_atomic_gives_each_statements_rows(database: Database) -> None:
    """Each one's rows, empty when it has none; later statements see what earlier ones wrote."""
    rows = database.atomic(
        [INSERT(name="x", type="t"), SELECT(type="t"), DELETE(name="x"), SELECT(type="t")]
    )
    assert [[tuple(r) for r in one] for one in rows] == [[("x",)], [("x",)], [], []]


def test_atomic_of_nothing_does_nothing(database: Database) -> None:
    """An empty sequence does nothing."""
    assert database.atomic([]) == []


def test_atomic_is_all_or_nothing(database: Database) -> None:
    """When the last statement fails nothing of the others is there."""
    before = database.read(COUNT())
    with pytest.raises(Conflict):
        database.atomic([INSERT(name="new", type="t"), INSERT(name="url", type="t")])
    assert database.read(COUNT()) == before
    database.atomic([INSERT(name="new", type="t")])


def test_atomic_fails_at_any_statement(database: Database) -> None:
    """Also the first and a middle one; and the adapter is usable after each."""
    bad = INSERT(name="url", type="t")
    good = [INSERT(name=f"n{n}", type="t") for n in range(2)]
    for calls in ([bad, *good], [good[0], bad, good[1]]):
        with pytest.raises(Conflict):
            database.atomic(calls)
        assert database.read(SELECT(type="t")) == []


def test_batch_that_cannot_be_sent_leaves_nothing(database: Database) -> None:
    """A fault of the caller's, found after the first statement, undoes it too."""
    with pytest.raises(KeyError):
        database.atomic([INSERT(name="lost", type="t"), INSERT(name="no type")])
    database.atomic([INSERT(name="kept", type="t")])
    assert [tuple(row) for row in database.read(SELECT(type="t"))] == [("kept",)]


@pytest.fixture
def another(database: Database, request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Return what gives a thread an adapter: the same if it lives as long as the process."""
    made: list[Database] = []

    def make() -> Database:
        if database.lifetime == "process":
            return database
        made.append(hyperdrive_database(request.getfixturevalue("postgres_tcp_url")))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_nobody_sees_half_a_batch(database: Database, another: Callable[[], Database]) -> None:
    """Readers see none or all of a batch, never a part."""
    stop = threading.Event()
    seen: set[int] = set()

    def watch() -> None:
        mine = another()
        while not stop.is_set():
            seen.add(len(mine.read(SELECT(type="pair"))) % 10)
            time.sleep(0.001)

    with ThreadPoolExecutor(2) as pool:
        watching = [pool.submit(watch) for _ in range(2)]
        try:
            for batch in range(20):
                database.atomic([INSERT(name=f"{batch}-{n}", type="pair") for n in range(10)])
        finally:
            stop.set()
        for future in watching:
            future.result()
    assert seen <= {0}


def test_unique_column_is_a_conflict(database: Database) -> None:
    """A unique column has the value already."""
    with pytest.raises(Conflict) as caught:
        database.atomic([INSERT(name="url", type="t")])
    assert not isinstance(caught.value, MissingReference)


def test_row_that_is_not_there_is_a_missing_reference(database: Database) -> None:
    """A row would refer to a row that is not there."""
    with pytest.raises(MissingReference):
        database.atomic([RELATE(from_=1, to_=2, content="x")])


def test_many_rows_are_one_statement(database: Database) -> None:
    """Ten thousand rows travel as one parameter, and come back in their order."""
    names = [f"name {n:05}" for n in range(10_000)]
    rows = json.dumps([{"name": name, "ord": n} for n, name in enumerate(names)])
    (written,) = database.atomic([MANY(rows=rows, type="many")])
    assert [row[0] for row in written] == names
    assert len(database.read(SELECT(type="many"))) == 10_000


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_text_comes_back_as_it_was(database: Database, text: str) -> None:
    """Any text without NUL survives, as a parameter and as a row in JSON."""
    assert database.read(ECHO(text=text))[0][0] == text
    select_rows = Statement(select(_rows.c.name).order_by(_rows.c.ord))
    rows = json.dumps([{"name": text, "ord": 1}], ensure_ascii=False)
    assert database.read(select_rows(rows=rows))[0][0] == text


MODEL = st.lists(
    st.lists(st.tuples(st.sampled_from("id"), st.integers(0, 5)), min_size=1, max_size=4),
    max_size=8,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=MODEL)
def test_batches_behave_like_a_set(
    database: Database, batches: list[list[tuple[str, int]]]
) -> None:
    """Whatever batches of inserts and deletes run, the table holds what a plain set would."""
    database.atomic([DELETE(name=f"s{n}") for n in range(6)])
    model: set[str] = set()
    for batch in batches:
        calls: list[Call] = []
        after = set(model)
        fails = False
        for kind, number in batch:
            name = f"s{number}"
            calls.append(INSERT(name=name, type="set") if kind == "i" else DELETE(name=name))
            fails = fails or (kind == "i" and name in after)
            after = after | {name} if kind == "i" else after - {name}
        if fails:
            with pytest.raises(Conflict):
                database.atomic(calls)
        else:
            database.atomic(calls)
            model = after
        assert {row[0] for row in database.read(SELECT(type="set"))} == model


def test_adapter_serves_many_threads(database: Database, another: Callable[[], Database]) -> None:
    """One that lives as long as the process is safe to call from several threads."""

    def work(number: int) -> list[Row]:
        mine = another()
        mine.atomic([INSERT(name=f"t{number}", type="threads")])
        rows = mine.read(SELECT(type="threads"))
        if mine.lifetime == "invocation":
            mine.close()
        return rows

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(work, range(120)))
    assert len(database.read(SELECT(type="threads"))) == 120


def test_ping_returns(database: Database) -> None:
    """Raise unless the database answers, and leave it as it was."""
    before = database.read(COUNT())
    database.ping()
    assert database.read(COUNT()) == before


def test_closed_adapter_opens_anew(database: Database, request: pytest.FixtureRequest) -> None:
    """The adapter opens anew when it is used again."""
    database.close()
    if "memory" in request.node.name:
        with pytest.raises(InkcreError):  # a base in memory is gone with its connection
            database.read(COUNT())
    else:
        assert database.read(COUNT()) == [(2,)]


def test_adapter_declares_itself(database: Database, request: pytest.FixtureRequest) -> None:
    """Capabilities and lifetime are what the adapter is."""
    is_lent = "hyperdrive" in request.node.name
    assert database.lifetime == ("invocation" if is_lent else "process")
    assert isinstance(database, Migratable) is database.capabilities.can_migrate
    assert database.capabilities.is_shared is (database.capabilities.dialect == "postgresql")


class Halfway:
    """A broken adapter: it runs a batch statement by statement, each for itself."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.read = inner.read

    def atomic(self, calls: Any) -> list[list[Row]]:
        return [self.inner.atomic([call])[0] for call in calls]


@pytest.mark.parametrize(
    "case", [test_atomic_is_all_or_nothing, test_atomic_fails_at_any_statement]
)
def test_suite_notices_an_adapter_that_is_not_atomic(
    database: Database, case: Callable[[Any], None]
) -> None:
    """The cases that matter most fail on an adapter that breaks their promise."""
    with pytest.raises((AssertionError, InkcreError)):
        case(Halfway(database))
