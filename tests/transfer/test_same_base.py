"""Export, a new base, import: the same base, in all but its ids."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.sources.on_demand import collect_now
from inkcre.sources.sources import list_sources
from tests.conftest import lay_sqlite_base, postgres_settings, sqlite_settings
from tests.jobs.conftest import quiet
from tests.transfer.canonical import describe
from tests.transfer.exchange import export_base, import_base
from tests.transfer.histories import STEPS, History, Step

Open = Callable[[str], Components]

EMPTY = "TRUNCATE blocks, relations, sources, source_items, sayings, schedules, jobs, changes, file_notes RESTART IDENTITY CASCADE"
EXAMPLES = int(__import__("os").environ.get("EX", "12"))


@pytest.fixture
def open_base(tmp_path: Path, postgres_url: str) -> Iterator[Open]:
    """Return what opens an empty base: a new one on SQLite, or the one on PostgreSQL emptied."""
    opened: list[Components] = []
    numbers = count()

    def open_base(kind: str) -> Components:
        place = tmp_path / f"{kind}{next(numbers)}"
        overrides = {
            "storage.path": str(place.with_suffix(".files")),
            "sources.folders": [str(tmp_path)],
        }
        if kind == "postgres":
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute(EMPTY.encode())
            base = build_components(postgres_settings(postgres_url, **overrides))
        else:
            lay_sqlite_base(place)
            base = build_components(sqlite_settings(place, **overrides))
        quiet(base.database)
        opened.append(base)
        return base

    yield open_base
    for base in opened:
        base.database.close()


@pytest.mark.parametrize("kinds", [("sqlite", "postgres"), ("postgres", "sqlite")], ids="-".join)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, cut=st.floats(0, 1))
def test_random_histories_come_over(
    open_base: Open, tmp_path: Path, kinds: tuple[str, str], steps: list[Step], cut: float
) -> None:
    """All tables are the same; a second export has the same bytes, a second import changes nothing.

    An import that was cut off goes on where it was. A collect in the new base adds nothing, and
    takes back what the first base does.
    """
    first, second = map(open_base, kinds)
    history = History(first, tmp_path / "notes")
    history.play(steps)
    collect_now(first, history.notes, full=False)
    said, lines = describe(first), export_base(first)
    import_base(second, lines[: int(len(lines) * cut)])
    for _ in range(2):
        progress = import_base(second, lines)
        assert (progress.bad, progress.missing, progress.lines) == ([], 0, len(lines))
        assert describe(second) == said
        assert export_base(second) == lines
    [notes] = [s.id for s in list_sources(second.database, limit=100)[0] if s.type == "folder"]
    for full in (False, True):
        assert collect_now(second, notes, full=full) == []
    for act in ("write_note", "remove_note"):
        for number in (1, 3):
            getattr(history, act)(number, 6 - number, number)
        for base, source_id in ((first, history.notes), (second, notes)):
            collect_now(base, source_id, full=False)
        assert describe(second, with_times=False) == describe(first, with_times=False)
    first.database.close()
    second.database.close()
