"""The edge homes: the built artifact on real Pyodide, once for the whole run.

They are started beside the other tests and waited for by those that need them. What a worker of
pytest-xdist needs to know of them is in files.
"""

import importlib
import json
import os
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg

from inkcre.application import Application
from inkcre.assembly.assembly import build_components
from inkcre.core import INKCRE
from inkcre.edge.artifact.builder import Artifact, build_artifact, entry_file
from inkcre.edge.artifact.folder import write_folder
from inkcre.edge.artifact.lock import lock_file, read_lock
from inkcre.edge.artifact.wheels import fetch_wheels
from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.migrations import apply_migrations
from inkcre.edge.tools import tools_folder
from inkcre.sections.schema import inspect_settings, load_settings
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from tests.postgres import PostgresServer

FOLDER_VARIABLE = "TEST_EDGE_FOLDER"
EXPIRING = "expiring:"
READY_SECONDS = 600
"""On a new machine packages are fetched first."""

SAMPLE = {"extensions.enabled": ["sample"], "extensions.sample.word": "hello"}
"""An extension that brings one of everything: it changes nothing of what the contract says."""

LOOPBACK = {"web.private_hosts": ["127.0.0.1"]}
"""Where tests serve pages; by any other name it may not be fetched."""

D1 = {"database.kind": "d1", "bindings.DB.type": "d1", "bindings.DB.id": "local"}
HOMES: Mapping[str, Mapping[str, Any]] = {
    "edge-postgres": {**LOOPBACK, **SAMPLE},
    "edge-d1": {**D1, **LOOPBACK, **SAMPLE},
}


def build(
    overrides: Mapping[str, Any],
    folder: Path,
    application: Application = INKCRE,
    *,
    beside: Path | None = None,
) -> Artifact:
    """Build the artifact of the workers profile with some settings, and write it.

    Args:
        overrides: the settings.
        folder: where it is written.
        application: what is built.
        beside: where its settings file and its entry are; None: it needs neither.
    """
    found = inspect_settings(
        "workers", application=application, overrides=overrides, environ={}, folder=beside
    )
    assert found.settings is not None, found.problems
    packages = read_lock(lock_file().read_text())
    artifact = build_artifact(
        found.settings,
        found.leaves(),
        entry=entry_file(application, beside or folder).read_bytes(),
        packages=packages,
        wheels=fetch_wheels(packages, tools_folder() / "wheels"),
        wrangler={},
    )
    write_folder(artifact.files, folder)
    return artifact


def options_for(home: str, folder: Path, server: PostgresServer) -> HarnessOptions:
    """Build a home's artifact with an empty base behind it; give what the harness is told."""
    artifact = folder / "artifact"
    build(HOMES[home], artifact)
    bytecode = folder / "bytecode"
    bytecode.mkdir()
    if home == "edge-d1":
        apply_migrations(artifact, "DB", folder / "state")
        return HarnessOptions(artifact, bytecode=bytecode, state=folder / "state", control=True)
    lent = {"HYPERDRIVE": migrated_database(server, SAMPLE)}
    return HarnessOptions(artifact, bytecode=bytecode, hyperdrive=lent, control=True)


def migrated_database(server: PostgresServer, enabled: Mapping[str, Any] | None = None) -> str:
    """Make a database with the schema in it, also of what settings enable; give its address."""
    name = f"edge_{time.monotonic_ns()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    overrides = {"database.url": server.url(name), "http.host": "127.0.0.1", **(enabled or {})}
    settings = load_settings("server", overrides=overrides, environ={})
    database = build_components(settings).database
    schema.migrate(database, lines_of(settings.application))
    database.close()
    return server.tcp_url(name)


class EdgeHomes:
    """Both homes, started in the background."""

    def __init__(self, server: PostgresServer) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="inkcre-edge-"))
        self._server = server
        self._harnesses: list[Harness] = []
        self._is_stopping = False
        self._thread = threading.Thread(target=self._start, daemon=True)

    def start(self) -> None:
        """Begin; ``base_url`` waits for the end of it."""
        os.environ[FOLDER_VARIABLE] = str(self.folder)
        # In a circle: imported by the thread and by a test at once, one finds it half made.
        importlib.import_module("alembic.command")
        self._thread.start()

    def _start(self) -> None:
        for home in HOMES:
            answer: dict[str, Any] = {}
            folder = self.folder / home
            folder.mkdir()
            try:
                options = options_for(home, folder, self._server)
                if self._is_stopping:
                    return
                harness = Harness(options, folder / "log")
                self._harnesses.append(harness)
                answer["url"] = harness.wait_until_ready()
                answer["expiring_since"] = _put_expiring(answer["url"])
                answer["options"] = {
                    "artifact": str(options.artifact),
                    "bytecode": str(options.bytecode),
                    "hyperdrive": dict(options.hyperdrive),
                }
            except Exception:  # noqa: BLE001 - whatever it is, the tests that wait must hear of it
                log = folder / "log"
                answer["error"] = traceback.format_exc() + (log.read_text() if log.exists() else "")
            temporary = self.folder / f".{home}"
            temporary.write_text(json.dumps(answer))
            temporary.rename(self.folder / f"{home}.json")

    def stop(self) -> None:
        """Stop both, and leave nothing behind."""
        self._is_stopping = True
        for harness in self._harnesses:
            harness.close()
        self._thread.join(READY_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def _wait_for(home: str) -> dict[str, Any]:
    path = Path(os.environ[FOLDER_VARIABLE]) / f"{home}.json"
    deadline = time.monotonic() + READY_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{home} did not start"
        time.sleep(0.1)
    answer: dict[str, Any] = json.loads(path.read_text())
    assert "error" not in answer, answer["error"]
    return answer


def _put_expiring(url: str) -> float:
    """Put a value that lives for the least time that KV takes, and one that stays; give when."""
    source = f"""
import js
from pyodide.ffi import run_sync, to_js
options = to_js({{"expirationTtl": 60}}, dict_converter=js.Object.fromEntries)
run_sync(env.KV.put("{EXPIRING}short", "x", options))
run_sync(env.KV.put("{EXPIRING}long", "y"))
0
"""
    httpx.post(f"{url}/__harness/run", content=source, timeout=60).raise_for_status()
    return time.time()


def expiring_since(home: str) -> float:
    """Wait for a home; give when its expiring value was put, in seconds since 1970."""
    return float(_wait_for(home)["expiring_since"])


def base_url(home: str) -> str:
    """Wait for a home; give its base URL."""
    return str(_wait_for(home)["url"])


def options_of(home: str) -> HarnessOptions:
    """Wait for a home; give what its harness was told, but for the state: to start another."""
    told = _wait_for(home)["options"]
    return HarnessOptions(
        Path(told["artifact"]),
        bytecode=Path(told["bytecode"]),
        hyperdrive=told["hyperdrive"],
        control=True,
    )


def state_of(home: str) -> Path:
    """Return the folder where a home's R2 and D1 are, if it has one."""
    return Path(os.environ[FOLDER_VARIABLE]) / home / "state"


def log_of(home: str) -> str:
    """Return what a home has logged."""
    return (Path(os.environ[FOLDER_VARIABLE]) / home / "log").read_text()
