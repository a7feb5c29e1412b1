"""An application as a guest: in a process, an event loop, and tests that are somebody else's."""

import gc
import logging
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from inkcre.app import create_app, mount
from inkcre.sections.schema import load_settings

MEMORY = {"database.path": ":memory:", "storage.kind": "memory", "scheduler.kind": "off"}


def guest(**overrides: Any) -> FastAPI:
    """Make an application that leaves nothing behind."""
    return create_app(profile="dev", overrides={**MEMORY, **overrides}, environ={})


def open_and_close() -> list[weakref.ref[Any]]:
    """Use an application, close it, and return what should be gone then."""
    app = guest()
    with TestClient(app) as client:
        assert client.post("/files", content=b"x" * 2_000_000).status_code == 201
        for path in ("/openapi.json", "/metrics", "/readyz", "/blocks", "/blocks/1/content"):
            assert client.get(path).status_code == 200
    kept = app.state.components
    return [weakref.ref(each) for each in (app, kept.storage, kept.database, kept.keyvalue)]


def test_closed_application_is_forgotten() -> None:
    """With its files: FastAPI remembers functions, and what they enclose."""
    gone = [ref for _ in range(5) for ref in open_and_close()]
    gc.collect()
    assert [ref() for ref in gone if ref() is not None] == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_threads_of_the_loop_stay_those_of_the_host(anyio_backend: str) -> None:
    """Two guests have threads of their own, and one that goes takes none of the other's."""
    first, second = guest(**{"http.worker_threads": 1}), guest(**{"http.worker_threads": 2})
    before = to_thread.current_default_thread_limiter().total_tokens
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(first.router.lifespan_context(first))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(first), base_url="http://guest")
        async with second.router.lifespan_context(second):
            assert to_thread.current_default_thread_limiter().total_tokens == before
            at_once = threading.Barrier(30)
            async with anyio.create_task_group() as host:
                for _ in range(30):
                    host.start_soon(to_thread.run_sync, at_once.wait, 60)
            answer = await client.get("/blocks")
        assert answer.status_code == 200
        assert (await client.get("/blocks")).status_code == 200
        await client.aclose()
    assert to_thread.current_default_thread_limiter().total_tokens == before


def broken() -> FastAPI:
    """Make an application with a route that fails as nobody foresaw."""
    app = guest()

    @app.get("/broken")
    def fail() -> None:
        raise ZeroDivisionError("mine")

    return app


def test_test_client_is_raised_what_nobody_foresaw() -> None:
    """As of any application; who does not want it asks for the answer."""
    with TestClient(broken()) as client, pytest.raises(ZeroDivisionError, match="mine"):
        client.get("/broken")
    with TestClient(broken(), raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:inkcre:problem:unforeseen")


@pytest.mark.parametrize("key", [Exception, 500])
def test_handler_of_ones_own_answers(key: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw; it is logged all the same, and no other error goes there."""
    app = broken()

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"mine": f"{request.url.path} {error}"}, 418)

    app.add_exception_handler(key, answer)
    with TestClient(app, raise_server_exceptions=False) as client:
        mine, missing = client.get("/broken"), client.get("/blocks/77")
    assert (mine.status_code, mine.json()) == (418, {"mine": "/broken mine"})
    assert missing.status_code == 404
    assert [r.levelno for r in caplog.records if "unforeseen" in r.message] == [logging.ERROR]


def test_wrong_arguments_are_refused_at_the_call() -> None:
    """Not ignored, and not at the first tick."""
    settings = load_settings("dev", overrides=MEMORY, environ={})
    with pytest.raises(TypeError, match="settings are given; profile, environ would be ignored"):
        create_app(settings, profile="dev", environ={})
    with pytest.raises(TypeError, match="made by load_settings"):
        create_app("dev")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="aware times"):
        create_app(settings, clock=datetime.now)


def test_mounting_takes_one_line() -> None:
    """It starts and stops with its host, whose own lifespan is played too."""
    played = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        played.append("start")
        yield {"mine": "kept"}
        played.append("stop")

    host = FastAPI(lifespan=lifespan)
    app = guest()
    mount(host, "/ink", app)

    @host.get("/mine")
    async def mine(request: Request) -> str:
        return str(request.state.mine)

    star = {"block": {"resolver": "text", "content": "a"}}
    with TestClient(host) as client:
        assert client.put("/ink/graph", json=star).is_success
        assert client.get("/ink/metrics").is_success
        assert client.get("/mine").json() == "kept"
        assert app.state.is_started
    assert not app.state.is_started
    assert played == ["start", "stop"]
