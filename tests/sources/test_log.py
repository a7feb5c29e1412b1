"""What sources do to the graph is in the log of changes: one row a batch, by whom."""

from datetime import timedelta

from sqlalchemy import Text, bindparam, update

from inkcre.context import Components
from inkcre.graph.blocks import get_block
from inkcre.graph.changes import GraphChange, read_changes
from inkcre.graph.files.sweep_job import SWEEP_FILES
from inkcre.graph.tables import changes
from inkcre.jobs.jobs import NewJob, enqueue
from inkcre.jobs.kinds import NoPayload
from inkcre.ports.database import Database, Statement
from inkcre.sources.items.items import delete_items
from inkcre.sql.constructs import timestamp
from inkcre.sql.timestamps import format_timestamp
from tests.jobs.conftest import Clock
from tests.sources.conftest import add_source, run_jobs
from tests.sources.test_items import item, send

SET_TIMES = Statement(update(changes).values(created_at=timestamp(bindparam("to", type_=Text))))
"""Let all changes have been made at one time."""


def log_of(database: Database) -> list[GraphChange]:
    """Return the whole log."""
    return read_changes(database, 0, 1000)


def entries(change: GraphChange, of: str) -> list[str]:
    """Return what an entry's rows said, of blocks or relations."""
    rows = [*(change.changed or ()), *(change.deleted or ())]
    return [str(row[of]["content"]) for row in rows if isinstance(row, dict) and of in row]  # type: ignore[index, call-overload]


def test_items_write_one_row_a_batch(base: Components) -> None:
    """New ones, other revisions with what goes for them, and those gone; nothing for the same."""
    source = add_source(base, "inbox")
    first = [item("a", "first", ("tagged", "red")), item("b", "second", links=("a",))]
    send(base, source, *first)
    send(base, source, *first)
    send(base, source, item("a", "revised", ("tagged", "blue")))
    delete_items(base.database, source, ["b"], write=base.database.atomic)
    made, revised, gone = log_of(base.database)
    assert {change.actor for change in (made, revised, gone)} == {f"source:{source}"}
    assert {change.action for change in (made, revised, gone)} == {"items"}
    assert sum(map(len, made.blocks or ())) == 3
    assert sum(map(len, made.relations or ())) == 2
    assert (made.changed, made.deleted) == (None, None)
    assert entries(revised, "block") == ["first", "red"]
    assert entries(revised, "relation") == ["tagged"]
    assert revised.changed
    assert revised.deleted
    [blue] = [id_ for span in revised.blocks or () for id_ in span]
    assert get_block(base.database, blue).content == "blue"
    assert sum(map(len, revised.relations or ())) == 1
    assert entries(gone, "block") == ["second"]
    assert entries(gone, "relation") == ["links to"]
    assert (gone.blocks, gone.relations) == (None, None)


def test_stamp_that_is_another_is_no_change(base: Components) -> None:
    """What only an item's row is told is not the graph's."""
    source = add_source(base, "inbox")
    send(base, source, item("a", "first"))
    before = log_of(base.database)
    send(base, source, item("a", "first"))
    assert log_of(base.database) == before


def test_changes_of_long_ago_are_forgotten_by_the_sweep(base: Components, clock: Clock) -> None:
    """After ``core.changes_keep_days``."""
    source = add_source(base, "inbox")
    send(base, source, item("a", "first"))
    send(base, source, item("b", "second"))
    base.database.atomic([SET_TIMES(to=format_timestamp(clock() - timedelta(days=31)))])
    send(base, source, item("c", "third"))
    assert len(read_changes(base.database, None, 10)) == 3
    job = NewJob(SWEEP_FILES.name, NoPayload())
    enqueue(base.database, job, clock())
    run_jobs(base)
    assert len(read_changes(base.database, None, 10)) == 1
