"""Broken settings beside the exact text that they earn: ``broken/*.txt``.

A case is a file of parts, each below a line ``--- NAME``; ``cases.py`` says what they may be, and
``--- expected`` is the whole report. ``<package>`` stands for the package's own folder of
profiles, ``<folder>`` for the case's. To write the expected text of a new case, run with
``WRITE_EXPECTED=1`` and read what it says.
"""

import os
import re
from pathlib import Path

import pytest

from inkcre.settings.profiles import package_profiles
from inkcre.settings.report import SettingsError
from tests.settings.cases import lay_out
from tests.settings.cases import load_here as load_settings

CASES = sorted((Path(__file__).parent / "broken").glob("*.txt"))
PART = re.compile(r"^--- (.+)$\n", re.MULTILINE)


def read_case(path: Path) -> dict[str, str]:
    """Split a case into its parts."""
    pieces = PART.split(path.read_text())
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def report_of(parts: dict[str, str], folder: Path) -> str:
    """Load a case's settings in ``folder`` and give the report that they earn."""
    case = lay_out({name: text for name, text in parts.items() if name != "expected"}, folder)
    with pytest.raises(SettingsError) as caught:
        load_settings(environ=case.environ, **case.arguments)
    report = str(caught.value).replace(str(package_profiles()), "<package>")
    return report.replace(str(folder), "<folder>") + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_broken_settings_earn_this_report(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every character of the report is as designed."""
    monkeypatch.chdir(tmp_path)
    parts = read_case(path)
    report = report_of(parts, tmp_path)
    if os.environ.get("WRITE_EXPECTED"):
        path.write_text(path.read_text().partition("--- expected\n")[0] + "--- expected\n" + report)
    else:
        assert report == parts["expected"]


def test_there_are_broken_settings() -> None:
    """The corpus was found."""
    assert len(CASES) >= 80
