"""Fetch what building and serving the artifact needs: ``python -m inkcre.edge.prepare [LOCK …]``.

Done ahead, a build and the tests touch no network. Nothing is fetched twice. ``LOCK`` is a folder
with a lock of further npm packages, such as those of tests.
"""

import sys
from pathlib import Path

from inkcre.edge.artifact.lock import lock_file, read_lock
from inkcre.edge.artifact.wheels import fetch_wheels
from inkcre.edge.local.node import install_modules
from inkcre.edge.tools import tools_folder


def main() -> None:
    """Fetch the wheels of the lock, and the npm packages of the other."""
    fetch_wheels(read_lock(lock_file().read_text()), tools_folder() / "wheels")
    install_modules()
    for folder in sys.argv[1:]:
        install_modules(Path(folder))


if __name__ == "__main__":
    main()
