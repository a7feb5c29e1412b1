"""The tutorial: its files are the example's, and each of its steps does what it shows."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.consoles import Player, read_blocks
from tests.cli.test_consoles import empty_database
from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "links"
TEXT = (FOLDER / "README.md").read_text()
SHOWN = re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MAX_LINES = 200


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    """Lay out the example in a clean folder, installed."""
    folder = tmp_path / "links"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("data", "build", "__pycache__"))
    player = Player(folder)
    program = 'import sys; sys.argv[0] = "links"; from links import app; app.cli()'
    player.add_program("links", f"{sys.executable} -c '{program}'")
    player.served = {"LINKS_HTTP__PORT": player.url.rpartition(":")[2]}
    player.replaced = {"$DATABASE_URL": f"'{empty_database()}'"}
    yield player
    player.close()


def test_every_file_is_shown_as_it_is() -> None:
    """All that the application is made of, and nothing else."""
    shown = dict(SHOWN)
    files = [*FOLDER.glob("links/**/*.py"), FOLDER / "worker.py", FOLDER / "links.toml"]
    assert set(shown) == {path.relative_to(FOLDER).as_posix() for path in files}
    for name, text in shown.items():
        assert text == (FOLDER / name).read_text(), name


def test_it_is_small() -> None:
    """Everything that its author writes in Python."""
    lines = [len(text.splitlines()) for name, text in SHOWN if name.endswith(".py")]
    assert sum(lines) <= MAX_LINES


@pytest.mark.timeout(300)
def test_every_step_does_what_it_shows(player: Player) -> None:
    """In their order, in a clean folder."""
    for block in read_blocks(TEXT, "console"):
        player.play(block)


def test_its_own_test_passes(tmp_path: Path) -> None:
    """The one that the tutorial ends with."""
    (block,) = [block for block in read_blocks(TEXT, "python") if "def test_" in block]
    scope: dict[str, object] = {}
    exec(block, scope)
    test = scope["test_address_is_shortened"]
    assert callable(test)
    test()
