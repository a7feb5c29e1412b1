"""The base with the extension enabled, in each home, and the Bot API beside it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inkcre.app import create_app
from inkcre.assembly.assembly import build_database
from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.migrations import apply_migrations
from inkcre.sections.schema import load_settings
from inkcre.sections.settings import Settings
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from tests.conftest import ROOT, TCP_VARIABLE, database_name, new_postgres_database
from tests.edge import homes as edge
from tests.edge.homes import D1, LOOPBACK
from tests.homes import serve_app
from tests.lengths import is_whole
from tests.telegram.bot_api import TOKEN, BotApi, Json

HOMES = ("sqlite", "postgres", *(["edge-postgres"] if is_whole() else []), "edge-d1")
"""On the edge the database's adapter is what differs, and a statement on PostgreSQL is the same in a
process."""

SECRET = "a-secret-of_the-tests"
FIRST_CHAT = -1001000000999
CHATS = list(range(FIRST_CHAT, FIRST_CHAT + 500))
INSTALLED = ROOT / "tests" / "telegram" / "installed"
"""Where the package's entry point is, as pip would have laid it."""

UPDATES = ROOT / "tests" / "data" / "telegram"
SECRETS = {"extensions.telegram.token": TOKEN, "extensions.telegram.secret": SECRET}


def read_update(name: str) -> Json:
    """Return a documented update."""
    update: Json = json.loads((UPDATES / f"{name}.json").read_text())
    return update


def overrides_for(api: BotApi) -> dict[str, Any]:
    """Return the settings that enable the extension, but for its secrets."""
    return {
        **LOOPBACK,
        "extensions.enabled": ["telegram"],
        "extensions.telegram.api": api.url,
        "extensions.telegram.chats": CHATS,
    }


def load(kind: str, folder: Path, api: BotApi, **more: Any) -> Settings:
    """Load the settings of a process, on a new base with its schema."""
    overrides = {**overrides_for(api), **SECRETS, "storage.path": str(folder / "files"), **more}
    if kind == "sqlite":
        profile = "dev"
        overrides |= {"database.path": str(folder / "base.sqlite3")}
    else:
        profile = "server"
        overrides |= {"database.url": new_postgres_database(), "http.host": "127.0.0.1"}
    settings = load_settings(profile, overrides=overrides, environ={})
    database = build_database(settings)
    schema.migrate(database, lines_of(settings.application))
    database.close()
    return settings


@contextmanager
def serve(home: str, folder: Path, api: BotApi) -> Iterator[str]:
    """Serve the base in a home; give its base URL."""
    if home.startswith("edge"):
        with serve_on_pyodide(home, folder, api) as url:
            yield url
        return
    settings = load(home, folder, api, **{"scheduler.tick_seconds": 1})
    with serve_app(create_app(settings)) as url:
        yield url


@contextmanager
def serve_on_pyodide(home: str, folder: Path, api: BotApi) -> Iterator[str]:
    """Serve the artifact, whose secrets come with its requests; give its base URL."""
    artifact = folder / "artifact"
    variables = {
        "INKCRE_EXTENSIONS__TELEGRAM__TOKEN": TOKEN,
        "INKCRE_EXTENSIONS__TELEGRAM__SECRET": SECRET,
    }
    if home == "edge-d1":
        edge.build({**D1, **overrides_for(api)}, artifact)
        apply_migrations(artifact, "DB", folder / "state")
        options = HarnessOptions(
            artifact, state=folder / "state", variables=variables, control=True
        )
    else:
        edge.build(overrides_for(api), artifact)
        url = load("postgres", folder, api).database.url.get_secret_value()  # type: ignore[union-attr]
        lent = os.environ[TCP_VARIABLE].replace("NAME", database_name(url))
        options = HarnessOptions(
            artifact, hyperdrive={"HYPERDRIVE": lent}, variables=variables, control=True
        )
    for path in artifact.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    harness = Harness(options, folder / "log")
    try:
        yield harness.wait_until_ready()
    finally:
        harness.close()
