"""A second base beside the first one's files: nothing of the first is deleted, by whatever way."""

import os
import subprocess
import time
from pathlib import Path

from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.conftest import new_postgres_database
from tests.postgres import free_port


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


def serve_for_a_while(folder: Path, *settings: str) -> tuple[int, str]:
    """Run the server with settings until it has ticked, or has refused; give status and log."""
    arguments = [f"--set={one}" for one in (f"http.port={free_port()}", *settings)]
    command = [COMMAND, "run", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=clean_environ(), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            process.wait(6)
        except subprocess.TimeoutExpired:
            process.terminate()
        _, said = process.communicate(timeout=30)
    return process.returncode, said


def test_server_on_another_base_deletes_nothing(run: Run, tmp_path: Path) -> None:
    """A staging base in a project's folder: it is refused, and told whose the files are."""
    kept = filled(run, tmp_path)
    status, said = serve_for_a_while(tmp_path, "database.path=staging.sqlite3")
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
    done = run("files", "sweep")
    assert (done.returncode, stored(tmp_path / "data" / "files")) == (78, kept)
    assert "error[storage_taken]" in done.stderr
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
