"""What only PostgreSQL behind Hyperdrive can do to us, and what it costs: on CPython here.

The same adapter runs on Pyodide in the HTTP contract.
"""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import Text, bindparam, func, select

from inkcre.adapters.database import hyperdrive
from inkcre.adapters.database.pipelining import MAX_SENT_BYTES
from inkcre.adapters.database.sqlstates import STATES
from inkcre.errors import (
    Conflict,
    InkcreError,
    InvariantBroken,
    Misconfigured,
    SchemaBehind,
    TimedOut,
    Unavailable,
)
from inkcre.graph import blocks, graphs
from inkcre.graph.forms import parse_graph
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.plans import plan_graph
from inkcre.ports.database import Statement
from tests.conftest import hyperdrive_database
from tests.ports.test_database import INSERT
from tests.ports.test_postgres import FORM
from tests.postgres import wait_for_others_to_end
from tests.proxies import CountingProxy, counting

SLEEP = Statement(select(func.pg_sleep(5)))
SHOW = Statement(select(func.current_setting(bindparam("name", type_=Text))))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def proxy(postgres_tcp_url: str) -> Iterator[CountingProxy]:
    """Return a proxy in front of the server."""
    with counting(urlsplit(postgres_tcp_url).port or 0) as proxy:
        yield proxy


def through(proxy: CountingProxy, url: str) -> str:
    """Return the address of a database through a proxy."""
    return url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")


def test_read_is_one_round_trip_without_a_transaction_around_it(
    postgres_tcp_url: str, proxy: CountingProxy
) -> None:
    """One wait a read, with the statement's timeout in it; nobody says BEGIN or ROLLBACK."""
    database = hyperdrive_database(through(proxy, postgres_tcp_url))
    graphs.write_graph(database, FORM, NOW)
    before, proxy.sent = proxy.turns, b""
    assert blocks.get_block(database, 1).content == "centre"
    assert proxy.turns - before == 1
    assert b"BEGIN" not in proxy.sent
    assert b"ROLLBACK" not in proxy.sent
    database.close()


def test_batch_is_one_round_trip(postgres_tcp_url: str, proxy: CountingProxy) -> None:
    """A graph with ten neighbours: seven statements, one wait."""
    database = hyperdrive_database(through(proxy, postgres_tcp_url))
    assert len(write_calls(database, plan_graph(FORM), NOW)) == 2
    database.ping()
    before = proxy.turns
    graphs.write_graph(database, FORM, NOW)
    assert proxy.turns - before == 1
    database.close()


def test_large_batch_waits_where_it_must(postgres_tcp_url: str, proxy: CountingProxy) -> None:
    """With more than fits unread on its way, each large statement is waited for; none is lost."""
    database = hyperdrive_database(through(proxy, postgres_tcp_url))
    database.ping()
    many = 30_000
    form = parse_graph(
        {
            "blocks": [
                {"id": -n, "resolver": "text", "content": f"block {n}"} for n in range(1, many)
            ],
            "relations": [
                {"from_": -n, "to_": -n - 1, "content": "next"} for n in range(1, many - 1)
            ],
        }
    )
    before = proxy.turns
    written = graphs.write_graph(database, form, NOW)
    assert len(written.created.blocks) == many - 1
    assert len(written.created.relations) == many - 2
    # Both writes, what tells of each that it is given, the row of the log, both reads of what was
    # written, and the end.
    assert proxy.turns - before <= 8
    assert len(proxy.sent) > MAX_SENT_BYTES
    database.close()


def test_failure_anywhere_in_a_large_batch_undoes_it(postgres_tcp_url: str) -> None:
    """Also when it comes before the last statement was sent; the connection goes on."""
    database = hyperdrive_database(postgres_tcp_url)
    large = INSERT(name="x" * (2 * MAX_SENT_BYTES), type="t")
    for calls in ([large, large, INSERT(name="y", type="t")], [large, INSERT(name="url", type="")]):
        with pytest.raises((Conflict, InvariantBroken)):  # a name may be too long for an index
            database.atomic(calls)
        assert database.atomic([INSERT(name=f"z{len(calls)}", type="t")])
    with psycopg.connect(postgres_tcp_url) as connection:
        names = connection.execute("SELECT name FROM storages ORDER BY name").fetchall()
    assert names == [("file",), ("url",), ("z2",), ("z3",)]
    database.close()


def test_login_that_comes_to_nothing_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is gone before it is greeted has hung up; so have we."""
    ours, theirs = socket.socketpair()
    theirs.close()
    monkeypatch.setattr(socket, "create_connection", lambda *_: ours)
    with pytest.raises(Unavailable):
        hyperdrive_database("postgresql://u@127.0.0.1:1/d").ping()
    assert ours.fileno() == -1


def test_statement_that_takes_too_long_is_stopped(postgres_tcp_url: str) -> None:
    """The server stops it after the time in the settings, alone or in a batch."""
    database = hyperdrive_database(postgres_tcp_url, **{"database.statement_timeout_seconds": 0.3})
    for run in (lambda: database.read(SLEEP()), lambda: database.atomic([SLEEP()])):
        started = time.monotonic()
        with pytest.raises(TimedOut):
            run()
        assert time.monotonic() - started < 4
    database.ping()
    database.close()


def test_nothing_is_left_on_the_servers_connection(postgres_tcp_url: str) -> None:
    """The timeout holds for one transaction: Hyperdrive lends the connection to others next."""
    database = hyperdrive_database(postgres_tcp_url)
    assert database.read(SHOW(name="statement_timeout")) == [("30s",)]
    assert isinstance(database, hyperdrive.HyperdriveDatabase)
    connection = database._connection
    assert connection is not None
    context = connection.execute_simple("SHOW statement_timeout")
    assert context.rows == [["0"]]
    database.close()


def test_connection_is_opened_late_and_closed(postgres_tcp_url: str) -> None:
    """One connection an invocation, not before it is needed, none after."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(postgres_tcp_url, autocommit=True) as connection:
        database = hyperdrive_database(postgres_tcp_url)
        assert connection.execute(count).fetchone() == (1,)
        database.ping()
        graphs.write_graph(database, FORM, NOW)
        assert connection.execute(count).fetchone() == (2,)
        database.close()
        database.close()
        deadline = time.monotonic() + 5
        while connection.execute(count).fetchone() != (1,):
            assert time.monotonic() < deadline


def test_large_answer_before_a_large_statement_is_no_deadlock(postgres_tcp_url: str) -> None:
    """The server's answer is taken before it is sent more than fits on the way."""
    many = Statement(select(func.repeat("x", 20_000_000)))
    length = Statement(select(func.length(bindparam("text", type_=Text))))
    database = hyperdrive_database(postgres_tcp_url, **{"database.statement_timeout_seconds": 5})
    answers = database.atomic([many(), length(text="y" * 20_000_000)])
    [[(repeated,)], lengths] = answers
    assert isinstance(repeated, str)
    assert len(repeated) == 20_000_000
    assert lengths == [(20_000_000,)]
    database.close()


def test_value_that_cannot_be_sent_leaves_the_next_answer_its_own(postgres_tcp_url: str) -> None:
    """A fault in the middle of sending must not shift answers by one."""
    echo = Statement(select(bindparam("text", type_=Text)))
    database = hyperdrive_database(postgres_tcp_url)
    assert database.read(echo(text="a")) == [("a",)]
    with pytest.raises(UnicodeEncodeError):
        database.read(echo(text="\ud800"))
    assert database.read(echo(text="b")) == [("b",)]
    database.close()


def test_server_that_says_nothing_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and keeps silent: the wait is bounded."""
    monkeypatch.setattr(hyperdrive, "MARGIN_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://a:b@127.0.0.1:{silent.getsockname()[1]}/x"
        database = hyperdrive_database(url, **{"database.statement_timeout_seconds": 0.3})
        started = time.monotonic()
        with pytest.raises(Unavailable):
            database.ping()
        assert time.monotonic() - started < 5
        database.close()


def test_server_that_is_away_is_unavailable() -> None:
    """Nobody listens; or somebody hangs up at once."""
    database = hyperdrive_database("postgresql://a:b@127.0.0.1:1/x")
    with pytest.raises(Unavailable):
        database.ping()
    database.close()


def test_connection_that_is_cut_is_unavailable(postgres_tcp_url: str) -> None:
    """What was in flight is lost and said so; the next use opens anew."""
    database = hyperdrive_database(postgres_tcp_url)
    database.ping()
    with psycopg.connect(postgres_tcp_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    wait_for_others_to_end(postgres_tcp_url)  # they were asked to
    with pytest.raises(Unavailable):
        database.ping()
    database.ping()
    database.close()


def test_wrong_password_names_the_binding(postgres_tcp_url: str) -> None:
    """Said as a mistake of the operator, without the password."""
    parts = urlsplit(postgres_tcp_url)
    assert parts.password
    database = hyperdrive_database(postgres_tcp_url.replace(parts.password, "wrong"))
    with pytest.raises(Misconfigured, match=r"bindings\.HYPERDRIVE") as caught:
        database.ping()
    assert "wrong" not in str(caught.value)


def test_base_without_schema_says_so(postgres_tcp_url: str) -> None:
    """A table that is not there."""
    database = hyperdrive_database(postgres_tcp_url.rpartition("/")[0] + "/postgres")
    with pytest.raises(SchemaBehind):
        blocks.get_block(database, 1)
    database.close()


def test_batches_that_meet_head_on_all_get_written(postgres_tcp_url: str) -> None:
    """Deadlocks are tried again: crosswise graphs from many connections all arrive."""
    forward = {
        "blocks": [{"id": -n, "resolver": "text", "content": f"c{n}"} for n in range(1, 200)]
    }
    backward = {"blocks": forward["blocks"][::-1]}
    barrier = threading.Barrier(8)

    def write(number: int) -> int:
        database = hyperdrive_database(postgres_tcp_url)
        barrier.wait()
        form = parse_graph(forward if number % 2 else backward)
        try:
            return len(graphs.write_graph(database, form, NOW).blocks)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [199] * 8


def test_every_error_of_the_driver_is_translated() -> None:
    """By SQLSTATE, with no word of what the server said."""
    for state in (*STATES, "08006", "40001", "57P01", "53300", "XX000", "42601"):
        error = DatabaseError({"C": state, "M": "secret detail"})
        translated = hyperdrive.translate(error, setting="bindings.DB")
        assert isinstance(translated, InkcreError)
        assert "secret" not in f"{translated} {translated.hint}"
    syntax = hyperdrive.translate(DatabaseError({"C": "42601"}), setting="x")
    assert isinstance(syntax, InvariantBroken)
    assert isinstance(hyperdrive.translate(InterfaceError("x"), setting="x"), Unavailable)
