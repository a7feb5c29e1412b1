"""``inkcre profiles`` and ``inkcre plan``: what there is to choose, and what was chosen."""

import json
from typing import Annotated

import typer

from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    Profile,
    current_schema,
    errors_as,
    inspect_anything,
    inspect_profile,
    stop_on_problems,
)
from inkcre.cli.terminal import say

app = typer.Typer(help="List the profiles, or make one.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def list_(context: typer.Context, format_: OutputFormat = Format.TEXT) -> None:
    """List the profiles that can be chosen here, or make one."""
    if context.invoked_subcommand:
        return
    with errors_as(format_):
        found = _describe_profiles()
    if format_ is Format.JSON:
        print(json.dumps({"profiles": found}, indent=2))
        return
    from inkcre.settings.renderers import visible

    width = max(len(str(profile["name"])) for profile in found)
    for profile in found:
        extends = f" (extends {profile['extends']})" if profile["extends"] else ""
        line = f"{profile['name']:<{width}}  {profile['description']}{extends}"
        print(visible(f"{line}  [{profile['file']}]"))


def _describe_profiles() -> list[dict[str, str | None]]:
    from inkcre.settings.masks import mask
    from inkcre.settings.origins import display_path
    from inkcre.settings.profiles import read_document
    from inkcre.settings.report import Report

    report = Report(current_schema())
    found: list[dict[str, str | None]] = []
    for name, path in sorted(inspect_anything().profiles.items()):
        document = read_document(path, report)
        data = document.data if document else {}
        found.append(
            {
                "name": mask(name),
                "extends": _text(data.get("extends")),
                "description": _text(data.get("description")) or "",
                "file": display_path(path),
            }
        )
    report.stop_on_problems()
    return found


def _text(value: object) -> str | None:
    """Return a text as it may be shown; whatever else stands there is none."""
    from inkcre.settings.masks import mask

    return mask(value) if isinstance(value, str) else None


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the profile is called.")],
    extends: Annotated[
        str, typer.Option("--extends", metavar="PARENT", help="The profile that it refines.")
    ],
) -> None:
    """Write profiles/NAME.toml beside the settings file. A file that is there stays as it is."""
    from inkcre.settings.origins import display_path
    from inkcre.settings.templates import write_new_profile

    for path in write_new_profile(name, extends, inspect_anything()):
        say(f"wrote {display_path(path)}")


def plan(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """Show what the settings assemble to, and which line chose it. Opens no connection."""
    from inkcre.assembly.plan import plan_inspection, render_plan

    with errors_as(format_):
        found = inspect_profile(profile, set_)
        made = plan_inspection(found)
        print(json.dumps(made.as_json(), indent=2) if format_ is Format.JSON else render_plan(made))
        stop_on_problems(found)
