"""Uploads by clients that are slow, that hang up, and that send nonsense, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
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


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[str]:
    """Serve one that waits for nobody longer than a second."""
    overrides = {"storage.path": str(tmp_path / "files"), "http.body_silent_seconds": 1}
    with serve(sqlite_settings(tmp_path / "base.sqlite3", **overrides)) as served:
        yield served


def begin(url: str, head: str, body: bytes) -> socket.socket:
    """Send the beginning of a request; give the connection."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=20)
    connection.sendall(f"{head}\r\nHost: x\r\n\r\n".encode() + body)
    return connection


def files(folder: Path) -> list[str]:
    """List what is on the disk, but for what says whose it is."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in found if "inkcre+" not in path.parts]


def put_aside() -> list[str]:
    """List the files without a name that this process has open, and so the server in it."""
    opened = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of this listing
            opened.append(str(link.readlink()))
    return [path for path in opened if "(deleted)" in path]


def wait_until(check: object, seconds: float = 10) -> None:
    """Wait for something to hold."""
    assert callable(check)
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def places_taken(url: str, folder: Path) -> Iterator[list[str]]:
    """Have all of those taken whose files go straight where they are kept; give these files."""
    head = f"POST /files HTTP/1.1\r\nContent-Length: {10 * MIB}"
    with ExitStack() as stack:
        for _ in range(streams.STRAIGHT):
            stack.enter_context(begin(url, head, bytes(5 * MIB)))
        wait_until(lambda: len(files(folder)) == streams.STRAIGHT)
        yield files(folder)


@pytest.mark.parametrize("sent", [1000, 5 * MIB])
def test_client_that_hangs_up_leaves_nothing(url: str, tmp_path: Path, sent: int) -> None:
    """Neither a file, nor a part of one, nor a block."""
    with begin(url, f"POST /files HTTP/1.1\r\nContent-Length: {10 * MIB}", bytes(sent)):
        if sent > MIB:
            wait_until(lambda: files(tmp_path / "files"))
    wait_until(lambda: not files(tmp_path / "files"))
    assert httpx.get(f"{url}/blocks").json()["blocks"] == []


def test_what_was_put_aside_is_let_go(url: str, tmp_path: Path) -> None:
    """It has no name, and is no file for anybody else; when its client hangs up it is gone."""
    before = len(put_aside())
    with places_taken(url, tmp_path / "files") as others:
        with begin(url, f"POST /files HTTP/1.1\r\nContent-Length: {10 * MIB}", bytes(5 * MIB)):
            wait_until(lambda: len(put_aside()) > before)
            assert files(tmp_path / "files") == others
        wait_until(lambda: len(put_aside()) == before)
    wait_until(lambda: not files(tmp_path / "files"))
    assert httpx.get(f"{url}/blocks").json()["blocks"] == []


@pytest.mark.parametrize("sent", [1, 200_000, 2 * MIB])
def test_slow_clients_keep_nobody_waiting(url: str, sent: int) -> None:
    """As many as there are threads, and more: other uploads are answered at once as well."""
    head = f"POST /files HTTP/1.1\r\nContent-Length: {10 * MIB}"
    made = httpx.post(f"{url}/files", content=b"a file").json()
    slow = [begin(url, head, bytes(sent)) for _ in range(3 * streams.THREADS)]
    try:
        for _ in range(10):
            assert httpx.get(f"{url}/blocks", timeout=5).status_code == 200
            content = httpx.get(f"{url}/blocks/{made['id']}/content", timeout=5)
            assert content.content == b"a file"
            again = httpx.post(f"{url}/files", content=b"a file", timeout=5)
            assert (again.status_code, again.json()) == (200, made)
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize(
    "head",
    [
        f"POST /files HTTP/1.1\r\nContent-Length: {5 * MIB}",
        f"POST /files HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: {5 * MIB}",
        f"PUT /graph HTTP/1.1\r\nContent-Length: {5 * MIB}",
        f"POST /blocks HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {5 * MIB}",
        "POST /blocks HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked",
    ],
)
def test_client_that_falls_silent_is_given_up(impatient: str, tmp_path: Path, head: str) -> None:
    """It is told so, and hung up on; nothing is kept. A file, or what FastAPI reads itself."""
    begun = b"" if "chunked" in head or "gzip" in head else bytes(3 * MIB)
    with begin(impatient, head, begun) as client:
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"urn:inkcre:problem:too_slow" in answer
    assert b"connection: close" in answer
    assert files(tmp_path / "files") == []


@pytest.mark.parametrize("is_busy", [False, True])
def test_large_body_is_kept_as_it_was(url: str, tmp_path: Path, *, is_busy: bool) -> None:
    """In a form and by itself, straight or put aside: all bytes come, in their order."""
    content = bytes(number * number % 251 for number in range(3 * MIB))
    forms: list[dict[str, Any]] = [{"content": content}, {"files": {"file": ("a.bin", content)}}]
    with places_taken(url, tmp_path / "files") if is_busy else nullcontext():
        for sent in forms:
            made = httpx.post(f"{url}/files", **sent).json()
            assert httpx.get(f"{url}/blocks/{made['id']}/content").content == content


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


def test_client_that_drips_is_given_up(impatient: str) -> None:
    """It has to come with some speed on the whole, after the first minute."""
    with begin(impatient, "POST /files HTTP/1.1\r\nContent-Length: 1000", b"x") as client:
        client.settimeout(0.1)
        answer = b""
        for _ in range(100):
            try:
                client.sendall(b"x")
                answer += client.recv(4096)
            except TimeoutError:
                continue
            break
        assert b"408" in answer.partition(b"\r\n")[0]


def test_page_that_leads_back_to_here_is_refused(url: str) -> None:
    """A block at whose address is its own content would wait for itself."""
    form = {"resolver": "webpage", "storage": "url", "content": f"{url}/blocks/1/content"}
    assert httpx.post(f"{url}/blocks", json=form).json()["id"] == 1
    answer = httpx.get(f"{url}/blocks/1/content", timeout=10)
    assert answer.status_code == 502
    assert "answered 403" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:9", "sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
    ],
)
def test_page_of_another_site_changes_nothing(url: str, headers: dict[str, str]) -> None:
    """Though a browser would send it what it can send without asking."""
    for content_type in ("text/plain", "multipart/form-data; boundary=x"):
        answer = httpx.post(
            f"{url}/files", content=b"x", headers={**headers, "content-type": content_type}
        )
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:inkcre:problem:cross_site"
    assert httpx.get(f"{url}/blocks", headers=headers).json()["blocks"] == []


def test_own_pages_and_other_clients_may_change(url: str) -> None:
    """A page of this site, a person at a form, a program."""
    host = urlsplit(url).netloc
    for headers in ({}, {"sec-fetch-site": "none"}, {"sec-fetch-site": "same-origin", "origin": url}, {"origin": f"http://{host}"}):  # fmt: skip
        assert httpx.post(f"{url}/files", content=b"x", headers=headers).status_code in (200, 201)


def test_long_name_is_cut(url: str) -> None:
    """Whatever text a block is related to as its name."""
    made = httpx.post(f"{url}/files", content=b"x").json()
    graph = {
        "block": {"id": made["id"]},
        "out_relations": [
            {"relation": {"content": "named"}, "to_block": {"block": {"resolver": "text", "content": "a\n\x1b[31m/" + "b" * 10**6}}}
        ],
    }  # fmt: skip
    assert httpx.put(f"{url}/graph", json=graph).status_code == 200
    disposition = httpx.get(f"{url}/blocks/{made['id']}/content").headers["content-disposition"]
    assert len(disposition) < 2000


def test_boundary_that_cannot_be_is_said(url: str) -> None:
    """One of more letters than there may be."""
    answer = httpx.post(f"{url}/files", content=b"x", headers={"content-type": f"multipart/form-data; boundary={'b' * 300}"})  # fmt: skip
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content-type")
