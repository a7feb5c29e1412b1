"""Heads of requests, byte by byte: what `inkcre run` answers where no client would send it."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from inkcre.app import create_app
from inkcre.process.connections import ConnectionGuard
from inkcre.process.serve import make_options
from tests.conftest import sqlite_settings
from tests.homes import serve_app

LIMIT_BYTES = 1_000_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Serve a base as `inkcre run` does."""
    folder = tmp_path_factory.mktemp("base")
    settings = sqlite_settings(
        folder / "base.sqlite3",
        **{"database.migrate_on_start": True, "http.max_body_bytes": LIMIT_BYTES},
    )
    options = make_options(settings.http, ConnectionGuard(settings.http))
    with serve_app(create_app(settings), **options) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


def exchange(address: tuple[str, int], *parts: bytes) -> tuple[int, dict[str, str], Any]:
    """Send bytes; give the status, the headers and the body of the answer."""
    with socket.create_connection(address, timeout=30) as client:
        with suppress(ConnectionError):  # it may be refused before it has all been sent
            for part in parts:
                client.sendall(part)
        answer = client.makefile("rb")
        status = int(answer.readline().split()[1])
        headers = {}
        while (line := answer.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            headers[name] = value
        return status, headers, json.loads(answer.read(int(headers["content-length"])))


def get(target: str = "/livez", *lines: str, version: str = "1.1") -> bytes:
    """Write a request's head."""
    return "\r\n".join((f"GET {target} HTTP/{version}", *lines, "", "")).encode()


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (get(), 400, "malformed_header"),
        (get("/livez", "Host: a", "Host: b"), 400, "malformed_header"),
        (get("/livez", "Host: a", "Host: a"), 400, "malformed_header"),
        (b"GARBAGE\r\n\r\n", 400, "malformed_header"),
        (b"GET / HTTP/7.5\r\n\r\n", 400, "malformed_header"),
        (get("/livez", "Host: a", "No colon"), 400, "malformed_header"),
        (get(f"/blocks?limit={'1' * 17_000}", "Host: a"), 414, "target_too_long"),
        (get(f"/blocks?limit={'1' * 70_000}", "Host: a"), 414, "target_too_long"),
        (get(f"/{'a' * 200_000}", "Host: a"), 414, "target_too_long"),
        (get("/livez", "Host: a", f"X: {'a' * 70_000}"), 431, "headers_too_large"),
        (get("/livez", "Host: a", *(f"X-{n}: {'a' * 90}" for n in range(700))), 431, "headers_too_large"),
        (get("/livez", "Host: a", f"X: {'a' * 3_000_000}"), 431, "headers_too_large"),
        (get("/livez", "Host: a", *(f"X-{n}: a" for n in range(256))), 431, "headers_too_large"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_wrong_head_is_a_problem(
    address: tuple[str, int], request_bytes: bytes, status: int, code: str
) -> None:
    """With an id, as all of them."""
    answered, headers, problem = exchange(address, request_bytes)
    assert (answered, problem["status"]) == (status, status)
    assert problem["type"] == f"urn:inkcre:problem:{code}"
    assert headers["content-type"] == "application/problem+json"
    assert len(headers["x-request-id"]) == 32


def test_head_without_an_end_is_taken_no_further(address: tuple[str, int]) -> None:
    """A server keeps what is not whole."""
    parts = [b"a" * 100_000] * 100
    status, headers, _ = exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", *parts)
    assert (status, headers["connection"]) == (431, "close")


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(version="1.0"),
        get("/livez", "Host: "),
        get("/livez", "Host: a", *(f"X-{n}: {'a' * 90}" for n in range(255))),
    ],
    ids=("former", "nameless", "many headers"),
)
def test_former_version_and_no_name_are_taken(
    address: tuple[str, int], request_bytes: bytes
) -> None:
    """Before HTTP/1.1 there was no Host, and who asks by an address may have none to say."""
    assert exchange(address, request_bytes)[0] == 200


def post(size: int, *lines: str) -> bytes:
    """Write the head of a request with a body of some size."""
    said = (f"Content-Length: {size}", "Content-Type: application/json", *lines)
    return "\r\n".join(("POST /blocks HTTP/1.1", "Host: a", *said, "", "")).encode()


@pytest.mark.parametrize("parts", [1, 40])
def test_refused_body_is_taken_before_it_is_answered(address: tuple[str, int], parts: int) -> None:
    """Proxies that are answered while they send tell their client 502; and the next request comes."""
    head = post(LIMIT_BYTES * parts + 1)
    status, headers, problem = exchange(address, head, *[b" " * LIMIT_BYTES] * parts, b" ")
    assert (status, problem["status"]) == (413, 413)
    assert "connection" not in headers


def test_body_that_is_far_too_large_is_not_taken(address: tuple[str, int]) -> None:
    """Nor one whose sender has asked before."""
    for head in (post(10**9), post(LIMIT_BYTES + 1, "Expect: 100-continue")):
        status, headers, _ = exchange(address, head)
        assert (status, headers["connection"]) == (413, "close")
