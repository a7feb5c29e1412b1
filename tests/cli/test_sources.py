"""``inkcre sources edit`` and ``inkcre sources rm``, on a folder of notes."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def inkcre(run: Run, tmp_path: Path) -> Run:
    """Return a function that runs ``inkcre`` beside folders of notes that it may read."""
    for name, number in (("one", 3), ("two", 1)):
        (tmp_path / name).mkdir()
        for each in range(number):
            (tmp_path / name / f"{each}.md").write_text(f"note {each} of {name}")
    folders = json.dumps([str(tmp_path)])
    return lambda *arguments, **more: run(*arguments, **more, INKCRE_SOURCES__FOLDERS=folders)


def test_source_is_edited_and_keeps_what_it_brought(inkcre: Run, tmp_path: Path) -> None:
    """What is named changes; another path releases, or forgets when it is asked to."""
    path = f"path={tmp_path / 'one'}"
    assert inkcre("sources", "add", "folder", path, "max_bytes=1000").returncode == 0
    assert inkcre("sources", "collect", "1").stdout.endswith(
        "source 1: 3 blocks added or changed\n"
    )
    edited = inkcre("sources", "edit", "1", "--name", "notes", "--every", "2h")
    assert edited.returncode == 0, edited.stderr
    assert "every 2h" in edited.stdout
    assert "notes" in edited.stdout
    assert "released" not in edited.stdout
    edited = inkcre("sources", "edit", "1", f"path={tmp_path / 'two'}", "max_bytes=null")
    told = "source 1: 3 items released, of the former place; what they brought stays"
    assert edited.stdout.splitlines()[1:] == [told]
    assert inkcre("sources", "collect", "1").stdout.endswith(
        "source 1: 1 blocks added or changed\n"
    )
    edited = inkcre("sources", "edit", "1", path, "--forget")
    assert edited.stdout.splitlines()[1:] == ["source 1: 1 items forgotten, of the former place"]
    exported = inkcre("export", "-").stdout
    assert "note 2 of one" in exported
    assert "of two" not in exported


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1", "path=null"), "config.path"),
        (("1", "colour=red"), "config.colour"),
        (("1", "path"), "is not KEY=VALUE"),
        (("1", "--every", "3s"), "schedule.every"),
        (("9", "max_bytes=7"), "source 9: not found"),
    ],
)
def test_edit_that_makes_no_sense_names_its_field(
    inkcre: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """And changes nothing."""
    inkcre("sources", "add", "folder", f"path={tmp_path / 'one'}")
    failed = inkcre("sources", "edit", *arguments)
    assert failed.returncode == 1
    assert said in failed.stderr


def test_deletion_says_what_goes_and_what_stays(inkcre: Run, tmp_path: Path) -> None:
    """Before and behind it; by itself everything stays."""
    for name in ("one", "two"):
        inkcre("sources", "add", "folder", f"path={tmp_path / name}")
    inkcre("sources", "collect", "1")
    inkcre("sources", "collect", "2")
    assert inkcre("sources", "rm", "1", "--dry-run").stdout == (
        "source 1: would be deleted; 3 items, 0 blocks gone, 6 blocks kept\n"
    )
    # The path "0.md" is said by both.
    numbers = "3 items, 5 blocks gone, 1 blocks kept\n"
    foreseen = inkcre("sources", "rm", "1", "--dry-run", "--forget").stdout
    assert foreseen == f"source 1: would be deleted; {numbers}"
    assert inkcre("sources", "rm", "1", "--forget").stdout == f"source 1: deleted; {numbers}"
    assert inkcre("sources", "rm", "2").stdout == (
        "source 2: deleted; 1 items, 0 blocks gone, 2 blocks kept\n"
    )
    exported = inkcre("export", "-").stdout
    assert "note 0 of two" in exported
    assert "of one" not in exported
    assert inkcre("sources", "list").stdout == ""
    assert inkcre("sources", "rm", "1").returncode == 1
