"""``inkcre import`` and ``inkcre export``."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import make_base, open_base
from inkcre.cli.settings_options import Assignments, Profile
from inkcre.cli.streams import is_file, refuse_to_empty, write_output
from inkcre.cli.terminal import is_quiet, say
from inkcre.commands.inputs import open_lines
from inkcre.errors import DatabaseDamaged, Unavailable

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.transfer.arrivals import Destination
    from inkcre.transfer.exports import Extent
    from inkcre.transfer.line_batches import BadLine
    from inkcre.transfer.losses import Losses
    from inkcre.transfer.source_lines import ExportedSources
    from inkcre.transfer.tally import Tally

SHOWN_BAD_LINES = 20


def import_(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="NDJSON or a browser's bookmarks, or .gz or .zst of it; - is standard input.",
        ),
    ],
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add star forms and what else an export has, one a line, or bookmarks.

    What exists already stays; a bad line does not stop the rest.
    """
    for name in files:
        _require_readable(name)
    with make_base(profile, set_) as context:
        bad = sum([_import_file(context, name) for name in files])
    if bad:
        raise typer.Exit(1)


def _require_readable(name: str) -> None:
    """Find out before anything is written that a file of several is missing."""
    with ExitStack() as stack:
        if name != "-":
            open_lines(name, stack, 1)


def _import_file(context: "Components", name: str) -> int:
    from inkcre.transfer.imports import MAX_LINE_BYTES, Progress, import_lines

    destination = _find_destination(context)
    progress = Progress()
    shown = 0
    started = time.monotonic()
    with ExitStack() as stack:
        opened = open_lines(name, stack, MAX_LINE_BYTES)
        advance = _progress_bar(stack, name, opened.size)
        for progress in import_lines(context.database, opened.lines, context.clock, destination):
            advance(progress.bytes, progress.lines)
            shown = _show_bad_lines(name, progress.bad, shown)
    seconds = max(time.monotonic() - started, 1e-6)
    say(
        f"{name}: {progress.lines} {opened.are}, {progress.created_blocks} new blocks, "
        f"{progress.created_relations} new relations, {len(progress.bad)} bad lines "
        f"({progress.lines / seconds:,.0f} {opened.are}/s)"
    )
    if opened.left_out:
        said = ", ".join(f"{count} {why}" for why, count in sorted(opened.left_out.items()))
        say(f"left out: {said}")
    if progress.created_sources or progress.created_items:
        made = f"{progress.created_sources} new sources, {progress.created_items} new items"
        say(f"{name}: {made}; see `inkcre sources list`")
    files = f", {progress.files} files" if progress.files else ""
    say(
        f"compared: all blocks and relations of {progress.lines} {opened.are}{files}; "
        f"{progress.missing} missing"
    )
    for source in progress.lacking:
        print(source, file=sys.stderr)
    return len(progress.bad) + progress.missing


def _find_destination(context: "Components") -> "Destination":
    from inkcre.graph.files.files import open_shelf
    from inkcre.sources.registry import find_source_types
    from inkcre.transfer.arrivals import Destination
    from inkcre.transfer.tables import list_tables

    return Destination(
        partial(open_shelf, context.database, context.storage, context.tenure),
        list_tables(context.settings.application),
        find_source_types(context.settings),
        context.zone,
    )


def _show_bad_lines(name: str, bad: "list[BadLine]", shown: int) -> int:
    for line in bad[shown:SHOWN_BAD_LINES]:
        print(f"{name}:{line.number}: {line.reason}", file=sys.stderr)
    if shown <= SHOWN_BAD_LINES < len(bad):
        print(f"{name}: more bad lines follow; fix these first", file=sys.stderr)
        return SHOWN_BAD_LINES + 1
    return max(shown, min(len(bad), SHOWN_BAD_LINES))


def _progress_bar(stack: ExitStack, name: str, size: int | None) -> Callable[[int, int], None]:
    """Show a bar with a rate on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty() or is_quiet():
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


Force = Annotated[
    bool, typer.Option("--force", help="Replace a file that is there by nothing, or by less.")
]


class BaseChanged(Unavailable):
    """Tell that a base was changed while it was exported; no file was written."""

    code = "base_changed"


class PartlyRead(DatabaseDamaged):
    """Tell that a base is damaged, and what has become of its export."""

    code = "partly_read"
    exit_status = 65  # EX_DATAERR of sysexits.h


def export(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where to write; - is standard output.")
    ],
    has_files: Annotated[
        bool, typer.Option("--files", help="Also write the files that blocks name, in parts.")
    ] = False,
    has_secrets: Annotated[
        bool, typer.Option("--secrets", help="Also write the secrets of sources.")
    ] = False,
    force: Force = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Write a base as NDJSON, in the form that import reads; say what is left out."""
    from inkcre.sources.registry import find_source_types
    from inkcre.transfer.exports import find_extent
    from inkcre.transfer.file_lines import ExportedFiles, file_lines
    from inkcre.transfer.losses import Losses
    from inkcre.transfer.source_lines import export_sources
    from inkcre.transfer.tally import count_left_out

    files, losses = ExportedFiles(), Losses()
    with open_base(profile, set_) as context:
        # Sources first: what they say of how far they are is then no further than their items.
        types = find_source_types(context.settings)
        sources = export_sources(context.database, types, losses, has_secrets=has_secrets)
        extent = find_extent(context.database)
        if not extent.last_block and not sources.lines and not force:
            refuse_to_empty(file)
        said = partial(_read_lines, context, extent, sources)
        lines = said(losses)
        if has_files:
            lines = chain(lines, file_lines(context.database, context.storage, files, losses))
        may_replace = force or not (is_file(file) and Path(file).exists())
        tally = _write(file, lines, said, losses, may_replace=may_replace)
        left_out = count_left_out(context.database, losses, has_files=has_files)
    held = f", {files.number} files" if has_files else ""
    _tell_held(file, tally, f"{held}; {len(files.lacking)} missing")
    _tell_left_out(left_out)
    _tell_secrets(file, sources)
    for reason in (*files.lacking, *losses.said()):
        print(reason, file=sys.stderr)
    if losses:
        raise PartlyRead(
            f"{file}: has what could be read of a damaged base",
            hint="import it into a new base, or `inkcre restore` a backup",
        )
    if files.lacking:
        raise typer.Exit(1)


def _read_lines(
    context: "Components", extent: "Extent", sources: "ExportedSources", losses: "Losses"
) -> Iterator[bytes]:
    """Yield all lines but those of files, and of what is damaged."""
    from inkcre.transfer.exports import export_lines
    from inkcre.transfer.item_lines import item_lines
    from inkcre.transfer.row_lines import row_lines
    from inkcre.transfer.tables import list_tables

    yield from export_lines(context.database, extent, losses)
    yield from row_lines(context.database, list_tables(context.settings.application), losses)
    yield from sources.lines
    yield from item_lines(context.database, sources.names, extent.last_item, losses)


def _tell_held(file: str, tally: "Tally", files: str) -> None:
    say(f"{file}: {tally.lines} lines", aside=True)
    held = f", {tally.rows} rows of extensions" if tally.rows else ""
    held += f", {tally.sources} sources, {tally.items} items" if tally.sources else ""
    said = f"compared: {tally.blocks} blocks, {tally.relations} relations{held}{files}"
    say(said, aside=True)


def _write(
    name: str,
    lines: "Iterator[bytes]",
    again: "Callable[[Losses], Iterator[bytes]]",
    losses: "Losses",
    *,
    may_replace: bool,
) -> "Tally":
    """Write lines, and compare what was written with the base as it is then.

    Raises:
        BaseChanged: it says something else by now; a file stays as it was.
        PartlyRead: the base is damaged, and a file may not be replaced by less; it stays.
    """
    from inkcre.transfer.losses import Losses
    from inkcre.transfer.tally import Tally

    written = Tally()

    def compare() -> None:
        if losses and not may_replace:
            print(*losses.said(), sep="\n", file=sys.stderr)
            raise PartlyRead(
                f"{name}: stays as it is: the base is damaged, and less can be read of it",
                hint="write to another file, or write --force",
            )
        for said in written.differs_from(Tally().take_all(again(Losses()))):
            raise BaseChanged(
                f"{said}: somebody has changed it meanwhile", hint="run it again, at rest"
            )

    def look(path: Path | None) -> None:
        if path is not None:
            with path.open("rb") as stream:
                written.take_all(stream)
        compare()

    write_output(name, lines if is_file(name) else written.follow(lines), look)
    return written


def _tell_secrets(file: str, sources: "ExportedSources") -> None:
    for name, left_out in sources.masked.items():
        print(
            f"source {name}: without {', '.join(left_out)}; --secrets writes that too",
            file=sys.stderr,
        )
    if sources.secret:
        print(
            f"{file}: has the secrets of {len(sources.secret)} sources; keep it where nobody reads"
            " it who may not have them",
            file=sys.stderr,
        )


def _tell_left_out(counts: "Mapping[str, int]") -> None:
    if not counts:
        return
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    files = "; --files writes files too" if "files" in counts else ""
    say(f"not in it: {said}{files}; `inkcre data copy` takes everything", aside=True)
