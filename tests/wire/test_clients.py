"""Clients that are silent, slow or many, at a server as `inkcre run` starts it, byte by byte."""

import asyncio
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from inkcre.app import create_app
from inkcre.process.connections import ConnectionGuard, find_peer
from inkcre.process.serve import make_options
from tests.cli.test_run import running
from tests.conftest import sqlite_settings
from tests.homes import serve_app

MIB = 1024 * 1024
GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
BOUND_SECONDS = 20
"""Within which anything here is over that takes a second or two."""


@contextmanager
def serving(folder: Path, loop: str = "auto", **http: int) -> Iterator[tuple[str, ConnectionGuard]]:
    """Serve a base; give its URL and what guards its connections."""
    overrides: dict[str, Any] = {f"http.{name}": value for name, value in http.items()}
    overrides |= {"database.migrate_on_start": True, "storage.path": str(folder / "files")}
    settings = sqlite_settings(folder / "base.sqlite3", **overrides)
    guard = ConnectionGuard(settings.http)
    options = make_options(settings.http, guard)
    with serve_app(create_app(settings), loop=loop, **options) as url:
        yield url, guard


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ConnectionGuard]]:
    """Serve one that waits for nobody longer than a second."""
    folder = tmp_path_factory.mktemp("base")
    with serving(folder, head_seconds=1, idle_seconds=1, body_silent_seconds=1) as served:
        yield served


def connect(url: str, sent: bytes = b"") -> socket.socket:
    """Connect, and send the beginning of something."""
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname, parts.port or 80), timeout=BOUND_SECONDS)
    client.sendall(sent)
    return client


def read_to_end(client: socket.socket) -> bytes:
    """Read until the server has hung up; fail if it does not."""
    with client:
        return b"".join(iter(lambda: client.recv(65_536), b""))


def wait_until(check: Callable[[], object]) -> None:
    """Wait for something to hold."""
    deadline = time.monotonic() + BOUND_SECONDS
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


BEGUN = {
    "silent": b"",
    "a letter": b"G",
    "half a head": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ",
    "half a head behind an answer": b"GET /livez HTTP/1.1\r\nHo",
    "silent behind an answer": b"",
    "a blank line behind an answer": b"\r\n",
    "a body that nobody reads": GET[:-2] + b"Content-Length: 1000\r\n\r\nx",
}


def test_connection_of_which_nothing_comes_is_ended(
    impatient: tuple[str, ConnectionGuard],
) -> None:
    """Whatever it is that does not come: a head that has begun is 408, the rest is no word.

    A browser connects before it knows what to ask, and would take a word for an answer.
    """
    clients = {}
    for name, sent in BEGUN.items():
        clients[name] = connect(impatient[0], GET if "behind" in name else b"")
        if "behind" in name:
            assert clients[name].recv(65_536).startswith(b"HTTP/1.1 200")
        clients[name].sendall(sent)
    answers = {name: read_to_end(client) for name, client in clients.items()}
    for name, answer in answers.items():
        if "half" in name or "letter" in name:
            assert answer.startswith(b"HTTP/1.1 408"), name
            assert b"urn:inkcre:problem:too_slow" in answer, name
            assert b"x-request-id: " in answer, name
            assert b"connection: close" in answer, name
        else:
            assert answer.partition(b" ")[2][:3] == (b"200" if "body" in name else b""), name


def test_head_that_drips_is_408(impatient: tuple[str, ConnectionGuard]) -> None:
    """What counts is when it is whole, not when something has come."""
    client = connect(impatient[0], GET[:-2])
    deadline = time.monotonic() + BOUND_SECONDS
    while not select.select([client], [], [], 0.1)[0]:
        assert time.monotonic() < deadline
        client.sendall(b"X: y\r\n")
    with suppress(ConnectionError):  # what came behind the end has reset it
        assert read_to_end(client).startswith(b"HTTP/1.1 408")


def test_client_that_takes_nothing_of_its_answer_is_ended(
    impatient: tuple[str, ConnectionGuard],
) -> None:
    """Of a file larger than what the system holds for it."""
    url, guard = impatient
    made = httpx.post(f"{url}/files", content=bytes(30 * MIB)).json()
    wait_until(lambda: not guard.number)
    asked = f"GET /blocks/{made['id']}/content HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with connect(url, asked):
        wait_until(lambda: guard.number == 1)
        wait_until(lambda: not guard.number)


def test_request_that_takes_long_is_waited_for(impatient: tuple[str, ConnectionGuard]) -> None:
    """It is for us to answer; so is a slow body that comes fast enough."""
    url, _ = impatient
    client = connect(url, b"POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n")
    for _ in range(6):
        time.sleep(0.5)
        client.sendall(bytes(1000))
    assert client.recv(65_536).startswith(b"HTTP/1.1 201")
    client.close()


def test_more_connections_than_there_may_be_are_503(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As soon as they come; each that ends makes room for one. It is logged once."""
    with serving(tmp_path, max_connections=5) as (url, guard), ExitStack() as stack:
        clients = [stack.enter_context(connect(url, GET)) for _ in range(5)]
        for client in clients:
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        for _ in range(3):
            answer = read_to_end(connect(url))
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"urn:inkcre:problem:too_many_connections" in answer
            assert b"retry-after: 1" in answer
        clients[0].close()
        wait_until(lambda: guard.number == 4)
        assert connect_and_ask(url).startswith(b"HTTP/1.1 200")
    told = [record for record in caplog.records if "http.max_connections" in record.getMessage()]
    assert len(told) == 1


def connect_and_ask(url: str) -> bytes:
    """Ask over a connection of its own; give the answer's beginning."""
    with connect(url, GET) as client:
        return client.recv(65_536)


def is_served(url: str) -> bool:
    """Tell whether a new connection is answered, where one may be reset as well."""
    try:
        return connect_and_ask(url).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def test_proxy_may_have_any_number(tmp_path: Path) -> None:
    """Each client of a proxy that is at a loopback or private address seems to be that one."""
    with serving(tmp_path, max_peer_connections=1) as (url, _), ExitStack() as stack:
        clients = [stack.enter_context(connect(url, GET)) for _ in range(10)]
        assert all(client.recv(65_536).startswith(b"HTTP/1.1 200") for client in clients)


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2606:4700:10:20:1:2:3:4", "2606:4700:10:20::"),
        ("127.0.0.1", None),
        ("::1", None),
        ("10.1.2.3", None),
        ("::ffff:172.17.0.1", None),
        ("fe80::1%eth0", None),
        ("fd00::1", None),
        ("", None),
    ],
)
def test_peer_is_an_address_or_a_network(host: str, peer: str | None) -> None:
    """A customer has a whole network of IPv6; a proxy is nobody."""
    assert find_peer(host) == peer


class Connection:
    """A connection that nobody has to end."""

    def look(self, now: float) -> None:
        """Do nothing."""


def test_one_address_has_no_more_than_its_share(tmp_path: Path) -> None:
    """Others are taken meanwhile; and it, when one of its own has ended."""
    settings = sqlite_settings(tmp_path / "base.sqlite3", **{"http.max_peer_connections": 2})

    async def play() -> None:
        guard, taken = ConnectionGuard(settings.http), [Connection() for _ in range(4)]
        assert guard.admit(taken[0], "8.8.8.8", 9) is None
        assert guard.admit(taken[1], "8.8.8.8", 9) is None
        refusal = guard.admit(taken[2], "8.8.8.8", 9)
        assert refusal is not None
        assert refusal.code == "too_many_connections"
        guard.leave(taken[2])  # it was not counted
        assert guard.admit(taken[2], "8.8.8.8", 9) is not None
        assert guard.admit(taken[3], "9.9.9.9", 9) is None
        guard.leave(taken[0])
        assert guard.admit(taken[2], "8.8.8.8", 9) is None
        assert guard.number == 3

    asyncio.run(play())


def test_running_out_of_descriptors_is_told(tmp_path: Path) -> None:
    """Who is too many is answered, and nobody is reset; it is logged once, and /readyz tells."""
    with running(tmp_path, descriptors=64) as (url, process):
        with ExitStack() as stack:
            clients = [stack.enter_context(connect(url)) for _ in range(100)]
            wait_until(lambda: len(select.select(clients, [], [], 0)[0]) > 50)
            refused = select.select(clients, [], [], 0)[0]
            assert len(refused) < 100
            for client in refused:
                answer = client.recv(65_536)
                assert answer.startswith(b"HTTP/1.1 503")
                assert b"urn:inkcre:problem:out_of_descriptors" in answer
        wait_until(lambda: is_served(url))
        told = httpx.get(f"{url}/readyz").json()
        assert told["status"] == "ok"
        assert [notice["code"] for notice in told["notices"]] == ["out_of_descriptors"]
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert said.count("descriptors: none is left") == 1
    assert "(64 may be open)" in said


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_descriptors_that_others_have_taken_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, loop: str
) -> None:
    """One loop says so of each connection that it cannot take, the other never."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    with serving(tmp_path, loop) as (url, guard):
        assert connect_and_ask(url).startswith(b"HTTP/1.1 200")
        assert guard.find_notice() is None
        parts = urlsplit(url)
        with socket.socket() as client:
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
            try:
                with suppress(OSError):
                    while True:
                        taken.append(os.open(os.devnull, os.O_RDONLY))
                client.connect((parts.hostname, parts.port))
                wait_until(guard.find_notice)
            finally:
                for descriptor in taken:
                    os.close(descriptor)
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: is_served(url))
    told = [record.getMessage() for record in caplog.records]
    # By each server of this process: that of the other tests may be one.
    assert [one for one in told if one.startswith("descriptors: none is left")]


def test_limit_of_descriptors_is_raised(tmp_path: Path) -> None:
    """As far as the connections need it; no further than it may be."""
    said = "import resource as r; from inkcre.process.descriptors import raise_limit; raise_limit({}); print(r.getrlimit(r.RLIMIT_NOFILE)[0])"
    for limits, connections, expected in (("-Sn 256", 500, 628), ("-n 256", 500, 256), ("-Sn 900", 100, 900)):  # fmt: skip
        command = f'ulimit {limits}; exec "$@"'
        ran = subprocess.run(
            ["sh", "-c", command, "sh", sys.executable, "-c", said.format(connections)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert int(ran.stdout) == expected
