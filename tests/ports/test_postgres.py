"""What only PostgreSQL can do to us: restart, stop answering, be slow, be refused."""

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2 as httpx
import psycopg
import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from psycopg import errors as pg
from sqlalchemy import func, literal, select

from inkcre.adapters.database import postgres
from inkcre.adapters.database.pg8000 import Pg8000Driver
from inkcre.adapters.database.psycopg import PsycopgDriver
from inkcre.adapters.database.sqlstates import STATES
from inkcre.assembly.assembly import build_components
from inkcre.errors import (
    InkcreError,
    InvariantBroken,
    Misconfigured,
    TimedOut,
    Unavailable,
)
from inkcre.graph import blocks, graphs
from inkcre.graph.forms import parse_graph
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.plans import plan_graph
from inkcre.ports.database import Database, DatabaseBusy, Statement
from inkcre.sections.database import PostgresSettings
from inkcre.sections.settings import Settings
from inkcre.sql import schema
from inkcre.sql.rows import Values
from tests.cli.conftest import COMMAND
from tests.conftest import DRIVERS, database_name, postgres_settings
from tests.homes import serve
from tests.lines import HEADS, LINES
from tests.postgres import PostgresServer, wait_for_others_to_end
from tests.proxies import CountingProxy, counting

SLEEP = Statement(select(func.pg_sleep(5)))
SERVED_BY = Values(select(func.pg_backend_pid()), int)
FORM = parse_graph(
    {
        "block": {"resolver": "text", "content": "centre"},
        "out_relations": [
            {"relation": {"content": "has"}, "to_block": {"block": {"resolver": "text", "content": f"n{n}"}}}
            for n in range(10)
        ],
    }
)  # fmt: skip


class Settle(Protocol):
    """Loads the server profile for a database, with one of the drivers."""

    def __call__(self, url: str, **overrides: object) -> Settings:
        """Return the settings."""


@pytest.fixture(params=DRIVERS.values())
def settle(request: pytest.FixtureRequest) -> Settle:
    """Return each driver in turn, as what gives settings with it."""
    return partial(postgres_settings, **{"database.driver": request.param})


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """Return a server that may be stopped without harm to other tests."""
    server = PostgresServer(is_durable=True).start()
    yield server
    server.remove()


@pytest.fixture
def own_url(own_server: PostgresServer) -> str:
    """Return a migrated database on that server."""
    name = f"own{time.monotonic_ns()}"
    with psycopg.connect(own_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    database = build_components(postgres_settings(own_server.url(name))).database
    schema.migrate(database, LINES)
    database.close()
    return own_server.url(name)


def test_restart_under_load_costs_only_requests_in_flight(
    settle: Settle, own_server: PostgresServer, own_url: str
) -> None:
    """While the server crashes and comes back, answers are right or 503 with Retry-After.

    Then all are right again, in the same process, without a stale connection among them.
    """
    stop = threading.Event()
    answers: list[tuple[int, bool]] = []

    def ask(base: str, number: int) -> None:
        with httpx.Client(base_url=base, timeout=60) as client:
            count = 0
            while not stop.is_set():
                count += 1
                if count % 2:
                    answer = client.get("/blocks/1")
                else:
                    form = {"resolver": "text", "content": f"{number} {count}"}
                    answer = client.post("/blocks", json=form)
                answers.append((answer.status_code, "retry-after" in answer.headers))

    settings = settle(own_url)
    with serve(settings) as base, ThreadPoolExecutor(6) as pool:
        assert (
            httpx.post(f"{base}/blocks", json={"resolver": "text", "content": "x"}).status_code
            == 201
        )
        asking = [pool.submit(ask, base, number) for number in range(6)]
        time.sleep(0.5)
        own_server.stop(immediately=True)
        time.sleep(0.5)
        own_server.start()
        time.sleep(1.5)
        stop.set()
        for future in asking:
            future.result()
        assert {status for status, _ in answers} <= {200, 201, 503}
        assert all(retry for status, retry in answers if status == 503)
        assert any(status == 503 for status, _ in answers)
        after = [httpx.get(f"{base}/blocks/1").status_code for _ in range(30)]
        assert after == [200] * 30
        assert httpx.get(f"{base}/readyz").status_code == 200


def test_stale_connections_cost_nothing(
    settle: Settle, own_server: PostgresServer, own_url: str
) -> None:
    """A restart between requests is not noticed: reads try again, batches test first."""
    database = build_components(settle(own_url)).database
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.ping(), range(40)))
    own_server.stop(immediately=True)
    own_server.start()
    assert database.read(Statement(select(1))()) == [(1,)]
    own_server.stop(immediately=True)
    own_server.start()
    graphs.write_graph(database, FORM, datetime.now(UTC))
    database.close()


def test_server_that_is_gone_is_unavailable(
    settle: Settle, own_server: PostgresServer, own_url: str
) -> None:
    """Each operation says so, and says when to ask again; the address is not in it."""
    database = build_components(settle(own_url)).database
    own_server.stop()
    try:
        for operation in (database.ping, lambda: blocks.delete_block(database, 1)):
            with pytest.raises(Unavailable) as caught:
                operation()
            assert caught.value.retry_after_seconds >= 1
            assert str(own_server.folder) not in str(caught.value)
    finally:
        own_server.start()


def test_readyz_says_why_while_the_database_is_away(
    settle: Settle, own_server: PostgresServer, own_url: str
) -> None:
    """Serving starts all the same, /livez is fine, /readyz is 503 with a reason, then well."""
    own_server.stop()
    with serve(settle(own_url)) as base:
        assert httpx.get(f"{base}/livez").status_code == 200
        answer = httpx.get(f"{base}/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"][0]["code"] == "unavailable"
        assert httpx.get(f"{base}/blocks/1").status_code == 503
        own_server.start()
        assert httpx.get(f"{base}/readyz").status_code == 200


def test_readyz_tells_of_a_server_that_takes_no_writes_for_a_while(
    settle: Settle, postgres_url: str
) -> None:
    """As between a switchover's two servers: it is read from, and the next write then is taken."""
    name = database_name(postgres_url)
    block = {"resolver": "text", "content": "after it"}
    with (
        serve(settle(postgres_url)) as base,
        psycopg.connect(postgres_url, autocommit=True) as admin,
    ):
        assert httpx.get(f"{base}/readyz").json() == {"status": "ok"}
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert httpx.get(f"{base}/blocks").status_code == 200
        refused = httpx.post(f"{base}/blocks", json=block)
        assert (refused.status_code, refused.json()["type"]) == (
            503,
            "urn:inkcre:problem:read_only",
        )
        [notice] = httpx.get(f"{base}/readyz").json()["notices"]
        assert notice["code"] == "read_only"
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        assert httpx.post(f"{base}/blocks", json=block).status_code == 201
        assert httpx.get(f"{base}/readyz").json() == {"status": "ok"}


def test_slow_statement_is_stopped(settle: Settle, postgres_url: str) -> None:
    """The server stops it at statement_timeout_seconds, and the connection lives on."""
    settings = settle(postgres_url, **{"database.statement_timeout_seconds": 0.2})
    database = build_components(settings).database
    started = time.monotonic()
    with pytest.raises(TimedOut):
        database.read(SLEEP())
    assert time.monotonic() - started < 4
    database.ping()
    database.close()


def test_exhausted_pool_is_unavailable(settle: Settle, postgres_url: str) -> None:
    """A request that gets no connection in time is told to come again."""
    settings = settle(
        postgres_url,
        **{"database.pool": {"kind": "queue", "size": 1, "overflow": 0, "timeout_seconds": 0.2}},
    )
    database = build_components(settings).database
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(database.read, Statement(select(func.pg_sleep(1.5)))())
        time.sleep(0.3)
        with pytest.raises(DatabaseBusy, match="busy") as caught:
            database.ping()
        assert caught.value.retry_after_seconds >= 1
        busy.result()
    database.ping()
    database.close()


def test_null_pool_keeps_no_connection(settle: Settle, postgres_url: str) -> None:
    """With an outside pooler each use opens and closes; prepared statements may be off."""
    settings = settle(
        postgres_url, **{"database.pool": {"kind": "null"}, "database.prepared_statements": False}
    )
    database = build_components(settings).database
    graphs.write_graph(database, FORM, datetime.now(UTC))
    assert blocks.get_block(database, 1).content == "centre"
    wait_for_others_to_end(postgres_url)


def static_database(settle: Settle, url: str, **overrides: float) -> Database:
    """Make the adapter with one connection."""
    pool = {"kind": "static", **overrides}
    return build_components(settle(url, **{"database.pool": pool})).database


def test_static_pool_keeps_one_connection_for_all_threads(
    settle: Settle, postgres_url: str
) -> None:
    """Batches and reads of many threads take turns on it, and none is in another's transaction."""
    database = static_database(settle, postgres_url)

    def work(number: int) -> int:
        form = parse_graph({"blocks": [{"resolver": "text", "content": f"block {number}"}]})
        graphs.write_graph(database, form, datetime.now(UTC))
        return SERVED_BY.read_one(database)

    with ThreadPoolExecutor(8) as threads:
        served_by = set(threads.map(work, range(40)))
    assert len(served_by) == 1
    assert len(blocks.list_blocks(database, limit=100)[0]) == 40
    database.close()


def test_static_pool_replaces_a_connection_that_died(settle: Settle, postgres_url: str) -> None:
    """The next one is opened when the server has closed the first; nobody notices."""
    database = static_database(settle, postgres_url)
    ((first,),) = database.read(SERVED_BY())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [first])
    graphs.write_graph(database, FORM, datetime.now(UTC))
    ((second,),) = database.read(SERVED_BY())
    assert first != second
    database.close()


def test_static_pool_that_is_busy_is_unavailable(settle: Settle, postgres_url: str) -> None:
    """Who does not get the connection in time is told to come again."""
    database = static_database(settle, postgres_url, timeout_seconds=0.2)
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(database.read, Statement(select(func.pg_sleep(1.5)))())
        time.sleep(0.3)
        with pytest.raises(Unavailable, match="busy"):
            database.ping()
        busy.result()
    database.ping()
    database.close()


@pytest.fixture
def proxy(postgres_tcp_url: str) -> Iterator[CountingProxy]:
    """Return a proxy in front of the server."""
    with counting(urlsplit(postgres_tcp_url).port or 0) as proxy:
        yield proxy


def test_batch_is_one_round_trip(
    settle: Settle, postgres_tcp_url: str, proxy: CountingProxy
) -> None:
    """A graph with ten neighbours: BEGIN, four statements and COMMIT go out together."""
    port = urlsplit(postgres_tcp_url).port
    url = postgres_tcp_url.replace(f":{port}/", f":{proxy.port}/")
    database = build_components(settle(url)).database
    now = datetime.now(UTC)
    assert len(write_calls(database, plan_graph(FORM), now)) == 2
    graphs.write_graph(database, FORM, now)
    before = proxy.turns
    graphs.write_graph(database, FORM, now)
    assert proxy.turns - before == 2, "one to test the connection, one for the batch"
    blocks.get_block(database, 1)  # the first time prepares the statement
    before = proxy.turns
    blocks.get_block(database, 1)
    assert proxy.turns - before == 1
    database.close()


def test_every_error_of_psycopg_is_translated() -> None:
    """Each class that it has becomes an error of the port; only unforeseen ones are ours."""
    driver = PsycopgDriver(database_section(postgres_settings("postgresql://u@h/d")))
    classes = [c for c in vars(pg).values() if isinstance(c, type) and issubclass(c, psycopg.Error)]
    assert len(classes) > 200
    for kind in classes:
        assert isinstance(postgres.translate(kind("secret detail"), driver), InkcreError)
        assert "secret" not in str(postgres.translate(kind("secret detail"), driver))
    assert isinstance(postgres.translate(pg.SyntaxError("x"), driver), InvariantBroken)
    assert isinstance(postgres.translate(pg.TooManyConnections("x"), driver), Unavailable)


def test_every_error_of_pg8000_is_translated() -> None:
    """By the state that the server gave; without one nobody has answered."""
    driver = Pg8000Driver(database_section(postgres_settings("postgresql://u@h/d")))
    for state in (*STATES, "08006", "40001", "57P01", "53300", "XX000", "42601"):
        error = DatabaseError({"C": state, "M": "secret detail"})
        translated = postgres.translate(error, driver)
        assert isinstance(translated, InkcreError)
        assert "secret" not in f"{translated} {translated.hint}"
    for kind in (InterfaceError, OSError, TimeoutError, ssl.SSLError):
        assert isinstance(postgres.translate(kind("secret"), driver), Unavailable)
    assert isinstance(postgres.translate(DatabaseError({"C": "42601"}), driver), InvariantBroken)


def database_section(settings: Settings) -> PostgresSettings:
    """Return the section that a driver is made of."""
    assert isinstance(settings.database, PostgresSettings)
    return settings.database


def test_address_that_libpq_cannot_read_is_not_quoted(settle: Settle) -> None:
    """The driver's message has the address in it; ours does not."""
    settings = settle("postgresql://u:hunter2@[oops/d")
    with pytest.raises(Misconfigured) as caught:
        build_components(settings)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"]
)
def test_address_of_any_postgres_scheme_is_taken(
    settle: Settle, postgres_url: str, scheme: str
) -> None:
    """SQLAlchemy's spellings and the short one mean the same server."""
    url = postgres_url.replace("postgresql:", f"{scheme}:")
    database = build_components(settle(url)).database
    assert schema.read_revisions(database, LINES) == HEADS
    database.close()


@pytest.mark.parametrize("change", [("/test_", "/nosuch_"), ("postgres@", "ghost@")])
def test_refused_login_is_a_matter_of_settings(
    settle: Settle, postgres_url: str, change: tuple[str, str]
) -> None:
    """A database or user that is not there is not a server that is away."""
    database = build_components(settle(postgres_url.replace(*change))).database
    with pytest.raises(Misconfigured):
        database.ping()


def test_schema_that_turns_out_behind_stops_the_server(
    own_server: PostgresServer, own_url: str, tmp_path: Path
) -> None:
    """A server that started while the database was away does not go on with an old schema."""
    with psycopg.connect(own_url, autocommit=True) as connection:
        connection.execute("UPDATE inkcre_schema SET version_num = '0000'")
    own_server.stop()
    command = [COMMAND, "run", "--profile", "server", "--set", "http.port=0"]
    command += ["--set", "http.host=127.0.0.1", "--set", f"database.url={own_url}"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while "startup complete" not in process.stderr.readline():
        assert process.poll() is None
    own_server.start()
    _, said = process.communicate(timeout=30)
    assert "run `inkcre migrate`" in said
    assert "Traceback" not in said


def test_connection_limit_is_the_least_of_three(postgres_url: str) -> None:
    """The server's, less what it keeps for superusers, the database's own, and the role's."""
    from inkcre.process.probes import ask_facts

    settings = postgres_settings(postgres_url)
    assert ask_facts(settings).connection_limit == 197
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 20".encode())
    assert ask_facts(settings).connection_limit == 20
    role = f"role_{name}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 7".encode())
    url = postgres_url.replace("postgres@", f"{role}@")
    assert ask_facts(postgres_settings(url)).connection_limit == 7
    away = postgres_settings("postgresql://u@127.0.0.1:1/d")
    assert ask_facts(away).connection_limit is None
    assert ask_facts(None).connection_limit is None


def test_connection_that_died_is_not_given_to_the_next(settle: Settle, postgres_url: str) -> None:
    """Of a pool of one that is not tested: whoever comes next has a new one."""
    pool = {"kind": "queue", "size": 1, "overflow": 0, "pre_ping": False}
    database = build_components(settle(postgres_url, **{"database.pool": pool})).database
    end_itself = Statement(select(func.pg_terminate_backend(func.pg_backend_pid())))
    for _ in range(2):
        with pytest.raises(Unavailable):
            database.atomic([end_itself()])
        assert database.atomic([Statement(select(literal(1)))()]) == [[(1,)]]
    database.close()
