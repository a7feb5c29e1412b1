"""``inkcre import`` and ``inkcre export``."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import make_base, open_base
from inkcre.cli.settings_options import Assignments, Profile
from inkcre.cli.streams import UnreadableInput, write_whole

if TYPE_CHECKING:
    from inkcre.infobase.transfer import BadLine
    from inkcre.ports.components import Components

SHOWN_BAD_LINES = 20


def import_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="NDJSON files; - is standard input.")
    ],
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add star forms, one a line. What exists already stays; a bad line does not stop the rest."""
    for name in files:
        _require_readable(name)
    with make_base(profile, set_) as given:
        bad = sum([_import_file(given, name) for name in files])
    if bad:
        raise typer.Exit(1)


def _require_readable(name: str) -> None:
    """Find out before anything is written that a file of several is missing."""
    with ExitStack() as stack:
        if name != "-":
            _open_input(name, stack)


def _import_file(given: "Components", name: str) -> int:
    from inkcre.infobase.transfer import Progress, import_lines

    progress = Progress()
    shown = 0
    started = time.monotonic()
    with ExitStack() as stack:
        stream, size = _open_input(name, stack)
        advance = _progress_bar(stack, name, size)
        for progress in import_lines(given.database, stream, given.clock):
            advance(progress.bytes, progress.lines)
            shown = _show_bad_lines(name, progress.bad, shown)
    seconds = max(time.monotonic() - started, 1e-6)
    print(
        f"{name}: {progress.lines} lines, {progress.created_blocks} new blocks, "
        f"{progress.created_relations} new relations, {len(progress.bad)} bad lines "
        f"({progress.lines / seconds:,.0f} lines/s)"
    )
    return len(progress.bad)


def _show_bad_lines(name: str, bad: "list[BadLine]", shown: int) -> int:
    for line in bad[shown:SHOWN_BAD_LINES]:
        print(f"{name}:{line.number}: {line.reason}", file=sys.stderr)
    if shown <= SHOWN_BAD_LINES < len(bad):
        print(f"{name}: more bad lines follow; fix these first", file=sys.stderr)
        return SHOWN_BAD_LINES + 1
    return max(shown, min(len(bad), SHOWN_BAD_LINES))


def _open_input(name: str, stack: ExitStack) -> tuple[Iterator[bytes], int | None]:
    from inkcre.infobase.transfer import MAX_LINE_BYTES

    stream: IO[bytes]
    size = None
    if name == "-":
        stream = sys.stdin.buffer
    else:
        try:
            stream = stack.enter_context(Path(name).open("rb"))  # noqa: SIM115 - the stack closes it
            size = Path(name).stat().st_size
        except OSError as error:
            raise UnreadableInput.of(name, error) from error
    return iter(lambda: stream.readline(MAX_LINE_BYTES), b""), size


def _progress_bar(stack: ExitStack, name: str, size: int | None) -> Callable[[int, int], None]:
    """Show a bar with a rate on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _bytes, _lines: None
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = stack.enter_context(
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[lines]} lines"),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
    )
    task = bar.add_task(name, total=size, lines=0)
    return lambda done, lines: bar.update(task, completed=done, lines=lines)


def export(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where to write; - is standard output.")
    ],
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Write the whole base as NDJSON, in the form that import reads."""
    from inkcre.infobase.transfer import export_lines

    with open_base(profile, set_) as given:
        lines = export_lines(given.database)
        count = _write_stdout(lines) if file == "-" else write_whole(Path(file), lines)
    print(f"{file}: {count} lines", file=sys.stderr)


def _write_stdout(lines: Iterator[bytes]) -> int:
    count = 0
    for line in lines:
        sys.stdout.buffer.write(line)
        count += 1
    sys.stdout.buffer.flush()
    return count
