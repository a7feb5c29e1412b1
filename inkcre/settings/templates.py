"""Files for a new start: a commented settings file, a profile, and the schemas beside them."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from inkcre.settings import editor_schemas
from inkcre.settings.descriptions import describe_meaning
from inkcre.settings.diagnostics import Diagnostic, suggest
from inkcre.settings.files import (
    CannotWrite,
    create_file,
    locked,
    replace_file,
    reported,
    require_absent,
)
from inkcre.settings.loader import Inspection
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import Node
from inkcre.settings.origins import display_path
from inkcre.settings.report import SettingsError
from inkcre.settings.schema import Schema
from inkcre.settings.section import PROFILE_NAME
from inkcre.settings.toml_values import toml_value

HEAD = """\
# Settings of {title}. Everything has a default: uncomment what should be different.
# `{command} config show --origins` tells what holds and why, `{command} config explain KEY` all
# about one setting, `{command} config check` whether anything is wrong.

# The profile when neither --profile nor {prefix}PROFILE chooses one.
# profile = "dev"

# What only one profile should have goes into [profiles.NAME.…], for example:
# [profiles.server.database.pool]
# size = 10
"""


def schema_line(schema: Schema[SettingsModel], *, of: str, above: str = "") -> str:
    """Return what editors look for on the first line of a file; ``above`` leads to the copies."""
    return f"#:schema {above}{editor_schemas.copy_folder(schema)}/{of}\n"


def write_new_config(schema: Schema[SettingsModel], folder: Path) -> list[Path]:
    """Write a settings file into a folder, and the schemas; give what was written.

    Raises:
        CannotWrite: there is one, or it cannot be written.
    """
    path = folder / schema.filename
    with locked(folder):
        require_absent(path)
        schemas = refresh_schemas(schema, folder)
        create_file(path, render_config(schema))
        return [path, *schemas]


def render_config(schema: Schema[SettingsModel]) -> str:
    """Write every setting that has a default as a comment, ready to be uncommented."""
    tables = [
        "\n".join(lines)
        for name, node in schema.root.children().items()
        if not node.is_leaf and (lines := list(_comment_table(name, node)))
    ]
    head = HEAD.format(title=schema.title, command=schema.command, prefix=schema.prefix)
    line = schema_line(schema, of=editor_schemas.config_name(schema))
    return line + head + "\n" + "\n\n".join(tables) + "\n"


def _comment_table(name: str, node: Node) -> Iterator[str]:
    leaves = [(key, n) for key, n in node.children(node.default_tag).items() if n.is_leaf]
    written = [line for key, leaf in leaves for line in _comment_leaf(key, leaf, node)]
    if written:
        yield f"# {node.description}"
        yield f"# [{name}]"
        yield from written
    for key, inner in node.children(node.default_tag).items():
        if not inner.is_leaf:
            yield from ("", *_comment_table(f"{name}.{key}", inner))


def _comment_leaf(key: str, leaf: Node, table: Node) -> Iterator[str]:
    default: object = leaf.info.default if leaf.info else None
    if default not in (None, PydanticUndefined) and not leaf.is_secret:
        yield f"# {key} = {toml_value(default)}  # {describe_meaning(leaf, table, key)}"


def write_new_profile(name: str, extends: str, found: Inspection[SettingsModel]) -> list[Path]:
    """Write a profile's file beside the settings file, and the schemas; give what was written.

    Raises:
        SettingsError: the name cannot be one, or there is no such parent.
        CannotWrite: there is a file of this name, or it cannot be written.
    """
    problems = [
        *_check_name(name),
        *([] if extends in found.profiles else [_unknown_parent(extends, found)]),
    ]
    if problems:
        raise SettingsError(problems, found.schema.command)
    path = found.folder / "profiles" / f"{name}.toml"
    if name in found.profiles:  # one of the package's would be hidden, and what extends it changed
        raise CannotWrite(
            f"profile {name}: is there already, in {display_path(found.profiles[name])}",
            hint="choose another name",
        )
    text = (
        f"{schema_line(found.schema, of=editor_schemas.PROFILE_NAME, above='../')}"
        f"# What profile {name} does differently from {extends}.\n"
        f"extends = {toml_value(extends)}\n"
        f'description = ""\n'
    )
    with locked(found.folder):
        create_file(path, text)
        return [path, *refresh_schemas(found.schema, found.folder)]


def _check_name(name: str) -> Iterator[Diagnostic]:
    if not re.fullmatch(PROFILE_NAME, name):
        yield Diagnostic(
            "profile_name",
            f"profile {name!r}",
            "cannot be a profile's name",
            help="write small letters, digits, - and _, a letter or digit first",
        )


def _unknown_parent(extends: str, found: Inspection[SettingsModel]) -> Diagnostic:
    meant = suggest(extends, found.profiles)
    known = ", ".join(sorted(found.profiles))
    return Diagnostic(
        "unknown_profile",
        f"profile {extends!r}",
        "there is no such profile",
        notes=(f"profiles: {known}",),
        help=f"did you mean `{meant}`?" if meant else "extend one of them",
    )


def refresh_schemas(schema: Schema[SettingsModel], folder: Path) -> list[Path]:
    """Write this version's schemas beside the settings file; give those that were not there so.

    Raises:
        CannotWrite: they cannot be written.
    """
    written = []
    for name, text in sorted(editor_schemas.render_schemas(schema).items()):
        copy = folder / editor_schemas.copy_folder(schema) / name
        with reported(copy):
            copy.parent.mkdir(exist_ok=True)
            is_same = copy.exists() and copy.read_bytes() == text
        if not is_same:
            replace_file(copy, text)
            written.append(copy)
    return written
