"""``inkcre dev --edge``: the Worker, served to its developer."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

from tests.cli.conftest import COMMAND, clean_environ
from tests.conftest import ROOT
from tests.edge.conftest import Start

D1 = ("--set", "database.kind=d1", "--set", "bindings.DB.type=d1")


@contextmanager
def dev(folder: Path, *arguments: str) -> Iterator[tuple[str, list[str]]]:
    """Serve from a folder as a developer does; give the address and what was printed."""
    process = subprocess.Popen(
        [COMMAND, "dev", "--edge", "--runtime", "node", "--port", "0", *arguments],
        cwd=folder, env=clean_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    printed: list[str] = []
    assert process.stdout
    try:
        for line in process.stdout:
            printed.append(line.rstrip())
            found = re.search(r"serving \S+ on (\S+) ", line)
            if found:
                yield found[1], printed
                break
        else:
            raise AssertionError("\n".join(printed))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()


def test_local_worker_keeps_its_data(tmp_path: Path) -> None:
    """In the folder of the project, whatever the paths are relative to; migrated before it serves."""
    note = {"resolver": "text", "content": "kept"}
    with dev(tmp_path, *D1) as (url, printed):
        assert printed[:3] == ["building", "applying the migrations", "starting"]
        assert httpx.get(f"{url}/readyz", timeout=60).json() == {"status": "ok"}
        assert httpx.post(f"{url}/blocks", json=note, timeout=60).status_code == 201
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build"]
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["workers-local"]
    assert not (ROOT / "inkcre" / "edge" / "local" / "build").exists()
    with dev(tmp_path, *D1) as (url, _):
        assert httpx.post(f"{url}/blocks", json=note, timeout=60).status_code == 200


def test_values_and_files_outlive_a_restart(start: Start, bare: Path, tmp_path: Path) -> None:
    """KV and R2 are kept where D1 is: somebody's base is served from there again tomorrow.

    What is drawn at random is drawn anew, though Python's memory is read from a snapshot.
    """
    drawn = "import os, random\n[random.random(), os.urandom(8).hex()]"
    state = tmp_path / "state"
    first = start(artifact=bare, state=state)
    first.run("await env.KV.put('k', 'kept')\nawait env.FILES.put('k', 'a file')\n1")
    before = first.run(drawn)
    first.harness.close()
    source = "stored = await env.FILES.get('k')\n[await env.KV.get('k'), await stored.text()]"
    second = start(artifact=bare, state=state)
    assert second.run(source) == ["kept", "a file"]
    assert not set(before) & set(second.run(drawn))
