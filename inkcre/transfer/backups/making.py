"""Making a backup of a base while others go on writing.

Rows first, as they are at one moment; then the files that these name. A file never changes, and
one that is let go meanwhile stays for days, so all of them are there.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import text

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.packages import find_version
from inkcre.ports.database import Database, Statement
from inkcre.ports.storage import FileContent, Storage
from inkcre.sql import schema
from inkcre.sql.lines import lines_of
from inkcre.sql.timestamps import format_timestamp
from inkcre.transfer.backups.archive import Manifest, write_archive
from inkcre.transfer.backups.snapshots import copy_moment
from inkcre.transfer.copies.files import Damaged, compare_digest, find_key, named_files

VACUUM_INTO = Statement(text("VACUUM INTO :path"))
"""Write all of an SQLite base to another file, as it is at one moment; it is only read.
https://www.sqlite.org/lang_vacuum.html#vacuuminto"""


@dataclass
class Backup:
    """What has gone into a backup so far, and what has not."""

    files: int = 0
    bytes: int = 0
    """Of the files."""

    elsewhere: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What cannot be taken along, each with the reason."""


def freeze(source: Components, target: Components, path: Path) -> list[str]:
    """Write the rows of a base, as they are now, to a file of SQLite.

    Args:
        source: the base.
        target: components whose database is the file.
        path: the file; it is not there yet.

    Returns:
        What could not be taken along.
    """
    if source.database.capabilities.dialect == "sqlite":
        source.database.read(VACUUM_INTO(path=str(path)))
        return []
    schema.migrate(target.database, lines_of(target.application))
    refused = copy_moment(source, target)
    # The last who has it open brings what is in its log into the file, which is read as it is.
    target.database.close()
    return refused


def make_backup(
    source: Components,
    frozen: Database,
    path: Path,
    known: Collection[str],
    done: Backup,
) -> Iterator[bytes]:
    """Yield an archive of rows that were written to a file, and of the files that they name.

    Args:
        source: the base, whose storage has the files.
        frozen: the rows.
        path: their file, which nobody writes to.
        known: files that are in an archive before, as blocks call them; they are left out.
        done: is told how far it is.
    """
    revisions = schema.read_revisions(frozen, lines_of(source.application))

    def describe(digest: str, size: int) -> Manifest:
        return Manifest(
            made_at=format_timestamp(source.clock()),
            program=find_version("inkcre"),
            revisions={part: revision for part, revision in revisions.items() if revision},
            base_digest=digest,
            base_bytes=size,
            elsewhere=done.elsewhere,
            missing=done.missing,
        )

    files = _files_of(source.storage, frozen, known, done)
    yield from write_archive(path, files, describe, source.clock())


def _files_of(
    storage: Storage, frozen: Database, known: Collection[str], done: Backup
) -> Iterator[FileContent]:
    for name in named_files(frozen):
        if name in known:
            done.elsewhere.append(name)
            continue
        try:
            found = storage.get(find_key(name))
        except NotFound:
            done.missing.append(name)
            continue
        yield replace(found, chunks=_compare(found, name, done))
        done.files += 1
        done.bytes += found.info.size


def _compare(found: FileContent, name: str, done: Backup) -> Iterator[bytes]:
    """Yield a file's bytes; note it if it is another than it is called, when it is in already."""
    try:
        yield from compare_digest(found)
    except Damaged:
        done.missing.append(name)
