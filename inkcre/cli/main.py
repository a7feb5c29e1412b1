"""The ``inkcre`` command. Heavy imports stay inside the commands that need them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from inkcre.cli import (
    checking,
    config,
    config_writing,
    copying,
    data,
    edge,
    explaining,
    files,
    jobs,
    profiles,
    schedules,
    serve,
    settings_options,
    sources,
    storage,
)
from inkcre.errors import InkcreError

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""``click.UsageError``, wherever a version of typer keeps it."""


class Commands(TyperGroup):
    """All commands. Words in the wrong place are quoted in an error; a secret among them is not."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the command line."""
        with _masked_usage():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Read the rest of it, and run the command."""
        with _masked_usage():
            return super().invoke(ctx)


@contextmanager
def _masked_usage() -> Iterator[None]:
    try:
        yield
    except USAGE_ERROR as error:
        from inkcre.settings.masking import mask

        error.message = mask(error.message)
        raise


app = typer.Typer(
    name="inkcre",
    cls=Commands,
    help="An information base: blocks, relations, and ways to find them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # its help page loads a Markdown parser: twice the time of all the rest
)
app.command("run")(serve.run)
app.command("migrate")(serve.migrate)
app.command("plan")(profiles.plan)
app.add_typer(profiles.app, name="profiles")
app.add_typer(config.app, name="config")
app.command("init")(config_writing.init)
app.command("explain")(explaining.explain)
app.command("doctor")(checking.doctor)
app.command("build")(edge.build)
app.command("deploy")(edge.deploy)
app.command("dev")(edge.dev)
app.command("import")(data.import_)
app.command("export")(data.export)
app.add_typer(files.app, name="files")
app.add_typer(storage.app, name="storage")
app.add_typer(copying.app, name="data")
app.add_typer(sources.app, name="sources")
app.add_typer(jobs.app, name="jobs")
app.add_typer(schedules.app, name="schedule")


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(version("inkcre"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """An information base: blocks, relations, and ways to find them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error of ours is written on standard error and gives its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no such character
    try:
        app(arguments)
    except InkcreError as error:
        print(settings_options.render_error(error), file=sys.stderr)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
