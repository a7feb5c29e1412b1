"""More than one value of D1 may hold, which is 2 MB: rows of 2 KB by the thousand, and large ones."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from inkcre.edge.local.migrations import apply_migrations
from tests.edge import homes
from tests.edge.conftest import Running, running_harness
from tests.edge.test_runtime import text
from tests.lengths import rounds

ROWS = rounds(1_000, whole=3_000)
LARGER = rounds(3, whole=1)
"""How much larger the texts are where there are fewer rows: of bytes there are as many."""

WORK = """
import random
import worker
from inkcre.edge.bindings import WorkerBindings
from inkcre.graph import stars
from inkcre.graph.graphs import find_missing, write_graph
from inkcre.graph.plans import plan_graph
from inkcre.sources.base import Item
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.item_rows import read_stamps
from inkcre.sources.forms import SourceForm
from inkcre.sources.registry import find_source_types
from inkcre.sources.sources import create_source

def texts(name, chance):
    letters = "abc é 資料 \\U0001F58B \\" \\\\ \\n"
    for number in range({rows}):
        size = chance.choice([0, 1, 700, 2000, 2000, 4000])
        yield f"{{name}} {seed} {{number}} " + "".join(chance.choices(letters, k={larger} * size // 3))

def work(context):
    chance = random.Random({seed})
    database, now = context.database, context.clock()
    contents = list(texts("block", chance))
    star = stars.star(stars.text("centre {seed}"), [("holds", stars.text(c)) for c in contents])
    written = write_graph(database, star, now)
    kept = {{block.content for block in written.blocks}}
    again = write_graph(database, star, now)
    missing = find_missing(database, list(plan_graph(star).nodes))
    types, form = find_source_types(context.settings), SourceForm(type="inbox")
    source = create_source(database, types, form, now=now, timezone="UTC")
    items = [
        Item("k" * chance.randint(1, 500) + str(n), stars.star(stars.text(text)))
        for n, text in enumerate(texts("item", chance))
    ]
    first = write_items(database, source.id, items, now=now)
    second = write_items(database, source.id, items, now=now)
    stamps = [key for key, _ in read_stamps(database, source.id)]
    gone = delete_items(database, source.id, stamps, write=database.atomic)
    return {{
        "blocks": sum(text in kept for text in contents),
        "created": [len(written.created.blocks), len(written.created.relations)],
        "again": [len(again.created.blocks), len(again.created.relations), len(again.blocks)],
        "missing": len(missing),
        "items": [first.added, second.added, second.unchanged, gone.deleted],
    }}

bindings = WorkerBindings(env)
with worker.Default.app._assembled_for(bindings).provide(bindings) as components:
    result = work(components)
result
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a harness of its own, with an empty base on D1 and room for large bodies."""
    folder = tmp_path_factory.mktemp("rows")
    options = homes.options_of("edge-d1")
    apply_migrations(options.artifact, "DB", folder / "state")
    variables = {"INKCRE_HTTP__MAX_BODY_BYTES": "8388608"}
    options = replace(options, state=folder / "state", variables=variables)
    with running_harness(options, folder / "log") as running:
        yield running


def test_rows_beyond_the_limit_of_a_value_are_written_and_read(empty: Running) -> None:
    """Graphs and items of random sizes and scripts: all of them, each once, and away again."""
    assert empty.run(WORK.format(rows=ROWS, larger=LARGER, seed=1)) == {
        "blocks": ROWS,
        "created": [ROWS + 1, ROWS],
        "again": [0, 0, ROWS + 1],
        "missing": 0,
        "items": [ROWS, 0, ROWS, ROWS],
    }


def test_graph_larger_than_a_value_of_d1_is_written(empty: Running) -> None:
    """In parts, all of them or none; a block that is itself too large is 413."""
    arms = [
        {"relation": {"content": f"holds {n}"}, "to_block": {"block": text("x" * 250_000 + str(n))}}
        for n in range(20)
    ]
    form = {"block": text("root"), "out_relations": arms}
    with empty.client() as client:
        graph = client.put("/graph", json=form).json()
        assert len(graph["created"]["blocks"]) == 21
        assert len(graph["created"]["relations"]) == 20
        again = client.put("/graph", json=form).json()
        assert again == {**graph, "created": {"blocks": [], "relations": []}}
        large = client.post("/blocks", json=text("\N{GRINNING FACE}" * 600_000))
        assert large.status_code == 413
        assert "2000000" in large.json()["detail"]
