"""Many who write graphs of the same leaves at once, shortly: see `make soak ARGS=writers`."""

from datetime import UTC, datetime

from inkcre.graph.forms import parse_graph
from inkcre.graph.graphs import write_graph
from inkcre.ports.database import Database
from tests.conftest import drop_postgres_database, new_postgres_database
from tests.lengths import rounds
from tests.soak.writers import play


def test_writers_of_the_same_leaves_do_not_meet_head_on() -> None:
    """Twenty-four at once, each with some of the same new leaves in its own order: no deadlock."""
    url = new_postgres_database()
    played = play(url, clients=24, seconds=rounds(4, whole=60))
    drop_postgres_database(url)
    assert played.deadlocks == 0
    assert set(played.statuses) <= {200, 204, 404}


def test_ids_are_in_the_order_of_the_form(database: Database) -> None:
    """Whatever order rows are added in: the newest come first in lists, as they were given."""
    numbers = range(40)
    form = {
        "blocks": [{"id": -n - 1, "resolver": "text", "content": f"c{n}"} for n in numbers],
        "relations": [{"from_": -1, "to_": -n - 1, "content": f"r{n % 7}"} for n in numbers[:0:-1]],
    }
    written = write_graph(database, parse_graph(form), datetime.now(UTC))
    for rows, ids in (
        (written.blocks, written.created.blocks),
        (written.relations, written.created.relations),
    ):
        assert [row.id for row in rows] == sorted(row.id for row in rows) == ids
