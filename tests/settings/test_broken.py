"""Broken settings beside the exact text that they earn: ``broken/*.txt``.

A case is a file of parts. ``--- inkcre.toml``, ``--- profiles/x.toml`` and ``--- .env`` are files of
the working folder, ``--- environ`` is NAME=value lines, ``--- arguments`` is what is given in code,
as a Python expression, and ``--- expected`` is the whole report. ``<package>`` stands for the
package's own folder of profiles. To write the expected text of a new case, run with
``WRITE_EXPECTED=1`` and read what it says.
"""

import ast
import os
import re
from pathlib import Path
from typing import Any

import pytest

from inkcre.settings.loader import load_settings
from inkcre.settings.profiles import package_profiles
from inkcre.settings.report import SettingsError

CASES = sorted((Path(__file__).parent / "broken").glob("*.txt"))
PART = re.compile(r"^--- (.+)$\n", re.MULTILINE)


def read_case(path: Path) -> dict[str, str]:
    """Split a case into its parts."""
    pieces = PART.split(path.read_text())
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def report_of(case: dict[str, str], folder: Path) -> str:
    """Load a case's settings in ``folder`` and give the report that they earn."""
    arguments: dict[str, Any] = ast.literal_eval(case.get("arguments", "{}").strip() or "{}")
    lines = case.get("environ", "").replace("<folder>", str(folder)).splitlines()
    environ = dict(line.split("=", 1) for line in lines if line)
    for name, text in case.items():
        if name not in ("environ", "arguments", "expected"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(environ=environ, **arguments)
    report = str(caught.value).replace(str(package_profiles()), "<package>")
    return report.replace(str(folder), "<folder>") + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_broken_settings_earn_this_report(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every character of the report is as designed."""
    monkeypatch.chdir(tmp_path)
    case = read_case(path)
    report = report_of(case, tmp_path)
    if os.environ.get("WRITE_EXPECTED"):
        path.write_text(path.read_text().partition("--- expected\n")[0] + "--- expected\n" + report)
    else:
        assert report == case["expected"]


def test_there_are_broken_settings() -> None:
    """The corpus was found."""
    assert len(CASES) >= 40
