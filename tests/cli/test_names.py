"""Names that are no ASCII, under an interpreter that was told to know nothing else."""

import json
from pathlib import Path

from tests.cli.conftest import Run

C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_names_stay_what_they_are_in_a_forced_c_locale(run: Run, tmp_path: Path) -> None:
    """Of a file that is put, of a folder that is typed, of the files in it, and in an export."""
    (tmp_path / "grüße.txt").write_text("hello")
    notes = tmp_path / "nötes"
    notes.mkdir()
    (notes / "größe.md").write_text("to [[straße]]")
    (notes / "straße.md").write_text("a street")
    folders = f"sources.folders={json.dumps([str(notes)])}"
    for command in (
        ["files", "put", "grüße.txt"],
        ["sources", "add", "folder", "path=nötes", "--set", folders],
        ["sources", "collect", "1", "--set", folders],
        ["export", "öut.ndjson"],
    ):
        done = run(*command, **C)
        assert done.returncode == 0, done.stderr
    exported = (tmp_path / "öut.ndjson").read_text(encoding="utf-8")
    for name in ("grüße.txt", "größe.md", "straße.md", "links to"):
        assert f'"{name}"' in exported
