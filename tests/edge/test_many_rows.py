"""More rows than one value of D1 may hold: 2 MB, of which 3,000 rows of 2 KB are three times."""

from pathlib import Path

from inkcre.edge.local.migrations import apply_migrations
from tests.edge import homes
from tests.edge.conftest import Start

ROWS = 3000

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
from inkcre.sources.sources import create_source

def texts(name, chance):
    letters = "abc é 資料 \\U0001F58B \\" \\\\ \\n"
    for number in range({rows}):
        size = chance.choice([0, 1, 700, 2000, 2000, 4000])
        yield f"{{name}} {seed} {{number}} " + "".join(chance.choices(letters, k=size // 3))

def work(given):
    chance = random.Random({seed})
    database, now = given.database, given.clock()
    contents = list(texts("block", chance))
    star = stars.star(stars.text("centre {seed}"), [("holds", stars.text(c)) for c in contents])
    written = write_graph(database, star, now)
    kept = {{block.content for block in written.blocks}}
    again = write_graph(database, star, now)
    missing = find_missing(database, list(plan_graph(star).nodes))
    source = create_source(given, SourceForm(type="inbox"))
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
with worker.app._assembled_for(bindings).provide(bindings) as components:
    result = work(components)
result
"""


def test_rows_beyond_the_limit_of_a_value_are_written_and_read(
    start: Start, tmp_path: Path
) -> None:
    """Graphs and items of random sizes and scripts: all of them, each once, and away again."""
    state = tmp_path / "state"
    apply_migrations(homes.options_of("edge-d1").artifact, "DB", state)
    running = start("edge-d1", state=state)
    assert running.run(WORK.format(rows=ROWS, seed=1)) == {
        "blocks": ROWS,
        "created": [ROWS + 1, ROWS],
        "again": [0, 0, ROWS + 1],
        "missing": 0,
        "items": [ROWS, 0, ROWS, ROWS],
    }
