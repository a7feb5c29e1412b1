"""JSON Schemas of the settings file and of a profile's, by which editors complete and underline.

A file refines others, so nothing is required in it, not even the ``kind`` of a table; a key is
refused where no kind that may be meant has it. Draft 2020-12, of which the TOML editors' servers
(Taplo, Tombi) know what is used here.
"""

import json
from pathlib import Path

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticUndefined, to_jsonable_python

from inkcre.settings.descriptions import leaf_schema
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import PLAIN, Node
from inkcre.settings.schema import Schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PROFILE_NAME = "profile.schema.json"


def config_name(schema: Schema[SettingsModel]) -> str:
    """Name the schema of the settings file."""
    return f"{Path(schema.filename).stem}.schema.json"


def copy_folder(schema: Schema[SettingsModel]) -> str:
    """Name the folder beside the settings file in which the schemas lie."""
    return f".{Path(schema.filename).stem}"


def build_schemas(schema: Schema[SettingsModel]) -> dict[str, JsonSchemaValue]:
    """Describe both kinds of file, by the name of the schema's own file."""
    keys = schema.root.children()
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
        config_name(schema): _document(f"Settings of {schema.title}", config, tables),
        PROFILE_NAME: _document(f"A deployment profile of {schema.title}", about | refined, tables),
    }


def render_schemas(schema: Schema[SettingsModel]) -> dict[str, bytes]:
    """Write both schemas, by the names of their files."""
    return {
        name: (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()
        for name, described in build_schemas(schema).items()
    }


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
    # Not oneOf: a table that names no kind fits several.
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
