"""A base on SQLite, or on each database, and what collects into it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.jobs.jobs import Job, get_job
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.tick import tick
from inkcre.sources.forms import SourceForm
from tests.conftest import lay_sqlite_base, postgres_settings, sqlite_settings
from tests.jobs.conftest import Clock, quiet
from tests.on_base import create_source, enqueue_collect
from tests.pages import Pages, serve_pages

Collect = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> Clock:
    """Return the time."""
    return Clock()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return a folder that may be read."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture(params=["sqlite", "postgres"])
def base(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, notes: Path
) -> Iterator[Components]:
    """Return both databases of processes in turn, empty."""
    overrides = {
        "web.private_hosts": ["127.0.0.1"],
        "web.timeout_seconds": 1,
        "storage.path": str(tmp_path / "files"),
        "sources.folders": [str(notes)],
    }
    if request.param == "sqlite":
        lay_sqlite_base(tmp_path / "base.sqlite3")
        settings = sqlite_settings(tmp_path / "base.sqlite3", **overrides)
    else:
        settings = postgres_settings(request.getfixturevalue("postgres_url"), **overrides)
    context = build_components(settings, clock=clock)
    quiet(context.database)
    yield context
    context.database.close()


def add_source(base: Components, type_: str, **config: Any) -> int:
    """Add a source; give its id."""
    source = create_source(base, SourceForm(type=type_, config=config))
    return int(source.id)


def run_jobs(base: Components) -> None:
    """Run what can be run now."""
    tick(base, load_kinds(base.application), budget_seconds=60)


def live(base: Components, clock: Clock, *, days: int) -> None:
    """Let days pass, with a tick on each."""
    for _ in range(days):
        clock.pass_by(days=1)
        run_jobs(base)


def result_of(job: Job) -> dict[str, Any]:
    """Return what came of a job."""
    assert isinstance(job.result, dict), job
    return job.result


def collect(base: Components, source_id: int, *, full: bool = False, **words: bool) -> Job:
    """Collect a source by a job; give the job as it is then."""
    job = enqueue_collect(base, source_id, full=full, **words)
    run_jobs(base)
    return get_job(base.database, job.id)
