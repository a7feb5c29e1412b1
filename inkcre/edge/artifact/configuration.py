"""The user's own configuration of wrangler, beside ``inkcre.toml``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inkcre.errors import OperatorError, Unsupported
from inkcre.settings.origins import display_path

NAMES = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
"""In the order in which wrangler looks for them."""


class UnreadableConfiguration(OperatorError):
    """Say that a configuration of wrangler cannot be read."""

    code = "unreadable_wrangler_configuration"


def find_configuration(folder: Path) -> Path | None:
    """Give the configuration of wrangler in a folder, None when there is none."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_configuration(path: Path) -> Mapping[str, Any]:
    """Read a configuration of wrangler: JSON with comments, or TOML.

    Raises:
        UnreadableConfiguration: it is neither, or may not be read.
        Unsupported: json5 is not installed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        read = tomllib.loads(text) if path.suffix == ".toml" else _read_json(text)
    except (OSError, ValueError) as error:
        what = "TOML" if path.suffix == ".toml" else "JSON"
        reason = getattr(error, "strerror", None) or f"is not {what}"
        raise UnreadableConfiguration(
            f"{display_path(path)}: {reason.lower() if isinstance(error, OSError) else reason}",
            hint="mend it, or move it away: everything it says can be said in inkcre.toml",
        ) from error
    if not isinstance(read, dict):
        raise UnreadableConfiguration(f"{display_path(path)}: is not a table")
    return read


def _read_json(text: str) -> Any:
    try:
        import json5
    except ModuleNotFoundError as error:
        raise Unsupported("json5: is not installed", hint="install inkcre[edge]") from error
    return json5.loads(text)
