"""Options that every command shares, and how errors are written."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.errors import InkcreError, in_words_of

if TYPE_CHECKING:
    from inkcre.application import Application
    from inkcre.sections.schema import Inspection
    from inkcre.sections.settings import Settings
    from inkcre.settings.schema import Schema

_running: "ContextVar[Application]" = ContextVar("inkcre_cli")
"""Whose command it is."""

_left_out: ContextVar[tuple[str, ...]] = ContextVar("inkcre_left_out", default=())
"""Extensions that the command does without."""


def run_for(application: "Application") -> None:
    """Let the commands that are run from here on be an application's."""
    _running.set(application)
    _left_out.set(())


def leave_out(names: "Sequence[str]") -> None:
    """Let the commands that are run from here on do without some extensions."""
    _left_out.set(tuple(names))


def _overrides(profile: str | None, assignments: list[str] | None) -> dict[str, object]:
    """Return what stands before every command, as settings."""
    names = _left_out.get()
    if not names:
        return {}
    from inkcre.sections.enabling import DISABLED, names_at
    from inkcre.sections.schema import inspect_settings

    found = inspect_settings(
        profile, application=current_application(), assignments=assignments or ()
    )
    return {".".join(DISABLED): [*names_at(found.origins, DISABLED), *names]}


def current_application() -> "Application":
    """Return the application whose command is run."""
    if running := _running.get(None):
        return running
    from inkcre.sections.schema import default_application

    return default_application()


def current_schema(profile: str | None = None) -> "Schema[Settings]":
    """Return what settings the application has whose command is run, with what they enable."""
    return inspect_anything(profile).schema


def load_profile(profile: str | None, assignments: list[str] | None) -> "Settings":
    """Load the settings of a profile.

    Raises:
        SettingsError: everything that is wrong, at once.
    """
    from inkcre.sections.schema import load_settings

    return load_settings(
        profile,
        application=current_application(),
        overrides=_overrides(profile, assignments),
        assignments=assignments or (),
    )


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
        help="The profile; else the surroundings choose: a variable, the settings file.",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set one setting, above all others. Repeatable."
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="For people or for machines.")]


def may_have_settings() -> bool:
    """Tell whether something around may enable an extension, without reading it."""
    import os
    from pathlib import Path

    application = current_application()
    if any(name.startswith(f"{application.prefix}EXTENSIONS") for name in os.environ):
        return True
    try:
        here = Path.cwd()
    except OSError:
        return False
    names = (application.filename, ".env")
    return any((folder / name).exists() for folder in (here, *here.parents) for name in names)


def inspect_anything(
    profile: str | None = None, assignments: list[str] | None = None
) -> "Inspection":
    """Look at the settings, be there such a profile or not."""
    from inkcre.sections.schema import inspect_settings

    return inspect_settings(
        profile,
        application=current_application(),
        overrides=_overrides(profile, assignments),
        assignments=assignments or (),
    )


def inspect_profile(profile: str | None, assignments: list[str] | None = None) -> "Inspection":
    """Look at the settings of a profile, right or wrong.

    Raises:
        SettingsError: there is no such profile, and so nothing to look at.
    """
    from inkcre.settings.report import SettingsError

    found = inspect_anything(profile, assignments)
    if found.profile not in found.profiles:
        raise SettingsError(found.problems, found.schema.command)
    return found


def stop_on_problems(found: "Inspection") -> None:
    """End a command that showed what there is, when what there is is wrong.

    Raises:
        SettingsError: everything that is wrong.
    """
    from inkcre.settings.report import SettingsError

    if found.problems:
        raise SettingsError(found.problems, found.schema.command)


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
    from inkcre.settings.renderers import render_json
    from inkcre.settings.report import SettingsError

    if isinstance(error, SettingsError):
        return render_json(error.diagnostics)
    message, hint = _masked(error)
    problem = {"code": error.code, "message": message, "help": hint}
    return json.dumps({"errors": [problem]})


def _masked(error: InkcreError) -> tuple[str, str | None]:
    from inkcre.settings.masks import mask_forms

    application = current_application()

    def say(text: str) -> str:
        return in_words_of(application.name, application.prefix, mask_forms(text))

    return say(error.message), error.hint and say(error.hint)


def render_error(error: InkcreError) -> str:
    """Write an error for people, in colour where there is one."""
    from inkcre.cli.terminal import choose_paint
    from inkcre.settings.renderers import render_text, visible
    from inkcre.settings.report import SettingsError

    paint = choose_paint(sys.stderr)
    if isinstance(error, SettingsError):
        return render_text(error.diagnostics, paint, command=error.command)
    message, hint = _masked(error)
    lines = [paint("error", f"error[{error.code}]") + paint("title", f": {visible(message)}")]
    if hint:
        lines.append(f"  {paint('frame', '=')} {paint('help', 'help:')} {visible(hint)}")
    return "\n".join(lines)
