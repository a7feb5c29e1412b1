"""``inkcre config show``, ``explain`` and ``diff``: what the settings are, and why."""

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    Profile,
    current_schema,
    errors_as,
    inspect_profile,
    stop_on_problems,
)
from inkcre.errors import EX_CONFIG, OperatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inkcre.settings.leaves import Leaf


class NotATerminal(OperatorError):
    """Refuse to write secrets anywhere but on a terminal."""

    code = "not_a_terminal"


class ShowFormat(StrEnum):
    """How settings are written."""

    TABLE = "table"
    TOML = "toml"
    JSON = "json"


def show(
    profile: Profile = None,
    set_: Assignments = None,
    origins: Annotated[
        bool, typer.Option("--origins", help="Also say where each value comes from.")
    ] = False,
    format_: Annotated[ShowFormat, typer.Option("--format", help="How to write them.")] = (
        ShowFormat.TABLE
    ),
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Write secrets too; on a terminal only.")
    ] = False,
) -> None:
    """Show the effective settings, right or wrong."""
    with errors_as(Format.JSON if format_ is ShowFormat.JSON else Format.TEXT):
        if show_secrets and not sys.stdout.isatty():
            raise NotATerminal(
                "--show-secrets: standard output is not a terminal",
                hint="leave it out, or run the command on a terminal",
            )
        found = inspect_profile(profile, set_)
        leaves = found.leaves()
        print(_write(leaves, format_, origins=origins, secrets=show_secrets), end="")
        stop_on_problems(found)


def _write(leaves: "Sequence[Leaf]", format_: ShowFormat, *, origins: bool, secrets: bool) -> str:
    from inkcre.settings.toml_values import toml_settings

    if format_ is ShowFormat.TOML:
        return toml_settings(current_schema(), leaves)
    if format_ is ShowFormat.JSON:
        return json.dumps(_as_json(leaves, origins=origins, secrets=secrets), indent=2) + "\n"
    rows = [[leaf.key, leaf.show(secrets=secrets)] for leaf in leaves]
    if origins:
        for row, leaf in zip(rows, leaves, strict=True):
            row += [leaf.origin.layer, leaf.origin.describe()]
    return write_columns(rows)


def write_columns(rows: "Sequence[Sequence[str]]") -> str:
    """Write rows below each other, each column as wide as its widest cell."""
    from inkcre.settings.renderers import cells, visible

    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)
        )
        for row in shown
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _as_json(leaves: "Sequence[Leaf]", *, origins: bool, secrets: bool) -> dict[str, object]:
    from inkcre.settings.masks import mask
    from inkcre.settings.merge import open_table

    tree: dict[str, object] = {}
    for leaf in leaves:
        table = open_table(tree, map(mask, leaf.path[:-1]))
        table[leaf.path[-1]] = _json_value(leaf, secrets=secrets)
    made: dict[str, object] = {"settings": tree}
    if origins:
        made["origins"] = {
            leaf.key: {
                "layer": leaf.origin.layer,
                "place": leaf.origin.describe(),
                "hides": [d.origin.describe() for d in leaf.weaker],
            }
            for leaf in leaves
        }
    return made


def _json_value(leaf: "Leaf", *, secrets: bool) -> object:
    from inkcre.settings.leaves import json_value

    if leaf.node.is_secret:
        return leaf.show(secrets=secrets) if leaf.is_set else None
    return json_value(leaf.value, leaf.node)


def explain(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A setting, such as database.pool.size.")
    ],
    profile: Profile = None,
    set_: Assignments = None,
    format_: OutputFormat = Format.TEXT,
) -> None:
    """Tell all about one setting.

    Its value, its origin, what it hides, and what it may be.
    """
    from inkcre.settings.explanations import explain_key, render_explanation

    with errors_as(format_):
        found = inspect_profile(profile, set_)
        explanation = explain_key(key, found)
        if format_ is Format.JSON:
            print(json.dumps(explanation.as_json(), indent=2))
        else:
            print(render_explanation(explanation))
        if getattr(explanation, "problems", ()):
            raise typer.Exit(EX_CONFIG)


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A profile.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another profile.")],
    format_: OutputFormat = Format.TEXT,
) -> None:
    """Show what two profiles do differently.

    In values, and in what is assembled from them.
    """
    from inkcre.assembly.compare import compare_profiles, render_difference

    with errors_as(format_):
        found = [inspect_profile(name) for name in (first, second)]
        difference = compare_profiles(*found)
        if format_ is Format.JSON:
            print(json.dumps(difference.as_json(), indent=2))
        else:
            print(render_difference(difference))
