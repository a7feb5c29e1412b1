"""``inkcre config``: the group of commands about the settings."""

import typer

from inkcre.cli import checks, config_edit, config_show

app = typer.Typer(
    help="Look at the settings, check them, and change them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("show")(config_show.show)
app.command("explain")(config_show.explain)
app.command("diff")(config_show.diff)
app.command("check")(checks.check)
app.command("set")(config_edit.set_)
app.command("unset")(config_edit.unset)
app.command("schema")(config_edit.schema)
