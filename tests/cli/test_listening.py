"""Where `inkcre run` listens, and how it stops."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.cli.test_run import running

BOUND_SECONDS = 60


def client_at(path: Path) -> httpx.Client:
    """Return a client of whoever listens at a path."""
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://inkcre")


def wait_for(client: httpx.Client, path: str, status: int) -> httpx.Response:
    """Ask until the answer has a status."""
    deadline = time.monotonic() + BOUND_SECONDS
    while True:
        try:
            answer = client.get(path)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == status:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)


def wait_at(path: Path) -> None:
    """Wait until somebody listens there: httpx leaves a socket open where nobody does."""
    deadline = time.monotonic() + BOUND_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def started(
    folder: Path, *options: str, handed: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a server, with a socket that it is handed; end it with the block."""
    process = subprocess.Popen(
        [COMMAND, "run", *options], cwd=folder, env=clean_environ(), stderr=subprocess.PIPE, text=True,
        pass_fds=() if handed is None else (handed,),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=BOUND_SECONDS)


def end(process: subprocess.Popen[str]) -> str:
    """End a server; return what it said."""
    process.terminate()
    _, said = process.communicate(timeout=BOUND_SECONDS)
    assert "Traceback" not in said
    return said


def test_it_listens_at_a_path(run: Run, tmp_path: Path) -> None:
    """In the place of a socket that nobody listens at, and of no other thing; it goes with it."""
    path = tmp_path / "ink.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with started(tmp_path, "--host", f"unix:{path}") as process, client_at(path) as client:
        wait_at(path)
        assert wait_for(client, "/readyz", 200).is_success
        assert client.put("/graph", json={"block": {"resolver": "text", "content": "a"}}).is_success
        assert client.get("/livez", headers={"connection": "close"}).is_success
        taken = run("run", "--host", f"unix:{path}", "--set", "database.path=other.sqlite3")
        assert (taken.returncode, "address already in use" in taken.stderr) == (78, True)
        assert f"listening on unix:{path}" in end(process)
    assert not path.exists()
    path.write_text("mine")
    refused = run("run", "--host", f"unix:{path}")
    assert "is there, and no socket" in refused.stderr
    assert path.read_text() == "mine"


def test_it_listens_at_a_socket_that_it_is_handed(tmp_path: Path) -> None:
    """As systemd hands one over."""
    with socket.create_server(("127.0.0.1", 0)) as handed:
        number, url = handed.fileno(), f"http://127.0.0.1:{handed.getsockname()[1]}"
        with (
            started(tmp_path, "--host", f"fd:{number}", handed=number) as process,
            httpx.Client(base_url=url) as client,
        ):
            assert wait_for(client, "/readyz", 200).is_success
            assert f"listening on {url}" in end(process)


@pytest.mark.parametrize("host", ["[::1]", "*", "::1"])
def test_it_listens_at_what_others_write(tmp_path: Path, host: str) -> None:
    """In brackets as in a URL, and at all addresses."""
    at = "127.0.0.1" if host == "*" else "::1"
    with socket.create_server(
        (at, 0), family=socket.AF_INET6 if ":" in at else socket.AF_INET
    ) as free:
        port = free.getsockname()[1]
    url = f"http://[{at}]:{port}" if ":" in at else f"http://{at}:{port}"
    with (
        started(tmp_path, "--host", host, "--port", str(port)),
        httpx.Client(base_url=url) as client,
    ):
        assert wait_for(client, "/livez", 200).is_success


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:ink.sock", "write the path whole"),
        ("fd:three", "name the socket by its number"),
        ("fd:77", "is no socket of this process"),
        ("fd:0", "is no socket of this process"),
        ("unix:/nowhere/ink.sock", "no such file or directory"),
        (f"unix:/tmp/{'x' * 120}", "too long"),
        ("nowhere.invalid", "no such address"),
    ],
)
def test_what_cannot_be_listened_at_is_told(run: Run, host: str, said: str) -> None:
    """In a line, with what to write."""
    refused = run("run", "--host", host)
    assert refused.returncode == 78
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_stops_so_that_nobody_notices(tmp_path: Path) -> None:
    """First it says that it will, and answers all the same; then it ends. Or at once, if told again."""
    with running(tmp_path, "--set", "http.drain_seconds=600") as (base, process):
        with httpx.Client(base_url=base) as client:
            assert wait_for(client, "/readyz", 200).is_success
            process.send_signal(signal.SIGTERM)
            told = wait_for(client, "/readyz", 503).json()
            assert (told["status"], told["reasons"][0]["code"]) == ("stopping", "stopping")
            for _ in range(3):
                assert client.get("/blocks").is_success
                assert httpx.get(f"{base}/livez").is_success  # at a new connection
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == -signal.SIGTERM
    with running(tmp_path, "--set", "http.drain_seconds=1") as (base, process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == -signal.SIGTERM


def test_interrupting_twice_is_no_wall_of_text(tmp_path: Path) -> None:
    """While a body stalls: the first waits for it, the second does not."""
    with running(tmp_path) as (base, process):
        port = int(base.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as stalled:
            stalled.sendall(b"PUT /graph HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.stderr
            said = process.stderr.read()
            process.wait(BOUND_SECONDS)
    assert "Traceback" not in said
    assert len(said.splitlines()) < 20, said


def test_settings_of_logging_hold_under_another_server(tmp_path: Path) -> None:
    """Our lines are written as they say, if whoever serves has not arranged for them."""
    environ = clean_environ(INKCRE_LOGGING__FORMAT="json", INKCRE_LOGGING__LEVEL="debug")
    path = tmp_path / "ink.sock"
    command = [
        str(Path(COMMAND).with_name("uvicorn")),
        "--factory",
        "inkcre.app:create_app",
        "--uds",
        str(path),
    ]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_at(path)
    with client_at(path) as client:
        assert wait_for(client, "/livez", 200).is_success
    os.kill(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=BOUND_SECONDS)
    ours = [line for line in said.splitlines() if line.startswith("{")]
    assert any('"logger": "inkcre.access"' in line and "/livez" in line for line in ours), said
