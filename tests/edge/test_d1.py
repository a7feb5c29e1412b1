"""What only D1 can do to us: run inside the Worker, on Miniflare's real D1."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.edge import homes

PRELUDE = """
import worker
from inkcre.edge.bindings import WorkerBindings
from inkcre.errors import InkcreError
from inkcre.sql.constructs import json_rows
from inkcre.graph.tables import blocks, storages
from inkcre.ports.database import Statement
from sqlalchemy import BigInteger, LargeBinary, Text, bindparam, delete, func, insert, select, true

insert_storage = Statement(insert(storages).from_select(["name", "type"], select(
    bindparam("name", type_=Text), bindparam("type", type_=Text))).returning(storages.c.name))
delete_storages = Statement(delete(storages).where(
    storages.c.type == bindparam("type", type_=Text)), counts=True)
select_names = Statement(select(storages.c.name).where(
    storages.c.type == bindparam("type", type_=Text)).order_by(storages.c.name))
echo = Statement(select(bindparam("value")))
typed = Statement(select(func.typeof(bindparam("value"))))
add_block = Statement(insert(blocks).values(created_at="x", updated_at="x", resolver="text",
    content=bindparam("content"), digest=bindparam("digest"), storage=bindparam("storage")))
count_block = Statement(select(func.count()).where(blocks.c.id == bindparam("id", type_=BigInteger)))

def code(work):
    try:
        return work()
    except InkcreError as error:
        return error.code

bindings = WorkerBindings(env)
with worker.Default.app._assembled_for(bindings).provide(bindings) as components:
    database = components.database
"""


@pytest.fixture(scope="module")
def d1() -> Iterator[httpx.Client]:
    """Return a client of the home on D1."""
    with httpx.Client(base_url=homes.base_url("edge-d1"), timeout=60) as client:
        yield client


def run(client: httpx.Client, *lines: str) -> Any:
    """Run lines that have ``database``; give the last one's value."""
    body = [*lines[:-1], f"result = {lines[-1]}"]
    source = PRELUDE + "".join(f"    {line}\n" for line in body) + "result"
    answer = client.post("/__harness/run", content=source)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_batch_is_all_or_nothing(d1: httpx.Client) -> None:
    """A failure anywhere undoes all of it; rows of each statement come in its place."""
    got = run(
        d1,
        "good = [insert_storage(name=f'a{n}', type='batch') for n in range(3)]",
        "bad = insert_storage(name='url', type='batch')",
        "failed = [code(lambda: database.atomic(calls)) for calls in ([bad, *good], [good[0], bad, good[1]], [*good, bad])]",
        "none = database.read(select_names(type='batch'))",
        "rows = database.atomic([*good, select_names(type='batch'), delete_storages(type='batch')])",
        "[failed, none, rows]",
    )
    failed, none, rows = got
    assert failed == ["conflict"] * 3
    assert none == []
    assert rows == [[["a0"]], [["a1"]], [["a2"]], [["a0"], ["a1"], ["a2"]], [[3]]]


@pytest.mark.parametrize(
    "value", [None, 0, -5, 2**53 - 2, 1.5, "", "é\u0301 漢 \N{GRINNING FACE}", "null", '{"a": [1]}', "x" * 100_000], ids=repr
)  # fmt: skip
def test_values_come_back_as_they_went(d1: httpx.Client, value: Any) -> None:
    """Through JavaScript and SQLite and back."""
    assert run(d1, f"[list(r) for r in database.read(echo(value={value!r}))]") == [[value]]


def test_bytes_come_back_as_bytes(d1: httpx.Client) -> None:
    """A BLOB."""
    got = run(d1, "database.read(echo(value=bytes(range(256))))[0][0] == bytes(range(256))")
    assert got is True


def test_ids_beyond_javascripts_numbers_are_compared_as_numbers(d1: httpx.Client) -> None:
    """The largest id is not found, and is no error."""
    assert run(d1, "[list(r) for r in database.read(count_block(id=2**63 - 1))]") == [[0]]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("database.atomic([insert_storage(name='url', type='x')])", "conflict"),
        ("database.atomic([add_block(content='c', digest='d1', storage='nowhere')])", "missing_reference"),
        ("database.atomic([add_block(content=None, digest='d2', storage=None)])", "missing_reference"),
        ("database.read(Statement(select(func.count()).select_from(__import__('sqlalchemy').table('missing')))())", "schema_behind"),
        ("database.atomic([add_block(content='x' * 3_000_000, digest='d3', storage=None)])", "too_large"),
        ("database.read(Statement(__import__('sqlalchemy').text('SELEC 1'))())", "invariant_broken"),
    ],
)  # fmt: skip
def test_errors_are_the_ports(d1: httpx.Client, work: str, expected: str) -> None:
    """What D1 says, in the port's words."""
    assert run(d1, f"code(lambda: {work})") == expected


def test_ten_thousand_rows_are_one_statement(d1: httpx.Client) -> None:
    """No limit on bound parameters is ever met."""
    got = run(
        d1,
        "import json",
        "context = json_rows('rows', name=Text())",
        "many = Statement(insert(storages).from_select(['name', 'type'], select(context.c.name, bindparam('type', type_=Text)).where(true())), counts=True)",
        "rows = json.dumps([{'name': f'many {n}'} for n in range(10_000)])",
        "database.atomic([many(rows=rows, type='many'), delete_storages(type='many')])",
    )
    assert got == [[[10_000]], [[10_000]]]


def test_what_is_changed_is_in_the_log(d1: httpx.Client) -> None:
    """One row a batch, with new ids and former rows; none for what changes nothing."""
    got = run(
        d1,
        "import datetime, uuid",
        "from inkcre.graph.blocks import create_block, delete_block, edit_block",
        "from inkcre.graph.changes import read_changes",
        "from inkcre.graph.forms import BlockEdit, BlockForm",
        "now = datetime.datetime.now(datetime.UTC)",
        "form = BlockForm(resolver='text', content=uuid.uuid4().hex)",
        "(block, _), (same, _) = [create_block(database, form, now) for _ in range(2)]",
        "edit_block(database, block.id, BlockEdit(content=form.content + '!'), now)",
        "delete_block(database, block.id)",
        "former = lambda c: [e['block']['content'] for e in (*(c.changed or ()), *(c.deleted or ())) if e.get('block', {}).get('id') == block.id]",
        "new = lambda c: [block.id] if any(block.id in span for span in c.blocks or ()) else []",
        "log = read_changes(database, None, 1_000_000)",
        "[form.content, block.id, [[c.action, new(c), former(c)] for c in log if new(c) or former(c)]]",
    )
    content, block, log = got
    assert log == [
        ["block.post", [block], []],
        ["block.patch", [], [content]],
        ["block.delete", [], [f"{content}!"]],
    ]


def test_migrations_were_applied_by_wrangler(d1: httpx.Client) -> None:
    """As files of the artifact, each once, to the heads that this version needs."""
    from tests.lines import LINES

    folder = homes.options_of("edge-d1").artifact / "migrations"
    names = sorted(path.name for path in folder.iterdir())
    for line in LINES:
        head = line.file_name(line.migrations.head)
        assert [name for name in names if name.startswith(f"{head}_")]
    applied = run(
        d1,
        "table_ = __import__('sqlalchemy').table('d1_migrations', __import__('sqlalchemy').column('name'))",
        "sorted(r[0] for r in database.read(Statement(select(table_.c.name))()))",
    )
    assert applied == names
    assert json.loads(d1.get("/readyz").text) == {"status": "ok"}
