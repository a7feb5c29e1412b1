"""The artifact on workerd, Cloudflare's own runtime, for as long as a test needs it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx

from inkcre.edge.local.node import FLAGS, install_modules, node_environment, node_program
from tests.edge.workerd.bundle import WRONG_WRITE, bundle_folder, find_workerd

HERE = Path(__file__).parent
FATAL = (
    "*** ",
    "Pyodide has suffered a fatal error",
    "memory access out of bounds",
    "QuotaExceeded",
)
"""What stands in the log of an isolate that died, or was about to."""


@dataclass(frozen=True)
class WorkerdOptions:
    """What is served, and how."""

    artifact: Path
    folder: Path
    """Where the log is kept."""

    hyperdrive: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    state: Path | None = None
    """Where KV, R2 and D1 are, as for the harness: its migrations are applied. None: in memory."""

    snapshot: Path | None = None
    """The folder of a memory snapshot to start from, as at Cloudflare; None: start anew."""

    saves_snapshot: bool = False
    """Whether a snapshot is written to that folder, in place of being read."""

    telling: bool = False
    """Whether a wrong write of ``poll`` is told in the log."""

    is_probed: bool = True
    """Whether tests may look inside: see probe.py."""


class Workerd:
    """A workerd that serves one artifact; to be closed."""

    def __init__(self, options: WorkerdOptions) -> None:
        modules = install_modules() / "node_modules"
        bundle = bundle_folder(modules, telling=options.telling)
        self.log = options.folder / f"workerd-{os.urandom(3).hex()}.log"
        config = {
            "artifact": str(options.artifact.absolute()),
            "modules": str(modules.parent),
            "hyperdrive": dict(options.hyperdrive),
            "vars": dict(options.variables),
            "state": str(options.state.absolute()) if options.state else None,
            "extra": _with_probe(options.artifact) if options.is_probed else {},
        }
        handle, name = tempfile.mkstemp(suffix=".json", dir=options.folder)
        with os.fdopen(handle, "w") as file:
            json.dump(config, file)
        program = _wrap(options, find_workerd(modules), bundle)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(node_program()), *FLAGS, str(HERE / "serve.mjs"), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**node_environment(), "MINIFLARE_WORKERD_PATH": str(program)},
                text=True,
            )
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("{")), None)
        assert line is not None, f"workerd does not run here:\n{self.log.read_text()[-4000:]}"
        self.port = int(json.loads(line)["port"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process_id = self._find_workerd()

    def _find_workerd(self) -> int:
        return next(iter(_children(self._process.pid)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def client(self, seconds: float = 120) -> httpx.Client:
        """Return a client that waits so long, to be closed."""
        return httpx.Client(base_url=self.url, timeout=seconds)

    def probe(self) -> dict[str, Any]:
        """Ask what the isolate looks like inside: its heap in bytes, its requests in flight."""
        answer = httpx.get(f"{self.url}/__probe", timeout=60)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def run(self, source: str) -> Any:
        """Run Python inside the isolate; give the value of its last expression."""
        answer = httpx.post(f"{self.url}/__probe", content=source, timeout=120)
        assert answer.status_code == 200, f"{answer.text}\n{self.log.read_text()[-4000:]}"
        return answer.json()

    def is_alive(self) -> bool:
        """Tell whether the same workerd still runs, and answers."""
        if self.process_id not in _children(self._process.pid):
            return False
        return httpx.get(f"{self.url}/heartbeat", timeout=30).status_code == 200

    def complaints(self) -> list[str]:
        """Return the lines of the log that an isolate in good health does not write."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in (*FATAL, WRONG_WRITE))]


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task")
    if not tasks.is_dir():
        return []
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def _with_probe(artifact: Path) -> dict[str, str]:
    return {
        "worker.py": (HERE / "probe.py").read_text(),
        "worker_of_artifact.py": (artifact / "src" / "worker.py").read_text(),
    }


def _wrap(options: WorkerdOptions, workerd: Path, bundle: Path) -> Path:
    """Write what Miniflare runs as workerd: the same program, told of our bundle and snapshot."""
    flags = ["--pyodide-bundle-disk-cache-dir", str(bundle)]
    if options.snapshot is not None:
        how = "save-snapshot" if options.saves_snapshot else "load-snapshot snapshot.bin"
        flags += [f"--python-{how}", "--python-snapshot-dir", str(options.snapshot)]
    handle, name = tempfile.mkstemp(prefix="run-", dir=options.folder)
    with os.fdopen(handle, "w") as file:
        file.write(
            f'#!/bin/sh\nfirst=$1; shift\nexec "{workerd}" "$first" {" ".join(flags)} "$@"\n'
        )
    Path(name).chmod(0o755)
    return Path(name)
