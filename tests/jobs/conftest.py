"""Components on every database, with a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.ports.database import Database
from tests.conftest import (
    DRIVERS,
    hyperdrive_database,
    lay_sqlite_base,
    postgres_settings,
    sqlite_settings,
)

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**time)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the time."""
    return Clock()


def quiet(database: Database) -> None:
    """Take the housekeeping's schedules away."""
    from sqlalchemy import delete

    from inkcre.ports.database import Statement
    from inkcre.sql.tables import schedules

    database.atomic([Statement(delete(schedules))()])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on every database; what has threads, on those of processes."""
    if "base" in metafunc.fixturenames:
        own = [] if "process" in metafunc.fixturenames else ["hyperdrive"]
        metafunc.parametrize("base", ["sqlite", *DRIVERS, *own], indirect=True)


@pytest.fixture
def process(base: Components) -> Components:
    """Return a base for several threads."""
    return base


@pytest.fixture
def base(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Components]:
    """Return every database in turn, empty, with the rest of the components around it."""
    loopback = {"web.private_hosts": ["127.0.0.1"], "storage.path": str(tmp_path / "files")}
    if request.param == "sqlite":
        lay_sqlite_base(tmp_path / "base.sqlite3")
        settings = sqlite_settings(tmp_path / "base.sqlite3", **loopback)
    else:
        driver = {"database.driver": DRIVERS.get(request.param, "psycopg")}
        url = request.getfixturevalue("postgres_url")
        settings = postgres_settings(url, **driver, **loopback)
    context = build_components(settings, clock=clock)
    if request.param == "hyperdrive":
        name = settings.database.url.get_secret_value().partition("?")[0].rpartition("/")[2]
        import os

        from tests.conftest import TCP_VARIABLE

        url = os.environ[TCP_VARIABLE].replace("NAME", name)
        context = replace(context, database=hyperdrive_database(url))
    quiet(context.database)
    yield context
    context.database.close()
