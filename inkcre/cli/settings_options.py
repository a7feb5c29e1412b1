"""Options that every command shares, and how errors are written."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.errors import InkcreError

if TYPE_CHECKING:
    from inkcre.settings.loader import Inspection


class Format(StrEnum):
    """How a command writes what it found."""

    TEXT = "text"
    JSON = "json"


Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="The profile; else INKCRE_PROFILE and others choose.",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set one setting, above all others. Repeatable."
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="For people or for machines.")]


def inspect_profile(profile: str | None, assignments: list[str] | None = None) -> "Inspection":
    """Look at the settings of a profile, right or wrong.

    Raises:
        SettingsError: there is no such profile, and so nothing to look at.
    """
    from inkcre.settings.loader import inspect_settings
    from inkcre.settings.report import SettingsError

    found = inspect_settings(profile, assignments=assignments or ())
    if found.profile not in found.profiles:
        raise SettingsError(found.problems)
    return found


def stop_on_problems(found: "Inspection") -> None:
    """End a command that showed what there is, when what there is is wrong.

    Raises:
        SettingsError: everything that is wrong.
    """
    from inkcre.settings.report import SettingsError

    if found.problems:
        raise SettingsError(found.problems)


@contextmanager
def errors_as(format_: Format) -> Iterator[None]:
    """Write an error of ours that ends a command the way the command was asked to write."""
    try:
        yield
    except InkcreError as error:
        if format_ is not Format.JSON:
            raise
        sys.stdout.flush()
        print(_render_json(error), file=sys.stderr)
        raise typer.Exit(error.exit_status) from error


def _render_json(error: InkcreError) -> str:
    from inkcre.settings.rendering import render_json
    from inkcre.settings.report import SettingsError

    if isinstance(error, SettingsError):
        return render_json(error.diagnostics)
    message, hint = _masked(error)
    problem = {"code": error.code, "message": message, "help": hint}
    return json.dumps({"errors": [problem]})


def _masked(error: InkcreError) -> tuple[str, str | None]:
    from inkcre.settings.masking import mask_forms

    return mask_forms(error.message), error.hint and mask_forms(error.hint)


def render_error(error: InkcreError) -> str:
    """Write an error for people, in colour where there is one."""
    from inkcre.cli.terminal import choose_paint
    from inkcre.settings.rendering import render_text, visible
    from inkcre.settings.report import SettingsError

    paint = choose_paint(sys.stderr)
    if isinstance(error, SettingsError):
        return render_text(error.diagnostics, paint)
    message, hint = _masked(error)
    lines = [paint("error", f"error[{error.code}]") + paint("title", f": {visible(message)}")]
    if hint:
        lines.append(f"  {paint('frame', '=')} {paint('help', 'help:')} {visible(hint)}")
    return "\n".join(lines)
