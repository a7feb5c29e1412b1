"""What a setting may be, in the words of TOML: read off the JSON Schema of its field."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from inkcre.settings.nodes import Node
from inkcre.wording import describe_pattern

TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list of text",
    "date": "a date",
    "path": "a path",
    "password": "a secret",
}

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "of length {} or more",
    "maxLength": "of length {} at most",
    "pattern": "{}",
    "x-allowed": "{}",
}


@dataclass(frozen=True)
class ValueDescription:
    """The type of a setting and what is allowed of that type, None when all is."""

    type: str
    allowed: str | None


def describe_values(node: Node, kinds: Iterable[str] = ()) -> ValueDescription:
    """Tell what the setting at a leaf may be; ``kinds`` are those that a tag chooses from."""
    schema = leaf_schema(node)
    branches = schema.get("anyOf", [schema])
    if len(branches) > 1:
        return ValueDescription(" or ".join(_describe_branch(b) for b in branches), None)
    bounds = _quote(kinds) or _describe_bounds(branches[0])
    return ValueDescription(_describe_type(branches[0]), bounds or None)


def leaf_schema(node: Node) -> JsonSchemaValue:
    """Return the JSON Schema of a leaf. TOML has no null: a key that may be absent is left out."""
    assert node.info is not None
    schema = leaf_adapter(node).json_schema()
    branches = [b for b in schema.pop("anyOf", []) if b.get("type") != "null"]
    if branches:
        schema |= branches[0] if len(branches) == 1 else {"anyOf": branches}
    more = node.info.json_schema_extra
    return {**schema, **more} if isinstance(more, dict) else schema


def leaf_adapter(node: Node) -> TypeAdapter[object]:
    """Return what validates a value of a leaf by itself."""
    assert node.info is not None
    # None at the end, for Annotated wants at least one more, and a leaf may have none.
    annotated: Any = Annotated[(node.info.annotation, *node.info.metadata, None)]
    return TypeAdapter(annotated, config=ConfigDict(allow_inf_nan=False))


def describe_meaning(node: Node, parent: Node | None, key: str) -> str:
    """Tell what a setting means; of a tag, what each of its kinds is."""
    if parent is None or parent.tag != key:
        return node.description
    kinds = [f'"{kind}": {keys[key].description}' for kind, keys in parent.variants.items()]
    return " ".join(kinds)


def _describe_branch(schema: JsonSchemaValue) -> str:
    return _quote([schema["const"]]) if "const" in schema else _describe_type(schema)


def _describe_type(schema: JsonSchemaValue) -> str:
    return TYPES.get(schema.get("format", ""), TYPES[schema["type"]])


def _describe_bounds(schema: JsonSchemaValue) -> str:
    values = _quote(schema.get("enum", [schema["const"]] if "const" in schema else []))
    if values:
        return values
    inner = schema.get("items", schema)
    if "pattern" in inner:
        inner = {**inner, "pattern": describe_pattern(inner["pattern"])}
    said = [words.format(inner[name]) for name, words in BOUNDS.items() if name in inner]
    return ", ".join(said)


def _quote(values: Iterable[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)
