"""The ports' adapters, each in every way that it can be set up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.ports.database import Database
from tests.conftest import DRIVERS, open_database, postgres_settings

POOLS = {"postgres-null": "null", "postgres-static": "static"}


@pytest.fixture(params=["sqlite", "sqlite-memory", *DRIVERS, *POOLS, "hyperdrive"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return every adapter in turn, with every kind of pool, on its real backend, with an empty base."""
    if request.param not in POOLS:
        yield from open_database(request, tmp_path)
        return
    url = request.getfixturevalue("postgres_url")
    settings = postgres_settings(url, **{"database.pool": {"kind": POOLS[request.param]}})
    database = build_components(settings).database
    yield database
    database.close()
