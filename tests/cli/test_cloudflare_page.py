"""The commands of the page about Cloudflare."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "cloudflare.md").read_text()
SETTING = re.findall(r"^\$ inkcre (config set .*)$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("line", SETTING)
def test_settings_of_the_page_can_be_made(run: Run, line: str) -> None:
    """As they stand there, on what `inkcre init` writes."""
    assert len(SETTING) == 4
    assert run("init").returncode == 0
    done = run(*line.split())
    assert done.returncode == 0, done.stderr


def test_way_of_the_page_leads_to_d1(run: Run, tmp_path: Path) -> None:
    """Its settings for D1 one after the other give an artifact that nothing is missing in."""
    d1 = PAGE.partition("### With D1")[2].partition("## What")[0]
    assert run("init").returncode == 0
    for line in re.findall(r"^\$ inkcre (config set .*)$", d1, flags=re.MULTILINE):
        assert run(*line.split()).returncode == 0
    built = run("build")
    assert built.returncode == 0, built.stderr
    assert "has no id yet" not in built.stdout
    assert (tmp_path / "build" / "workers" / "migrations").is_dir()
    checked = run("config", "check", "--deploy", "--profile", "workers")
    assert checked.returncode == 0, checked.stdout
    assert "INK208" not in checked.stdout
    migrated = run("migrate", "--profile", "workers")
    assert migrated.returncode == 78
    assert "error[wrong_target]" in migrated.stderr
    assert "npx wrangler d1 migrations apply" in migrated.stderr
