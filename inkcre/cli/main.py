"""The command of an application: ``inkcre``. Heavy imports stay inside of what needs them."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from inkcre.application import Application
from inkcre.cli import settings_options, terminal
from inkcre.cli.lending import lend_to, lend_to_group
from inkcre.errors import BadReference, InkcreError

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""``click.UsageError``, wherever a version of typer keeps it."""


UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a write to standard output ends with that is nobody's mistake here."""


class Commands(TyperGroup):
    """All commands. Words in the wrong place are quoted in an error; a secret among them is not."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, among those of what settings enable if there is no other."""
        if args and args[0] not in self.commands:
            self.commands.update(make_command(find_enabled(_profile_in(args)), args[0]))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """List all, for the help."""
        if settings_options.may_have_settings():
            application = find_enabled(None)
            for name in _list_enabled(application):
                with suppress(Exception):  # whoever runs it is told what is wrong with it
                    self.commands.update(make_command(application, name))
        return super().list_commands(ctx)

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
        from inkcre.cli.usage import explain_usage
        from inkcre.settings.masks import mask

        error.message = mask(explain_usage(error))
        raise


def _keep_quiet(value: bool) -> bool:
    terminal.keep_quiet(value)
    return value


def _leave_out(names: list[str]) -> list[str]:
    settings_options.leave_out(names)
    return names


def build_command(application: Application) -> typer.Typer:
    """Make the command of an application: the framework's commands, and those of its parts.

    Raises:
        BadReference: what a part names is not there, or is no command.
        NotLent: a command asks for what nobody lends.
    """
    command = typer.Typer(
        name=application.name,
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode=None,  # its page loads a Markdown parser: twice the time of all the rest
    )

    def show_version(value: bool) -> None:
        if value:
            from inkcre.packages import find_version

            print(find_version(application.distribution))
            raise typer.Exit

    @command.callback(help=application.summary or f"Run {application.title}.")
    def root(
        version: Annotated[
            bool,
            typer.Option(
                "--version", callback=show_version, is_eager=True, help="Show the version."
            ),
        ] = False,
        without: Annotated[
            list[str],
            typer.Option(
                "--without",
                metavar="EXTENSION",
                callback=_leave_out,
                help="Do without an extension, whatever enables it. Repeatable.",
            ),
        ] = [],  # noqa: B006 - typer reads it
        quiet: Annotated[
            bool,
            typer.Option(
                "--quiet",
                "-q",
                callback=_keep_quiet,
                help="Say only what was asked for, and errors.",
            ),
        ] = False,
    ) -> None:
        """Hold the options that stand before a command."""

    add_commands(command, application)
    return command


def find_enabled(profile: str | None) -> Application:
    """Return the application with what settings enable, be they right or wrong."""
    from inkcre.sections.schema import application_of

    return application_of(settings_options.inspect_anything(profile))


def _list_enabled(application: Application) -> list[str]:
    return [name for part in application.enabled for name in part.commands]


def make_command(application: Application, name: str) -> dict[str, Any]:
    """Return the command that an enabled part brings by a name; nothing where none does.

    Raises:
        BadReference: what it names is not there, or is no command.
        BrokenExtension: importing it raises an error.
    """
    if name not in _list_enabled(application):
        return {}
    group = typer.Typer(rich_markup_mode=None)
    group.callback()(lambda: None)  # a group, be there one command only
    try:
        add_commands(group, application, [name])
    except InkcreError:
        raise
    except Exception as error:
        from inkcre.discovery import explain_fault

        part = application.owners("commands")[name]
        raise explain_fault(error, part.name, application) from error
    return dict(typer.main.get_group(group).commands)


def _profile_in(arguments: Sequence[str]) -> str | None:
    """Return the profile that the rest of a command line names, before it is read."""
    for word, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if word in ("--profile", "-p"):
            return value
        if word.startswith("--profile="):
            return word.partition("=")[2]
    return None


def add_commands(
    to: typer.Typer, application: Application, names: Iterable[str] | None = None
) -> None:
    """Add the commands that an application's parts bring, in order; or those of some names.

    Raises:
        BadReference: what one of them names is not there, or is no command.
    """
    for name in application.owners("commands") if names is None else names:
        command = application.load("commands", name, object)
        if isinstance(command, typer.Typer):
            to.add_typer(lend_to_group(command), name=name)
        elif callable(command):
            to.command(name)(lend_to(command))
        else:
            part = application.owners("commands")[name]
            raise BadReference(
                f"{part}: command {name}: is a {type(command).__name__}, and no command"
            )


def _require_utf8() -> None:
    """Begin again in UTF-8 where the interpreter was told to know nothing but ASCII.

    Names of files, and what is typed, would be bytes that nobody can read. By itself Python does
    so in the C locale; ``PYTHONUTF8=0`` forbids it: https://peps.python.org/pep-0540/.
    """
    if sys.getfilesystemencoding() == "ascii" and not sys.flags.utf8_mode:
        again = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
        os.execv(sys.executable, again)  # noqa: S606 - what was run already


def main(application: Application, arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error of ours is written on standard error and gives its exit status."""
    if arguments is None:
        _require_utf8()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no such character
    settings_options.run_for(application)
    try:
        with _written():
            build_command(application)(arguments, prog_name=application.name)
    except InkcreError as error:
        print(settings_options.render_error(error), file=sys.stderr)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)


@contextmanager
def _written() -> Iterator[None]:
    """Write out all that was printed, and tell as an error of ours that it could not be.

    Raises:
        UnwritableOutput: a disk is full, for example.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None or error.errno not in UNWRITTEN:
            raise
        from inkcre.cli.streams import UnwritableOutput

        # What is left is written again when the interpreter ends, and would be a second error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = (error.strerror or "cannot be written").lower()
        raise UnwritableOutput(f"standard output: {reason}") from error
