"""A base in SQLite that somebody else is writing to: what only reads does not wait for them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

READS = [
    "jobs list", "sources list", "files ls", "files orphans", "changes", "storage show",
    "export out.ndjson", "export out.ndjson --files", "doctor", "migrate", "migrate --check", "config check",
]  # fmt: skip


@pytest.fixture
def locked(run: Run, tmp_path: Path) -> Iterator[Run]:
    """Return the command beside a base whose write lock somebody has, and keeps."""
    (tmp_path / "note.txt").write_text("a note")
    assert run("files", "put", "note.txt").returncode == 0
    with closing(sqlite3.connect(tmp_path / "data" / "inkcre.sqlite3")) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        yield run
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("command", READS)
def test_command_that_reads_waits_for_nobody(locked: Run, command: str) -> None:
    """It would end with an error at once, since it may not wait."""
    done = locked(*command.split(), "--set", "database.busy_timeout_seconds=0")
    assert done.returncode == 0, done.stdout + done.stderr


def test_command_that_writes_says_who_is_in_its_way(locked: Run) -> None:
    """And not that the schema is being changed."""
    done = locked("files", "put", "note.txt", "--set", "database.busy_timeout_seconds=0")
    assert done.returncode != 0
    assert "another process is writing" in done.stderr
