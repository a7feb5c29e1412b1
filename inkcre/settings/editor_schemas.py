"""JSON Schemas of ``inkcre.toml`` and of a profile's file, by which editors complete and underline.

A file refines others, so nothing is required in it, not even the ``kind`` of a table; a key is
refused where no kind that may be meant has it. Draft 2020-12, of which the TOML editors' servers
(Taplo, Tombi) know what is used here.
"""

import json
from pathlib import Path

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticUndefined, to_jsonable_python

from inkcre.settings.describing import leaf_schema
from inkcre.settings.schema import PLAIN, Node, settings_schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
CONFIG_NAME = "inkcre.schema.json"
PROFILE_NAME = "profile.schema.json"
FOLDER = Path(__file__).parent / "schemas"
"""Where the written schemas lie; a test compares them with the model."""

COPY_FOLDER = ".inkcre"
"""Where copies of them lie, beside ``inkcre.toml``."""


def build_schemas() -> dict[str, JsonSchemaValue]:
    """Describe both kinds of file, by the name of the schema's own file."""
    keys = settings_schema().children()
    tables = {name: _describe(node) for name, node in keys.items()}
    refined = {name: {"$ref": f"#/$defs/{name}"} for name in tables if name != "profile"}
    about = {
        "extends": {"type": "string", "description": "The profile that this one refines."},
        "description": {"type": "string", "description": "What the profile is for."},
    }
    overlay = _table("What holds under this profile only.", refined)
    profiles = {
        "type": "object",
        "description": "What only one profile should have.",
        "additionalProperties": overlay,
    }
    config = {"profile": tables.pop("profile"), **refined, "profiles": profiles}
    return {
        CONFIG_NAME: _document("Settings of InKCre Core", config, tables),
        PROFILE_NAME: _document("A deployment profile of InKCre Core", about | refined, tables),
    }


def write_schemas(folder: Path) -> None:
    """Write both schemas."""
    for name, schema in build_schemas().items():
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


def _document(title: str, properties: JsonSchemaValue, tables: JsonSchemaValue) -> JsonSchemaValue:
    table = _table(title, properties)
    return {"$schema": DRAFT, "title": title, **table, "$defs": tables}


def _table(description: str, properties: JsonSchemaValue) -> JsonSchemaValue:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
    }


def _describe(node: Node) -> JsonSchemaValue:
    if node.is_leaf:
        return _describe_leaf(node)
    if node.item:
        return {
            "type": "object",
            "description": node.description,
            "additionalProperties": _describe(node.item),
        }
    variants = {
        name: _table(node.description, {key: _describe(child) for key, child in keys.items()})
        for name, keys in node.variants.items()
    }
    if set(variants) == {PLAIN}:
        return variants[PLAIN]
    kinds = [{**table, "title": f'{node.tag} = "{name}"'} for name, table in variants.items()]
    return {"description": node.description, "anyOf": kinds}


def _describe_leaf(node: Node) -> JsonSchemaValue:
    info = node.info
    assert info is not None
    schema = leaf_schema(node)
    if node.description:
        schema["description"] = node.description
    if info.default not in (None, PydanticUndefined):
        schema["default"] = to_jsonable_python(info.default)
    return schema
