"""A second base beside the first one's files: nothing of the first is deleted, by whatever way."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from inkcre.app import create_app
from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.conftest import ROOT, new_postgres_database
from tests.postgres import free_port

BASES = ROOT / "tests" / "data" / "bases"
GONE = "1fbe00442efe2b46fc9638aa9ad210642c9da16a6eb877a49ebcc66d7677087c"
"""The file that no block of the frozen base names any more."""


def make_old(folder: Path, days: float = 3) -> None:
    """Let everything below a folder have come some days ago."""
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - days * 86400,) * 2)


def stored(folder: Path) -> list[str]:
    """Name the files that a storage's folder holds for blocks."""
    return sorted(path.name for path in (folder / "sha256+").rglob("*") if path.is_file())


def filled(run: Run, folder: Path, *files: str, **environ: str) -> list[str]:
    """Let a base keep files that are old; give their names in the storage."""
    for name in files or ("one", "two"):
        (folder / name).write_text(f"this is {name}")
    assert run("files", "put", *(files or ("one", "two")), **environ).returncode == 0
    make_old(folder / "data" / "files")
    return stored(folder / "data" / "files")


def serve_for_a_while(folder: Path, *settings: str, seconds: float = 6) -> tuple[int, str]:
    """Run the server until it has ticked, so long, or has refused; give status and log."""
    arguments = [f"--set={one}" for one in (f"http.port={free_port()}", *settings)]
    command = [COMMAND, "run", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=clean_environ(), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
        _, said = process.communicate(timeout=30)
    return process.returncode, said


def test_server_on_another_base_deletes_nothing(run: Run, tmp_path: Path) -> None:
    """A staging base in a project's folder: it is refused, and told whose the files are."""
    kept = filled(run, tmp_path)
    status, said = serve_for_a_while(tmp_path, "database.path=staging.sqlite3", seconds=60)
    assert stored(tmp_path / "data" / "files") == kept
    assert status == 78
    assert "error[storage_taken]: storage: belongs to base " in said
    assert "missing" not in run("files", "ls").stdout


def test_sweep_from_another_base_deletes_nothing(run: Run, tmp_path: Path) -> None:
    """One forgotten variable: the server's folder, and a shell with the profile for laptops."""
    server = {
        "INKCRE_PROFILE": "server",
        "INKCRE_DATABASE__URL": new_postgres_database(),
        "INKCRE_HTTP__HOST": "127.0.0.1",
        "INKCRE_STORAGE__PATH": "data/files",
    }
    run("migrate", **server)
    kept = filled(run, tmp_path, **server)
    assert run("files", "sweep").returncode == 78  # there is no such base yet; and when there is:
    run("migrate")
    done = run("files", "sweep")
    assert (done.returncode, stored(tmp_path / "data" / "files")) == (78, kept)
    assert "error[storage_taken]" in done.stderr
    assert "error[storage_taken]" in run("files", "orphans").stderr
    assert "missing" not in run("files", "ls", **server).stdout


def test_what_others_keep_in_the_folder_stays(run: Run, tmp_path: Path) -> None:
    """Whatever it is called, and also behind a link: only names that we give are tidied away."""
    shelf = tmp_path / "nas"
    others = ["music/Symphony #5", "music/sub/Draft#12", "Invoice #3.txt", "plain", "draft#12",
              "my notes/invoice#12", "sha256+/ab+/draft#12", "incoming+/draft#1"]  # fmt: skip
    for name in others:
        (shelf / name).parent.mkdir(parents=True, exist_ok=True)
        (shelf / name).write_text("mine")
    (shelf / "incoming+" / "link+").symlink_to(shelf / "music")
    (tmp_path / "file").write_text("hello")
    place = ("--set", "storage.path=nas")
    assert run("files", "put", "file", *place).returncode == 0
    make_old(shelf)
    for arguments in (("sweep", "--dry-run"), ("sweep",)):
        assert run("files", *arguments, *place).returncode == 0
    assert [name for name in others if not (shelf / name).exists()] == []


def test_doctor_tells_whose_the_files_are(run: Run, tmp_path: Path) -> None:
    """Of another base nothing is written there; orphans are counted; a copy is told of."""
    kept = filled(run, tmp_path)
    orphan = tmp_path / "data" / "files" / "sha256+" / "aa+" / ("a" * 64)
    orphan.parent.mkdir()
    orphan.write_text("x")
    make_old(tmp_path / "data" / "files")
    assert re.search(r"✓ files +of this base, [0-9a-f]{32}; 1 orphans", run("doctor").stdout)
    before = sorted(tmp_path.rglob("*"))
    other = ("--set", "database.path=other.sqlite3")
    said = ""
    for _ in range(2):
        said = run("doctor", *other).stdout
        assert re.search(r"- storage +(some base's|another base's)", said)
        run("migrate", *other)
        before = sorted({*before, *tmp_path.glob("other.sqlite3*")})
    assert re.search(r"✗ files +storage: belongs to base [0-9a-f]{32}, and this", said)
    assert "help: name another folder, bucket or storage.prefix" in said
    assert sorted(tmp_path.rglob("*")) == before
    copy = ("--set", "database.path=copy.sqlite3")
    shutil.copy(tmp_path / "data" / "inkcre.sqlite3", tmp_path / "copy.sqlite3")
    run("files", "sweep", *copy)
    assert re.search(r"✗ files +storage: a copy of this base, ", run("doctor").stdout)
    assert run("files", "sweep").returncode == 78
    assert len(stored(tmp_path / "data" / "files")) == len(kept) + 1


def test_storage_is_shown_and_claimed(run: Run, tmp_path: Path) -> None:
    """By a command that asks; the copy is refused from then on, and so is its server."""
    filled(run, tmp_path)
    shutil.copy(tmp_path / "data" / "inkcre.sqlite3", tmp_path / "copy.sqlite3")
    copy = ("--set", "database.path=copy.sqlite3")
    run("files", "sweep", *copy)
    assert run("files", "sweep").returncode == 78
    shown = run("storage", "show").stdout
    assert re.search(r"^storage: contested, claimed by [0-9a-f]{32}$", shown, re.MULTILINE)
    refused = run("storage", "claim", stdin="n\n")
    assert refused.returncode == 1
    assert "take it over for this base?" in refused.stdout
    assert run("storage", "show").stdout == shown
    assert "belongs to this base" in run("storage", "claim", "--yes").stdout
    assert "already" in run("storage", "claim").stdout
    assert run("files", "sweep").returncode == 0
    (tmp_path / "three").write_text("three")
    assert "error[storage_taken]" in run("files", "put", "three", *copy).stderr
    assert "missing" not in run("files", "ls", *copy).stdout
    assert run("export", "all.ndjson", *copy).returncode == 0


def test_other_servers_tell_and_refuse_uploads(run: Run, tmp_path: Path) -> None:
    """Served by somebody else it starts: what is there is read, and an upload is answered 503."""
    filled(run, tmp_path)
    for taken in (True, False):
        name = "other.sqlite3" if taken else "copy.sqlite3"
        if not taken:
            shutil.copy(tmp_path / "data" / "inkcre.sqlite3", tmp_path / name)
            assert run("files", "sweep").returncode == 0
        overrides = {"database.path": name, "storage.path": "data/files", "scheduler.kind": "off"}
        app = create_app(profile="dev", overrides=overrides, environ={})
        with TestClient(app) as client:
            notices = client.get("/readyz").json()["notices"]
            assert [one["code"] for one in notices] == [
                "storage_taken" if taken else "storage_contested"
            ]
            assert client.get("/blocks").status_code == 200
            answer = client.post("/files", content=b"new")
            assert answer.status_code == (503 if taken else 201)
            if taken:
                assert answer.json()["type"] == "urn:inkcre:problem:storage_taken"


def test_server_and_laptop_do_not_ship_one_folder(run: Run, tmp_path: Path) -> None:
    """A new base of profile server has a folder of its own; one of before goes on with its own."""
    filled(run, tmp_path)
    server = {
        "INKCRE_PROFILE": "server",
        "INKCRE_DATABASE__URL": new_postgres_database(),
        "INKCRE_HTTP__HOST": "127.0.0.1",
    }
    run("migrate", **server)
    (tmp_path / "three").write_text("three")
    assert run("files", "put", "three", **server).returncode == 0
    assert len(stored(tmp_path / "data" / "server-files")) == 1
    assert len(stored(tmp_path / "data" / "files")) == 2


@pytest.mark.parametrize("is_all_its_own", [True, False])
def test_server_of_before_goes_on_with_its_folder(
    run: Run, tmp_path: Path, is_all_its_own: bool
) -> None:
    """Where its files are, before and after it has claimed them; doctor looks there too."""
    url = new_postgres_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((BASES / "0004.postgres.sql").read_bytes())
    folder = tmp_path / "data" / "files"
    shutil.copytree(BASES / "0004.files", folder)
    server = {"INKCRE_PROFILE": "server", "INKCRE_DATABASE__URL": url}
    assert run("migrate", **server).returncode == 0
    assert "missing" not in run("files", "ls", **server).stdout
    if is_all_its_own:
        (folder / "sha256+" / "1f+" / GONE).unlink()
    for name in ("three", "four"):
        said = run("doctor", **server).stdout
        assert "✓ storage" in said
        assert is_all_its_own or re.search(r"✗ files +storage: most of its files", said)
        (tmp_path / name).write_text(name)
        assert run("files", "put", name, **server).returncode == 0
        assert "missing" not in run("files", "ls", **server).stdout
    assert len(stored(folder)) == (4 if is_all_its_own else 5)
    assert not (tmp_path / "data" / "server-files").exists()
