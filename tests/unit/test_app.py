"""The app factory, its lifecycle, and what stands around every request."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from inkcre.app import create_app
from inkcre.assembly.adapters import load_adapter
from inkcre.core import INKCRE
from inkcre.errors import SchemaBehind, Unsupported
from inkcre.http.router import Router
from inkcre.sections.schema import load_settings
from inkcre.settings.report import SettingsError
from tests.conftest import sqlite_settings

MEMORY = {"database.path": ":memory:"}


def test_app_is_made_without_any_environment() -> None:
    """A profile and an override are enough."""
    app = create_app(profile="dev", overrides=MEMORY)
    with TestClient(app) as client:
        assert client.get("/heartbeat").json()["profile"] == "dev"
        assert client.post("/blocks", json={"resolver": "text", "content": "x"}).status_code == 201


def test_apps_share_nothing() -> None:
    """Two applications in one process are two bases."""
    one, two = (create_app(profile="dev", overrides=MEMORY, environ={}) for _ in range(2))
    with TestClient(one) as first, TestClient(two) as second:
        first.post("/blocks", json={"resolver": "text", "content": "x"})
        assert len(first.get("/blocks").json()["blocks"]) == 1
        assert second.get("/blocks").json()["blocks"] == []


def test_app_takes_settings(tmp_path: Path) -> None:
    """A settings value is used as it is."""
    settings = sqlite_settings(tmp_path / "base.sqlite3", **{"app.title": "Mine"})
    assert create_app(settings).title == "Mine"


def test_making_an_app_does_no_io(tmp_path: Path) -> None:
    """Neither the file nor its folder is there before the application starts."""
    app = create_app(sqlite_settings(tmp_path / "deep" / "base.sqlite3"))
    assert not (tmp_path / "deep").exists()
    with TestClient(app):
        assert (tmp_path / "deep" / "base.sqlite3").exists()


def test_wrong_settings_are_reported_by_the_factory() -> None:
    """The report is the exception."""
    with pytest.raises(SettingsError, match="did you mean `port`"):
        create_app(profile="dev", overrides={"http.prot": 1}, environ={})


def test_kind_without_an_adapter_is_unsupported() -> None:
    """The error names those that there are."""
    with pytest.raises(Unsupported, match=r'scheduler\.kind "sundial"') as caught:
        load_adapter(INKCRE, "scheduler", "sundial")
    assert caught.value.hint == "choose one of apscheduler, cron-trigger, off"


def test_app_refuses_to_start_when_the_schema_is_behind(tmp_path: Path) -> None:
    """Where migrating is not automatic, a base without schema is not served."""
    settings = sqlite_settings(tmp_path / "base.sqlite3", **{"database.migrate_on_start": False})
    with (
        pytest.raises(SchemaBehind, match="the schema of framework is at nothing"),
        TestClient(create_app(settings)),
    ):
        pass


def test_request_before_the_start_says_what_to_run(tmp_path: Path) -> None:
    """Without the lifespan there is no schema: 503 with the command, and with what makes it too."""
    app = create_app(sqlite_settings(tmp_path / "base.sqlite3"))
    answer = TestClient(app).get("/blocks")
    app.state.components.database.close()  # which is the lifespan's to do
    assert answer.status_code == 503
    assert answer.json()["hint"].endswith("run `inkcre migrate`")
    assert "lifespan" in answer.json()["hint"]


def test_docs_can_be_turned_off() -> None:
    """No page and no description."""
    app = create_app(profile="dev", overrides={**MEMORY, "app.docs": False}, environ={})
    with TestClient(app) as client:
        assert [client.get(p).status_code for p in ("/docs", "/redoc", "/openapi.json")] == [
            404
        ] * 3


ORIGIN = {"origin": "https://app.example"}


def cors_client(**cors: Any) -> TestClient:
    """Return a client of an application with CORS settings."""
    overrides = {**MEMORY, **{f"http.cors.{key}": value for key, value in cors.items()}}
    app = create_app(profile="dev", overrides=overrides, environ={})
    return TestClient(app, raise_server_exceptions=False)


def test_no_cors_headers_by_default() -> None:
    """A web page of another origin gets nothing unless it was named."""
    with cors_client() as client:
        assert "access-control-allow-origin" not in client.get("/heartbeat", headers=ORIGIN).headers


def test_named_origin_is_allowed_also_on_errors() -> None:
    """The headers stand on answers of every status, so that a page can read the problem."""
    with cors_client(allow_origins=["https://app.example"]) as client:
        for path in ("/heartbeat", "/blocks/77", "/nowhere", "/blocks/x"):
            headers = client.get(path, headers=ORIGIN).headers
            assert headers["access-control-allow-origin"] == "https://app.example"
        other = client.get("/heartbeat", headers={"origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers
        preflight = {**ORIGIN, "access-control-request-method": "PUT"}
        assert client.options("/graph", headers=preflight).status_code == 200


def test_unforeseen_error_is_a_problem_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours answers 500 as a problem, says nothing of its insides, and is logged."""
    client = cors_client(allow_origins=["https://app.example"])
    app = client.app
    assert isinstance(app, FastAPI)

    @app.get("/fault")
    def fault() -> None:
        raise ZeroDivisionError("inside")

    with client, caplog.at_level(logging.ERROR, "inkcre.http"):
        answer = client.get("/fault", headers=ORIGIN)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "inside" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_threads_are_as_many_as_set() -> None:
    """http.worker_threads is the limit of requests that run at once."""
    app = create_app(profile="dev", overrides={**MEMORY, "http.worker_threads": 3}, environ={})
    router = Router()

    @router.get("/thread")
    def thread() -> PlainTextResponse:
        at_once.wait()
        return PlainTextResponse(threading.current_thread().name)

    app.include_router(router)
    at_once = threading.Barrier(3, timeout=60)  # as many as are asked for meet
    with TestClient(app) as client, ThreadPoolExecutor(6) as callers:
        names = {answer.text for answer in callers.map(client.get, ["/thread"] * 6)}
    assert names == {f"inkcre-request-{number}" for number in range(3)}


def test_lifespan_does_nothing_on_workers() -> None:
    """There it runs around every request."""
    import asyncio
    import threading

    from inkcre.core import INKCRE
    from inkcre.jobs.kinds import load_kinds
    from inkcre.runtime import lifecycle

    settings = load_settings("workers", environ={})
    components, _ = lifecycle.provide_components(settings)
    assert components is None

    work = lifecycle.Work(load_kinds(INKCRE), threading.Event())

    async def start_and_stop() -> None:
        async with lifecycle.running(settings, components, work):
            pass

    asyncio.run(start_and_stop())


def test_app_of_the_workers_profile_takes_bindings(postgres_tcp_url: str) -> None:
    """In a test too: each request opens a connection of its own and closes it."""
    parts = urlsplit(postgres_tcp_url)
    lent = SimpleNamespace(
        host=parts.hostname, port=parts.port, user=parts.username,
        password=parts.password, database=parts.path[1:],
    )  # fmt: skip
    app = create_app(profile="workers", environ={}, bindings={"HYPERDRIVE": lent})
    with TestClient(app) as client:
        assert client.get("/heartbeat").json()["worker"] is True
        made = client.post("/blocks", json={"resolver": "text", "content": "x"})
        assert client.get(made.headers["location"]).json()["content"] == "x"
    with TestClient(create_app(profile="workers", environ={})) as client:
        answer = client.get("/blocks")
        assert answer.status_code == 503
        assert "bindings.HYPERDRIVE" in answer.json()["detail"]


def test_plugin_gives_an_app_and_a_client(inkcre_app: FastAPI, inkcre_client: TestClient) -> None:
    """The pytest plugin for extensions: a fresh base in memory, and a client of it."""
    assert inkcre_client.app is inkcre_app
    made = inkcre_client.post("/blocks", json={"resolver": "text", "content": "x"})
    assert made.json()["id"] == 1


class TestPluginOverrides:
    """An extension's own settings."""

    @pytest.fixture
    def inkcre_overrides(self) -> dict[str, str]:
        """Change a setting."""
        return {"app.title": "Mine"}

    def test_fixture_changes_settings(self, inkcre_app: FastAPI) -> None:
        """inkcre_overrides is laid over the profile."""
        assert inkcre_app.title == "Mine"
