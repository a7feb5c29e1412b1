"""``inkcre run`` as a process."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.conftest import PEPS


@contextmanager
def running(
    folder: Path, *options: str, descriptors: int | None = None, **environ: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server in a folder, with so many descriptors; give its base URL and process."""
    # Not by preexec_fn, which is not safe where there are threads.
    limited = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*limited, COMMAND, "run", "--set", f"http.port={port}", *options],
        cwd=folder, env=clean_environ(**environ), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{base}/livez")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield base, process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_dev_serves_with_nothing_there_and_imports_beside_it(run: Run, tmp_path: Path) -> None:
    """In an empty folder: run, import the real input from another process, and ask for it."""
    with running(tmp_path) as (base, _):
        assert httpx.get(f"{base}/heartbeat").json() == {
            "status": "ok",
            "worker": False,
            "profile": "dev",
        }
        assert (tmp_path / "data/inkcre.sqlite3").exists()
        assert run("import", str(PEPS)).returncode == 0
        page = httpx.get(f"{base}/blocks", params={"resolver": "webpage", "limit": 1}).json()[
            "blocks"
        ][0]
        said = httpx.get(f"{base}/relations/by_block/{page['id']}").json()
        assert {"title", "author", "status"} <= {r["content"] for r in said}
        assert httpx.get(f"{base}/readyz").status_code == 200


def test_server_stops_cleanly(tmp_path: Path) -> None:
    """A stop signal ends it in time, with no stack trace in what it said."""
    with running(tmp_path) as (base, process):
        httpx.get(f"{base}/blocks")
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    assert "profile dev, chosen by default" in said


def test_server_profile_logs_json(tmp_path: Path, postgres_url: str) -> None:
    """One JSON object a line, for those who collect logs."""
    import json

    options = ["--profile", "server", "--set", "http.host=127.0.0.1"]
    with running(tmp_path, *options, INKCRE_DATABASE__URL=postgres_url) as (base, process):
        assert httpx.get(f"{base}/heartbeat").json()["profile"] == "server"
        process.terminate()
        _, said = process.communicate(timeout=20)
    lines = [json.loads(line) for line in said.splitlines()]
    assert any("profile server" in line["message"] for line in lines)
