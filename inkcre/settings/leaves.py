"""The settings leaf by leaf: what holds, and where it comes from.

Everything that shows or compares settings walks this list. It can be made of settings that are
wrong too; then the values are as they were written.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from inkcre.settings.masks import MASK, mask
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Definition, Origin, Origins

RESOURCE_ID = re.compile("[0-9a-f]{32}")
"""What Cloudflare's ids look like, if not like those of RFC 9562."""


@dataclass(frozen=True)
class Leaf:
    """One setting that is in force: its value, its origin, and the definitions that it hides."""

    path: KeyPath
    node: Node
    value: object = field(repr=False)
    """Typed when the settings are valid, else as written; None when nothing gives it."""

    origin: Origin
    weaker: tuple[Definition, ...]
    """Strongest first."""

    @property
    def key(self) -> str:
        """The dotted key, as it may be shown: a binding's name may be anything."""
        return mask(".".join(self.path))

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def show(self, *, secrets: bool = False) -> str:
        """Write the value for people; a secret shows as a mask unless ``secrets``.

        What looks like one is masked in any case.
        """
        if self.value is None:
            return "(not set)"
        if self.node.is_secret:
            return str(reveal(self.value)) if secrets else MASK
        return show_value(self.value, self.node)


def reveal(value: object) -> object:
    """Return what a secret hides; anything else is itself."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def plain_value(value: object) -> object:
    """Return a value as JSON and TOML know it: a path as text, a tuple as a list."""
    if isinstance(value, Path):
        return str(value)
    return [plain_value(one) for one in value] if isinstance(value, (list, tuple)) else value


def show_value(value: object, node: Node) -> str:
    """Write a value that is no secret the way a TOML file would, text without its quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(json_value(value, node), ensure_ascii=False)
    return _show_text(str(value), node)


def json_value(value: object, node: Node) -> object:
    """Return a value that is no secret as JSON knows it, masked where it looks like one.

    What JSON has no word for becomes text.
    """
    if isinstance(value, dict):
        return {mask(str(key)): json_value(item, node) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item, node) for item in value]
    if isinstance(value, (bool, int, NoneType)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _show_text(str(value), node)


def _show_text(text: str, node: Node) -> str:
    """Mask what looks like a secret; a resource's id does, and is there to be compared."""
    return text if node.is_id and RESOURCE_ID.fullmatch(text) else mask(text)


def list_leaves(origins: Origins, settings: BaseModel | None = None) -> list[Leaf]:
    """List every leaf of the kinds that hold, in the model's order.

    Args:
        origins: where things come from.
        settings: the valid settings, for typed values; without them the values are as written.
    """
    return list(_walk(origins.root, (), origins, settings))


def _walk(
    node: Node, path: KeyPath, origins: Origins, settings: BaseModel | None
) -> Iterator[Leaf]:
    if node.is_leaf:
        value = effective_value(origins, path) if settings is None else _typed(settings, path)
        yield Leaf(path, node, value, origins.of(path), origins.weaker(path))
        return
    for key, child in _active_children(node, path, origins).items():
        yield from _walk(child, (*path, key), origins, settings)


def _active_children(node: Node, path: KeyPath, origins: Origins) -> Mapping[str, Node]:
    if node.item:
        names = {p[len(path)]: None for p in origins.winners if p[: len(path)] == path != p}
        return dict.fromkeys(names, node.item)
    if not node.tag:
        return node.children()
    tag = effective_value(origins, (*path, node.tag))
    if isinstance(tag, str) and tag in node.variants:
        return node.variants[tag]
    # A kind that does not exist has no keys; those that were written are shown.
    written = {p[len(path)] for p in origins.winners if p[: len(path)] == path != p}
    return {k: n for k, n in node.children().items() if k in written}


def _typed(settings: BaseModel, path: KeyPath) -> object:
    value: object = settings
    for key in path:
        if isinstance(value, BaseModel):
            value = getattr(value, key)
        else:
            assert isinstance(value, Mapping)
            value = value[key]
    return value


def effective_value(origins: Origins, path: KeyPath) -> object:
    """Return the merged value at ``path``, or the default that would hold; None where none is."""
    definition = origins.winners.get(path)
    if definition:
        return definition.value
    node: Node | None = origins.root
    for depth, key in enumerate(path):
        if node is None:
            return None
        if node.tag == key:
            return node.default_tag
        tag = effective_value(origins, (*path[:depth], node.tag)) if node.tag else None
        node = node.item or node.children(str(tag) if tag else None).get(key)
    default = node.info.default if node and node.info and node.is_leaf else None
    return None if default is PydanticUndefined else default
