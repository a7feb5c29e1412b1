"""Configurations written down as parts of a text, laid out in a folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inkcre.sections.schema import Inspection, inspect_settings, load_settings
from inkcre.sections.settings import Settings
from inkcre.settings.toml import MAX_FILE_BYTES

SECRET_NAME = "secret"


@dataclass
class Case:
    """Variables, arguments in code, and the files that lie in the folder."""

    environ: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)

    def inspect(self, folder: Path) -> Inspection:
        """Look at the settings from the folder."""
        return inspect_settings(environ=self.environ, folder=folder, **self.arguments)


def load_here(profile: str | None = None, **arguments: Any) -> Settings:
    """Load the settings of the working folder, whose files count beside variables that are given."""
    return load_settings(profile, **{"folder": Path.cwd(), **arguments})


def inspect_here(profile: str | None = None, **arguments: Any) -> Inspection:
    """Look at the settings of the working folder, as ``load_here`` does."""
    return inspect_settings(profile, **{"folder": Path.cwd(), **arguments})


def lay_out(parts: dict[str, str], folder: Path) -> Case:
    """Make the files of a case, and give the rest of it.

    A part's name is ``environ`` (NAME=value lines), ``arguments`` (a Python expression of what is
    given in code), a file's path, or a path after one word: ``bytes`` (a Python expression of the
    file's bytes), ``folder`` (a folder of this name), ``link`` (a link to what the text says),
    ``large`` (more bytes than a settings file may have).
    """
    case = Case()
    for name, text in parts.items():
        kind, _, rest = name.rpartition(" ")
        path = folder / rest
        if name == "environ":
            lines = text.replace("<folder>", str(folder)).splitlines()
            case.environ = dict(line.split("=", 1) for line in lines if line)
        elif name == "arguments":
            case.arguments = eval(text.strip(), {})
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(kind, path, text)
    return case


def _make(kind: str, path: Path, text: str) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(text.strip())
    elif kind == "bytes":
        path.write_bytes(eval(text.strip(), {}))
    elif kind == "large":
        path.write_bytes(text.encode() * (10 * MAX_FILE_BYTES // len(text) + 1))
    else:
        assert kind == "", kind
        path.write_text(text)
