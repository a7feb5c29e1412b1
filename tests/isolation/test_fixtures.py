"""A user's suite on our fixtures, in a folder where all that is real is around: nothing is touched."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environ
from tests.isolation import surroundings

SUITE = '''
"""What somebody tests who writes an extension."""

import pytest
from fastapi.testclient import TestClient

from inkcre.app import create_app
from inkcre.framework import Application
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.tick import tick
from inkcre.ports.keyvalue import ValueKey


def use(app):
    """Use all that a base has."""
    with TestClient(app) as client:
        assert client.get("/blocks").json()["blocks"] == []
        put = client.post("/files?name=a.txt", content=b"from a test")
        assert put.status_code == 201, put.text
        assert client.get(f"/blocks/{put.json()['id']}/content").content == b"from a test"
        star = {"block": {"resolver": "text", "content": "a note"}}
        assert client.put("/graph", json=star).status_code == 200
        inbox = client.post("/sources", json={"type": "inbox", "config": {}})
        assert inbox.status_code == 201, inbox.text
        assert client.get("/readyz").status_code == 200
        context = app.state.components
        context.keyvalue.put(ValueKey("k"), b"v")
        assert context.keyvalue.get(ValueKey("k")) == b"v"
        tick(context, load_kinds(context.application), budget_seconds=5)
        assert app.title == "InKCre Core"


def kinds_of(app):
    settings = app.state.settings
    ports = (settings.database, settings.storage, settings.keyvalue, settings.scheduler)
    return [settings.profile, *(port.kind for port in ports)]


def test_what_is_lent(inkcre_app):
    use(inkcre_app)
    assert kinds_of(inkcre_app) == ["dev", "sqlite", "memory", "memory", "off"]


def test_client(inkcre_client):
    assert inkcre_client.get("/heartbeat").json() == {"status": "ok", "profile": "dev"} | (
        inkcre_client.get("/heartbeat").json()
    )
    assert inkcre_client.post("/files?name=a.txt", content=b"from a test").status_code == 201


@pytest.mark.parametrize("_", range(2))
def test_each_has_a_base_of_its_own(inkcre_client, _):
    assert inkcre_client.get("/blocks").json()["blocks"] == []
    assert inkcre_client.post("/files?name=a.txt", content=b"from a test").status_code == 201


OWN = [
    {"storage.kind": "filesystem"},
    {"storage": {"kind": "filesystem"}},
    {"storage.path": "<folder>/mine"},
    {"storage.kind": "memory", "database.path": "<folder>/mine.sqlite3"},
    {"database.path": "<folder>/mine.sqlite3"},
    {"database": {"kind": "sqlite"}},
    {"database.kind": "sqlite", "storage.kind": "filesystem"},
    {"keyvalue.kind": "database"},
    {"scheduler.kind": "apscheduler"},
    {"scheduler": {"kind": "apscheduler", "tick_seconds": 1}, "storage.kind": "filesystem"},
]


class TestOwnSettings:
    """What a user changes, and no more than that."""

    @pytest.fixture(params=range(len(OWN)))
    def inkcre_overrides(self, request, tmp_path):
        def fill(value):
            if isinstance(value, dict):
                return {key: fill(item) for key, item in value.items()}
            return value.replace("<folder>", str(tmp_path)) if isinstance(value, str) else value

        return fill(OWN[request.param])

    def test_it(self, inkcre_app, tmp_path):
        use(inkcre_app)
        for port in ("database", "storage"):
            path = getattr(getattr(inkcre_app.state.settings, port), "path", ":memory:")
            assert str(path) == ":memory:" or path.is_relative_to(tmp_path)


class TestAnotherDatabase:
    """Its section is theirs, and has nothing of ours in it."""

    @pytest.fixture
    def inkcre_overrides(self):
        return {"database": {"kind": "postgres", "url": "postgresql://nobody@h/d"}}

    def test_it(self, inkcre_app):
        assert kinds_of(inkcre_app) == ["dev", "postgres", "memory", "memory", "off"]


class TestAnotherApplication:
    """One of a user's own, made as ours is."""

    @pytest.fixture
    def inkcre_application(self):
        return Application("guests", "GUESTS_", "guests.toml", ())

    def test_it(self, inkcre_client):
        assert inkcre_client.get("/heartbeat").status_code == 200
        assert inkcre_client.get("/blocks").status_code == 404
        assert inkcre_client.app.state.components.database is not None


@pytest.mark.parametrize("overrides", [{}, {"keyvalue.kind": "database"}])
def test_app_of_ones_own(overrides):
    memory = {"database.path": ":memory:", **overrides}
    use(create_app(profile="dev", overrides=memory, environ={}))
'''

CONTROL = """
from fastapi.testclient import TestClient
from inkcre.app import create_app
with TestClient(create_app()) as client:
    print(client.post("/files?name=a.txt", content=b"real").status_code)
"""


def run_python(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, and leave no bytecode there."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=clean_environ(PYTHONDONTWRITEBYTECODE="1", **environ),
        capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["hostile", "broken"])
def test_suite_of_a_user_touches_nothing_real(kind: str, tmp_path: Path) -> None:
    """A base in the folder, files that name servers, variables of them, secrets: no byte, no call."""
    surroundings.keep_base(tmp_path)
    with surroundings.listening() as listener:
        if kind == "hostile":
            files = surroundings.hostile_files(listener.port)
            variables = surroundings.hostile_variables(listener.port, tmp_path)
        else:
            files = surroundings.broken_files()
            variables = surroundings.broken_variables(tmp_path)
        surroundings.lay_files(tmp_path, {**files, "suite/test_mine.py": SUITE})
        before = surroundings.digest(tmp_path)
        options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "suite")
        done = run_python(tmp_path, *options, **variables)
        assert done.returncode == 0, done.stdout
        assert "18 passed" in done.stdout
        assert surroundings.digest(tmp_path) == before
        assert listener.connections == 0


def test_same_surroundings_reach_who_asks_for_them(tmp_path: Path) -> None:
    """An application that is told nothing goes where they lead: the listener does count."""
    with surroundings.listening() as listener:
        surroundings.lay_files(tmp_path, surroundings.hostile_files(listener.port))
        variables = surroundings.hostile_variables(listener.port, tmp_path)
        done = run_python(tmp_path, "-c", CONTROL, **variables)
        assert done.stdout == "503\n", done.stderr
        assert listener.connections > 0
