"""Paths under a prefix: what is compared is what is routed, and what is answered leads back."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette._utils import get_route_path

from inkcre.app import create_app
from inkcre.http.paths import place, route_path
from tests.conftest import ROOT
from tests.homes import mount

PIECES = st.lists(st.sampled_from(["/", "//", "ink", "source", "files", "é", "1"]), max_size=6)
PATHS = PIECES.map(lambda pieces: "/" + "".join(pieces))


@given(
    path=PATHS, root_path=st.one_of(st.just(""), PATHS, PATHS.map(lambda path: path.rstrip("/")))
)
def test_path_that_is_compared_is_the_one_that_is_routed(path: str, root_path: str) -> None:
    """Whatever prefix a server or a mount says, in the path or not: as Starlette's router has it."""
    scope = {"type": "http", "path": path, "root_path": root_path}
    assert route_path(scope) == get_route_path(scope)


@pytest.mark.parametrize(
    ("root_path", "address"),
    [
        ("", "/blocks/1"),
        ("/", "/blocks/1"),
        ("/ink", "/ink/blocks/1"),
        ("/ink/", "/ink/blocks/1"),
        ("/of/my own/ç", "/of/my%20own/%C3%A7/blocks/1"),
        ("//elsewhere.example", "/elsewhere.example/blocks/1"),
        ("/\\elsewhere.example\r\nx: y", "/%5Celsewhere.example%0D%0Ax%3A%20y/blocks/1"),
    ],
)
def test_address_has_the_prefix_before_it(root_path: str, address: str) -> None:
    """As a path in ASCII: whatever the prefix says, it names no other host and no second header."""
    assert place({"root_path": root_path}, "/blocks/1") == address


@pytest.mark.parametrize("prefix", ["/ink", "/of/my own/ç", "/source", "/files", "/source/1"])
def test_application_is_mounted_anywhere(prefix: str) -> None:
    """Guards, addresses and links hold, be the prefix of two parts, not ASCII, or a route of ours."""
    overrides = {"database.path": ":memory:", "storage.kind": "memory", "http.max_body_bytes": 1024}
    app = create_app(profile="dev", overrides=overrides, environ={})
    with TestClient(mount(app, prefix), base_url="http://testserver") as client:
        made = client.post(f"{prefix}/files", content=b"x" * 2000)
        assert made.status_code == 201, made.text
        assert client.get(made.headers["location"]).json() == made.json()
        assert client.post(f"{prefix}/blocks", content=b"x" * 2000).status_code == 413
        foreign = {"sec-fetch-site": "cross-site"}
        assert client.get(f"{prefix}/source/1/collect", headers=foreign).status_code == 403
        assert client.get(f"{prefix}/blocks", headers=foreign).status_code == 200
        for content in "ab":
            form = {"from_": made.json()["id"], "to_": made.json()["id"], "content": content}
            assert client.post(f"{prefix}/relations", json=form).status_code == 201
        path = f"{prefix}/relations/by_block/{made.json()['id']}"
        first = client.get(path, params={"limit": 1})
        second = client.get(first.links["next"]["url"])
        assert [found["content"] for found in (*first.json(), *second.json())] == ["a", "b"]


def test_nothing_else_compares_the_path_of_a_scope() -> None:
    """It has the prefix in it: inkcre.http.paths takes it off, and a log line may show it."""
    found = {
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "inkcre").rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"""scope(\[|\.get\()["'](raw_)?path["']""", line) and "logger" not in line
    }
    heads = {one for one in found if one.startswith("heads.py: target = len(")}  # how long it is
    assert found - heads == {'paths.py: path: str = scope["path"]'}


def test_host_keeps_its_own_routes() -> None:
    """What the host answers, it answers."""
    app = create_app(
        profile="dev", overrides={"database.path": ":memory:", "storage.kind": "memory"}, environ={}
    )
    mine: FastAPI = mount(app, "/ink")

    @mine.get("/heartbeat")
    def heartbeat() -> str:
        return "mine"

    with TestClient(mine) as client:
        assert client.get("/heartbeat").json() == "mine"
        assert client.get("/ink/heartbeat").json()["profile"] == "dev"


@pytest.mark.parametrize("taken_off", [True, False])
def test_prefix_may_be_a_setting(*, taken_off: bool) -> None:
    """For servers that are told none, be the prefix taken off by the proxy or not."""
    overrides = {
        "database.path": ":memory:", "storage.kind": "memory",
        "http.max_body_bytes": 1024, "http.root_path": "/ink",
    }  # fmt: skip
    app = create_app(profile="dev", overrides=overrides, environ={})
    before = "" if taken_off else "/ink"
    with TestClient(app) as client:
        made = client.post(f"{before}/files", content=b"x" * 2000)
        assert made.status_code == 201, made.text
        assert made.headers["location"] == "/ink/blocks/1"
        assert client.get(f"{before}/blocks/1").json() == made.json()
        assert client.post(f"{before}/blocks", content=b"x" * 2000).status_code == 413
        foreign = {"sec-fetch-site": "cross-site"}
        assert client.get(f"{before}/source/1/collect", headers=foreign).status_code == 403
        assert client.patch(f"{before}/blocks/recent").status_code == 405
        assert client.get(f"{before}/openapi.json").json()["servers"] == [{"url": "/ink"}]
        assert '"/ink/openapi.json"' in client.get(f"{before}/docs").text.replace("'", '"')
        moved = client.get(f"{before}/", follow_redirects=False)
        assert moved.headers["location"] == "/ink/docs"
