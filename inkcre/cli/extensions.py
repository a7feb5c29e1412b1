"""``inkcre extensions``: what packages bring, and what of it is enabled."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from inkcre.cli.config_edit import report_change
from inkcre.cli.extensions_new import new
from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    Profile,
    errors_as,
    inspect_anything,
    inspect_profile,
    stop_on_problems,
)
from inkcre.cli.terminal import say

app = typer.Typer(
    no_args_is_help=True, help="What packages bring, and what is enabled.", rich_markup_mode=None
)

app.command("new")(new)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the extension is called.")]
OneProfile = Annotated[
    str | None,
    typer.Option("--profile", "-p", metavar="NAME", help="For this profile only."),
]


@app.command("list")
def list_(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List what is installed or enabled. Nothing is imported that is not enabled."""
    from inkcre.process.extensions import list_extensions
    from inkcre.settings.renderers import visible

    with errors_as(format_):
        listed = list_extensions(inspect_profile(profile, set_))
    if format_ is Format.JSON:
        print(json.dumps({"extensions": [asdict(one) for one in listed]}, indent=2))
        return
    if not listed:
        print("none is installed")
        return
    width = max(len(one.name) for one in listed)
    for one in listed:
        where = f"  [{one.where}]" if one.where else ""
        of = f"{one.distribution} {one.version}  " if one.distribution else ""
        print(visible(f"{one.name:<{width}}  {one.state:<9}  {of}{one.summary}{where}".rstrip()))


@app.command("check")
def check(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """Look up all that the parts name: whatever `run` would refuse is told here."""
    from inkcre.process.extensions import check_parts

    with errors_as(format_):
        found = inspect_profile(profile, set_)
        stop_on_problems(found)
        assert found.settings is not None
        sound = check_parts(found.settings)
    if format_ is Format.JSON:
        print(json.dumps({"extensions": sound}, indent=2))
    else:
        names = ", ".join(sound) or "none is enabled"
        print(f"profile {found.profile}: nothing is wrong with the extensions ({names})")


@app.command("enable")
def enable(
    name: Name,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY VALUE", help="Settings in its table, and their values."),
    ] = None,
    profile: OneProfile = None,
) -> None:
    """Enable one in the settings file, with settings that it needs. Comments stay."""
    from inkcre.cli.extension_edits import enable_extension

    given = pairs or []
    if len(given) % 2:
        raise typer.BadParameter("expected pairs of KEY VALUE, with a space between them")
    values = dict(zip(given[::2], given[1::2], strict=True))
    report_change(enable_extension(inspect_anything(profile), name, values, profile))


@app.command("disable")
def disable(name: Name, profile: OneProfile = None) -> None:
    """Leave one out, by the settings file. Its table, its rows and its files stay."""
    from inkcre.cli.extension_edits import disable_extension

    report_change(disable_extension(inspect_anything(profile), name, profile))


@app.command("lock")
def lock(
    profile: Annotated[
        str, typer.Option("--profile", "-p", metavar="NAME", help="A profile for Workers.")
    ] = "workers",
    set_: Assignments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 78 if something is lacking.")
    ] = False,
) -> None:
    """Lock the packages that the enabled extensions need on Workers, beside the settings file."""
    from inkcre.edge.artifact import extension_lock
    from inkcre.edge.artifact.lock import read_lock
    from inkcre.settings.files import replace_file
    from inkcre.settings.origins import display_path

    found = inspect_profile(profile, set_)
    stop_on_problems(found)
    assert found.settings is not None
    application, path = found.settings.application, found.folder / extension_lock.NAME
    if check:
        extension_lock.read_packages(application, found.folder)
        say(f"{display_path(path)}: has all that is needed")
        return
    resolved = extension_lock.resolve_lock(application)
    replace_file(path, resolved.encode())
    number = len(read_lock(resolved))
    say(f"wrote {display_path(path)}: {number} package{'' if number == 1 else 's'}")


@app.command("purge")
def purge(
    name: Name,
    profile: Profile = None,
    set_: Assignments = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Write the SQL instead of running it, as for D1.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the tables and the jobs of one that is disabled, for good."""
    from inkcre.cli.bases import open_base
    from inkcre.process.purging import count_rows, find_belongings, purge_rows, render_for

    found = inspect_profile(profile, set_)
    stop_on_problems(found)
    assert found.settings is not None
    belongings = find_belongings(found.settings, name)
    if sql:
        print(render_for(belongings, found.settings.database.kind), end="")
        return
    with open_base(profile, set_) as components:
        counts = count_rows(components.database, belongings)
        if not counts:
            print(f"extension {name}: there is nothing of it in this base")
            return
        for what, rows in counts.items():
            print(f"{what}: {rows} row{'' if rows == 1 else 's'}")
        if not yes:
            typer.confirm(f"delete all of it, so that nothing of {name} is left?", abort=True)
        purge_rows(components.database, belongings)
    say(f"extension {name}: nothing of it is left in this base")
