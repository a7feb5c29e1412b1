"""What is done for each item is done once, however many there are: counted, and not timed."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from inkcre.adapters.database.sqlite import SqliteDatabase
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from inkcre.graph.stars import star, text
from inkcre.sources import collect as collecting
from inkcre.sources.base import Item
from inkcre.sources.items import saying_rows
from inkcre.sources.removals import delete_source
from tests.conftest import lay_sqlite_base, postgres_settings, sqlite_settings
from tests.jobs.conftest import Clock, quiet
from tests.on_base import add_items
from tests.sources.conftest import add_source, collect, result_of

FEW, MANY = 60, 240
FORGOTTEN = 2_000
GROWTH = 1.25
"""How much more than as much as there is more may be done: pages are split, trees are deeper."""

STEPS = 100
"""Instructions of SQLite's machine for which it says once that they were done."""

COUNT = """
SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint FROM pg_stat_user_tables
"""
"""Rows that PostgreSQL has looked at."""


def write_notes(folder: Path, count: int) -> None:
    """Write notes of which each links to four others."""
    for number in range(count):
        links = " ".join(f"[[n{(number * 7 + step) % count}]]" for step in range(1, 5))
        (folder / f"n{number}.md").write_text(f"note {number}\n\n{links}\n")


def collect_notes(base: Components, notes: Path, count: int) -> None:
    """Collect so many notes."""
    write_notes(notes, count)
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == count
    assert result_of(collect(base, source_id))["unchanged"] == count


def count_steps(tmp_path: Path, notes: Path, count: int) -> int:
    """Return how much SQLite did for so many notes."""
    done = 0

    def step() -> int:
        nonlocal done
        done += 1
        return 0

    connect = SqliteDatabase._connect

    def watched(database: SqliteDatabase) -> Any:
        connection = connect(database)
        connection.set_progress_handler(step, STEPS)
        return connection

    path = tmp_path / f"{count}.sqlite3"
    lay_sqlite_base(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteDatabase, "_connect", watched)
        settings = sqlite_settings(path, **{"sources.folders": [str(notes)]})
        base = build_components(settings, clock=Clock())
        quiet(base.database)
        collect_notes(base, notes, count)
        base.database.close()
    return done


def count_rows(url: str, notes: Path, count: int) -> int:
    """Return how many rows PostgreSQL looked at for so many notes; it knows nothing of its tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        before = _read_count(connection)
        settings = postgres_settings(url, **{"sources.folders": [str(notes)]})
        base = build_components(settings, clock=Clock())
        quiet(base.database)
        collect_notes(base, notes, count)
        base.database.close()
        return _read_count(connection) - before


def _read_count(connection: psycopg.Connection[Any]) -> int:
    # A session tells what it has done when it ends.
    while connection.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND application_name = 'inkcre'"
    ).fetchone():
        pass
    row = connection.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0])


def test_sqlite_does_no_more_for_each_note_of_many(tmp_path: Path) -> None:
    """Four times the notes are about four times the work."""
    done = []
    for count in (FEW, MANY):
        notes = tmp_path / str(count)
        notes.mkdir()
        done.append(count_steps(tmp_path, notes, count))
    assert done[1] <= GROWTH * done[0] * MANY / FEW, done


@pytest.mark.parametrize("count", [MANY])
def test_postgres_looks_at_few_rows_for_each_note(
    postgres_url: str, tmp_path: Path, count: int
) -> None:
    """Joined with each other before the links, the notes were 60,000 rows, and more each time."""
    assert count_rows(postgres_url, tmp_path, count) < 200 * count


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_postgres_looks_at_few_rows_for_each_item_that_is_forgotten(
    postgres_url: str, is_analyzed: bool
) -> None:
    """Whatever it knows of its tables: it went through all relations for each group of items."""
    settings = postgres_settings(postgres_url)
    base = build_components(settings, clock=Clock())
    quiet(base.database)
    source_id = add_source(base, "inbox")
    stars = (star(text(f"item {n}"), [("has", text(f"leaf {n % 9}"))]) for n in range(FORGOTTEN))
    add_items(base, source_id, [Item(f"i{n}", each) for n, each in enumerate(stars)])
    base.database.close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        if is_analyzed:
            connection.execute("ANALYZE")
        before = _read_count(connection)
        removal = delete_source(base.database, source_id, forget=True)
        base.database.close()
        assert removal.items == FORGOTTEN
        looked_at = _read_count(connection) - before
        assert looked_at < 50 * FORGOTTEN, looked_at


class Beside:
    """A database whose every batch is followed by a write of somebody else."""

    def __init__(self, database: Any, write: Callable[[], None]) -> None:
        self._database, self._write = database, write
        self.capabilities = database.capabilities
        self.links: list[int] = []

    def read(self, call: Any) -> Any:
        return self._database.read(call)

    def atomic(self, calls: Any) -> Any:
        answers = self._database.atomic(calls)
        said = [c.parameters["links"] for c in calls if c.statement is saying_rows.LINK_ITEMS]
        self.links += [text.count("to_key") for text in said]
        self._write()
        return answers


def write_beside(connection: sqlite3.Connection) -> None:
    """Write without waiting."""
    connection.execute("INSERT INTO beside VALUES (1)")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return another process' connection, which waits for nobody."""
    path = tmp_path / "base.sqlite3"
    lay_sqlite_base(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    yield connection
    connection.close()


def test_lock_is_given_back_between_batches(
    other: sqlite3.Connection, tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind each batch somebody else writes without waiting, and none has all the links."""
    monkeypatch.setattr(collecting, "LINKS_AT_ONCE", 50)
    overrides = {"sources.folders": [str(notes)]}
    base = build_components(sqlite_settings(tmp_path / "base.sqlite3", **overrides), clock=Clock())
    quiet(base.database)
    other.execute("CREATE TABLE beside (n)")
    database: Any = Beside(base.database, lambda: write_beside(other))
    write_notes(notes, MANY)
    source_id = add_source(base, "folder", path=str(notes))
    result = result_of(collect(replace(base, database=database), source_id))
    assert result["added"] == MANY
    assert len(database.links) > MANY * 4 / 50 / 2
    assert max(database.links) <= 400  # a group's own, which are of a hundred notes
    blocks, _ = list_blocks(base.database, limit=1)
    assert blocks
    (written,) = other.execute("SELECT count(*) FROM beside").fetchone()
    assert written >= 8
    base.database.close()
