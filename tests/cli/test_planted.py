"""Rows that somebody else has written into an SQLite base, or that a disk has changed.

Each is told as what it is, with what to do: none is a fault of this program.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.cli.conftest import Run
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.homes import serve

FEED = {"type": "rss", "config": {"url": "https://feed.example/"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a base."""
    path = tmp_path / "base.sqlite3"
    lay_sqlite_base(path)
    return path


@pytest.fixture
def client(path: Path) -> Iterator[httpx.Client]:
    """Serve it, with a block, a source and a job in it."""
    told = {"storage.kind": "memory", "scheduler.kind": "off"}
    with (
        serve(sqlite_settings(path, **told)) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        client.post("/blocks", json={"resolver": "text", "content": "one"})
        source = client.post("/sources", json=FEED).json()["id"]
        client.post(f"/sources/{source}/collect")
        yield client


def write(path: Path, *statements: str) -> None:
    """Write to it past the program."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


PLANTED = {
    "text that is no UTF-8": (
        "UPDATE blocks SET content = CAST(x'ff41fe' AS TEXT)", "/blocks", "a text is no UTF-8",
    ),
    "bytes in a text's place": (
        "UPDATE blocks SET content = x'ff41fe'", "/blocks/1", "a text is no UTF-8",
    ),
    "a configuration that is no JSON": (
        "UPDATE sources SET config = '{no'", "/sources/1", "config in the row with id 1",
    ),
    "a state that is no object": (
        "UPDATE sources SET state = '[]'", "/sources/1", "state in the row with id 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_what_was_never_written_is_told(client: httpx.Client, path: Path, what: str) -> None:
    """503, and where; not 500."""
    statement, asked, said = PLANTED[what]
    assert client.get(asked).status_code == 200
    write(path, statement)
    answer = client.get(asked)
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:inkcre:problem:damaged"
    assert said in answer.json()["detail"]
    assert "inkcre restore" in answer.json()["hint"]


def test_payload_that_is_no_json_costs_its_own_line(client: httpx.Client, path: Path) -> None:
    """The list is answered, and shows what is there."""
    write(path, "UPDATE jobs SET payload = '{no' WHERE id = 1")
    jobs = {job["id"]: job["payload"] for job in client.get("/jobs").json()["jobs"]}
    assert jobs.pop(1) == {"not_json": "{no"}
    assert all("not_json" not in payload for payload in jobs.values())


@pytest.mark.parametrize("column", ["config", "state"])
@pytest.mark.parametrize("planted", ["{no", "[]", '"whsec_secret"', "7"])
def test_source_that_is_no_json_costs_its_own_line(
    client: httpx.Client, path: Path, run: Run, column: str, planted: str
) -> None:
    """The others are listed as they are; what is there is not shown, for it may hold a secret."""
    other = client.post("/sources", json={"type": "inbox"}).json()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE sources SET {column} = ? WHERE id = 1", (planted,))
    listed = {source["id"]: source for source in client.get("/sources").json()["sources"]}
    assert listed.pop(1)[column]["not_json"].startswith("no object is there; it is not shown")
    assert listed == {other["id"]: other}
    said = run("sources", "list", "--set", f"database.path={path}")
    assert said.returncode == 0, said.stderr
    assert "whsec_secret" not in said.stdout + json.dumps(client.get("/sources").json())


def test_several_revisions_are_told(client: httpx.Client, path: Path, run: Run) -> None:
    """Which the schema has cannot be told; nothing is migrated by guessing."""
    write(path, "INSERT INTO inkcre_schema VALUES ('0001')")
    [reason] = client.get("/readyz").json()["reasons"]
    assert reason["detail"].startswith("database: inkcre_schema has several rows")
    assert reason["hint"].startswith("delete all rows of inkcre_schema but")
    told = ("--set", f"database.path={path}")
    for command in (("migrate",), ("migrate", "--check"), ("export", "-")):
        done = run(*command, *told)
        assert done.returncode == 78, command
        assert "inkcre_schema has several rows" in done.stderr
    doctor = run("doctor", *told)
    assert doctor.returncode == 1
    assert "✗ schema" in doctor.stdout
    assert "inkcre_schema has several rows" in doctor.stdout


def test_revision_that_is_missing_is_told(path: Path, run: Run) -> None:
    """The tables are there: they are made by somebody else, or the revision was deleted."""
    write(path, "DELETE FROM inkcre_schema")
    done = run("migrate", "--set", f"database.path={path}")
    assert done.returncode == 78
    assert "If they are, no revision is there" in done.stderr
