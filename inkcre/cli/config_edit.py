"""``inkcre config set``, ``unset``, ``schema`` and ``inkcre init``: what writes settings files."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import current_schema, inspect_anything
from inkcre.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inkcre.sections.settings import Settings
    from inkcre.settings.edits import Changed
    from inkcre.settings.schema import Schema

Key = Annotated[str, typer.Argument(metavar="KEY", help="A setting, such as http.port.")]
OneProfile = Annotated[
    str | None,
    typer.Option("--profile", "-p", metavar="NAME", help="For this profile only."),
]


def set_(
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE",
            help="A setting and its value, several at once; a list has several, or is TOML.",
        ),
    ],
    profile: OneProfile = None,
) -> None:
    """Write settings into the settings file.

    All of them or none, and nothing else in the file changes.
    """
    from inkcre.settings.edits import set_settings

    schema = current_schema(profile)
    report_change(set_settings(schema, _read_pairs(schema, pairs), profile))


def _read_pairs(schema: "Schema[Settings]", words: "Sequence[str]") -> dict[str, str]:
    """Return texts by keys; the words behind the key of a list are its elements, up to a key."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        key, values = rest.pop(0), rest[:1]
        rest = rest[1:]
        if _is_list(schema, key):
            while rest and not _is_leaf(schema, rest[0]):
                values.append(rest.pop(0))
        if not values:
            # Not quoted: whoever writes KEY=VALUE has the value, maybe a secret, in the key.
            raise typer.BadParameter("expected pairs of KEY VALUE, with a space between them")
        if key in found:
            raise typer.BadParameter("a key is given twice")
        found[key] = values[0] if len(values) == 1 else json.dumps(values)
    return found


def _is_leaf(schema: "Schema[Settings]", word: str) -> bool:
    node = schema.root.find(tuple(word.split(".")))
    return node is not None and node.is_leaf


def _is_list(schema: "Schema[Settings]", word: str) -> bool:
    node = schema.root.find(tuple(word.split(".")))
    return node is not None and node.is_list


def unset(key: Key, profile: OneProfile = None) -> None:
    """Take one setting out of the settings file. Its comments stay."""
    from inkcre.settings.edits import unset_setting

    report_change(unset_setting(current_schema(profile), key, profile))


def report_change(changed: "Changed") -> None:
    """Tell what became of a settings file."""
    from inkcre.settings.origins import display_path
    from inkcre.settings.renderers import visible

    done = "changed" if changed.is_different else "nothing to change in"
    say(visible(f"{done} {display_path(changed.path)}"))
    for note in changed.notes:
        print(visible(f"note: {note}"))


def schema(
    of: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="The settings file, unless it says: profile."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write both kinds beside the settings file instead.")
    ] = False,
) -> None:
    """Show the JSON Schema that editors go by."""
    from inkcre.settings.editor_schemas import render_schemas
    from inkcre.settings.files import locked
    from inkcre.settings.origins import display_path
    from inkcre.settings.templates import refresh_schemas

    if not write:
        rendered = render_schemas(inspect_anything().file_schema())
        names = [name.removesuffix(".schema.json") for name in rendered]
        if of is not None and of not in names:
            raise typer.BadParameter(f"expected {' or '.join(names)}")
        print(rendered[f"{of or names[0]}.schema.json"].decode(), end="")
        return
    found = inspect_anything()
    with locked(found.folder):
        written = refresh_schemas(found.file_schema(), found.folder)
    for path in written:
        say(f"wrote {display_path(path)}")
    if not written:
        say("the schemas are up to date")


def init() -> None:
    """Write a commented settings file. One that is there stays as it is."""
    from inkcre.settings.loader import working_folder
    from inkcre.settings.origins import display_path
    from inkcre.settings.templates import write_new_config

    schema = current_schema()
    for path in write_new_config(schema, working_folder(schema.command)):
        say(f"wrote {display_path(path)}")
