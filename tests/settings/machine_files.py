"""The TOML files of the machine that the tests run on."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PLACES = (sys.base_prefix, sys.prefix, str(ROOT), "/usr/lib", "/usr/share", "/usr/local", "/opt")
MAX_FILES = 2_000


def toml_files() -> Iterator[Path]:
    """Find the TOML files of this machine, each once, bounded."""
    seen: set[Path] = set()
    for place in PLACES:
        for folder, folders, names in os.walk(place):
            folders[:] = [f for f in folders if f not in (".cache", "proc", "sys")]
            for name in names:
                path = Path(folder, name).resolve()
                if name.endswith(".toml") and path not in seen and len(seen) < MAX_FILES:
                    seen.add(path)
                    yield path
