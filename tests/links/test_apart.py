"""The link shortener without the information base: in no module, in no table, in no artifact."""

import subprocess
import sys
from pathlib import Path

import links
from sqlalchemy import inspect

from inkcre.assembly.assembly import build_database
from inkcre.ports.database import Migratable
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from tests.conftest import ROOT
from tests.edge.homes import D1
from tests.links.homes import build

BASE = ("api", "commands", "core", "graph", "sources", "transfer")
"""The rooms of the information base."""

SERVES = """
import sys
sys.path.insert(0, "examples/links")
from fastapi.testclient import TestClient
from inkcre.framework import create_app
from links import app

overrides = {"database.path": ":memory:", "database.migrate_on_start": True}
with TestClient(create_app(profile="dev", application=app, overrides=overrides, environ={})) as client:
    assert client.post("/links", json={"url": "https://example.org/"}).status_code == 201
    for path in ("/readyz", "/jobs", "/schedules", "/openapi.json", "/capabilities", "/metrics"):
        assert client.get(path).status_code == 200, path
print("\\n".join(sys.modules))
"""


def is_of_the_base(module: str) -> bool:
    """Tell whether a module is in one of the base's rooms."""
    top, _, inner = module.partition(".")
    return top == "inkcre" and inner.partition(".")[0] in BASE


def test_running_application_has_no_module_of_the_base() -> None:
    """Served, asked for everything that the framework answers, and ticking."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES],
        capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()
    assert "links.http" in loaded
    assert [module for module in loaded if is_of_the_base(module)] == []


def test_artifact_has_no_module_of_the_base(tmp_path: Path) -> None:
    """So no isolate can have one; and none of the application's is missing."""
    artifact = build(tmp_path / "artifact", **D1)
    modules = {
        path.removeprefix("src/").removesuffix(".py").replace("/", ".")
        for path in artifact.files
        if path.startswith("src/") and path.endswith(".py")
    }
    assert {"links.__init__", "links.http", "links.tables", "links.jobs", "worker"} <= modules
    assert [module for module in sorted(modules) if is_of_the_base(module)] == []
    assert "links.commands" not in modules
    print(f"artifact of links: {artifact.size / 2**20:.1f} MiB")


def test_database_has_no_table_of_the_base(tmp_path: Path) -> None:
    """The framework's and its own, each with its version table."""
    overrides = {"database.path": str(tmp_path / "links.sqlite3")}
    settings = load_settings("dev", application=links.app, overrides=overrides, environ={})
    database = build_database(settings)
    schema.migrate(database, lines_of(links.app))
    assert isinstance(database, Migratable)
    engine = database.migration_engine()
    assert set(inspect(engine).get_table_names()) == {
        "framework_schema", "clock", "jobs", "keyvalues", "schedules", "links_schema",
        "links_addresses",
    }  # fmt: skip
    engine.dispose()
    database.close()
