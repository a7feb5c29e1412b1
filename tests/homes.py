"""Homes: the application, served over real HTTP on loopback, on each database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from inkcre.app import create_app
from inkcre.settings.model import Settings

START_SECONDS = 30


@contextmanager
def serve(settings: Settings) -> Iterator[str]:
    """Serve an application from a thread; give its base URL."""
    config = uvicorn.Config(
        create_app(settings), host="127.0.0.1", port=0, log_config=None, access_log=False
    )
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
