"""Uploads by clients that are slow, that hang up, and that send nonsense, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from inkcre.http import streams
from tests.conftest import sqlite_settings
from tests.homes import serve

MIB = 1024 * 1024


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve a base with files in a folder."""
    overrides = {"storage.path": str(tmp_path / "files"), "http.worker_threads": 2, "web.private_hosts": ["127.0.0.1"]}  # fmt: skip
    with serve(sqlite_settings(tmp_path / "base.sqlite3", **overrides)) as served:
        yield served


def begin(url: str, head: str, body: bytes) -> socket.socket:
    """Send the beginning of a request; give the connection."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=20)
    connection.sendall(f"{head}\r\nHost: x\r\n\r\n".encode() + body)
    return connection


def files(folder: Path) -> list[str]:
    """List what is on the disk."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


def wait_until(check: object, seconds: float = 10) -> None:
    """Wait for something to hold."""
    assert callable(check)
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("sent", [1000, 5 * MIB])
def test_client_that_hangs_up_leaves_nothing(url: str, tmp_path: Path, sent: int) -> None:
    """Neither a file, nor a part of one, nor a block."""
    with begin(url, f"POST /files HTTP/1.1\r\nContent-Length: {10 * MIB}", bytes(sent)):
        if sent > MIB:
            wait_until(lambda: files(tmp_path / "files"))
    wait_until(lambda: not files(tmp_path / "files"))
    assert httpx.get(f"{url}/blocks").json()["blocks"] == []


def test_slow_clients_keep_nobody_waiting(url: str) -> None:
    """As many as there are threads for them: the others are answered at once."""
    head = "POST /files HTTP/1.1\r\nContent-Length: 1000"
    slow = [begin(url, head, b"x") for _ in range(streams.THREADS)]
    try:
        for _ in range(10):
            assert httpx.get(f"{url}/blocks", timeout=5).status_code == 200
    finally:
        for connection in slow:
            connection.close()


def test_client_that_falls_silent_is_given_up(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told so; nothing is kept."""
    monkeypatch.setattr(streams, "SILENT_SECONDS", 0.3)
    with begin(url, f"POST /files HTTP/1.1\r\nContent-Length: {5 * MIB}", bytes(3 * MIB)) as client:
        assert b"504" in client.recv(4096).partition(b"\r\n")[0]
    assert files(tmp_path / "files") == []


def test_header_of_a_form_is_bounded(url: str) -> None:
    """A form whose header never ends is refused long before the limit of files."""
    head = b"--x\r\nContent-Disposition: " + b"a" * MIB
    answer = httpx.post(
        f"{url}/files", content=head, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 422
    assert "the form is broken" in answer.json()["detail"]


def test_reader_that_hangs_up_is_let_go(url: str) -> None:
    """In the middle of a large file; the server goes on."""
    made = httpx.post(f"{url}/files", content=bytes(20 * MIB)).json()
    for _ in range(5):
        with closing(begin(url, f"GET /blocks/{made['id']}/content HTTP/1.1", b"")) as client:
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert len(httpx.get(f"{url}/blocks/{made['id']}/content").content) == 20 * MIB
