"""Many at once: a folder of files, a list of values, all jobs that are due."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Run, clean_environ


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Make a folder with two files that count, and with what does not."""
    folder = tmp_path / "album"
    (folder / "more" / ".git").mkdir(parents=True)
    (folder / "one.txt").write_text("one")
    (folder / "more" / "two.txt").write_text("two")
    (folder / "more" / ".git" / "three.txt").write_text("three")
    (folder / ".hidden").write_text("four")
    (folder / "more" / "link").symlink_to("../one.txt")
    (folder / "more" / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    return folder


def test_folder_is_put_with_all_that_is_in_it(run: Run, album: Path) -> None:
    """Summed up; the second time everything is there already."""
    done = run("files", "put", "album")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "album: 2 files, 2 new, 0 there already\n"
    again = run("files", "put", "album", "album/one.txt", "--verbose").stdout.splitlines()
    assert [line.split(":")[0] for line in again] == [
        "album/one.txt", "album/more/two.txt", "album", "album/one.txt",
    ]  # fmt: skip
    assert again[2] == "album: 2 files, 0 new, 2 there already"
    assert {line.split()[-1] for line in run("files", "ls").stdout.splitlines()} == {"one.txt", "two.txt"}  # fmt: skip


def test_base_is_not_put_into_itself(run: Run, album: Path, tmp_path: Path) -> None:
    """Neither its rows nor its files, which would grow while they are read."""
    assert run("files", "put", ".").stdout == ".: 2 files, 2 new, 0 there already\n"
    assert run("files", "put", str(tmp_path), "data").stdout.splitlines() == [
        f"{tmp_path}: 2 files, 0 new, 2 there already", "data: 0 files, 0 new, 0 there already",
    ]  # fmt: skip


def test_progress_is_told_on_a_terminal_only(album: Path) -> None:
    """And gone from it at the end."""
    ours, theirs = pty.openpty()
    words = [COMMAND, "files", "put", "album"]
    done = subprocess.run(
        words,
        cwd=album.parent,
        env=clean_environ(),
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)
    assert b"\r\x1b[Kalbum: 1 files, 1 new" in said
    assert said.endswith(b"\r\x1b[K")
    assert b"\x1b" not in done.stdout


def test_file_that_cannot_be_read_does_not_stop_the_rest(album: Path, run: Run) -> None:
    """It is named, and the status tells of it."""
    (album / "broken.txt").symlink_to("nowhere")
    (album / "more").rename(album / ("x" * 200))
    done = run("files", "put", "album", "nowhere.txt")
    assert done.returncode == 66
    assert done.stdout == "album: 2 files, 2 new, 0 there already\n"
    assert "nowhere.txt: no such file or directory" in done.stderr


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["/a"], 'folders = ["/a"]'),
        (["/a", "/b c"], 'folders = ["/a", "/b c"]'),
        (['["/a", "/b c"]'], 'folders = ["/a", "/b c"]'),
        (["['/a', '/b c',]"], 'folders = ["/a", "/b c"]'),
        (["[]"], "folders = []"),
    ],
)
def test_list_is_set_by_its_elements_or_as_it_is_written(
    run: Run, tmp_path: Path, words: list[str], written: str
) -> None:
    """Up to the next key."""
    done = run("config", "set", "http.port", "8001", "sources.folders", *words, "http.host", "::1")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "inkcre.toml").read_text().splitlines()
    assert {written, "port = 8001", 'host = "::1"'} <= set(lines)


def test_refused_list_points_to_no_line_that_was_never_written(run: Run, tmp_path: Path) -> None:
    """What is quoted is said to be what would be."""
    done = run("config", "set", "checks.silence", "INK101", "nonsense")
    assert done.returncode == 78
    assert "nothing was written; this is the file as it would be" in done.stderr
    assert not (tmp_path / "inkcre.toml").exists()
    assert run("config", "set", "sources.folders").returncode == 2
    assert run("config", "set", "sources.folders", "[").returncode == 78


def test_jobs_that_did_not_end_well_are_the_status(run: Run, tmp_path: Path) -> None:
    """And are named on standard error."""
    (tmp_path / "inkcre.toml").write_text(f'[sources]\nfolders = ["{tmp_path}"]\n')
    (tmp_path / "notes").mkdir()
    added = run("sources", "add", "folder", f"path={tmp_path / 'notes'}", "--every", "1h")
    assert added.returncode == 0, added.stderr
    well = run("jobs", "run")
    assert (well.returncode, well.stderr) == (0, "")
    (tmp_path / "notes").rmdir()
    (tmp_path / "notes").write_text("no folder any more")
    assert run("sources", "edit", "1", "--every", "2h").returncode == 0
    done = run("jobs", "run")
    assert done.returncode == 1, done.stdout
    assert "1 of them did not end well:\n" in done.stderr
    assert "collect of source 1" in done.stderr
