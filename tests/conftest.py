"""What every test shares: a clean environment, one PostgreSQL server, and the homes."""

import os
import uuid
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

from inkcre.assembly.assembly import build_components
from inkcre.ports.database import Database
from inkcre.settings.loader import load_settings
from inkcre.sql import schema
from tests.alone import forget_variables, require_nothing_above
from tests.edge.homes import EdgeHomes
from tests.postgres import PostgresServer

SERVER_VARIABLE = "TEST_POSTGRES_URL"
TCP_VARIABLE = "TEST_POSTGRES_TCP_URL"
ROOT = Path(__file__).parent.parent
PEPS = ROOT / "tests" / "data" / "peps.ndjson"
"""Real input: Python Enhancement Proposals as star forms (public domain or CC0)."""

_server: PostgresServer | None = None
_edge: EdgeHomes | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start one server and the edge homes for the whole run, before there are workers."""
    global _edge, _server
    forget_variables()
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        _server = PostgresServer().start()
        os.environ[SERVER_VARIABLE] = _server.url("NAME")
        os.environ[TCP_VARIABLE] = _server.tcp_url("NAME")
        if not config.option.base_url and _needs_edge(config):
            _edge = EdgeHomes(_server)
            _edge.start()


def _needs_edge(config: pytest.Config) -> bool:
    """Tell whether tests of the edge may be among those that were asked for."""
    asked = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    wanting = [ROOT / "tests" / name for name in ("contract", "edge")]
    return any(a.is_relative_to(w) or w.is_relative_to(a) for a in asked for w in wanting)


def pytest_unconfigure() -> None:
    """Stop them again."""
    if _edge is not None:
        _edge.stop()
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


def drop_postgres_database(url: str) -> None:
    """Drop a database, whoever is still in it."""
    pattern = os.environ[SERVER_VARIABLE]
    with psycopg.connect(pattern.replace("NAME", "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database_name(url)} WITH (FORCE)".encode())


def database_name(url: str) -> str:
    """Return the name of the database that an address leads to."""
    return url.partition("?")[0].rpartition("/")[2]


def new_postgres_template() -> str:
    """Make a database with the schema in it, to be copied; give its name."""
    url = new_postgres_database()
    database = build_components(postgres_settings(url)).database
    schema.migrate(database)
    database.close()
    return database_name(url)


@pytest.fixture(scope="session")
def migrated_template() -> str:
    """Make a database with the schema in it, to be copied; once a worker."""
    return new_postgres_template()


def postgres_settings(url: str, **overrides: object):  # type: ignore[no-untyped-def]
    """Load the server profile for a database."""
    return load_settings(
        "server",
        overrides={"database.url": url, "http.host": "127.0.0.1", **overrides},
        environ={},
    )


def sqlite_settings(path: Path | str, **overrides: object):  # type: ignore[no-untyped-def]
    """Load the dev profile for a file."""
    return load_settings("dev", overrides={"database.path": str(path), **overrides}, environ={})


@pytest.fixture(scope="session", autouse=True)
def _own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the checkout before anything is made for several tests: somebody may keep a base in it."""
    folder = tmp_path_factory.mktemp("alone")
    require_nothing_above(folder)
    with chdir(folder):
        yield


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def postgres_url(migrated_template: str) -> str:
    """Return the address of an empty base on PostgreSQL."""
    return new_postgres_database(migrated_template)


@pytest.fixture
def postgres_tcp_url(postgres_url: str) -> str:
    """Return the address of an empty base on PostgreSQL, with a password and on loopback."""
    name = database_name(postgres_url)
    return os.environ[TCP_VARIABLE].replace("NAME", name)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """Return the path of a base that is not there yet."""
    return tmp_path / "base.sqlite3"


def hyperdrive_database(url: str, **overrides: object) -> Database:
    """Make the adapter of the workers profile, with a server in Hyperdrive's place."""
    settings = load_settings("workers", overrides=overrides, environ={})
    parts = urlsplit(url)
    lent = SimpleNamespace(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path[1:],
    )
    return build_components(settings, bindings={"HYPERDRIVE": lent}).database


@pytest.fixture(params=["sqlite", "sqlite-memory", "postgres"])
def migratable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return every adapter that can change its schema in turn, with an empty base."""
    yield from open_database(request, tmp_path)


@pytest.fixture(params=["sqlite", "sqlite-memory", "postgres", "hyperdrive"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return every adapter in turn, on its real backend, with an empty base."""
    yield from open_database(request, tmp_path)


def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return the adapter that a fixture is asked for."""
    if request.param == "hyperdrive":  # its schema is brought up to date by another
        database = hyperdrive_database(request.getfixturevalue("postgres_tcp_url"))
        yield database
        database.close()
        return
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
