"""Servers that are not ours, and the README's main flow against any of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

START_SECONDS = 60
STOP_SECONDS = 30

Command = Callable[[int], list[str]]
"""Gives what is typed to serve at a port."""

FACTORY = "inkcre.app:create_app"

SERVERS: Mapping[str, Command] = {
    "uvicorn": lambda port: ["uvicorn", "--factory", FACTORY, "--port", f"{port}"],
    "gunicorn": lambda port: [
        *("gunicorn", f"{FACTORY}()", "-b", f"127.0.0.1:{port}"),
        *("-k", "uvicorn.workers.UvicornWorker"),
    ],
    "hypercorn": lambda port: ["hypercorn", f"{FACTORY}()", "-b", f"127.0.0.1:{port}"],
    "hypercorn-trio": lambda port: [
        *("hypercorn", f"{FACTORY}()", "-k", "trio", "-b", f"127.0.0.1:{port}"),
    ],
    "granian": lambda port: [
        *("granian", "--interface", "asgi", "--factory", FACTORY, "--port", f"{port}"),
    ],
}
"""By name, as their documentation has it."""


@contextmanager
def served_by(name: str, folder: Path, **environ: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Serve with one of them; give the URL, and what stops it and returns what it said."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, *words = SERVERS[name](port)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("INKCRE_")}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(program)), *words],
        cwd=folder, env={**kept, **environ}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip

    def stop() -> str:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=STOP_SECONDS)
        return said

    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url, stop
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=STOP_SECONDS)


def _wait(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{url}/livez")
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(process.communicate()[0]) from None
            time.sleep(0.1)
        else:
            return


def run_main_flow(url: str) -> None:
    """Write a graph, a file and a source's item, and read them; be refused what is wrong."""
    star = {
        "block": {"resolver": "text", "content": "a note"},
        "out_relations": [
            {
                "relation": {"content": "about"},
                "to_block": {"block": {"resolver": "text", "content": "ink"}},
            }
        ],
    }
    with httpx.Client(base_url=url, timeout=30) as client:
        assert client.get("/readyz").json()["status"] == "ok"
        written = client.put("/graph", json=star).json()
        assert len(written["created"]["blocks"]) == 2
        assert client.put("/graph", json=star).json()["created"]["blocks"] == []
        first = written["blocks"][0]["id"]
        assert client.get(f"/blocks/{first}/graph").json()["relations"][0]["content"] == "about"
        content = os.urandom(3_000_000)
        file = client.post("/files", content=content, params={"name": "a.bin"})
        assert file.status_code == 201
        read = client.get(f"/blocks/{file.json()['id']}/content")
        assert read.content == content
        part = client.get(f"/blocks/{file.json()['id']}/content", headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, content[10:20])
        source = client.post("/sources", json={"type": "inbox"}).json()["id"]
        items = {"items": [{"key": "one", "star": star}]}
        assert client.post(f"/sources/{source}/items", json=items).is_success
        wrong = client.put("/graph", content=b"{")
        assert wrong.status_code == 422
        assert wrong.headers["content-type"] == "application/problem+json"
        assert client.get("/blocks/999999").status_code == 404
        assert "inkcre_" in client.get("/metrics").text


def lines_of_ours(said: str) -> list[dict[str, str]]:
    """Return what the application logged, where it logs as JSON."""
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines]
