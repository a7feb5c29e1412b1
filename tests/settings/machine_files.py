"""The TOML files of this machine, which differ from those of another: ``make fuzz`` reads them."""

import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import toml_rs

from tests.conftest import ROOT
from tests.settings.test_positions import check_places
from tests.settings.test_toml import check_spans

PLACES = (sys.base_prefix, sys.prefix, str(ROOT), "/usr/lib", "/usr/share", "/usr/local", "/opt")
MAX_FILES = 2_000


def toml_files(ends_at: float) -> Iterator[Path]:
    """Find the TOML files of this machine, each once, until a moment of the monotonic clock."""
    seen: set[Path] = set()
    for place in PLACES:
        for folder, folders, names in os.walk(place):
            if time.monotonic() > ends_at:
                return
            folders[:] = [f for f in folders if f not in (".cache", "proc", "sys")]
            for name in names:
                path = Path(folder, name).resolve()
                if name.endswith(".toml") and path not in seen and len(seen) < MAX_FILES:
                    seen.add(path)
                    yield path


def check_machine(seconds: float) -> str:
    """Locate every key of the files that are reached in time; return how many agree.

    Raises:
        AssertionError: A key is elsewhere than its value or another parser says; names the file.
    """
    files = located = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in toml_files(time.monotonic() + seconds):
            try:
                found = _locate(path, Path(folder, "copy.toml"))
            except AssertionError as error:
                raise AssertionError(f"{path}: {error}") from error
            files += found > 0
            located += found
    return f"{files} TOML files of this machine, {located} keys and elements where they should be"


def _locate(path: Path, copy: Path) -> int:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        tomllib.loads(text)
        toml_rs.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, toml_rs.TOMLDecodeError):
        return 0  # test data of parsers: not TOML, or not for all
    return check_spans(text) + check_places(copy, content)
