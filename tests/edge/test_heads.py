"""Heads of requests that are larger than they may be, inside the Worker."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.edge import homes

SENT = "a" * 70_000
LONGEST_OF_WORKERD = 60_000
"""workerd answers 414 by itself to a target of more than 65,535 bytes, in plain text."""

TOO_LONG = ("urn:inkcre:problem:target_too_long", 414)
TOO_LARGE = ("urn:inkcre:problem:headers_too_large", 431)


def ask(url: str, target: str, *headers: tuple[str, str]) -> tuple[str, int]:
    """Ask for what no client of ours would; return the type and status of the problem."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.request("GET", target, headers=dict(headers))
        answer = connection.getresponse()
        assert answer.getheader("content-type") == "application/problem+json"
        assert len(answer.getheader("x-request-id") or "") == 32
        problem = json.loads(answer.read())
    finally:
        connection.close()
    assert problem["status"] == answer.status
    return problem["type"], answer.status


def refuse_all(url: str, longest: int = len(SENT)) -> None:
    """See each refused with the problem that a process answers, and the next request taken."""
    assert ask(url, f"/{SENT[:longest]}") == TOO_LONG
    assert ask(url, f"/blocks?limit={SENT[:longest]}") == TOO_LONG
    assert ask(url, "/livez", ("X", SENT)) == TOO_LARGE
    assert ask(url, "/livez", *((f"X-{number}", "a" * 90) for number in range(800))) == TOO_LARGE
    assert ask(url, f"/{SENT[:16_000]}")[1] == 404


@pytest.mark.parametrize("home", list(homes.HOMES))
def test_head_that_is_too_large_is_a_problem(home: str) -> None:
    """As far as the platform hands it on: Cloudflare answers a target of so much by itself."""
    refuse_all(homes.base_url(home))
