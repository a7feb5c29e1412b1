"""How an application starts, is refused, and ends, in processes of its own and of others."""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import httpx2 as httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from inkcre.app import create_app
from inkcre.assembly import adapters
from inkcre.errors import SchemaBehind, Unsupported
from tests.cli.conftest import COMMAND, clean_environ
from tests.conftest import new_postgres_database, postgres_settings
from tests.homes import mount
from tests.proxies import CountingProxy

WAIT_SECONDS = 30


def drop_database(url: str) -> None:
    """Drop a database, as a fixture does behind its test: refused while a connection is open."""
    server, _, rest = url.partition("?")
    base, _, name = server.rpartition("/")
    with psycopg.connect(f"{base}/postgres?{rest}", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}".encode())


@pytest.mark.parametrize("is_mounted", [False, True])
def test_refused_start_leaves_no_connection(is_mounted: bool) -> None:
    """Without a schema nothing is served, and the database can be dropped at once."""
    url = new_postgres_database()
    app = create_app(postgres_settings(url))
    served = mount(app, "/ink") if is_mounted else app
    with pytest.raises(SchemaBehind), TestClient(served):
        pass
    drop_database(url)


def test_start_that_fails_later_leaves_no_connection(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that cannot be had behind the database."""
    app = create_app(postgres_settings(postgres_url))
    monkeypatch.setattr(adapters, "ADAPTERS", {**adapters.ADAPTERS, "scheduler": {}})
    with pytest.raises(Unsupported, match="scheduler"), TestClient(app):
        pass
    drop_database(postgres_url)


class Door:
    """The port of a database that does not answer until it is opened."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port
        self._server_port = parts.port
        self._proxy: CountingProxy | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        who = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{who}@127.0.0.1:{self.port}"))

    def open(self) -> None:
        """Let the database answer from now on."""
        self._proxy = CountingProxy(self._server_port, port=self.port)

    def close(self) -> None:
        """Answer no more."""
        if self._proxy:
            self._proxy.close()


@pytest.fixture
def door(postgres_tcp_url: str) -> Iterator[Door]:
    """Return a database without a schema that nobody can reach yet."""
    name = urlsplit(new_postgres_database()).path
    door = Door(urlunsplit(urlsplit(postgres_tcp_url)._replace(path=name)))
    yield door
    door.close()


@pytest.mark.parametrize("is_mounted", [False, True])
def test_late_refusal_ends_no_process_of_others(
    door: Door, is_mounted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A schema that turns out to be behind is said by the log and /readyz; no signal is raised."""
    raised: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        raised.append(number)

    former = signal.signal(signal.SIGTERM, note)
    app = create_app(postgres_settings(door.url))
    prefix = "/ink" if is_mounted else ""
    try:
        with (
            caplog.at_level(logging.CRITICAL, "inkcre"),
            TestClient(mount(app, prefix) if is_mounted else app) as client,
        ):
            before = client.get(f"{prefix}/readyz")
            assert (before.status_code, before.json()["reasons"][0]["code"]) == (503, "unavailable")
            door.open()
            deadline = time.monotonic() + WAIT_SECONDS
            while "the schema of framework is at nothing" not in caplog.text:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            after = client.get(f"{prefix}/readyz")
            assert after.status_code == 503
            (reason,) = after.json()["reasons"]
            assert (reason["code"], reason["hint"]) == ("schema_behind", "run `inkcre migrate`")
            assert "run `inkcre migrate`" in caplog.text
            assert client.get(f"{prefix}/livez").status_code == 200
    finally:
        signal.signal(signal.SIGTERM, former)
    assert raised == []


def test_run_ends_by_a_late_refusal(door: Door, tmp_path: Path) -> None:
    """The process is ours: it ends as it does when the schema is behind at its start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [COMMAND, "run", "--profile", "server", "--set", f"http.port={port}",
         "--set", "http.host=127.0.0.1", "--set", "logging.format=console"],
        cwd=tmp_path, env=clean_environ(INKCRE_DATABASE__URL=door.url),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 503
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)
        door.open()
        _, said = process.communicate(timeout=WAIT_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 78, said
    assert "error[schema_behind]: database: the schema of framework is at nothing" in said
    assert "help: run `inkcre migrate`" in said
    assert "Traceback" not in said


def test_mounted_application_that_was_never_started_says_so() -> None:
    """A mount plays no lifespan of what it mounts: 503 says how it is started, where anything asks."""
    app = create_app(profile="dev", overrides={"database.path": ":memory:"}, environ={})
    mine = mount(app, "/ink")
    with TestClient(app):
        pass  # started once, and ended
    client = TestClient(mine)
    answer = client.get("/ink/blocks")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:inkcre:problem:schema_behind"
    assert "app.router.lifespan_context(app)" in answer.json()["hint"]
    ready = client.get("/ink/readyz")
    assert (ready.status_code, ready.json()["reasons"][0]["hint"]) == (503, answer.json()["hint"])
    with client:
        assert client.get("/ink/readyz").status_code == 200
        assert client.get("/ink/blocks").json()["blocks"] == []
