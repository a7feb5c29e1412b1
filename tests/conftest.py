"""What every test shares: a clean environment, one PostgreSQL server, and the homes."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from inkcre import schema
from inkcre.assembly import build_components
from inkcre.ports.database import Database
from inkcre.settings.loader import load_settings
from tests.postgres import PostgresServer

SERVER_VARIABLE = "TEST_POSTGRES_URL"
ROOT = Path(__file__).parent.parent
NOWHERE = Path(tempfile.gettempdir())
"""A folder without settings: a reader may edit the repository's own inkcre.toml."""

PEPS = ROOT / "tests" / "data" / "peps.ndjson"
"""Real input: Python Enhancement Proposals as star forms (public domain or CC0)."""

_server: PostgresServer | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start one server for the whole run, before there are workers."""
    global _server
    for name in [name for name in os.environ if name.startswith("INKCRE_")]:
        del os.environ[name]
    for name in ("DB_CONN_STRING", "CF_WORKER", "CREDENTIALS_DIRECTORY"):
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        _server = PostgresServer().start()
        os.environ[SERVER_VARIABLE] = _server.url("NAME")


def pytest_unconfigure() -> None:
    """Stop it again."""
    if _server is not None:
        _server.remove()


def new_postgres_database(template: str | None = None) -> str:
    """Make a database of its own and give its address."""
    name = f"test_{uuid.uuid4().hex}"
    pattern = os.environ[SERVER_VARIABLE]
    with psycopg.connect(pattern.replace("NAME", "postgres"), autocommit=True) as connection:
        suffix = f" TEMPLATE {template}" if template else ""
        connection.execute(f"CREATE DATABASE {name}{suffix}".encode())
    return pattern.replace("NAME", name)


@pytest.fixture(scope="session")
def migrated_template() -> str:
    """Make a database with the schema in it, to be copied; once a worker."""
    url = new_postgres_database()
    database = build_components(postgres_settings(url)).database
    schema.migrate(database)
    database.close()
    return url.partition("?")[0].rpartition("/")[2]


def postgres_settings(url: str, **overrides: object):  # type: ignore[no-untyped-def]
    """Load the server profile for a database."""
    return load_settings(
        "server",
        overrides={"database.url": url, "http.host": "127.0.0.1", **overrides},
        environ={},
        folder=NOWHERE,
    )


def sqlite_settings(path: Path | str, **overrides: object):  # type: ignore[no-untyped-def]
    """Load the dev profile for a file."""
    return load_settings(
        "dev", overrides={"database.path": str(path), **overrides}, environ={}, folder=NOWHERE
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def postgres_url(migrated_template: str) -> str:
    """Give the address of an empty base on PostgreSQL."""
    return new_postgres_database(migrated_template)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """Give the path of a base that is not there yet."""
    return tmp_path / "base.sqlite3"


@pytest.fixture(params=["sqlite", "sqlite-memory", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give every adapter in turn, on its real backend, with an empty base."""
    if request.param == "postgres":
        settings = postgres_settings(request.getfixturevalue("postgres_url"))
    else:
        path = ":memory:" if request.param == "sqlite-memory" else tmp_path / "base.sqlite3"
        settings = sqlite_settings(path)
    database = build_components(settings).database
    schema.migrate(database)
    yield database
    database.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the HTTP contract run against a deployment."""
    parser.addoption("--base-url", help="run tests/contract against this base URL")
