"""``inkcre data``: a whole base from one profile to another."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import PROCESS_HINT, make_base, open_base
from inkcre.cli.settings_options import load_profile
from inkcre.cli.terminal import is_quiet, say
from inkcre.errors import OperatorError

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.transfer.copies.parts import Move

SHOWN = 20
"""How many missing files are named."""

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
    """Tell that a base was to be copied into itself."""

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
    """Copy a whole base from one profile to another, compare both, and say what is missing.

    What is there is left as it is, so a copy that was cut off can be run again.
    """
    from inkcre.graph.files.claims import require
    from inkcre.runtime.lifecycle import prepare_storage

    _refuse_same_place(from_, to, set_from, set_to)
    with open_base(from_, set_from) as source, make_base(to, set_to) as target:
        from inkcre.transfer.copies.bases import plan_move

        prepare_storage(source)  # so that the other base does not take it for its own
        require(target.database, target.storage, target.tenure)
        move = plan_move(source, target)
        # Rows first: so no file is there that no block names.
        bad = _copy_rows(move)
        bad += _copy_files(source, target, trusts=resume)
        bad += _compare(move)
    if bad:
        raise typer.Exit(1)


def _refuse_same_place(
    from_: str, to: str, set_from: list[str] | None, set_to: list[str] | None
) -> None:
    from inkcre.cli.serve import require_process

    source = load_profile(from_, set_from)
    target = load_profile(to, set_to)
    for settings in (source, target):
        require_process(settings, PROCESS_HINT)
    for port in ("database", "storage"):
        if getattr(source, port) == getattr(target, port):
            raise SamePlace(
                f"{port}: is the same in profile {from_} and profile {to}",
                hint="name another profile, or set what differs with --set-to",
            )


def _copy_files(source: "Components", target: "Components", *, trusts: bool) -> int:
    from inkcre.transfer.copies.files import CopiedFiles, copy_files

    done = CopiedFiles()
    with _telling("files") as tell:
        for done in copy_files(source.database, source.storage, target, trusts=trusts):
            tell(f"{done.seen} seen, {done.copied} copied, {done.bytes:,} bytes")
    for name in done.bad:
        print(f"{name}: is damaged, and was not copied", file=sys.stderr)
    say(f"files: {done.seen} seen, {done.copied} copied, {len(done.bad)} damaged")
    return len(done.bad)


def _copy_rows(move: "Move") -> int:
    from inkcre.transfer.copies.bases import copy_rows
    from inkcre.transfer.copies.values import count_unseen

    added: Counter[str] = Counter()
    with _telling("rows") as tell:
        for name, number in copy_rows(move):
            added[name] += number
            tell(f"{added[name]} {name}")
    for said in move.refused:
        print(f"{said}; not copied", file=sys.stderr)
    new = ", ".join(f"{number} new {name}" for name, number in added.items())
    ids = "ids are kept" if move.keeps_ids else "ids are others: the target has rows of its own"
    say(f"rows: {new}; {ids}")
    unseen = count_unseen(move)
    if unseen:
        print(
            f"values: {unseen} are kept for good, and the target's keyvalue.kind does not look "
            'for them; write kind = "database"',
            file=sys.stderr,
        )
    return len(move.refused) + unseen


def _compare(move: "Move") -> int:
    from inkcre.transfer.copies.bases import compare_bases
    from inkcre.transfer.copies.files import look_for_files

    tables = []
    for found in compare_bases(move):
        tables.append(found)
        here, there = found.digests
        say(f"{found.name}: {found.rows} rows, digest {here[:12]} here and {there[:12]} there")
        for said in found.named:
            print(said, file=sys.stderr)
    lacking = [
        name
        for name, is_there in look_for_files(move.source.database, move.target.storage)
        if not is_there
    ]
    for name in lacking[:SHOWN]:
        print(f"{name}: a block names it, and it is not there", file=sys.stderr)
    differing = sum(found.differing for found in tables)
    said = ", ".join(f"{found.rows} {found.name}" for found in tables)
    differ = f"{differing} differ, " if differing else ""
    missing = sum(found.missing for found in tables)
    say(f"compared: {said}; {differ}{missing} missing; {len(lacking)} files missing")
    return sum(found.bad for found in tables) + len(lacking)


@contextmanager
def _telling(what: str) -> Iterator[Callable[[str], None]]:
    """Return what tells how far something is: once a second, in one line on a terminal."""
    is_terminal = sys.stderr.isatty()
    told = time.monotonic()

    def tell(how_far: str) -> None:
        nonlocal told
        if time.monotonic() - told < 1 or is_quiet():
            return
        told = time.monotonic()
        end = "\r" if is_terminal else "\n"
        print(f"{what}: {how_far}", file=sys.stderr, end=end, flush=True)

    yield tell
    if is_terminal:
        print("\x1b[K", file=sys.stderr, end="", flush=True)
