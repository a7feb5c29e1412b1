"""The shape of a settings model as data: which keys there are, at every depth, in every variant.

Read off the pydantic models once. The merge asks it what is a table and what is a tagged one;
diagnostics ask it what a misspelt key may have meant.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from inkcre.settings.section import LocalPath, ResourceId

KeyPath = tuple[str, ...]
"""The path of a setting: ``("database", "pool", "size")``."""

PLAIN = ""
"""The variant's name of a table that has no tag."""


@dataclass(frozen=True)
class Node:
    """A key of the settings: a leaf, a table, a tagged table, or a table of named tables."""

    info: FieldInfo | None
    variants: Mapping[str, Mapping[str, "Node"]] = field(default_factory=dict)
    tag: str | None = None
    item: "Node | None" = None
    is_secret: bool = False
    is_local_path: bool = False
    is_id: bool = False
    is_list: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether a value stands here, and not a table."""
        return not self.variants and self.item is None

    @property
    def default_tag(self) -> str | None:
        """The variant that holds when nothing names one."""
        default = self.info.default if self.info else None
        return getattr(default, self.tag, None) if self.tag else None

    @property
    def description(self) -> str:
        """What the setting means, in one sentence."""
        return (self.info.description or "") if self.info else ""

    def children(self, variant: str | None = None) -> Mapping[str, "Node"]:
        """Return the keys of one variant, or of all of them together."""
        if variant is not None and variant in self.variants:
            return self.variants[variant]
        return self._all_children

    @cached_property
    def _all_children(self) -> Mapping[str, "Node"]:
        merged: dict[str, Node] = {}
        for keys in self.variants.values():
            merged |= {key: node for key, node in keys.items() if key not in merged}
        return merged

    def child(self, key: str) -> "Node | None":
        """Return the node under ``key`` in whichever variant has it."""
        return self.item or self.children().get(key)

    def only_in(self, variant: str, other: str) -> set[tuple[str, ...]]:
        """Return, as paths, the keys that one variant has and another has not."""
        keys = self.variants.get(variant, {}), self.variants.get(other, {})
        return {(key,) for key in keys[0] if key not in keys[1]}

    def owners(self, key: str) -> list[str]:
        """Name the variants that have ``key``."""
        return [name for name, keys in self.variants.items() if key in keys]

    def find(self, path: KeyPath) -> "Node | None":
        """Return the node at a path from here, or None when there is no such setting."""
        node: Node | None = self
        for key in path:
            node = node.child(key) if node else None
        return node

    def walk_leaves(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, "Node"]]:
        """Yield every leaf of every variant; the name in a table of named tables is ``NAME``."""
        if self.is_leaf:
            yield path, self
        if self.item:
            yield from self.item.walk_leaves((*path, "NAME"))
        for key, child in self.children().items():
            yield from child.walk_leaves((*path, key))


def describe_model(model: type[BaseModel]) -> Node:
    """Describe a settings model."""
    return Node(info=None, variants={PLAIN: _fields(model)})


def _fields(model: type[BaseModel]) -> dict[str, Node]:
    return {name: _node(info) for name, info in model.model_fields.items()}


def _node(info: FieldInfo) -> Node:
    return _describe(info.annotation, info, _tag_of(info))


def _tag_of(info: FieldInfo) -> str | None:
    return info.discriminator if isinstance(info.discriminator, str) else None


def _describe(annotation: object, info: FieldInfo | None, tag: str | None) -> Node:
    annotation, metadata = _unwrap(annotation)
    # Of what a mapping holds the tag stands in the annotation: there is no field of its own.
    for data in metadata:
        tag = _tag_of(data) or tag if isinstance(data, FieldInfo) else tag
    members = [_unwrap(arg)[0] for arg in _union_members(annotation)]
    models = [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]
    if tag and models:
        return Node(info, {_tag_value(m, tag): _fields(m) for m in models}, tag)
    if models:
        return Node(info, {PLAIN: _fields(models[0])})
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Node(info, item=_describe(get_args(annotation)[1], None, None))
    return Node(
        info,
        is_secret=SecretStr in members,
        is_local_path=_is_marked(LocalPath, annotation, info),
        is_id=_is_marked(ResourceId, annotation, info),
        is_list=origin is tuple,
    )


def _unwrap(annotation: object) -> tuple[object, tuple[object, ...]]:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return inner, tuple(metadata)
    return annotation, ()


def _union_members(annotation: object) -> tuple[object, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _is_marked(type_: object, annotation: object, info: FieldInfo | None) -> bool:
    """Tell whether a setting is of one of the annotated types, or a list of them."""
    mark = get_args(type_)[-1]
    if info and mark in info.metadata:
        return True
    members = (
        get_args(annotation) if get_origin(annotation) is tuple else _union_members(annotation)
    )
    return any(mark in _unwrap(member)[1] for member in members)


def _tag_value(model: type[BaseModel], tag: str) -> str:
    annotation = model.model_fields[tag].annotation
    assert get_origin(annotation) is Literal
    return str(get_args(annotation)[0])
