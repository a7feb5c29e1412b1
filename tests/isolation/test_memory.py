"""Trying the program out with a base in memory, where somebody keeps a real one."""

import time
from pathlib import Path

import httpx2 as httpx

from tests.cli.conftest import run_command
from tests.cli.test_run import running
from tests.isolation import surroundings

IN_MEMORY = ("--set", "database.path=:memory:")
SECONDS = 3
"""Long enough for the tick at the start, and the jobs that it brings."""


def test_server_in_memory_touches_no_file_of_the_base_beside_it(tmp_path: Path) -> None:
    """Its first tick sweeps, and uploads come: files that it does not know stay, and none is added."""
    surroundings.keep_base(tmp_path)
    before = surroundings.digest(tmp_path)
    with running(tmp_path, *IN_MEMORY, "--set", "scheduler.tick_seconds=1") as (base, _):
        assert httpx.post(f"{base}/files?name=a.txt", content=b"tried").status_code == 201
        time.sleep(SECONDS)
        jobs = httpx.get(f"{base}/jobs", params={"kind": "sweep files"}).json()["jobs"]
        assert [job["state"] for job in jobs] == ["finished"]
    assert surroundings.digest(tmp_path) == before


def test_storage_that_is_named_refuses_a_base_in_memory(tmp_path: Path) -> None:
    """The server does not start; the report shows both lines."""
    surroundings.keep_base(tmp_path)
    (tmp_path / "inkcre.toml").write_text('[storage]\npath = "data/files"\n')
    before = surroundings.digest(tmp_path)
    done = run_command(tmp_path, "run", *IN_MEMORY)
    assert done.returncode == 78
    assert "error[base_in_memory]: storage.path" in done.stderr
    assert "inkcre.toml:2:8" in done.stderr
    assert "override --set database.path" in done.stderr
    assert surroundings.digest(tmp_path) == before


def test_commands_follow_too(tmp_path: Path) -> None:
    """A file that is put, by a command that is given a base in memory; a sweep finds no base there."""
    surroundings.keep_base(tmp_path)
    before = surroundings.digest(tmp_path)
    for status, *arguments in (
        (78, "files", "sweep"),
        (0, "files", "put", "data/inkcre.sqlite3"),
        (0, "doctor"),
    ):
        done = run_command(tmp_path, *map(str, arguments), *IN_MEMORY)
        assert done.returncode == status, done.stderr
    assert surroundings.digest(tmp_path) == before
