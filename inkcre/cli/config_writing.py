"""``inkcre config set``, ``unset``, ``schema`` and ``inkcre init``: what writes settings files."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from inkcre.settings.edits import Changed

Key = Annotated[str, typer.Argument(metavar="KEY", help="A setting, such as http.port.")]
OneProfile = Annotated[
    str | None,
    typer.Option("--profile", "-p", metavar="NAME", help="For this profile only."),
]


class SchemaOf(StrEnum):
    """Which file a schema describes."""

    INKCRE = "inkcre"
    PROFILE = "profile"


def set_(
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE", help="A setting and its value; a list is JSON. Several at once."
        ),
    ],
    profile: OneProfile = None,
) -> None:
    """Write settings into inkcre.toml.

    All of them or none, and nothing else in the file changes.
    """
    from inkcre.settings.edits import set_settings

    if len(pairs) % 2:
        # Not quoted: whoever writes KEY=VALUE has the value, maybe a secret, in the key.
        raise typer.BadParameter("expected pairs of KEY VALUE, with a space between them")
    keys = pairs[::2]
    if len(set(keys)) < len(keys):
        raise typer.BadParameter("a key is given twice")
    _report(set_settings(dict(zip(keys, pairs[1::2], strict=True)), profile))


def unset(key: Key, profile: OneProfile = None) -> None:
    """Take one setting out of inkcre.toml. Its comments stay."""
    from inkcre.settings.edits import unset_setting

    _report(unset_setting(key, profile))


def _report(changed: "Changed") -> None:
    from inkcre.settings.origins import display_path
    from inkcre.settings.rendering import visible

    done = "changed" if changed.is_different else "nothing to change in"
    print(visible(f"{done} {display_path(changed.path)}"))
    for note in changed.notes:
        print(visible(f"note: {note}"))


def schema(
    of: Annotated[SchemaOf, typer.Argument(help="The kind of file.")] = SchemaOf.INKCRE,
    write: Annotated[
        bool, typer.Option("--write", help="Write both kinds beside inkcre.toml instead.")
    ] = False,
) -> None:
    """Show the JSON Schema that editors go by."""
    from inkcre.settings.editor_schemas import FOLDER
    from inkcre.settings.files import locked
    from inkcre.settings.loader import inspect_settings
    from inkcre.settings.origins import display_path
    from inkcre.settings.templates import refresh_schemas

    if not write:
        print((FOLDER / f"{of}.schema.json").read_text(encoding="utf-8"), end="")
        return
    folder = inspect_settings().folder
    with locked(folder):
        written = refresh_schemas(folder)
    for path in written:
        print(f"wrote {display_path(path)}")
    if not written:
        print("the schemas are up to date")


def init() -> None:
    """Write a commented inkcre.toml. One that is there stays as it is."""
    from inkcre.settings.loader import working_folder
    from inkcre.settings.origins import display_path
    from inkcre.settings.templates import write_new_config

    for path in write_new_config(working_folder()):
        print(f"wrote {display_path(path)}")
