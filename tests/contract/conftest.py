"""The contract needs a base URL and nothing else, and shares the base with other tests.

``pytest tests/contract --base-url http://…`` runs it against any deployment. Each test writes
content of its own, so none depends on what is there.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import httpx2 as httpx
import pytest

from inkcre.app import create_app
from tests.buckets import serve_bucket
from tests.conftest import (
    DRIVERS,
    TCP_VARIABLE,
    database_name,
    new_postgres_database,
    postgres_settings,
    sqlite_settings,
)
from tests.edge import homes as edge
from tests.homes import mount, serve_app
from tests.poolers import pooling

PREFIX = "/ink"
PREFIXED = ("sqlite-mounted", "sqlite-root-path")
"""Under a prefix: of an application that mounts ours, and of a proxy that takes it off, which the
server is told as ``--root-path``."""

POOLED = "postgres-pgbouncer"
"""Behind a pooler by transaction; ``make soak ARGS=poolers`` has the other mode, and both drivers."""

HOMES = ("sqlite", *PREFIXED, *DRIVERS, POOLED, *edge.HOMES)
SMALL_BODY_BYTES = 8 * 1024 * 1024
SMALL: dict[str, Any] = {
    "database.migrate_on_start": True,
    "http.max_body_bytes": SMALL_BODY_BYTES,
    "http.max_file_bytes": 100_000_000,
    "scheduler.tick_seconds": 1,
    **edge.SAMPLE,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test in every home, or against the one that was named."""
    if "home" in metafunc.fixturenames:
        context = metafunc.config.getoption("--base-url")
        homes = [context] if context else HOMES
        metafunc.parametrize("home", homes, indirect=True, scope="session")


@dataclass(frozen=True)
class Home:
    """Where the application is served, and under which prefix its clients see it."""

    url: str
    prefix: str = ""
    is_taken_off: bool = False
    """Whether a proxy takes the prefix off before the server sees a request."""

    def target(self, path: str) -> str:
        """Return what stands in the first line of a request for a path, as the server reads it."""
        return path if self.is_taken_off else self.prefix + path

    def sent(self, url: httpx.URL) -> httpx.URL:
        """Return where a request goes that a client makes."""
        if not self.is_taken_off:
            return url
        return url.copy_with(raw_path=url.raw_path.removeprefix(self.prefix.encode()))


@pytest.fixture(scope="session")
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """Return a home with an empty base."""
    if request.param.startswith("http"):
        yield Home(request.param, httpx.URL(request.param).path.rstrip("/"))
        return
    if request.param in edge.HOMES:
        yield Home(edge.base_url(request.param))
        return
    with ExitStack() as stack:
        notes = tmp_path_factory.mktemp("notes")
        overrides = {**SMALL, **edge.LOOPBACK, "sources.folders": [str(notes)]}
        if request.param in (*DRIVERS, POOLED):
            overrides["database.driver"] = DRIVERS.get(request.param, "psycopg")
            overrides["storage"] = stack.enter_context(serve_bucket())
            url = new_postgres_database()
            if request.param == POOLED:
                direct = os.environ[TCP_VARIABLE].replace("NAME", database_name(url))
                url = stack.enter_context(pooling(direct, pool_mode="transaction"))
            settings = postgres_settings(url, **overrides)
        else:
            folder = tmp_path_factory.mktemp("home")
            overrides["storage.path"] = str(folder / "files")
            settings = sqlite_settings(folder / "base.sqlite3", **overrides)
        app = create_app(settings)
        if request.param == "sqlite-mounted":
            url = stack.enter_context(serve_app(mount(app, PREFIX)))
            yield Home(url + PREFIX, PREFIX)
        elif request.param == "sqlite-root-path":
            url = stack.enter_context(serve_app(app, root_path=PREFIX))
            yield Home(url + PREFIX, PREFIX, is_taken_off=True)
        else:
            yield Home(stack.enter_context(serve_app(app)))


class Patient(httpx.HTTPTransport):
    """Ask again when a home is busy, as it asks to: other tests share it, and its room for bodies."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.home = home

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is let in."""
        body = list(cast("Iterable[bytes]", request.stream))
        while True:
            sent = httpx.Request(
                request.method, self.home.sent(request.url), headers=request.headers,
                content=body if any(body) else None,
                extensions=request.extensions,
            )  # fmt: skip
            response = super().handle_request(sent)
            if response.status_code != 503 or b"Worker is busy" not in response.read():
                return response
            time.sleep(0.2)


@pytest.fixture
def api(home: Home) -> Iterator[httpx.Client]:
    """Return a client of the home."""
    with httpx.Client(base_url=home.url, timeout=60, transport=Patient(home)) as client:
        yield client


@pytest.fixture
def max_body_bytes(api: httpx.Client) -> int:
    """Return how large a request's body may be in this home."""
    return int(api.get("/capabilities").json()["limits"]["max_body_bytes"])


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Return text that no other test has."""
    mark = uuid.uuid4().hex
    return lambda text: f"{text} {mark}"


Json = dict[str, Any]


def follow(api: httpx.Client, address: str) -> httpx.Response:
    """Get what a header such as Location leads to: a URL, or a path on the same host."""
    return api.get(api.base_url.join(address))


def located(api: httpx.Client, path: str) -> str:
    """Return the Location of a path, as the clients of the home see it."""
    return api.base_url.path.rstrip("/") + path


def block(content: str, resolver: str = "text", storage: str | None = None) -> Json:
    """Write a block's form."""
    return {"resolver": resolver, "content": content, **({"storage": storage} if storage else {})}


def star(centre: Json, *out: tuple[str, Json], into: tuple[tuple[str, Json], ...] = ()) -> Json:
    """Write a star form."""

    def arm(other: Json) -> Json:
        return other if "block" in other else {"block": other}

    return {
        "block": centre,
        "out_relations": [{"relation": {"content": c}, "to_block": arm(b)} for c, b in out],
        "in_relations": [{"relation": {"content": c}, "from_block": arm(b)} for c, b in into],
    }


def expect_problem(response: httpx.Response, status: int, code: str, *words: str) -> Json:
    """Check that a response is an RFC 9457 problem of a kind and says some words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: Json = response.json()
    assert problem["type"] == f"urn:inkcre:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    for word in words:
        assert word in problem["detail"], problem
    return problem
