"""What keeps an isolate alive: no wrong write, no timer too many, no wait without an end."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest

from inkcre.http import pace
from tests.edge import homes
from tests.edge.conftest import Running, Start, running_harness
from tests.edge.stalling import FAULTS, Fault, Stalling, stalling
from tests.lengths import rounds

QUICK = {"INKCRE_DATABASE__STATEMENT_TIMEOUT_SECONDS": "0.5"}
HURRY = "import inkcre.adapters.database.hyperdrive as h\nh.MARGIN_SECONDS = 0.5\n1"
SILENCE = "import inkcre.edge.entry as e\nfrom inkcre.http.pace import PaceRule\ne.make_pace_rule = lambda _: PaceRule({seconds})\n1"
IN_FLIGHT = "import worker\nlen(worker.Default.app._admission._in_flight)"

CONNECT = """
import _socket, select, socket
s = socket.socket()
s.connect(("127.0.0.1", {port}))
"""


@pytest.fixture
def echo() -> socket.socket:
    """Return a listener that nobody answers behind."""
    return socket.create_server(("127.0.0.1", 0))


def run_to_death(running: Running, source: str) -> str:
    """Run Python that ends the isolate; give the log."""
    with pytest.raises((httpx.TransportError, AssertionError)):
        running.run(source)
    assert running.harness.wait(10) == 70
    return running.log.read_text()


@pytest.mark.parametrize("call", ["s.settimeout(1)", "socket.setdefaulttimeout(1)", "socket.create_connection(('127.0.0.1', {port}), 1)"])  # fmt: skip
def test_timeout_of_a_socket_ends_the_run(
    start: Start, bare: Path, echo: socket.socket, call: str
) -> None:
    """The harness would survive it; workerd does not."""
    port = echo.getsockname()[1]
    log = run_to_death(start(artifact=bare), f"{CONNECT}{call}\n1".format(port=port))
    assert "a socket was given a timeout" in log
    echo.close()


def test_poll_on_the_stack_ends_the_run(start: Start, bare: Path, echo: socket.socket) -> None:
    """However a library came to it."""
    port = echo.getsockname()[1]
    source = f"{CONNECT}_socket.socket.settimeout(s, 1)\ns.recv(1)".format(port=port)
    assert "poll() waits on the C stack" in run_to_death(start(artifact=bare), source)
    echo.close()


def test_poll_on_the_heap_may_wait(patient: Running, echo: socket.socket) -> None:
    """``select.poll`` keeps its ``pollfd`` where it stays."""
    port = echo.getsockname()[1]
    source = f"{CONNECT}p = select.poll()\np.register(s, select.POLLIN)\np.poll(50)"
    assert patient.run(source.format(port=port)) == []
    echo.close()


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Stalling]]:
    """Return a harness, and the server in the place of its database."""
    options = homes.options_of("edge-postgres")
    with stalling(options.hyperdrive["HYPERDRIVE"]) as database:
        options = replace(options, hyperdrive={"HYPERDRIVE": database.url}, variables=QUICK)
        with running_harness(options, tmp_path_factory.mktemp("stalled") / "log") as running:
            running.run(HURRY)
            yield running, database


@pytest.mark.parametrize("fault", FAULTS)
def test_database_that_stalls_is_503_in_time(
    stalled: tuple[Running, Stalling], fault: Fault
) -> None:
    """Whatever it does, the request ends with its deadline, and so does its invocation."""
    running, database = stalled
    database.fault = fault
    with running.client(30) as client:
        began = time.monotonic()
        answer = client.get("/blocks")
        seconds = time.monotonic() - began
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:inkcre:problem:unavailable"
        assert 0.9 < seconds < 5
        assert client.get("/heartbeat").status_code == 200
    assert running.run(IN_FLIGHT) == 0


def test_timers_are_not_left_behind(patient: Running) -> None:
    """Of hundreds of requests, with and without a body, hardly one is still on its way."""
    with patient.client() as client:
        block = client.post("/blocks", json={"resolver": "text", "content": "timed"}).json()
        for number in range(rounds(150, whole=500)):
            assert client.get(f"/blocks/{block['id']}").status_code == 200
            content = {"resolver": "text", "content": f"timed {number}"}
            assert client.post("/blocks", json=content).status_code in (200, 201)
    assert patient.control("timers") < 10


def test_body_that_stops_is_408(patient: Running) -> None:
    """Streamed or held, announced or not; its place and its timer are given back."""
    patient.run(SILENCE.format(seconds=0.5))
    for request in (
        "POST /files HTTP/1.1\r\nContent-Length: 3000000",
        "POST /files HTTP/1.1\r\nContent-Length: 3000",
        "POST /files HTTP/1.1\r\nTransfer-Encoding: chunked",
        "PUT /graph HTTP/1.1\r\nContent-Length: 900000",
        "PUT /graph HTTP/1.1\r\nTransfer-Encoding: chunked",
    ):
        assert stop_in_the_body(patient.url, request) == 408, request
    assert patient.run(IN_FLIGHT) == 0
    assert patient.control("timers") < 10
    patient.run(SILENCE.format(seconds=pace.DEFAULT.silent_seconds))


def stop_in_the_body(url: str, request: str) -> int:
    """Send the beginning of a request's body and no more; give the status of the answer."""
    begun = b"5\r\nbegun\r\n" if "chunked" in request else b"begun"
    head = f"{request}\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 30) as client:
        client.sendall(head.encode() + begun)
        return int(client.recv(4096).split(b" ", 2)[1])
