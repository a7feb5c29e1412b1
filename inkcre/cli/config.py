"""``inkcre config``: the group of commands about the settings."""

import typer

from inkcre.cli import checking, config_reading, config_writing

app = typer.Typer(
    help="Look at the settings, check them, and change them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("show")(config_reading.show)
app.command("explain")(config_reading.explain)
app.command("diff")(config_reading.diff)
app.command("check")(checking.check)
app.command("set")(config_writing.set_)
app.command("unset")(config_writing.unset)
app.command("schema")(config_writing.schema)
