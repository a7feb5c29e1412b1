"""An SQLite file that is taken away, or replaced, while it is in use: nothing is acknowledged."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from inkcre.adapters.database.sqlite import SqliteDatabase
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import Misconfigured
from inkcre.graph.blocks import create_block, list_blocks
from inkcre.graph.forms import BlockForm
from tests.conftest import lay_sqlite_base, sqlite_settings


def open_base(path: Path) -> Components:
    """Return the components of a base, which is made if it is not there."""
    if not path.exists():
        lay_sqlite_base(path)
    return build_components(sqlite_settings(path, **{"storage.kind": "memory"}))


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Components]:
    """Return a base with a block that was acknowledged, and is only in its log yet."""
    opened = open_base(tmp_path / "base.sqlite3")
    add(opened, "before")
    assert len(list_blocks(opened.database, limit=10)[0]) == 1
    yield opened
    opened.database.close()


def add(base: Components, content: str) -> None:
    """Add a block."""
    create_block(base.database, BlockForm(resolver="text", content=content), base.clock())


def contents(path: Path) -> list[str]:
    """Read what a file has, as somebody does who opens it after all others have gone."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in connection.execute("SELECT content FROM blocks ORDER BY id")]


def make_backup(folder: Path) -> Path:
    """Return a base that was kept somewhere, with a block of its own."""
    path = folder / "backup.sqlite3"
    other = open_base(path)
    add(other, "of the backup")
    other.database.close()
    return path


def refuses(base: Components, caplog: pytest.LogCaptureFixture, says: str) -> None:
    """Look whether nothing is taken, whoever asks says so, and the log does once."""
    with caplog.at_level(logging.ERROR, "inkcre.database"):
        for number in range(2):
            with pytest.raises(Misconfigured, match=says) as caught:
                add(base, f"after {number}")
            assert "stop everything" in str(caught.value.hint)
        with pytest.raises(Misconfigured, match=says):
            base.database.ping()
    assert len(caplog.records) == 1


def test_backup_that_is_moved_over_it_stays_as_it_is(
    base: Components, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when the process that has the former file open is killed: its log is nobody else's."""
    path = tmp_path / "base.sqlite3"
    make_backup(tmp_path).replace(path)
    refuses(base, caplog, "is another file")
    with pytest.raises(Misconfigured, match="is another file"):
        list_blocks(base.database, limit=10)
    killed = tmp_path / "killed"
    killed.mkdir()
    for left in tmp_path.glob("base.sqlite3*"):
        shutil.copy(left, killed / left.name)
    assert contents(killed / "base.sqlite3") == ["of the backup"]
    base.database.close()
    assert contents(path) == ["of the backup"]
    add(base, "goes on")
    assert contents(path) == ["of the backup", "goes on"]


@pytest.mark.parametrize("with_log", [True, False])
def test_file_that_is_removed_takes_nothing_more(
    base: Components, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, with_log: bool
) -> None:
    """What it had can still be read by who has it open, for as long as that is."""
    (tmp_path / "base.sqlite3").unlink()
    if with_log:
        for beside in ("base.sqlite3-wal", "base.sqlite3-shm"):
            (tmp_path / beside).unlink()
    refuses(base, caplog, "was removed, or moved")
    assert [block.content for block in list_blocks(base.database, limit=10)[0]] == ["before"]
    assert not (tmp_path / "base.sqlite3").exists()


def test_file_that_is_moved_away_has_all_that_was_acknowledged(
    base: Components, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was only in its log goes into it, wherever it is now."""
    moved = tmp_path / "moved.sqlite3"
    (tmp_path / "base.sqlite3").rename(moved)
    refuses(base, caplog, "was removed, or moved")
    base.database.close()
    assert contents(moved) == ["before"]


def test_log_that_is_removed_takes_nothing_more(
    base: Components, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process would not see what is written to it."""
    (tmp_path / "base.sqlite3-wal").unlink()
    refuses(base, caplog, "-wal was removed")


def test_write_whose_file_goes_before_it_is_answered_is_not_acknowledged(
    base: Components, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the commit."""
    run = SqliteDatabase._run

    def take_away(*told: Any) -> Any:
        with suppress(FileNotFoundError):
            (tmp_path / "base.sqlite3").rename(tmp_path / "moved.sqlite3")
        return run(*told)

    monkeypatch.setattr(SqliteDatabase, "_run", take_away)
    with pytest.raises(Misconfigured, match="was removed, or moved"):
        add(base, "too late")


def test_file_that_stays_is_no_matter(base: Components, tmp_path: Path) -> None:
    """Other names, times and rights of it, or others that have it open too."""
    path = tmp_path / "base.sqlite3"
    os.link(path, tmp_path / "linked")
    os.utime(path, (0, 0))
    other = open_base(path)
    add(other, "of another")
    other.database.close()
    add(base, "after")
    base.database.ping()
    base.database.close()
    assert contents(path) == ["before", "of another", "after"]
