"""``inkcre files`` and ``inkcre data copy``, on real input and through a kill."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph.files import files
from inkcre.ports.storage import FileKey
from inkcre.sql import schema
from inkcre.transfer import imports
from tests.buckets import serve_bucket
from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.cli.test_transfer import export
from tests.conftest import PEPS, new_postgres_database, postgres_settings, sqlite_settings
from tests.lines import LINES

PNG = b"\x89PNG\r\n\x1a\n"
MIB = 1024 * 1024


def test_file_goes_in_and_out(run: Run, tmp_path: Path) -> None:
    """Put, listed, got, removed; the second time it is there already."""
    (tmp_path / "photo.png").write_bytes(PNG + b"x" * 3_000_000)
    put = run("files", "put", "photo.png")
    assert put.returncode == 0, put.stderr
    digest = hashlib.sha256((tmp_path / "photo.png").read_bytes()).hexdigest()
    assert put.stdout == f"photo.png: block 1, image, sha256:{digest}, new\n"
    assert run("files", "put", "photo.png").stdout.endswith(", there already\n")
    listed = run("files", "ls").stdout.split()
    assert (listed[0], listed[1:3], listed[-2:]) == ("1", ["2.9", "MiB"], ["image", "photo.png"])
    got = run("files", "get", "1", "again.png")
    assert got.stderr == "again.png: 3000008 bytes, image/png\n"
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "photo.png").read_bytes()
    assert run("files", "rm", "1").stdout == "block 1: deleted\n"
    assert run("files", "ls").stdout == ""


def test_standard_streams_are_taken(run: Run) -> None:
    """``-`` is both; such a file has no name."""
    assert ", text, " in run("files", "put", "-", stdin="hello").stdout
    assert run("files", "get", "1", "-").stdout == "hello"
    assert "sha256:" in run("files", "ls").stdout


def test_content_of_any_block_is_got(run: Run, tmp_path: Path) -> None:
    """Also of one that has no file."""
    (tmp_path / "lines").write_text('{"block": {"resolver": "text", "content": "a note"}}\n')
    run("import", "lines")
    assert run("files", "get", "1", "-").stdout == "a note"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("put", "nothere"), 66, "nothere: no such file or directory"),
        (("get", "9", "x"), 1, "block 9: not found"),
        (("get", "1", "no/where"), 73, "no/where: no such file or directory"),
        (("rm", "1"), 1, "block 1 has no file"),
        (("rm", "9"), 1, "block 9: not found"),
        (("get", "0", "x"), 2, "greater than or equal to 1"),
    ],
)
def test_wrong_command_says_why(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """And changes nothing."""
    (tmp_path / "lines").write_text('{"block": {"resolver": "text", "content": "a note"}}\n')
    run("import", "lines")
    done = run("files", *arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert run("files", "get", "1", "-").stdout == "a note"


def test_sweep_deletes_what_was_let_go(run: Run, tmp_path: Path) -> None:
    """Once ``storage.keep_days`` are over; what a block names stays, and so does an orphan."""
    for name in ("kept", "gone", "young", "orphan"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    put = run("files", "put", "kept", "gone", "young", "orphan").stdout
    ids = [line.split("block ")[1].split(",")[0] for line in put.splitlines()]
    run("files", "rm", ids[1], ids[2])
    move_back(tmp_path, "gone", 40)
    move_back(tmp_path, "orphan", 0)
    with sqlite3.connect(tmp_path / "data" / "inkcre.sqlite3") as connection:
        connection.execute("DELETE FROM blocks WHERE id = ?", (ids[3],))
    connection.close()
    dry = run("files", "sweep", "--dry-run", "--orphans").stdout
    assert dry == "1 files would be deleted, 3.9 KiB\n1 orphans, 5.9 KiB\n"
    assert run("files", "sweep").stdout == "1 files deleted, 3.9 KiB\n"
    assert run("files", "sweep").stdout == "0 files deleted, 0 B\n"
    assert run("files", "get", ids[0], "-").stdout == "kept" * 1000
    orphan = hashlib.sha256(b"orphan" * 1000).hexdigest()
    listed = run("files", "orphans").stdout
    assert listed.endswith(f"sha256/{orphan[:2]}/{orphan}\n")
    assert len(listed.splitlines()) == 1
    refused = run("files", "sweep", "--orphans", stdin="n\n")
    assert refused.returncode == 1
    assert "delete 1 files, 5.9 KiB, for good?" in refused.stdout
    assert run("files", "orphans").stdout == listed
    assert "1 orphans deleted" in run("files", "sweep", "--orphans", "--yes").stdout
    assert run("files", "orphans").stdout == ""
    assert run("files", "sweep", "--set", "storage.keep_days=0").returncode == 78


def move_back(folder: Path, name: str, days: float) -> None:
    """Let a file have been put, and let go, some days ago, or two hours."""
    digest = hashlib.sha256(name.encode() * 1000).hexdigest()
    seconds = days * 86400 + 7200
    path = folder / "data" / "files" / "sha256+" / f"{digest[:2]}+" / digest
    os.utime(path, (time.time() - seconds,) * 2)
    with sqlite3.connect(folder / "data" / "inkcre.sqlite3") as connection:
        connection.execute(
            "UPDATE file_notes SET noted_at = noted_at - ? WHERE digest = ?",
            (int(seconds * 1000), digest),
        )
    connection.close()


def filled(settings: object, count: int) -> Components:
    """Fill a base with real input and files, some of them large."""
    context = build_components(settings)  # type: ignore[arg-type]
    schema.migrate(context.database, LINES)
    lines = PEPS.read_bytes().splitlines(keepends=True)
    list(imports.import_lines(context.database, lines, context.clock))
    for number in range(count):
        content = number.to_bytes(4, "big") * (MIB if number % 40 == 0 else 100)
        files.add_file(context.database, context.storage, [content], name=f"{number}.bin", now=context.clock())  # fmt: skip
    return context


def keys_of(context: Components) -> list[FileKey]:
    """List the files of a base."""
    return [info.key for info in context.storage.list(files.FILES).files]


def test_base_is_copied_to_another_profile(run: Run, tmp_path: Path) -> None:
    """From SQLite and a folder to PostgreSQL and a bucket, and back: the same rows and files."""
    source = filled(sqlite_settings(tmp_path / "a.sqlite3", **{"storage.path": str(tmp_path / "a")}), 50)  # fmt: skip
    url = new_postgres_database()
    with serve_bucket() as bucket:
        server = {"database.url": url, "http.host": "127.0.0.1", **{f"storage.{k}": v for k, v in bucket.items()}}  # fmt: skip
        laptop = {"database.path": "a.sqlite3", "storage.path": "a"}
        back = {"database.path": "b.sqlite3", "storage.path": "b"}
        target = build_components(postgres_settings(url, storage=bucket))
        schema.migrate(target.database, LINES)
        done = copy(run, "dev", laptop, "server", server)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1] == "files: 50 seen, 50 copied, 0 damaged"
        assert done.stdout.endswith(" 0 missing; 0 files missing\n")
        assert keys_of(target) == keys_of(source)
        assert copy(run, "server", server, "dev", back).returncode == 0
        target.database.close()
    returned = build_components(sqlite_settings(tmp_path / "b.sqlite3", **{"storage.path": str(tmp_path / "b")}))  # fmt: skip
    assert keys_of(returned) == keys_of(source)
    for key in keys_of(source):
        assert returned.storage.get(key).read() == source.storage.get(key).read()
    source.database.close()
    returned.database.close()
    assert export(sqlite_settings(tmp_path / "b.sqlite3")) == export(sqlite_settings(tmp_path / "a.sqlite3"))  # fmt: skip


def copy(
    run: Run, from_: str, source: dict[str, str], to: str, target: dict[str, str], *more: str
) -> subprocess.CompletedProcess[str]:
    """Run ``inkcre data copy`` between two profiles with settings of their own."""
    return run(*copying(from_, source, to, target, *more))


def copying(
    from_: str, source: dict[str, str], to: str, target: dict[str, str], *more: str
) -> list[str]:
    """Write the command."""
    arguments = ["data", "copy", "--from", from_, "--to", to, *more]
    for option, context in (("--set-from", source), ("--set-to", target)):
        for key, value in context.items():
            arguments += [option, f"{key}={value}"]
    return arguments


def test_copy_that_was_killed_goes_on(run: Run, tmp_path: Path) -> None:
    """Killed at several moments, then run to its end: the base is that of one never killed."""
    source = filled(sqlite_settings(tmp_path / "a.sqlite3", **{"storage.path": str(tmp_path / "a")}), 300)  # fmt: skip
    wanted = keys_of(source)
    source.database.close()
    laptop = {"database.path": "a.sqlite3", "storage.path": "a"}
    other = {"database.path": "b.sqlite3", "storage.path": "b"}
    command = [COMMAND, *copying("dev", laptop, "dev", other, "--resume")]
    killed = 0
    for seconds in (0.6, 0.7, 0.8, 0.9, 1.0, 1.2):
        process = subprocess.Popen(command, cwd=tmp_path, env=clean_environ(), stdout=subprocess.PIPE)  # fmt: skip
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert process.stdout is not None
        process.stdout.close()
    assert killed
    done = copy(run, "dev", laptop, "dev", other, "--resume")
    assert done.returncode == 0, done.stderr
    target = build_components(sqlite_settings(tmp_path / "b.sqlite3", **{"storage.path": str(tmp_path / "b")}))  # fmt: skip
    assert keys_of(target) == wanted
    for key in wanted[::7]:
        assert hashlib.sha256(target.storage.get(key).read()).hexdigest() == key.rpartition("/")[2]
    target.database.close()
    assert export(sqlite_settings(tmp_path / "b.sqlite3")) == export(sqlite_settings(tmp_path / "a.sqlite3"))  # fmt: skip
    again = copy(run, "dev", laptop, "dev", other, "--resume")
    assert "0 copied" in again.stdout
    assert "0 new blocks, 0 new relations" in again.stdout


def test_damaged_file_is_not_copied(run: Run, tmp_path: Path) -> None:
    """It is named, the rest is copied, and the command fails; a damaged copy is put right."""
    context = filled(sqlite_settings(tmp_path / "a.sqlite3", **{"storage.path": str(tmp_path / "a")}), 3)  # fmt: skip
    good, bad, _ = keys_of(context)
    size = context.storage.head(bad).size
    whole = context.storage.get(bad).read()
    context.storage.put(bad, bytes(size))
    laptop = {"database.path": "a.sqlite3", "storage.path": "a"}
    other = {"database.path": "b.sqlite3", "storage.path": "b"}
    done = copy(run, "dev", laptop, "dev", other)
    assert done.returncode == 1
    assert f"sha256:{bad.rpartition('/')[2]}: is damaged, and was not copied" in done.stderr
    assert "files: 3 seen, 2 copied, 1 damaged" in done.stdout
    target = build_components(sqlite_settings(tmp_path / "b.sqlite3", **{"storage.path": str(tmp_path / "b")}))  # fmt: skip
    assert bad not in keys_of(target)
    context.storage.put(bad, whole)
    target.storage.put(good, bytes(target.storage.head(good).size))
    done = copy(run, "dev", laptop, "dev", other)
    assert (done.returncode, done.stdout.splitlines()[1]) == (
        0,
        "files: 3 seen, 2 copied, 0 damaged",
    )
    assert target.storage.get(good).read() == context.storage.get(good).read()
    context.database.close()
    target.database.close()


def test_file_that_is_missing_is_missed(run: Run, tmp_path: Path) -> None:
    """A block of the source names it; the copy says so, and fails."""
    context = filled(sqlite_settings(tmp_path / "a.sqlite3", **{"storage.path": str(tmp_path / "a")}), 2)  # fmt: skip
    lost = keys_of(context)[0]
    context.storage.delete([lost])
    context.database.close()
    laptop = {"database.path": "a.sqlite3", "storage.path": "a"}
    done = copy(run, "dev", laptop, "dev", {"database.path": "b.sqlite3", "storage.path": "b"})
    assert done.returncode == 1
    assert f"sha256:{lost.rpartition('/')[2]}: a block names it, and it is not there" in done.stderr
    assert done.stdout.endswith(" 0 missing; 1 files missing\n")


def test_file_is_not_written_through_a_link(run: Run, tmp_path: Path) -> None:
    """Nor is anything left beside it, when it cannot be written."""
    (tmp_path / "in").write_text("new")
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".out.partial").symlink_to("precious")
    run("files", "put", "in")
    assert run("files", "get", "1", "out").returncode == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "out").read_text() == "new"
    assert oct((tmp_path / "out").stat().st_mode & 0o777) == oct(
        (tmp_path / "in").stat().st_mode & 0o777
    )


def test_base_is_not_copied_into_itself(run: Run) -> None:
    """Nor two bases that keep their files in one place."""
    done = run("data", "copy", "--from", "dev", "--to", "dev")
    assert done.returncode == 78
    assert "error[same_place]: database: is the same in profile dev and profile dev" in done.stderr
    done = run(
        "data", "copy", "--from", "dev", "--to", "dev", "--set-to", "database.path=b.sqlite3"
    )
    assert "error[same_place]: storage: is the same" in done.stderr
    done = run("data", "copy", "--from", "dev", "--to", "workers")
    assert "error[wrong_target]" in done.stderr
