"""The user's own configuration of wrangler, beside ``inkcre.toml``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from inkcre.edge.artifact.wrangler import MEND_HINT, UnreadableConfiguration
from inkcre.errors import Unsupported
from inkcre.settings.origins import display_path

NAMES = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
"""In the order in which wrangler looks for them."""


def find_configuration(folder: Path) -> Path | None:
    """Return the configuration of wrangler in a folder, None when there is none."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_configuration(path: Path) -> Mapping[str, object]:
    """Read a configuration of wrangler: JSON with comments, or TOML.

    Raises:
        UnreadableConfiguration: it is neither, or may not be read.
        Unsupported: json5 is not installed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        read = tomllib.loads(text) if path.suffix == ".toml" else _read_json(text)
    except (OSError, ValueError) as error:
        raise UnreadableConfiguration(
            f"{display_path(path)}: {_reason(path, error)}", hint=MEND_HINT
        ) from error
    if not isinstance(read, dict):
        raise UnreadableConfiguration(f"{display_path(path)}: is not a table", hint=MEND_HINT)
    return read


def _reason(path: Path, error: Exception) -> str:
    """Tell why a file cannot be read; the parsers' messages have the place, and no value."""
    if isinstance(error, OSError):
        return (error.strerror or "cannot be read").lower()
    what = "TOML" if path.suffix == ".toml" else "JSON"
    if isinstance(error, UnicodeDecodeError):
        return f"is not {what}: not UTF-8"
    said = str(error).removeprefix("<string>:").splitlines()[0]
    return f"is not {what}: {said[:1].lower()}{said[1:]}"


def _read_json(text: str) -> object:
    try:
        import json5
    except ModuleNotFoundError as error:
        raise Unsupported("json5: is not installed", hint="install inkcre[edge]") from error
    return json5.loads(text)
