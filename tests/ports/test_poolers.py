"""Poolers in front of PostgreSQL, and what else keeps a session from starting: told as what it is."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import func, literal, select

from inkcre.adapters.database.driver import read_options
from inkcre.assembly.assembly import build_components
from inkcre.errors import Misconfigured
from inkcre.ports.database import Database, Migratable
from inkcre.sql import schema
from inkcre.sql.rows import Values
from tests.conftest import DRIVERS, postgres_settings
from tests.lines import LINES
from tests.proxies import PoolerProxy

SHOW = {
    name: Values(select(func.current_setting(name)), str)
    for name in ("statement_timeout", "jit", "enable_seqscan", "TimeZone", "search_path")
}


def port_of(url: str) -> int:
    """Return the port of an address."""
    port = urlsplit(url).port
    assert port is not None
    return port


def through(url: str, port: int, query: str = "sslmode=disable") -> str:
    """Return an address that leads through a proxy."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0]
    return parts._replace(netloc=f"{host}:{port}", query=query).geturl()


@pytest.fixture
def pooler(postgres_tcp_url: str) -> Iterator[PoolerProxy]:
    """Return a pooler that takes no options."""
    proxy = PoolerProxy(port_of(postgres_tcp_url))
    yield proxy
    proxy.close()


def open_database(url: str, driver: str, pool: str = "queue") -> Database:
    """Return a database behind an address."""
    settings = postgres_settings(url, **{"database.driver": driver, "database.pool.kind": pool})
    return build_components(settings).database


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_pooler_without_options_is_connected_to_all_the_same(
    pooler: PoolerProxy, postgres_tcp_url: str, driver: str
) -> None:
    """Sessions have all that they else start with, and only the first one asked for it in vain."""
    query = "sslmode=disable&options=-c%20search_path%3Dmine%2Cpublic"
    database = open_database(through(postgres_tcp_url, pooler.port, query), driver, "null")
    for _ in range(3):
        database.ping()
    said = {name: show.read_one(database) for name, show in SHOW.items()}
    assert said == {
        "statement_timeout": "30s",
        "jit": "off",
        "enable_seqscan": "off",
        "TimeZone": "UTC",
        "search_path": "mine,public",
    }
    assert (pooler.refused, pooler.let_in) == (1, 3 + len(SHOW))
    database.close()


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_migrations_and_batches_go_through_a_pooler(
    pooler: PoolerProxy, postgres_tcp_url: str, driver: str
) -> None:
    """What is set outlives a transaction that was rolled back."""
    database = open_database(through(postgres_tcp_url, pooler.port), driver)
    assert isinstance(database, Migratable)
    schema.migrate(database, LINES)
    schema.require_head(database, LINES)
    engine = database.migration_engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
        assert connection.exec_driver_sql("SHOW jit").scalar() == "off"
    engine.dispose()
    database.close()


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_pooler_that_refuses_more_is_told_as_that(postgres_tcp_url: str, driver: str) -> None:
    """And not as a wrong password, nor as a server that is away."""
    proxy = PoolerProxy(port_of(postgres_tcp_url), refused=b"application_name")
    database = open_database(through(postgres_tcp_url, proxy.port), driver)
    with pytest.raises(Misconfigured) as caught:
        database.ping()
    assert "pooler" in str(caught.value)
    assert "ignore_startup_parameters" in str(caught.value.hint)
    proxy.close()


def test_options_are_read_as_postgresql_reads_them() -> None:
    """``-c name=value`` and ``--name=value``, with blanks behind a backslash; nothing else."""
    read = read_options("-c a=1 -cb=x\\ y --c-d=e=f")
    assert read == {"a": "1", "b": "x y", "c_d": "e=f"}
    with pytest.raises(Misconfigured):
        read_options("-c a=1 -B 10")


@pytest.mark.parametrize("driver", DRIVERS.values())
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_database_of_another_encoding_is_refused(
    postgres_tcp_url: str, driver: str, encoding: str
) -> None:
    """At the first connection, and not by the first emoji."""
    name = f"encoded{time.monotonic_ns()}"
    url = urlsplit(postgres_tcp_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres_tcp_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0".encode()
        )
        database = open_database(url, driver)
        with pytest.raises(Misconfigured) as caught:
            database.ping()
        assert encoding in str(caught.value)
        database.close()
        connection.execute(f"DROP DATABASE {name}".encode())


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_encoding_of_the_surroundings_does_not_count(
    postgres_tcp_url: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGCLIENTENCODING is for psql."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    database = open_database(postgres_tcp_url, driver)
    assert Values(select(literal("\N{WAVING HAND SIGN}")), str).read_one(database) == "\U0001f44b"
    database.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=require", "no TLS"),
        ("service=nowhere", "service"),
    ],
)
def test_fault_of_this_side_is_told_as_that(postgres_tcp_url: str, query: str, said: str) -> None:
    """And not as a server that does not answer; libpq's own words may have a password in them."""
    url = through(postgres_tcp_url, port_of(postgres_tcp_url), query)
    database = open_database(url, "psycopg")
    with pytest.raises(Misconfigured) as caught:
        database.ping()
    assert said in str(caught.value)
    database.close()


def test_password_that_is_not_there_is_told(
    postgres_tcp_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server asks, and neither the address nor a file has one."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "nothing"))
    parts = urlsplit(postgres_tcp_url)
    host = f"{parts.username}@{parts.hostname}:{parts.port}"
    database = open_database(parts._replace(netloc=host).geturl(), "psycopg")
    with pytest.raises(Misconfigured) as caught:
        database.ping()
    assert "asks for a password" in str(caught.value)
    database.close()
