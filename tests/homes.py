"""Homes: the application, served over real HTTP on loopback, on each database."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from inkcre.app import create_app
from inkcre.sections.settings import Settings

START_SECONDS = 30


def mount(app: FastAPI, prefix: str) -> FastAPI:
    """Make an application that has another below a prefix, as docs/serving.md shows it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app.router.lifespan_context(app):
            yield

    mine = FastAPI(lifespan=lifespan)
    mine.mount(prefix, app)
    return mine


@contextmanager
def serve(settings: Settings) -> Iterator[str]:
    """Serve the application of some settings from a thread; give its base URL."""
    with serve_app(create_app(settings)) as url:
        yield url


@contextmanager
def serve_app(app: FastAPI, *, root_path: str = "", **options: Any) -> Iterator[str]:
    """Serve an application from a thread; give its base URL, without the prefix that it is told."""
    options = {"log_config": None, "access_log": False, **options}
    config = uvicorn.Config(app, host="127.0.0.1", port=0, root_path=root_path, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
