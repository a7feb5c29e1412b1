"""Mapping JSON to star graphs: which part of a message becomes which block.

Parts are named by JSON pointers (RFC 6901), in which ``*`` stands for every element of a list or
object. A text with pointers in braces is put together: ``"{/title}: {/body/text}"``.
"""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inkcre.errors import Invalid
from inkcre.graph.forms import Name, RelationContent, Star
from inkcre.graph.stars import Arc, block, star
from inkcre.sources.base import Item, SourceConfig
from inkcre.sql.values import MAX_NAME_LENGTH

Template = Annotated[str, Field(max_length=2000)]
"""A pointer (the empty one is the whole message), or a text with pointers in braces."""

MAX_VALUES = 100
"""How many values one template may give."""

_POINTER = re.compile(r"\{(/[^{}]*)\}")


class BlockMapping(SourceConfig):
    """How a block is made of a message."""

    content: Template
    """What it holds."""

    resolver: Annotated[Name, Field(max_length=MAX_NAME_LENGTH)] = "text"
    """What kind of block it is."""

    storage: Annotated[str, Field(pattern=r"^url$")] | None = None
    """"url" if the content is an address."""


class RelationMapping(BlockMapping):
    """How a block is made that the message's own is related to; nothing where nothing is said."""

    relation: RelationContent
    """What the relation says."""


class Mapping(SourceConfig):
    """How a message becomes a star graph."""

    block: BlockMapping
    """The block at its centre."""

    relations: tuple[RelationMapping, ...] = ()
    """What is around it."""

    items: Template | None = None
    """A pointer to several messages in one, such as ``/events/*``."""

    key: Template | None = None
    """What tells a message from others; without it the id that its sender gave it."""

    @model_validator(mode="after")
    def _items_are_a_pointer(self) -> Self:
        if self.items is not None and not self.items.startswith("/"):
            raise PydanticCustomError("pointer", 'items should be a pointer, such as "/events/*"')
        return self

    def map(self, message: object, message_id: str) -> Iterator[Item]:
        """Yield the items that a message becomes.

        Raises:
            Invalid: what is to be its block's content, or its key, is not there.
        """
        parts = list(find(message, self.items)) if self.items is not None else [message]
        for number, part in enumerate(parts):
            own = message_id if len(parts) == 1 else f"{message_id}:{number}"
            key = _one(self.key, part, "key") if self.key is not None else own
            yield Item(key, self._make_star(part))

    def _make_star(self, part: object) -> Star:
        content = _one(self.block.content, part, "block.content")
        arcs: list[Arc] = []
        for one in self.relations:
            values = fill(one.content, part)
            arcs += [(one.relation, block(one.resolver, v, one.storage)) for v in values]
        return star(block(self.block.resolver, content, self.block.storage), arcs)


def _one(template: str, part: object, name: str) -> str:
    values = fill(template, part)
    if not values:
        raise Invalid(f"nothing is at {template}, the mapping's {name}", field="body")
    return values[0]


def fill(template: str, part: object) -> list[str]:
    """Return the values that a template has in a part of a message; none where nothing is said."""
    if not template or template.startswith("/"):
        return [_say(value) for value in find(part, template) if value is not None][:MAX_VALUES]
    found = {pointer: next(find(part, pointer), None) for pointer in _POINTER.findall(template)}
    if found and all(value is None for value in found.values()):
        return []
    return [_POINTER.sub(lambda m: _say(found[m[1]]) if found[m[1]] is not None else "", template)]


def _say(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# By hand: RFC 6901 has no "*", which mappings need that are stored already; a library would do the
# steps between (docs/architecture.md).
def find(part: object, pointer: str) -> Iterator[object]:
    """Yield what a pointer leads to; ``""`` leads to the whole."""
    parts = [part]
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        parts = [below for one in parts for below in _below(one, name)]
    yield from parts


def _below(part: object, name: str) -> list[object]:
    if isinstance(part, dict):
        return list(part.values()) if name == "*" else [part[name]] if name in part else []
    if isinstance(part, list):
        if name == "*":
            return part
        is_index = name.isascii() and name.isdecimal() and len(name) < 10
        return [part[int(name)]] if is_index and int(name) < len(part) else []
    return []
