"""PgBouncer in front of the server, by transaction and by session: what it changes is noticed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from inkcre.adapters.database.postgres import PostgresDatabase
from inkcre.assembly.assembly import build_components
from inkcre.errors import Misconfigured, TimedOut
from inkcre.graph import blocks, graphs
from inkcre.graph.forms import parse_graph
from inkcre.ports.database import DatabaseBusy, Statement
from inkcre.sql import schema
from inkcre.sql.rows import Values
from tests.cli.conftest import run_command
from tests.conftest import DRIVERS, postgres_settings
from tests.lines import LINES
from tests.poolers import pooling
from tests.postgres import PostgresServer

MODES = ("transaction", "session")
OPTIONS = {"refused": "extra_float_digits", "dropped": "extra_float_digits,options"}
"""What PgBouncer does about options of a session: all but what it ignores is refused."""

SLEEP = Statement(select(func.pg_sleep(5)))
SHOW = {
    name: Values(select(func.current_setting(name)), str)
    for name in ("statement_timeout", "lock_timeout", "jit", "plan_cache_mode", "TimeZone")
}


@pytest.fixture(params=DRIVERS.values())
def driver(request: pytest.FixtureRequest) -> str:
    """Return each driver in turn."""
    return str(request.param)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Return each mode in turn."""
    return str(request.param)


@pytest.fixture(params=OPTIONS)
def url(request: pytest.FixtureRequest, postgres_tcp_url: str, mode: str) -> Iterator[str]:
    """Return an address that leads through a pooler, of either mode, with either way of options."""
    ignored = OPTIONS[request.param]
    with pooling(postgres_tcp_url, pool_mode=mode, ignore_startup_parameters=ignored) as url:
        yield url


def open_database(url: str, driver: str, **overrides: object) -> PostgresDatabase:
    """Return a database behind an address."""
    said = {f"database.{name}": value for name, value in overrides.items()}
    database = build_components(
        postgres_settings(url, **{"database.driver": driver, **said})
    ).database
    assert isinstance(database, PostgresDatabase)
    return database


def test_limits_hold_and_are_nobody_elses(url: str, driver: str) -> None:
    """What a session else is started with is there in each transaction, and gone behind it."""
    database = open_database(url, driver, statement_timeout_seconds=0.5)
    schema.migrate(database, LINES)
    schema.require_head(database, LINES)
    assert {name: show.read_one(database) for name, show in SHOW.items()} == {
        "statement_timeout": "500ms", "lock_timeout": "10s", "jit": "off",
        "plan_cache_mode": "force_generic_plan", "TimeZone": "UTC",
    }  # fmt: skip
    for run in (lambda: database.read(SLEEP()), lambda: database.atomic([SLEEP()])):
        with pytest.raises(TimedOut):
            run()
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("0",)
    database.close()


def test_many_at_once_write_and_read_what_is_right(url: str, driver: str) -> None:
    """More clients than the pooler has sessions: each gets what it asked for."""
    database = open_database(url, driver)
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(10):
            content = f"{number} {turn}"
            form = parse_graph({"block": {"resolver": "text", "content": content}})
            [block] = graphs.write_graph(database, form, datetime.now(UTC)).blocks
            assert blocks.get_block(database, block.id).content == content

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    said = database.find_pooler()
    assert said is not None
    assert "through a pooler" in said
    assert "not prepared" in said
    database.close()


def test_server_itself_is_not_taken_for_a_pooler(
    postgres_tcp_url: str, postgres_url: str, driver: str
) -> None:
    """By loopback and by its socket; also with options of the address that plan otherwise."""
    planning = f"{postgres_url}&options=-c%20plan_cache_mode%3Dauto"
    for url in (postgres_tcp_url, postgres_url, planning):
        database = open_database(url, driver)
        assert database.find_pooler() is None
        database.close()


@pytest.mark.parametrize("mode", ["transaction"])
def test_statements_that_it_does_not_keep_are_told_with_the_line_to_write(
    url: str, driver: str
) -> None:
    """Where the settings ask for them all the same; by a process with one connection, too."""
    database = open_database(url, driver, prepared_statements=True)
    with pytest.raises(Misconfigured) as caught:
        database.find_pooler()
    assert caught.value.hint is not None
    assert "database.prepared_statements = false" in caught.value.hint
    database.close()


@pytest.mark.parametrize("mode", ["session"])
def test_statements_may_be_prepared_where_sessions_are_kept(url: str, driver: str) -> None:
    """Whoever has such a pooler may say so."""
    database = open_database(url, driver, prepared_statements=True)
    assert "prepared all the same" in str(database.find_pooler())
    database.close()


def test_pooler_that_is_full_is_told_as_that(postgres_tcp_url: str, driver: str, mode: str) -> None:
    """And not as a wrong password: it passes."""
    with pooling(postgres_tcp_url, pool_mode=mode, max_client_conn=1) as url:
        first, second = open_database(url, driver), open_database(url, driver)
        first.ping()
        with pytest.raises(DatabaseBusy) as caught:
            second.ping()
        assert "pooler" in str(caught.value)
        first.close()
        second.ping()
        second.close()


def test_restart_behind_it_costs_a_read_nothing(driver: str, mode: str) -> None:
    """The pooler hangs up, or finds the server again by itself."""
    server = PostgresServer().start()
    try:
        with pooling(server.tcp_url("postgres"), pool_mode=mode) as url:
            database = open_database(url, driver)
            schema.migrate(database, LINES)
            server.stop(immediately=True)
            server.start()
            assert SHOW["jit"].read_one(database) == "off"
            form = parse_graph({"block": {"resolver": "text", "content": "behind it"}})
            graphs.write_graph(database, form, datetime.now(UTC))
            database.close()
    finally:
        server.remove()


def test_database_that_it_does_not_know_is_a_matter_of_settings(
    postgres_tcp_url: str, driver: str, mode: str
) -> None:
    """No waiting mends it."""
    with pooling(postgres_tcp_url, pool_mode=mode) as url:
        database = open_database(f"{url}elsewhere", driver)
        with pytest.raises(Misconfigured):
            database.ping()
        database.close()


def test_session_that_is_not_free_in_time_is_told_as_that(
    postgres_tcp_url: str, driver: str
) -> None:
    """The pooler hangs up on who has waited for long enough."""
    options = {"pool_mode": "transaction", "default_pool_size": 1, "query_wait_timeout": 1}
    with pooling(postgres_tcp_url, **options) as url, psycopg.connect(url) as holder:
        database = open_database(url, driver)
        holder.execute("SELECT 1")  # in a transaction
        with pytest.raises(DatabaseBusy):
            database.ping()
        holder.rollback()
        database.ping()
        database.close()


def test_migrations_at_once_are_done_once(postgres_tcp_url: str, driver: str, mode: str) -> None:
    """Three processes start together."""
    with psycopg.connect(postgres_tcp_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with pooling(postgres_tcp_url, pool_mode=mode) as url, ThreadPoolExecutor(3) as threads:
        databases = [open_database(url, driver) for _ in range(3)]
        list(threads.map(lambda database: schema.migrate(database, LINES), databases))
        for database in databases:
            schema.require_head(database, LINES)
            database.close()


def test_doctor_says_what_is_so(tmp_path: Path, url: str) -> None:
    """That there is a pooler, and what that means."""
    done = run_command(tmp_path, "doctor", "--profile", "server", INKCRE_DATABASE__URL=url)
    assert "through a pooler: limits are set in each transaction" in done.stdout
