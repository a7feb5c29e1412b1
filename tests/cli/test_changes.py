"""``inkcre changes`` and ``inkcre undo``."""

import json
from pathlib import Path

from tests.cli.conftest import Run

PNG = b"\x89PNG\r\n\x1a\n"


def test_deletion_is_listed_and_undone(run: Run, tmp_path: Path) -> None:
    """By its number; the list goes on from any."""
    (tmp_path / "a.png").write_bytes(PNG)
    run("files", "put", "a.png")
    assert run("files", "rm", "1").returncode == 0
    lines = run("changes").stdout.splitlines()
    assert [line.split()[4:6] for line in lines] == [["-", "block.delete"], ["-", "graph.put"]]
    assert lines[0].endswith("  0 made, 0 changed, 2 deleted")
    newest = lines[0].split()[0]
    assert run("changes", "--before", newest, "--limit", "1").stdout.splitlines() == lines[1:2]
    said = json.loads(run("changes", "--format", "json", "--limit", "1").stdout)["changes"]
    assert said[0]["id"] == int(newest)
    assert list(said[0]) == [
        "id", "created_at", "actor", "name", "action", "made", "changed", "deleted",
    ]  # fmt: skip
    trial = run("undo", newest, "--dry-run")
    assert trial.stdout.splitlines()[0] == f"would undo: {newest}"
    assert run("files", "ls").stdout == ""
    done = run("undo", newest)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"undone: {newest}"
    assert "brought back: 1 blocks" in done.stdout
    assert run("files", "get", "1", "again.png").returncode == 0
    assert (tmp_path / "again.png").read_bytes() == PNG


def test_file_that_was_swept_is_named(run: Run, tmp_path: Path) -> None:
    """Nothing is written then."""
    (tmp_path / "a.png").write_bytes(PNG)
    run("files", "put", "a.png")
    run("files", "rm", "1")
    [kept] = tmp_path.glob("data/files/sha256+/*/*")
    kept.unlink()
    newest = run("changes", "--limit", "1").stdout.split()[0]
    done = run("undo", newest)
    assert done.returncode == 1
    assert "block 1: its file sha256:" in done.stderr
    assert "was swept away" in done.stderr
    assert run("changes", "--limit", "1").stdout.split()[0] == newest


def test_source_is_called_by_its_name(run: Run, tmp_path: Path) -> None:
    """Its type, if it has no nickname; only its number, if it is gone."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("a note")
    allowed = ["--set", f'sources.folders=["{tmp_path / "notes"}"]']
    run("sources", "add", "folder", f"path={tmp_path / 'notes'}", *allowed)
    run("sources", "collect", "1", *allowed)
    assert "  source:1 folder " in run("changes").stdout
    run("sources", "rm", "1", *allowed)
    assert "source:1 folder" not in run("changes").stdout
    assert "  source:1 " in run("changes").stdout


def test_errors_of_undo(run: Run, tmp_path: Path) -> None:
    """No base is made; a number that never was; what was built on it, each by a line."""
    for command in (("changes",), ("undo", "3")):
        done = run(*command)
        assert done.returncode == 78
        assert "no_base" in done.stderr
    (tmp_path / "lines").write_text('{"block": {"resolver": "text", "content": "one"}}\n')
    run("import", "lines")
    made = run("changes").stdout.split()[0]
    unknown = run("undo", "99")
    assert unknown.returncode == 1
    assert "change 99: not found" in unknown.stderr
    run("undo", made)
    again = run("undo", made)
    assert again.returncode == 1
    assert f"change {made}: nothing of it is left to be undone" in again.stderr
