"""What only SQLite can do to us: other processes, full disks, files that are no databases."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy import text

from inkcre.adapters.database import sqlite
from inkcre.assembly.assembly import build_components, utc_now
from inkcre.errors import (
    InkcreError,
    InvariantBroken,
    Misconfigured,
    SchemaBehind,
    TooLarge,
    Unavailable,
)
from inkcre.graph import blocks
from inkcre.graph.forms import BlockForm
from inkcre.ports.database import Database, Statement
from inkcre.sql import schema
from tests.conftest import sqlite_settings
from tests.homes import serve
from tests.lines import LINES

FORM = BlockForm(resolver="text", content="x")


def new_base(path: Path, **overrides: object) -> Database:
    """Make a base in a file."""
    database = build_components(sqlite_settings(path, **overrides)).database
    schema.migrate(database, LINES)
    return database


def test_file_is_in_wal_mode_with_foreign_keys(sqlite_path: Path) -> None:
    """Readers go on while somebody writes; the file and its folder are made when absent."""
    database = new_base(sqlite_path.parent / "deep" / "er" / "base.sqlite3")
    database.close()
    connection = sqlite3.connect(sqlite_path.parent / "deep" / "er" / "base.sqlite3")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_base_waits_for_who_makes_the_file(sqlite_path: Path) -> None:
    """Several may start on a file that is not there yet: SQLite itself refuses all but one."""
    sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(sqlite_path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE notes (text)")
    other.execute("BEGIN IMMEDIATE")
    database = build_components(sqlite_settings(sqlite_path)).database
    done = threading.Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    database.ping()
    done.join()
    other.close()
    database.close()


def test_base_does_not_wait_for_ever_for_who_makes_the_file(sqlite_path: Path) -> None:
    """It gives up as it does for any other write."""
    sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("CREATE TABLE notes (text)")
    other.execute("BEGIN IMMEDIATE")
    settings = sqlite_settings(sqlite_path, **{"database.busy_timeout_seconds": 0.05})
    database = build_components(settings).database
    with pytest.raises(Unavailable, match="another process is writing"):
        database.ping()
    other.close()
    database.close()


def test_reader_does_not_wait_for_a_writer(sqlite_path: Path) -> None:
    """While another process holds the write lock, reads answer and writes give up in time."""
    database = new_base(sqlite_path, **{"database.busy_timeout_seconds": 0.2})
    block, _ = blocks.create_block(database, FORM, utc_now())
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert blocks.get_block(database, block.id).content == "x"
    with pytest.raises(Unavailable) as caught:
        blocks.delete_block(database, block.id)
    assert caught.value.retry_after_seconds >= 1
    other.execute("ROLLBACK")
    blocks.delete_block(database, block.id)
    other.close()
    database.close()


def test_file_that_is_no_database_is_said(sqlite_path: Path) -> None:
    """Somebody else's file is not written to."""
    sqlite_path.write_bytes(b"something else entirely, and long enough" * 100)
    database = build_components(sqlite_settings(sqlite_path)).database
    with pytest.raises(Misconfigured, match=r"database\.path"):
        database.ping()
    assert sqlite_path.read_bytes().startswith(b"something else")


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file where a folder should be."""
    (tmp_path / "file").write_text("")
    database = build_components(sqlite_settings(tmp_path / "file" / "base.sqlite3")).database
    with pytest.raises(Misconfigured, match=r"database\.path"):
        database.ping()


def test_base_without_schema_says_what_to_run(sqlite_path: Path) -> None:
    """No table is a matter of migrating."""
    database = build_components(sqlite_settings(sqlite_path)).database
    with pytest.raises(SchemaBehind) as caught:
        blocks.get_block(database, 1)
    assert caught.value.hint == "run `inkcre migrate`"
    database.close()


def test_acknowledged_write_survives_a_kill(sqlite_path: Path) -> None:
    """A process that is killed right after a write was acknowledged has written it."""
    new_base(sqlite_path).close()
    program = (
        "import os, sys\n"
        "from inkcre.assembly.assembly import build_components, utc_now\n"
        "from inkcre.graph import blocks\n"
        "from inkcre.graph.forms import BlockForm\n"
        "from inkcre.sections.schema import load_settings\n"
        "settings = load_settings('dev', overrides={'database.path': sys.argv[1]}, environ={})\n"
        "database = build_components(settings).database\n"
        "for number in range(20):\n"
        "    form = BlockForm(resolver='text', content=str(number))\n"
        "    blocks.create_block(database, form, utc_now())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(sqlite_path)], check=False, timeout=60
    )
    assert done.returncode == -9
    database = build_components(sqlite_settings(sqlite_path)).database
    page, _ = blocks.list_blocks(database, limit=50)
    assert len(page) == 20
    database.close()


def test_every_result_code_is_translated() -> None:
    """Each code that the driver knows becomes an error of the port, without its text."""
    names = [name for name in vars(sqlite3) if name.startswith("SQLITE_")]
    assert len(names) > 50
    for name in names:
        error = sqlite3.OperationalError("secret detail")
        error.sqlite_errorname = name
        translated = sqlite.translate(error)
        assert isinstance(translated, InkcreError)
        assert "secret" not in str(translated)
    assert isinstance(sqlite.translate(sqlite3.ProgrammingError("x")), InvariantBroken)


def test_read_only_file_takes_no_writes(sqlite_path: Path) -> None:
    """A base that may only be read says so when it is written to."""
    from inkcre.errors import ReadOnly

    new_base(sqlite_path).close()
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorname = "SQLITE_READONLY"
    assert isinstance(sqlite.translate(error), ReadOnly)
    if os.geteuid() != 0:
        sqlite_path.chmod(0o400)
        sqlite_path.parent.chmod(0o500)
        database = build_components(sqlite_settings(sqlite_path)).database
        with pytest.raises(InkcreError):
            blocks.create_block(database, FORM, utc_now())
        sqlite_path.parent.chmod(0o700)


def test_only_what_need_not_last_skips_the_disk(sqlite_path: Path) -> None:
    """A statement that is not durable runs in NORMAL; the next one in FULL, even if it failed."""
    database = new_base(sqlite_path)
    asked = text("SELECT synchronous FROM pragma_synchronous")
    lasting, passing = Statement(asked), Statement(asked, is_durable=False)
    wrong = Statement(text("INSERT INTO nowhere VALUES (1)"), is_durable=False)
    assert database.atomic([passing()]) == [[(1,)]]
    assert database.atomic([lasting()]) == [[(2,)]]
    assert database.atomic([passing(), lasting()]) == [[(2,)], [(2,)]]
    with pytest.raises(SchemaBehind):
        database.atomic([wrong()])
    assert database.atomic([lasting()]) == [[(2,)]]
    database.close()


def test_number_that_is_too_large_is_told(sqlite_path: Path) -> None:
    """Of a caller who makes one up, and no fault of ours."""
    database = new_base(sqlite_path)
    with pytest.raises(TooLarge, match="a number is larger"):
        blocks.get_block(database, 10**23)
    database.close()


def test_reads_are_answered_while_writes_wait(sqlite_path: Path) -> None:
    """Somebody else keeps the lock until the read was answered; then all writes are done."""
    new_base(sqlite_path).close()
    overrides = {"database.busy_timeout_seconds": 100, "storage.kind": "memory"}
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    with (
        serve(sqlite_settings(sqlite_path, **overrides)) as url,
        ThreadPoolExecutor(12) as pool,
        httpx.Client(base_url=url, timeout=120) as client,
    ):
        other.execute("BEGIN IMMEDIATE")
        forms = [{"block": {"resolver": "text", "content": f"w{n}"}} for n in range(12)]
        writes = [pool.submit(client.put, "/graph", json=form) for form in forms]
        for _ in range(20):
            assert client.get("/blocks?limit=1").status_code == 200
        assert not any(write.done() for write in writes)
        other.execute("ROLLBACK")
        assert {write.result().status_code for write in writes} == {200}
    other.close()


@pytest.mark.parametrize("number", [4, 16])
def test_reads_are_answered_while_writes_and_uploads_wait_in_vain(
    sqlite_path: Path, number: int
) -> None:
    """Somebody else keeps the lock for ever: all who write are told to come again, and reads go on."""
    base = new_base(sqlite_path)
    kept, _ = blocks.create_block(base, FORM, utc_now())
    base.close()
    overrides = {"database.busy_timeout_seconds": 0.5, "storage.kind": "memory"}
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    with (
        serve(sqlite_settings(sqlite_path, **overrides)) as url,
        ThreadPoolExecutor(2 * number) as pool,
        httpx.Client(base_url=url, timeout=120) as client,
    ):
        other.execute("BEGIN IMMEDIATE")
        forms = [{"block": {"resolver": "text", "content": f"w{n}"}} for n in range(number)]
        writes = [pool.submit(client.put, "/graph", json=form) for form in forms]
        writes += [pool.submit(client.post, "/files", content=b"%d" % n) for n in range(number)]
        for path in ("", "/content", "/graph"):
            assert client.get(f"/blocks/{kept.id}{path}").status_code == 200
        answers = [write.result() for write in writes]
        assert {(a.status_code, a.headers["Retry-After"]) for a in answers} == {(503, "1")}
        other.execute("ROLLBACK")
        assert client.put("/graph", json=forms[0]).status_code == 200
    other.close()
