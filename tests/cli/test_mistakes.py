"""The most likely mistakes, as docs/mistakes.md shows them."""

import os
import re
from pathlib import Path

import pytest

from inkcre.settings.profiles import package_profiles
from tests.cli.conftest import run_command
from tests.conftest import ROOT
from tests.settings.cases import lay_out

PAGE = ROOT / "docs" / "mistakes.md"
MISTAKES = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
BLOCK = re.compile(r"^```(\S+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def play(section: str, folder: Path) -> str:
    """Lay out a section's files and run its command; give what the section should show."""
    blocks = BLOCK.findall(section)
    case = lay_out({name: body for _, name, body in blocks if name}, folder)
    (shown,) = [body for language, _, body in blocks if language == "console"]
    command = shown.partition("\n")[0]
    done = run_command(folder, *command.removeprefix("$ inkcre ").split(), **case.environ)
    printed = (done.stdout + done.stderr).replace(str(package_profiles()), "…/inkcre/profiles")
    return section.replace(shown, f"{command}\n{printed}")


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistake_earns_what_the_page_shows(number: int, tmp_path: Path) -> None:
    """The tool prints what is printed there; to write it, run with WRITE_EXPECTED=1, one process."""
    played = play(MISTAKES[number], tmp_path)
    if os.environ.get("WRITE_EXPECTED"):
        PAGE.write_text(PAGE.read_text().replace(MISTAKES[number], played))
    else:
        assert played == MISTAKES[number]


def test_there_are_twelve_mistakes() -> None:
    """Each with a command and its output."""
    assert len(MISTAKES) == 12
    assert all("error[" in mistake or "warning[" in mistake for mistake in MISTAKES)
