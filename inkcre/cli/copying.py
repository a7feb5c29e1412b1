"""``inkcre data``: a whole base from one profile to another."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import make_base, open_base
from inkcre.errors import OperatorError

if TYPE_CHECKING:
    from inkcre.ports.components import Components

app = typer.Typer(no_args_is_help=True, help="A whole base at once.", rich_markup_mode=None)

Source = Annotated[str, typer.Option("--from", metavar="PROFILE", help="The profile to copy.")]
Target = Annotated[str, typer.Option("--to", metavar="PROFILE", help="The profile to copy it to.")]
SourceAssignments = Annotated[
    list[str] | None,
    typer.Option("--set-from", metavar="KEY=VALUE", help="Set one setting of the first profile."),
]
TargetAssignments = Annotated[
    list[str] | None,
    typer.Option("--set-to", metavar="KEY=VALUE", help="Set one setting of the second profile."),
]


class SamePlace(OperatorError):
    """Say that a base was to be copied into itself."""

    code = "same_place"


@app.callback()
def root() -> None:
    """Do things to a whole base at once."""


@app.command("copy")
def copy(
    from_: Source,
    to: Target,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Trust the files that are there: an earlier copy put them."),
    ] = False,
    set_from: SourceAssignments = None,
    set_to: TargetAssignments = None,
) -> None:
    """Copy files and rows from one profile to another, compare them, and say what is missing.

    What is there is left as it is, so a copy that was cut off can be run again.
    """
    _refuse_same_place(from_, to, set_from, set_to)
    with open_base(from_, set_from) as source, make_base(to, set_to) as target:
        # Rows first: a file that no block names may be swept away.
        bad = _copy_rows(source, target)
        bad += _copy_files(source, target, trusts=resume)
        bad += _verify(source, target)
    if bad:
        raise typer.Exit(1)


def _refuse_same_place(
    from_: str, to: str, set_from: list[str] | None, set_to: list[str] | None
) -> None:
    from inkcre.settings.loader import load_settings

    source = load_settings(from_, assignments=set_from or ())
    target = load_settings(to, assignments=set_to or ())
    for port in ("database", "storage"):
        if getattr(source, port) == getattr(target, port):
            raise SamePlace(
                f"{port}: is the same in profile {from_} and profile {to}",
                hint="name another profile, or set what differs with --set-to",
            )


def _copy_files(source: "Components", target: "Components", *, trusts: bool) -> int:
    from inkcre.infobase.copying import CopiedFiles, copy_files

    done = CopiedFiles()
    with _telling("files") as tell:
        for done in copy_files(source.storage, target.storage, trusts=trusts):
            tell(f"{done.seen} seen, {done.copied} copied, {done.bytes:,} bytes")
    for name in done.bad:
        print(f"{name}: is damaged, and was not copied", file=sys.stderr)
    print(f"files: {done.seen} seen, {done.copied} copied, {len(done.bad)} damaged")
    return len(done.bad)


def _copy_rows(source: "Components", target: "Components") -> int:
    from inkcre.infobase.copying import missing_lines
    from inkcre.infobase.transfer import Progress, import_lines

    progress = Progress()
    lines = missing_lines(source.database, target.database)
    with _telling("rows") as tell:
        for progress in import_lines(target.database, lines, target.clock):
            tell(f"{progress.created_blocks} blocks, {progress.created_relations} relations")
    for line in progress.bad[:20]:
        print(f"row {line.number}: {line.reason}", file=sys.stderr)
    print(
        f"rows: {progress.created_blocks} new blocks, {progress.created_relations} new relations, "
        f"{len(progress.bad)} that cannot be copied"
    )
    return len(progress.bad)


def _verify(source: "Components", target: "Components") -> int:
    from inkcre.infobase.copying import look_for_files, verify_rows

    found = verify_rows(source.database, target.database)
    lacking = [name for name, is_there in look_for_files(source, target) if not is_there]
    for name in lacking[:20]:
        print(f"{name}: a block names it, and it is not there", file=sys.stderr)
    print(
        f"compared: {found.blocks} blocks and {found.relations} relations, {found.missing} "
        f"missing; {len(lacking)} files missing"
    )
    return found.missing + len(lacking)


@contextmanager
def _telling(what: str) -> Iterator[Callable[[str], None]]:
    """Give what tells how far something is: once a second, in one line on a terminal."""
    is_terminal = sys.stderr.isatty()
    told = time.monotonic()

    def tell(how_far: str) -> None:
        nonlocal told
        if time.monotonic() - told < 1:
            return
        told = time.monotonic()
        end = "\r" if is_terminal else "\n"
        print(f"{what}: {how_far}", file=sys.stderr, end=end, flush=True)

    yield tell
    if is_terminal:
        print("\x1b[K", file=sys.stderr, end="", flush=True)
