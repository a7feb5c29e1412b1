"""Jobs of another version, and rows that nobody can read, as the command and the API list them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fastapi.testclient import TestClient

from inkcre.app import create_app
from tests.cli.conftest import Run
from tests.conftest import sqlite_settings

TIME = "2026-11-24T12:00:00.000000Z"
ADD = (
    "INSERT INTO jobs (created_at, kind, payload, state, attempts, run_at, claimable_at)"
    f" VALUES ('{TIME}', ?, ?, 'pending', 0, '{TIME}', '{TIME}')"
)


def test_jobs_that_are_left_say_so(run: Run, tmp_path: Path) -> None:
    """In the list, and by the doctor; one whose payload is no JSON is shown beside the others."""
    run("migrate")
    base = tmp_path / "data" / "inkcre.sqlite3"
    with closing(sqlite3.connect(base)) as connection, connection:
        connection.execute(ADD, ("weather.refresh", "{}"))
        connection.execute(ADD, ("sweep", "no JSON"))
    broken, left = run("jobs", "list").stdout.splitlines()
    assert left.endswith("weather.refresh  nobody here runs it: left to another version")
    assert broken.endswith("sweep")
    examined = run("doctor")
    assert examined.returncode == 1
    assert "left to another version: jobs of kind weather.refresh (1)" in examined.stdout
    with TestClient(create_app(sqlite_settings(base, **{"scheduler.kind": "off"}))) as client:
        jobs = client.get("/jobs").raise_for_status().json()["jobs"]
    assert [(job["kind"], job["payload"]) for job in jobs] == [
        ("sweep", {"not_json": "no JSON"}),
        ("weather.refresh", {}),
    ]
    run("jobs", "run")
    assert "payload: is no JSON" in run("jobs", "list", "--state", "failed").stdout
