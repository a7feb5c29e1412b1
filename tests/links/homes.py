"""The link shortener in each home, with an empty base."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import links

from inkcre.app import create_app
from inkcre.assembly.assembly import build_database
from inkcre.edge.artifact.builder import Artifact
from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.migrations import apply_migrations
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from tests.conftest import ROOT, TCP_VARIABLE, database_name, new_postgres_database
from tests.edge import homes as edge
from tests.edge.homes import D1
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.homes import serve_app

FOLDER = ROOT / "examples" / "links"
HOMES = ("sqlite", "postgres", "edge-postgres", "edge-d1", "workerd")


def build(folder: Path, **overrides: Any) -> Artifact:
    """Build the artifact of the link shortener, and write it."""
    return edge.build(overrides, folder, links.app, beside=FOLDER)


def migrated_database() -> str:
    """Make a database with the link shortener's schema; give its address."""
    url = new_postgres_database()
    overrides = {"database.url": url}
    settings = load_settings("server", application=links.app, overrides=overrides, environ={})
    database = build_database(settings)
    schema.migrate(database, lines_of(links.app))
    database.close()
    return url


@contextmanager
def serve(home: str, folder: Path) -> Iterator[str]:
    """Serve the link shortener in a home; give its base URL."""
    if home == "workerd":
        with serve_on_workerd(folder) as url:
            yield url
        return
    if home.startswith("edge"):
        with serve_on_pyodide(home, folder) as url:
            yield url
        return
    overrides: Mapping[str, object] = {
        "database.path": str(folder / "links.sqlite3"),
        "storage.path": str(folder / "files"),
        "scheduler.tick_seconds": 1,
    }
    profile = "dev"
    if home == "postgres":
        profile = "server"
        overrides = {
            "database.url": migrated_database(),
            "storage.kind": "memory",
            "scheduler.tick_seconds": 1,
        }
    app = create_app(profile=profile, application=links.app, overrides=overrides, environ={})
    with serve_app(app) as url:
        yield url


@contextmanager
def serve_on_pyodide(home: str, folder: Path) -> Iterator[str]:
    """Serve the artifact, with what the harness adds under ``/__harness``; give its base URL."""
    if home == "edge-d1":
        artifact = lay_d1(folder)
        options = HarnessOptions(artifact, state=folder / "state", control=True)
    else:
        artifact = folder / "artifact"
        build(artifact)
        url = tcp_url(migrated_database())
        options = HarnessOptions(artifact, hyperdrive={"HYPERDRIVE": url}, control=True)
    harness = Harness(options, folder / "log")
    try:
        yield harness.wait_until_ready()
    finally:
        harness.close()


@contextmanager
def serve_on_workerd(folder: Path) -> Iterator[str]:
    """Serve the artifact on Cloudflare's own runtime; give its base URL."""
    artifact = lay_d1(folder)
    options = WorkerdOptions(artifact, folder, state=folder / "state", is_probed=False)
    with Workerd(options) as running:
        yield running.url
        assert running.is_alive()
        assert running.complaints() == []


def lay_d1(folder: Path) -> Path:
    """Lay a state with an empty base on D1 into a folder; give the artifact.

    Both are made once, beside the folder, and the state is copied.
    """
    made = folder.parent / "links-d1"
    if not made.exists():
        build(made / "artifact", **D1)
        apply_migrations(made / "artifact", "DB", made / "state")
    shutil.copytree(made / "state", folder / "state")
    return made / "artifact"


def tcp_url(url: str) -> str:
    """Return the address of a database of the tests' server on loopback."""
    return os.environ[TCP_VARIABLE].replace("NAME", database_name(url))
