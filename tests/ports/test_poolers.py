"""Poolers in front of PostgreSQL, which take less of a session's start than the server does."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

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
