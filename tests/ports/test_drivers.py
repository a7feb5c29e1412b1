"""What PostgreSQL's drivers have in common, and what pg8000 does in libpq's place."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from pg8000.exceptions import InterfaceError
from sqlalchemy import Text, bindparam, column, func, literal, select, table

from inkcre.adapters.database import pg8000
from inkcre.adapters.database.addresses import Address, read_address
from inkcre.adapters.database.pg8000 import Pg8000Driver
from inkcre.assembly import adapters
from inkcre.assembly.adapters import load_driver
from inkcre.assembly.assembly import build_database
from inkcre.assembly.plan import plan_assembly, render_plan
from inkcre.errors import Conflict, Misconfigured, ReadOnly, Unavailable, Unsupported
from inkcre.graph import blocks, graphs
from inkcre.graph.forms import parse_graph
from inkcre.ports.database import Database, Hindered, Statement
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.sql.rows import Values
from tests.certificates import make_certificate
from tests.conftest import DRIVERS, database_name, new_postgres_database, postgres_settings
from tests.lines import HEADS, LINES
from tests.ports.test_database import INSERT
from tests.ports.test_postgres import database_section
from tests.proxies import EncryptingProxy, encrypting

Open = Callable[..., Database]
SHOW = Statement(select(func.current_setting(bindparam("name", type_=Text))))
PREPARED = Values(
    select(func.count())
    .select_from(table("pg_prepared_statements"))
    .where(column("statement") != "SELECT 1"),  # a test of the connection
    int,
)


@pytest.fixture(params=DRIVERS.values())
def driver(request: pytest.FixtureRequest) -> str:
    """Return each driver in turn."""
    return str(request.param)


@pytest.fixture
def connect(driver: str) -> Iterator[Open]:
    """Return what opens a base with the driver."""
    opened: list[Database] = []

    def connect(url: str, **overrides: object) -> Database:
        settings = postgres_settings(url, **{"database.driver": driver, **overrides})
        opened.append(build_database(settings))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


def test_wrong_password_is_a_matter_of_settings(connect: Open, postgres_tcp_url: str) -> None:
    """Whoever is refused is told so, and without the password."""
    password = urlsplit(postgres_tcp_url).password
    assert password
    with pytest.raises(Misconfigured, match=r"database\.url") as caught:
        connect(postgres_tcp_url.replace(password, "wrong")).ping()
    assert "wrong" not in f"{caught.value} {caught.value.hint}"


def test_server_that_takes_no_writes_is_read_only(connect: Open, postgres_url: str) -> None:
    """As a standby is: it can be read, and a batch is refused."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = database_name(postgres_url)
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    database = connect(postgres_url)
    with pytest.raises(ReadOnly):
        database.atomic([INSERT(name="a", type="t")])
    with pytest.raises(ReadOnly):
        database.atomic([INSERT(name="a", type="t"), INSERT(name="b", type="t")])
    assert schema.read_revisions(database, LINES) == HEADS


SLEEP_SHORTLY = Statement(select(func.pg_sleep(0.2)))


def test_server_that_takes_writes_again_gets_the_next_one(connect: Open, postgres_url: str) -> None:
    """Sessions that were opened while it took none stay read-only, and are lent no more."""
    database = connect(postgres_url)
    assert isinstance(database, Hindered)
    name = database_name(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: database.read(SLEEP_SHORTLY()), range(4)))
    hindrance = database.find_hindrance()
    assert isinstance(hindrance, ReadOnly)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    for number in range(5):
        assert database.atomic([INSERT(name=f"n{number}", type="t")])
    assert database.find_hindrance() is None


def test_batches_that_meet_head_on_all_get_written(connect: Open, postgres_url: str) -> None:
    """Deadlocks are tried again: crosswise graphs of many threads all arrive."""
    forward = {
        "blocks": [{"id": -n, "resolver": "text", "content": f"c{n}"} for n in range(1, 200)]
    }
    backward = {"blocks": forward["blocks"][::-1]}
    barrier = threading.Barrier(8)
    database = connect(postgres_url)

    def write(number: int) -> int:
        barrier.wait()
        form = parse_graph(forward if number % 2 else backward)
        return len(graphs.write_graph(database, form, datetime.now(UTC)).blocks)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [199] * 8


def test_silent_server_is_unavailable(connect: Open) -> None:
    """It takes the connection and says nothing: the wait is bounded."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d"
        started = time.monotonic()
        with pytest.raises(Unavailable):
            connect(url, **{"database.connect_timeout_seconds": 2}).ping()
        assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    "address",
    [
        "u@127.0.0.1:1/d", "u@nowhere.invalid/d", "u@no..name/d",
        "u@/d?host=/nowhere", f"u@/d?host=/{'x' * 200}",
    ],
)  # fmt: skip
def test_server_that_is_not_there_is_unavailable(connect: Open, address: str) -> None:
    """By whatever name."""
    with pytest.raises(Unavailable):
        connect(f"postgresql://{address}").ping()


def test_session_is_as_the_settings_say(connect: Open, postgres_url: str) -> None:
    """What a session is started with holds, and what the address adds to it."""
    more = "&options=-c%20work_mem%3D123kB&application_name=one%20of%20ours"
    database = connect(postgres_url + more, **{"database.statement_timeout_seconds": 12.5})
    expected = {
        "statement_timeout": "12500ms", "enable_seqscan": "off", "jit": "off", "TimeZone": "UTC",
        "plan_cache_mode": "force_generic_plan", "work_mem": "123kB",
        "application_name": "one of ours", "client_encoding": "UTF8",
    }  # fmt: skip
    assert {name: database.read(SHOW(name=name))[0][0] for name in expected} == expected
    assert connect(postgres_url).read(SHOW(name="application_name")) == [("inkcre",)]


@pytest.mark.parametrize("is_prepared", [True, False])
def test_statements_are_prepared_as_the_settings_say(
    connect: Open, postgres_url: str, *, is_prepared: bool
) -> None:
    """Each text once a connection; or none."""
    pool = {"kind": "static"}
    database = connect(
        postgres_url, **{"database.prepared_statements": is_prepared, "database.pool": pool}
    )
    one, two = Statement(select(literal(1))), Statement(select(literal("two")))
    for _ in range(3):
        database.read(one())
        database.atomic([one(), two(), one()])
    count = PREPARED.read_one(database)
    assert count == (3 if is_prepared else 0)  # the two, and this


def test_statement_of_a_batch_that_failed_is_prepared_once(postgres_url: str) -> None:
    """The server keeps what it has planned, and never saw what comes behind it: pg8000 knows both."""
    overrides = {"database.driver": "pg8000", "database.pool": {"kind": "static"}}
    database = build_database(postgres_settings(postgres_url, **overrides))
    fresh = Statement(select(func.length(bindparam("text", type_=Text))))
    for _ in range(3):
        with pytest.raises(Conflict):
            database.atomic([INSERT(name="url", type="t"), fresh(text="a")])
    assert database.atomic([fresh(text="abc"), INSERT(name="new", type="t")])[0] == [(3,)]
    assert PREPARED.read_one(database) == 3
    database.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for ``localhost`` that nobody has signed."""
    return make_certificate(tmp_path / "certificate.pem", "localhost")


@pytest.fixture
def encrypted(postgres_tcp_url: str, certificate: Path) -> Iterator[EncryptingProxy]:
    """Return a proxy that encrypts, in front of the server."""
    with encrypting(urlsplit(postgres_tcp_url).port or 0, certificate) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("host", "options", "is_let_in", "is_encrypted"),
    [
        ("127.0.0.1", "", True, True),
        ("127.0.0.1", "?sslmode=prefer", True, True),
        ("127.0.0.1", "?sslmode=require", True, True),
        ("127.0.0.1", "?sslmode=verify-ca&sslrootcert=CERTIFICATE", True, True),
        ("127.0.0.1", "?sslmode=verify-full&sslrootcert=CERTIFICATE", False, True),
        ("localhost", "?sslmode=verify-full&sslrootcert=CERTIFICATE", True, True),
        ("localhost", "?sslmode=require&sslrootcert=OTHER", False, True),
        ("localhost", "?sslmode=verify-ca&sslrootcert=OTHER", False, True),
        ("localhost", "?sslmode=verify-full&sslrootcert=system", False, True),
        ("127.0.0.1", "", True, False),
        ("127.0.0.1", "?sslmode=disable", True, False),
        ("127.0.0.1", "?sslmode=require", False, False),
        ("localhost", "?sslmode=verify-full&sslrootcert=CERTIFICATE", False, False),
    ],
)
def test_way_is_encrypted_as_the_address_says(
    connect: Open, postgres_tcp_url: str, certificate: Path, tmp_path: Path,
    encrypted: EncryptingProxy, host: str, options: str, *, is_let_in: bool, is_encrypted: bool,
) -> None:  # fmt: skip
    """To a server that encrypts, and to one that does not, with both drivers alike."""
    other = make_certificate(tmp_path / "other.pem", "localhost")
    options = options.replace("CERTIFICATE", str(certificate)).replace("OTHER", str(other))
    url = postgres_tcp_url.replace("127.0.0.1", host) + options
    if is_encrypted:
        url = url.replace(f":{urlsplit(url).port}", f":{encrypted.port}")
    database = connect(url)
    if is_let_in:
        database.ping()
        assert bool(encrypted.greeted) is is_encrypted
    else:
        with pytest.raises(Misconfigured):
            database.ping()


def test_answer_larger_than_any_buffer_comes_through(
    connect: Open, postgres_tcp_url: str, encrypted: EncryptingProxy
) -> None:
    """Encrypted, and in parts."""
    port = urlsplit(postgres_tcp_url).port
    database = connect(postgres_tcp_url.replace(f":{port}", f":{encrypted.port}"))
    echo = Statement(select(bindparam("text", type_=Text)))
    text = "é" * 100_000
    assert database.read(echo(text=text)) == [(text,)]


def address(text: str) -> Address:
    """Read an address."""
    return read_address(f"postgresql://{text}")


def test_address_is_read_as_libpq_reads_it() -> None:
    """Beside what libpq itself makes of the same."""
    from psycopg.conninfo import conninfo_to_dict

    for text in (
        "u@h/d", "u:p@h:1/d", "u@h", "u@h:/d", "u@[::1]:2/d", "u:p%40%2F%3A@h/a%20b",
        "u:a:b@h/d", "u@/d?host=/tmp&port=3", "u@%2Ftmp/d", "@/?host=h&user=u&password=p&dbname=d",
        "u@h/d?connect_timeout=7&application_name=a%26b&options=-c%20x%3D1", "u:p+q@h/d#e",
        "u@h/d?sslmode=verify-full&sslrootcert=/a",
    ):  # fmt: skip
        ours, theirs = address(text), conninfo_to_dict(f"postgresql://{text}")
        assert (ours.host, ours.user) == (theirs["host"], theirs["user"]), text
        assert ours.password == theirs.get("password"), text
        assert str(ours.port) == (theirs.get("port") or "5432"), text
        assert ours.database == (theirs.get("dbname") or theirs["user"]), text
        assert ours.options == theirs.get("options"), text
        assert ours.application_name == theirs.get("application_name"), text
        assert ours.ssl_mode == theirs.get("sslmode", "prefer"), text
        assert str(ours.connect_timeout_seconds or "") == str(theirs.get("connect_timeout") or "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("u@/d", "names no host"),
        ("h/d", "names no user"),
        ("u@h,i/d", "several hosts"),
        ("u@h:x/d", "not an address"),
        ("u@h:65536/d", "port: not a port"),
        ("u@h/d?connect_timeout=soon", "connect_timeout: not a whole number"),
        ("u@h/d?target_session_attrs=any", "option target_session_attrs: pg8000 does not take it"),
        ("u@h/d?sslcert=/a", "option sslcert: pg8000 does not take it"),
        ("u@h/d?sslmode=allow", "sslmode: not one"),
        ("u@h/d?sslrootcert=/a", "is not looked at with sslmode=prefer"),
        ("u@h/d?sslmode=require&sslrootcert=system", "need sslmode=verify-full"),
        ("u@h/d%00", "not an address"),
        ("u@h/d?sslmode", "not an address"),
        ("u:hunter2?a=b@h/d", "not an address"),
        ("u:1?hunter2=b@h/d", "not an address"),
        ("u:a?hunter2=b", "not an address"),
    ],
)
def test_address_that_asks_for_more_is_refused(text: str, said: str) -> None:
    """Whatever only libpq can do is named, and nothing that may be of a password."""
    with pytest.raises(Misconfigured, match=said) as caught:
        address(text)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_password_is_not_shown() -> None:
    """Not by the address either."""
    assert "hunter2" not in repr(address("u:hunter2@h/d"))


def test_file_of_certificates_that_is_not_there_is_named() -> None:
    """Before anybody is sent anything but the question."""
    url = "postgresql://u@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/nowhere"
    database = build_database(postgres_settings(url, **{"database.driver": "pg8000"}))
    with pytest.raises(Misconfigured, match="sslrootcert"):
        database.ping()


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_migration_that_is_cut_short_is_unavailable(connect: Open, end: str) -> None:
    """Whoever waits for a lock when the server hangs up, or stops it, may try again later."""
    url = new_postgres_database()
    database = connect(url)
    waiting = f"""
        SELECT {end}(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    with (
        ThreadPoolExecutor(1) as thread,
        psycopg.connect(url, autocommit=True) as watching,
        psycopg.connect(url) as connection,
    ):
        connection.execute("CREATE TABLE blocks ()")
        migrating = thread.submit(schema.migrate, database, LINES)
        while watching.execute(waiting.encode()).fetchone() is None:
            assert not migrating.done()
            time.sleep(0.02)
        with pytest.raises(Unavailable, match="while the schema was being changed"):
            migrating.result(30)
        connection.rollback()
    schema.migrate(database, LINES)
    assert schema.read_revisions(database, LINES) == HEADS


@pytest.mark.parametrize("gone", ["before it is greeted", "at the greeting"])
@pytest.mark.parametrize("use", [Pg8000Driver.connect, Pg8000Driver.migration_engine])
def test_login_that_comes_to_nothing_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[Pg8000Driver], object], gone: str
) -> None:
    """A server that stops now has hung up; so have we, whoever keeps the error."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(pg8000, "open_socket", lambda *_: ours)
    if gone == "at the greeting":
        theirs.shutdown(socket.SHUT_WR)
    else:
        theirs.close()
    with pytest.raises(InterfaceError) as caught:
        use(Pg8000Driver(database_section(postgres_settings("postgresql://u@h/d"))))
    assert ours.fileno() == -1, caught.value
    theirs.close()


def test_pg8000_is_enough(tmp_path: Path) -> None:
    """Where psycopg is not installed a base is made, and served."""
    url = new_postgres_database()
    program = f"""
import sys
sys.modules["psycopg"] = None  # an import of it fails
from inkcre.core import INKCRE
from inkcre.app import create_app
from fastapi.testclient import TestClient
settings = ["--set", "database.driver=pg8000", "--set", "database.url={url}"]
try:
    INKCRE.cli(["migrate", "--profile", "server", *settings])
except SystemExit as ended:
    assert not ended.code
overrides = {{"database.driver": "pg8000", "database.url": "{url}"}}
with TestClient(create_app(profile="server", overrides=overrides, environ={{}})) as client:
    made = client.post("/blocks", json={{"resolver": "text", "content": "x"}})
    assert made.status_code == 201, made.text
    assert client.get("/readyz").status_code == 200
assert "pg8000" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "schema is up to date" in done.stdout


@pytest.mark.parametrize(("name", "extra"), [("psycopg", "postgres"), ("pg8000", "pg8000")])
def test_driver_that_is_not_installed_is_named(
    name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the extra that installs it, also in the plan."""
    settings = postgres_settings("postgresql://u@h/d", **{"database.driver": name})
    monkeypatch.delitem(sys.modules, f"inkcre.adapters.database.{name}", raising=False)
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Unsupported, match=f'database.driver "{name}"') as caught:
        build_database(settings)
    assert caught.value.hint == f"install inkcre[{extra}]"
    plan = render_plan(plan_assembly(settings))
    (chosen,) = [line for line in plan.splitlines() if line.startswith("database: ")]
    assert chosen.endswith(f"  ({name} is not installed)")
    assert f"    driver = {name}" in plan


def test_driver_that_is_unknown_is_refused() -> None:
    """The error names those that there are."""
    with pytest.raises(Unsupported) as caught:
        load_driver("postgres", "asyncpg")
    assert caught.value.hint == "choose one of psycopg, pg8000"
    assert set(adapters.DRIVERS["postgres"]) == set(DRIVERS.values())


def test_workers_have_no_choice() -> None:
    """Hyperdrive's adapter is pg8000's."""
    assert load_settings("workers", environ={}).database.driver == "pg8000"  # type: ignore[union-attr]
    assert load_driver("hyperdrive", "pg8000") is None


def test_block_is_what_it_was_with_the_other_driver(postgres_url: str) -> None:
    """Who changes the setting has the same base."""
    one, other = (
        build_database(postgres_settings(postgres_url, **{"database.driver": name}))
        for name in DRIVERS.values()
    )
    form = parse_graph({"blocks": [{"resolver": "text", "content": "é\N{GRINNING FACE}"}]})
    graphs.write_graph(one, form, datetime.now(UTC))
    assert blocks.get_block(one, 1) == blocks.get_block(other, 1)
    one.close()
    other.close()
