"""Settings as TOML. Values and keys are written by tomlkit."""

from collections.abc import Iterable

from inkcre.settings.leaves import Leaf, plain_value
from inkcre.settings.masks import MASK, mask
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath
from inkcre.settings.renderers import visible
from inkcre.settings.schema import Schema


def toml_value(value: object) -> str:
    """Write one value.

    Raises:
        ValueError: TOML has no such value.
    """
    import tomlkit

    written = str(tomlkit.item(plain_value(value)).as_string())
    written.encode()  # half of a surrogate pair is a ValueError
    # tomlkit escapes what TOML forbids; the rest of what a terminal would obey is escaped here,
    # in TOML's own way, since it stands in a basic string.
    return visible(written)


def toml_key(path: Iterable[str]) -> str:
    """Write a dotted key, quoted where that is needed."""
    import tomlkit

    return ".".join(visible(tomlkit.key(name).as_string()) for name in path)


def toml_settings(
    schema: Schema[SettingsModel], leaves: Iterable[Leaf], *, masked: bool = True
) -> str:
    """Write a whole file that loads to these settings; a secret is a note of its variable.

    Args:
        schema: whose variables are named.
        leaves: the settings.
        masked: whether what only looks like a secret is a note too, since the file is shown.
    """
    tables: dict[KeyPath, list[Leaf]] = {}
    for leaf in leaves:
        if leaf.is_set or leaf.node.is_secret:
            tables.setdefault(leaf.path[:-1], []).append(leaf)
    written = [
        "\n".join(
            [*_header(table, masked=masked), *(_line(one, schema, masked=masked) for one in inside)]
        )
        for table, inside in tables.items()
    ]
    return "\n\n".join(written) + "\n"


def _header(table: KeyPath, *, masked: bool) -> list[str]:
    names = [mask(name) if masked else name for name in table]
    return [f"[{toml_key(names)}]"] if names else []


def _line(leaf: Leaf, schema: Schema[SettingsModel], *, masked: bool) -> str:
    key = toml_key(leaf.path[-1:])
    if leaf.node.is_secret:
        return f"# {key} is a secret: set {schema.variable_name(leaf.path)}, or its _FILE"
    if masked and MASK in leaf.show():
        return f"# {key} has what looks like a secret"
    try:
        return f"{key} = {toml_value(leaf.value)}"
    except ValueError:
        return f"# {key} has a value that TOML cannot say"
