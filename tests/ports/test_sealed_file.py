"""An SQLite base that lies where nothing may be written: it is read, and says that it is that."""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.core import INKCRE
from inkcre.errors import ReadOnly
from inkcre.graph.blocks import list_blocks
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.threads import JobThreads
from inkcre.sql.schema import require_head
from inkcre.transfer.exports import export_lines
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.lines import LINES
from tests.ports.test_watched_file import add


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a path in a folder that cannot be written to; the superuser may all the same."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    may = os.access

    def access(asked: Path, mode: int) -> bool:
        return may(asked, mode) and not (mode == os.W_OK and folder in (asked, asked.parent))

    monkeypatch.setattr(os, "access", access)
    return folder / "base.sqlite3"


def open_base(path: Path) -> Components:
    """Return the components of a base."""
    return build_components(sqlite_settings(path, **{"storage.kind": "memory"}))


def as_nobody(work: Callable[[], object]) -> str:
    """Do something in a child, as somebody who may write only where all may; return its error."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "none"
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            work()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said = f"{getattr(error, 'code', type(error))}: {error}"
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def make_base(path: Path) -> Components:
    """Make a base with a block, where it can be written."""
    lay_sqlite_base(path)
    base = open_base(path)
    add(base, "before")
    return base


def test_base_is_read_and_exported(path: Path, tmp_path: Path) -> None:
    """And refuses what is written, without a file beside it."""
    make_base(tmp_path / "base.sqlite3").database.close()
    shutil.copy(tmp_path / "base.sqlite3", path)
    base = open_base(path)
    require_head(base.database, LINES)
    assert [block.content for block in list_blocks(base.database, limit=10)[0]] == ["before"]
    assert b"before" in b"".join(export_lines(base.database))
    with pytest.raises(ReadOnly):
        add(base, "after")
    assert isinstance(base.database.find_hindrance(), ReadOnly)  # type: ignore[attr-defined]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    base.database.close()


def test_what_is_in_the_log_only_is_missed_aloud(tmp_path: Path) -> None:
    """A copy of a file and its log, without the log's index: the file alone would be read as all."""
    base = make_base(tmp_path / "base.sqlite3")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # which others may enter
        folder = Path(name)
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"base.sqlite3{suffix}", folder)
            (folder / f"base.sqlite3{suffix}").chmod(0o444)
        folder.chmod(0o555)
        said = as_nobody(open_base(folder / "base.sqlite3").database.ping)
        folder.chmod(0o755)
    base.database.close()
    assert "misconfigured" in said
    assert "base.sqlite3-wal" in said


def test_base_that_another_one_writes_is_followed(path: Path) -> None:
    """What is seen here through a mount that takes no writes, and there is none."""
    there = path.parent / ".." / path.parent.name / path.name
    writing = make_base(there)
    reading = open_base(path)
    for content in ("after", "later"):
        add(writing, content)
        assert list_blocks(reading.database, limit=10)[0][0].content == content
    with pytest.raises(ReadOnly):
        add(reading, "here")
    reading.database.close()
    writing.database.close()


def test_tick_tells_once_that_nothing_can_be_written(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And not at each of them: it may be so for months."""
    make_base(tmp_path / "base.sqlite3").database.close()
    shutil.copy(tmp_path / "base.sqlite3", path)
    base = open_base(path)
    threads = JobThreads(base, load_kinds(INKCRE), number=1, woken=threading.Event())
    with caplog.at_level(logging.WARNING, logger="inkcre.jobs"):
        for _ in range(3):
            threads.tick()
    assert len(caplog.records) == 1
    assert "can be read and not written" in caplog.text
    base.database.close()
