"""``inkcre files``: files and their blocks, from the command line."""

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from inkcre.cli.bases import make_base, open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.streams import UnreadableInput, open_stdin, write_output
from inkcre.cli.terminal import local_time, say, telling_progress, write_json

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.graph.records import Block

app = typer.Typer(no_args_is_help=True, help="Files and their blocks.", rich_markup_mode=None)

CHUNK_BYTES = 256 * 1024
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")

BlockIds = Annotated[list[int], typer.Argument(metavar="ID...", help="Ids of blocks.", min=1)]


@app.command("put")
def put(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files and folders; - is standard input.")
    ],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List every file of a folder.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Keep files, and add a block for each. A file that is there already is not kept twice.

    Of a folder all files are kept, those in its folders too, but hidden ones, links, and the base's
    own.
    """
    with make_base(profile, set_) as context:
        bad = 0
        for name in files:
            if name != "-" and Path(name).is_dir():
                bad += _put_folder(context, Path(name), is_verbose=verbose)
            else:
                _put_one(context, name, is_told=True)
    if bad:
        raise typer.Exit(1)


def _put_one(context: "Components", name: str, *, is_told: bool) -> bool:
    """Keep one file, and say so; tell whether it is new."""
    from inkcre.graph.files.files import add_file

    block, is_new = add_file(
        context.database,
        context.storage,
        _read(name),
        name=None if name == "-" else Path(name).name,
        now=context.clock(),
        tenure=context.tenure,
    )
    if is_told:
        state = "new" if is_new else "there already"
        say(f"{name}: block {block.id}, {block.resolver}, {block.content}, {state}")
    return is_new


def _put_folder(context: "Components", folder: Path, *, is_verbose: bool) -> int:
    """Keep the files of a folder, and sum up; return how many could not be read."""
    seen = new = 0
    bad: list[str] = []
    with telling_progress(str(folder)) as tell:
        own = _own_places(context)
        for path in _files_below(folder, bad):
            if str(path.resolve()).startswith(own):
                continue
            try:
                new += _put_one(context, str(path), is_told=is_verbose)
                seen += 1
            except UnreadableInput as error:
                bad.append(error.message)
            tell(f"{seen} files, {new} new")
    for reason in bad:
        print(f"{reason}; left out", file=sys.stderr)
    say(f"{folder}: {seen} files, {new} new, {seen - new} there already")
    return len(bad)


def _own_places(context: "Components") -> tuple[str, ...]:
    """Return how the paths of the base's own files begin: it is not put into itself."""
    found = []
    for port in (context.settings.database, context.settings.storage):
        path = getattr(port, "path", None)
        if isinstance(path, Path):
            found.append(str(path.resolve()) + (os.sep if path.is_dir() else ""))
    return tuple(found)


def _files_below(folder: Path, bad: list[str]) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, in order; not what is hidden, nor links."""

    def note(error: OSError) -> None:
        bad.append(UnreadableInput.of(str(error.filename), error).message)

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _read(name: str) -> Iterator[bytes]:
    try:
        with open_stdin() if name == "-" else Path(name).open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise UnreadableInput.of(name, error) from error


@app.command("get")
def get(
    block_id: Annotated[int, typer.Argument(metavar="ID", help="The block's id.", min=1)],
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Write a block's content, wherever it lives, to a file."""
    from inkcre.graph.blocks import get_block
    from inkcre.graph.files.contents import find_content

    with open_base(profile, set_) as context:
        block = get_block(context.database, block_id)
        content = find_content(context.database, context.storage, context.web, block)
        chunks = content.source.read(0, content.size)
        write_output(file, chunks)
        say(f"{file}: {content.size} bytes, {content.media_type}", aside=True)


@app.command("ls")
def list_(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List the blocks that have files, newest first: id, size, time, kind, name."""
    with errors_as(format_), open_base(profile, set_) as context:
        if format_ is Format.JSON:
            write_json({"files": list(_describe_all(context))})
            return
        for row in _describe_all(context):
            size = "missing" if row["size"] is None else _size(row["size"])
            name = row["name"] or row["content"]
            made = local_time(row["created_at"])
            print(f"{row['id']:>8}  {size:>10}  {made}  {row['resolver']:<6} {name}")


class FileRow(TypedDict):
    """A block that has a file, as lists show it."""

    id: int
    size: int | None
    """In bytes; None: the file is missing."""

    created_at: str
    resolver: str
    name: str | None
    content: str


def _describe_all(context: "Components") -> Iterator[FileRow]:
    from inkcre.graph.blocks import list_blocks

    cursor = None
    while True:
        page, cursor = list_blocks(context.database, storage="file", limit=100, cursor=cursor)
        for block in page:
            yield _describe(context, block)
        if cursor is None:
            return


def _describe(context: "Components", block: "Block") -> FileRow:
    from inkcre.errors import NotFound
    from inkcre.graph.files.contents import find_name
    from inkcre.graph.files.files import file_key
    from inkcre.graph.storages import PREFIX

    size = None
    with suppress(NotFound):
        size = context.storage.head(file_key(block.content.removeprefix(PREFIX))).size
    return {
        "id": block.id,
        "size": size,
        "created_at": block.created_at,
        "resolver": block.resolver,
        "name": find_name(context.database, block.id),
        "content": block.content,
    }


def _size(size: float) -> str:
    """Write a size so that it can be compared at a glance."""
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


@app.command("rm")
def remove(block_ids: BlockIds, profile: Profile = None, set_: Assignments = None) -> None:
    """Delete blocks that have files; the files themselves stay for storage.keep_days."""
    from inkcre.errors import Invalid
    from inkcre.graph.blocks import delete_block, get_block
    from inkcre.graph.records import unless_changed

    with open_base(profile, set_) as context:
        seen = [get_block(context.database, block_id) for block_id in block_ids]
        for block in seen:
            if block.storage != "file":
                raise Invalid(f"block {block.id} has no file", field="id")
        for block in seen:
            delete_block(context.database, block.id, expected=unless_changed(block))
            say(f"block {block.id}: deleted")


@app.command("orphans")
def orphans(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List the files that are neither of a block nor noted as let go: size, time, name."""
    from inkcre.graph.files.claims import judge
    from inkcre.graph.files.epochs import see
    from inkcre.graph.files.sweeps import list_orphans
    from inkcre.sql.timestamps import format_timestamp

    with errors_as(format_), open_base(profile, set_) as context:
        standing = judge(context.database, see(context.storage))
        found = list_orphans(context.database, context.storage, context.clock, standing)
        if format_ is Format.JSON:
            rows = [
                {
                    "key": info.key,
                    "size": info.size,
                    "modified_at": format_timestamp(info.modified_at),
                }
                for info in found
            ]
            write_json({"orphans": rows})
            return
        for info in found:
            print(f"{_size(info.size):>10}  {local_time(info.modified_at)}  {info.key}")


@app.command("sweep")
def sweep(
    profile: Profile = None,
    set_: Assignments = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    orphans: Annotated[
        bool,
        typer.Option("--orphans", help="Delete what is neither of a block nor noted, too."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about orphans.")] = False,
) -> None:
    """Delete the files that were let go storage.keep_days ago."""
    from inkcre.graph.files.sweeps import sweep_files

    with open_base(profile, set_) as context:
        if not dry_run:
            _require_time(context)
        # Every step says how far it is; the last one, what came of it.
        steps = sweep_files(
            context.database,
            context.storage,
            context.clock,
            is_dry=dry_run,
            keep_days=context.tenure.keep_days,
            tenure=context.tenure,
        )
        swept = deque(steps, maxlen=1).pop()
        word = "would be deleted" if dry_run else "deleted"
        print(f"{swept.deleted} files {word}, {_size(swept.bytes)}")
        if orphans:
            _sweep_orphans(context, is_dry=dry_run, is_sure=yes)


def _require_time(context: "Components") -> None:
    """Raise if this machine's clock is far ahead of the last time that the base knows.

    Raises:
        ClockAhead: it is. To have asked counts as a tick, so that a right clock is believed soon.
    """
    from inkcre.jobs.known_time import find_ahead, tell_time

    tell_time(context.database, context.clock())
    ahead = find_ahead(context.database, context.clock())
    if ahead is not None:
        raise ahead


def _sweep_orphans(context: "Components", *, is_dry: bool, is_sure: bool) -> None:
    from inkcre.graph.files.claims import judge
    from inkcre.graph.files.epochs import see
    from inkcre.graph.files.sweeps import list_orphans, sweep_orphans

    standing = judge(context.database, see(context.storage))
    found = list(list_orphans(context.database, context.storage, context.clock, standing))
    size = _size(sum(info.size for info in found))
    print(f"{len(found)} orphans, {size}")
    if is_dry or not found:
        return
    if not is_sure:
        typer.confirm(f"delete {len(found)} files, {size}, for good?", abort=True)
    steps = sweep_orphans(
        context.database, context.storage, context.clock, orphans=found, tenure=context.tenure
    )
    swept = deque(steps, maxlen=1).pop()
    print(f"{swept.deleted} orphans deleted, {_size(swept.bytes)}")
