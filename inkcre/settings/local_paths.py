"""Paths on disk among the settings: absolute, whatever file says them."""

from dataclasses import replace
from pathlib import Path

from inkcre.settings.origins import Origins
from inkcre.settings.section import IN_MEMORY, find_fault


def resolve_paths(origins: Origins, folder: Path) -> Origins:
    """Make relative paths absolute: against the file that says them, else the working folder."""
    winners = dict(origins.winners)
    for path, definition in winners.items():
        node = origins.root.find(path)
        value = definition.value
        if node and node.is_local_path:
            absolute = _make_absolute(value, definition.origin.base or folder)
            winners[path] = replace(definition, value=absolute)
    return replace(origins, winners=winners)


def _make_absolute(value: object, base: Path) -> object:
    """Make a path absolute, or those in a list; what is no path is for the model to refuse."""
    if isinstance(value, (list, tuple)):
        return type(value)(_make_absolute(item, base) for item in value)
    if not isinstance(value, (str, Path)) or find_fault(str(value)):
        return value
    if str(value) == IN_MEMORY:
        return str(value)
    return base / _expand_home(Path(value))


def _expand_home(path: Path) -> Path:
    """Put a home folder in the place of ``~``; of nobody's home, leave it as it is."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
