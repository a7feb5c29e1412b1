"""``inkcre storage``: whose the storage is."""

from typing import Annotated

import typer

from inkcre.cli.bases import open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.terminal import say, write_json

app = typer.Typer(no_args_is_help=True, help="Whose the storage is.", rich_markup_mode=None)


@app.command("show")
def show(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """Tell to which base the storage belongs, and which base this is."""
    from inkcre.graph.files.claims import judge
    from inkcre.graph.files.epochs import see

    with errors_as(format_), open_base(profile, set_) as context:
        standing = judge(context.database, see(context.storage))
    if format_ is Format.JSON:
        write_json(
            {"base": standing.base, "state": standing.state, "holder": standing.holder or None}
        )
    else:
        print(f"this base: {standing.base}")
        print(f"storage: {standing.state}, claimed by {standing.holder or 'nobody'}")


@app.command("claim")
def claim(
    profile: Profile = None,
    set_: Assignments = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the storage over for this base, whoever has it; nothing else may use it after that."""
    from inkcre.graph.files.claims import judge, refusal, remember, take_over
    from inkcre.graph.files.epochs import see

    with open_base(profile, set_) as context:
        standing = judge(context.database, see(context.storage))
        if standing.state == "ours":
            say(f"storage: belongs to this base, {standing.base}, already")
            return
        if not yes:
            print(refusal(standing).message)
            typer.confirm("take it over for this base?", abort=True)
        standing = remember(context.tenure, take_over(context.database, context.storage))
        say(f"storage: belongs to this base, {standing.base}, now")
