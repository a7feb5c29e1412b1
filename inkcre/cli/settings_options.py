"""Options that every command shares, and how errors are written."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from inkcre.errors import InkcreError


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


@contextmanager
def errors_as(format_: Format) -> Iterator[None]:
    """Write an error of ours that ends a command the way the command was asked to write."""
    try:
        yield
    except InkcreError as error:
        if format_ is Format.TEXT:
            raise
        print(_render_json(error), file=sys.stderr)
        raise typer.Exit(error.exit_status) from error


def _render_json(error: InkcreError) -> str:
    from inkcre.settings.diagnostics import SettingsError, render_json

    if isinstance(error, SettingsError):
        return render_json(error.diagnostics)
    problem = {"code": error.code, "message": error.message, "help": error.hint}
    return json.dumps({"errors": [problem]})


def render_error(error: InkcreError) -> str:
    """Write an error for people."""
    from inkcre.settings.diagnostics import SettingsError

    if isinstance(error, SettingsError):
        return error.message
    hint = f"\n  = help: {error.hint}" if error.hint else ""
    return f"error[{error.code}]: {error.message}{hint}"
