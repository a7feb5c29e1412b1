"""``inkcre backup`` and ``inkcre restore``: a base as one file, and back."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import make_base, open_base
from inkcre.cli.settings_options import Assignments, Profile
from inkcre.cli.streams import write_output
from inkcre.errors import Unsupported

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.sections.settings import Settings
    from inkcre.transfer.backups.archive import Archive

CHUNK_BYTES = 256 * 1024

SHOWN = 20
"""How much of what is lacking is named."""

Before = Annotated[
    list[Path] | None,
    typer.Option(
        "--since",
        metavar="BACKUP",
        help="An earlier backup, which has files that this one need not have.",
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Read a backup that is there, and write none.")
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Write the rows alone, as a base of SQLite; only of such a base."),
]


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup; - is the output.")],
    since: Before = None,
    verify: Verify = False,
    plain: Plain = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Write a base to one file while it is used: all rows, and the files that they name."""
    if plain and (since or verify):
        raise typer.BadParameter(
            "goes neither with --since nor with --verify", param_hint="--plain"
        )
    if plain:
        _copy(file, profile, set_)
        return
    with ExitStack() as stack:
        before = [_open(path, stack) for path in since or []]
        if verify:
            _verify(Path(file), before, stack, profile, set_)
        else:
            _make(file, before, stack, profile, set_)


def _make(
    file: str,
    before: "Sequence[Archive]",
    stack: ExitStack,
    profile: str | None,
    set_: list[str] | None,
) -> None:
    from inkcre.transfer.backups.making import Backup, freeze, make_backup

    done = Backup()
    known = {name for archive in before for name in archive.names()}
    source = stack.enter_context(open_base(profile, set_))
    path = _make_room(stack)
    frozen = stack.enter_context(_open_frozen(source.settings, path))
    done.refused = freeze(source, frozen, path)
    write_output(file, make_backup(source, frozen.database, path, known, done))
    held = f"{done.files} files of {done.bytes:,} bytes"
    held += f", {len(done.elsewhere)} in an earlier backup" if done.elsewhere else ""
    print(f"{file}: all rows, {held}; {len(done.missing)} missing", file=sys.stderr)
    lacking = [f"file {name}: the storage has none, or a damaged one" for name in done.missing]
    _tell_lacking([*done.refused, *lacking])


def _copy(file: str, profile: str | None, set_: list[str] | None) -> None:
    from inkcre.ports.database import SelfCopying
    from inkcre.transfer.tally import COUNT_FILES

    with ExitStack() as stack:
        source = stack.enter_context(open_base(profile, set_))
        if not isinstance(source.database, SelfCopying):
            raise Unsupported(
                "--plain: the base is no file of SQLite",
                hint="leave it away, or use the server's own pg_dump",
            )
        path = _make_room(stack)
        source.database.copy_to(path)
        named = COUNT_FILES.read_one(source.database)
        stream = stack.enter_context(path.open("rb"))
        write_output(file, iter(lambda: stream.read(CHUNK_BYTES), b""))
    print(f"{file}: all rows; not in it: {named} files that they name", file=sys.stderr)


def _verify(
    file: Path,
    before: "Sequence[Archive]",
    stack: ExitStack,
    profile: str | None,
    set_: list[str] | None,
) -> None:
    from inkcre.cli.settings_options import load_profile
    from inkcre.transfer.backups.archive import Archives
    from inkcre.transfer.backups.restoring import look_through

    archive = _open(file, stack)
    path = _make_room(stack)
    archive.take_out_base(path)
    frozen = stack.enter_context(_open_frozen(load_profile(profile, set_), path))
    found = list(look_through(frozen.database, Archives([archive, *before])))
    made = archive.manifest
    print(f"{file}: made at {made.made_at} by {made.program}; all rows, {found.count(None)} files")
    _tell_lacking([wrong for wrong in found if wrong is not None])


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    since: Before = None,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Put a backup into an empty base, of any profile; one that was cut off is run again."""
    from inkcre.graph.files.claims import require
    from inkcre.sql.lines import lines_of
    from inkcre.sql.schema import migrate
    from inkcre.transfer.backups.archive import Archives
    from inkcre.transfer.backups.restoring import restore as put_back

    with ExitStack() as stack:
        archive = _open(file, stack)
        files = Archives([archive, *(_open(path, stack) for path in since or [])])
        path = _make_room(stack)
        archive.take_out_base(path)
        target = stack.enter_context(make_base(profile, set_))
        require(target.database, target.storage, target.tenure)
        frozen = stack.enter_context(_open_frozen(target.settings, path))
        migrate(frozen.database, lines_of(target.application))  # it may be of a version before
        done = put_back(frozen, files, target)
    rows = ", ".join(f"{number} {name}" for name, number in done.rows.items())
    print(f"{file}: restored {rows}; {done.files} files; {len(done.lacking)} missing")
    _tell_lacking(done.lacking)


def _open(path: Path, stack: ExitStack) -> "Archive":
    from inkcre.transfer.backups.archive import open_archive

    return open_archive(path, stack)


def _make_room(stack: ExitStack) -> Path:
    """Return where the rows are while the command runs."""
    return Path(stack.enter_context(TemporaryDirectory(prefix="inkcre-"))) / "base.sqlite3"


@contextmanager
def _open_frozen(settings: "Settings", path: Path) -> "Iterator[Components]":
    """Return components whose database is a file of SQLite, and which have no files."""
    from inkcre.assembly.assembly import build_components
    from inkcre.sections.database import SqliteSettings
    from inkcre.sections.storage import MemoryStorageSettings

    changed = {"database": SqliteSettings(path=path), "storage": MemoryStorageSettings()}
    components = build_components(settings.model_copy(update=changed))
    try:
        yield components
    finally:
        components.database.close()


def _tell_lacking(lacking: "Sequence[str]") -> None:
    for said in lacking[:SHOWN]:
        print(said, file=sys.stderr)
    if len(lacking) > SHOWN:
        print(f"and {len(lacking) - SHOWN} more", file=sys.stderr)
    if lacking:
        raise typer.Exit(1)
