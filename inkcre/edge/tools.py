"""Where what is fetched for building and serving is kept: in the venv, beside its packages."""

import sys
from pathlib import Path


def tools_folder() -> Path:
    """Give the folder; it may not be there yet."""
    return Path(sys.prefix) / "share" / "inkcre"
