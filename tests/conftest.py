"""What every test shares: a clean environment, one PostgreSQL server, and the homes."""

import functools
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

from inkcre.assembly.assembly import build_components
from inkcre.ports.database import Database
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from tests.alone import forget_variables, hear_interrupts, keep_bytecode, require_nothing_above
from tests.edge.homes import EdgeHomes
from tests.lines import LINES
from tests.planted import plants  # noqa: F401 - a fixture
from tests.postgres import PostgresServer
from tests.ram import move_to_memory

SERVER_VARIABLE = "TEST_POSTGRES_URL"
TCP_VARIABLE = "TEST_POSTGRES_TCP_URL"
ROOT = Path(__file__).parent.parent
DRIVERS = {"postgres": "psycopg", "postgres-pg8000": "pg8000"}
"""PostgreSQL with each of its drivers: what tests call it, and the setting."""

PEPS = ROOT / "tests" / "data" / "peps.ndjson"
"""Real input: Python Enhancement Proposals as star forms (public domain or CC0)."""

_server: PostgresServer | None = None
_edge: EdgeHomes | None = None
_memory: Path | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start one server and the edge homes for the whole run, before there are workers."""
    global _edge, _memory, _server
    forget_variables()
    keep_bytecode()
    hear_interrupts()
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        _memory = move_to_memory()
        if config.option.base_url:  # the contract of a deployment, which has a database
            return
        _server = PostgresServer().start()
        os.environ[SERVER_VARIABLE] = _server.url("NAME")
        os.environ[TCP_VARIABLE] = _server.tcp_url("NAME")
        if _needs_edge(config):
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
    if _memory is not None:
        tempfile.tempdir = None
        del os.environ["TMPDIR"]
        shutil.rmtree(_memory, ignore_errors=True)


def new_postgres_database(template: str | None = None) -> str:
    """Make a database of its own and give its address."""
    name = f"test_{uuid.uuid4().hex}"
    pattern = os.environ[SERVER_VARIABLE]
    with psycopg.connect(pattern.replace("NAME", "postgres"), autocommit=True) as connection:
        # Copied as files: page by page through the log takes twice as long.
        template = template or "template1"
        create = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        connection.execute(create.encode())
    return pattern.replace("NAME", name)


def drop_postgres_database(url: str) -> None:
    """Drop a database, whoever is still in it."""
    pattern = os.environ[SERVER_VARIABLE]
    with psycopg.connect(pattern.replace("NAME", "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database_name(url)} WITH (FORCE)".encode())


def database_name(url: str) -> str:
    """Return the name of the database that an address leads to."""
    return url.partition("?")[0].rpartition("/")[2]


def new_postgres_template() -> str:
    """Make a database with the schema in it, to be copied; give its name."""
    url = new_postgres_database()
    database = build_components(postgres_settings(url)).database
    schema.migrate(database, LINES)
    database.close()
    return database_name(url)


@pytest.fixture(scope="session")
def migrated_template() -> str:
    """Make a database with the schema in it, to be copied; once a worker."""
    return new_postgres_template()


@functools.cache
def _sqlite_template() -> bytes:
    """Return an empty base in a file; its schema is made once a worker."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.sqlite3"
        database = build_components(sqlite_settings(path)).database
        schema.migrate(database, LINES)
        database.close()
        assert [found.name for found in path.parent.iterdir()] == [path.name]
        return path.read_bytes()


def lay_sqlite_base(path: Path) -> None:
    """Make an empty base in a file that is not there: a copy, with an id of its own."""
    path.write_bytes(_sqlite_template())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE base SET id = lower(hex(randomblob(16)))")


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
def postgres_url(migrated_template: str) -> Iterator[str]:
    """Return the address of an empty base on PostgreSQL."""
    url = new_postgres_database(migrated_template)
    with psycopg.connect(url, autocommit=True) as connection:  # two copies are not two bases
        connection.execute("UPDATE base SET id = replace(gen_random_uuid()::text, '-', '')")
    yield url
    drop_postgres_database(url)


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


@pytest.fixture(params=["sqlite", "sqlite-memory", *DRIVERS])
def migratable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return every adapter that can change its schema in turn, with an empty base."""
    yield from open_database(request, tmp_path)


@pytest.fixture(params=["sqlite", "sqlite-memory", *DRIVERS, "hyperdrive"])
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
    if request.param in DRIVERS:
        overrides = {"database.driver": DRIVERS[request.param]}
        settings = postgres_settings(request.getfixturevalue("postgres_url"), **overrides)
    elif request.param == "sqlite-memory":
        settings = sqlite_settings(":memory:")
    else:
        lay_sqlite_base(tmp_path / "base.sqlite3")
        settings = sqlite_settings(tmp_path / "base.sqlite3")
    database = build_components(settings).database
    if request.param == "sqlite-memory":
        schema.migrate(database, LINES)
    yield database
    database.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the HTTP contract run against a deployment."""
    parser.addoption("--base-url", help="run tests/contract against this base URL")
