"""Putting a backup back, into an empty base of any home, and looking through one.

Everything can be done again: what an earlier try has put there is left as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from inkcre.context import Components
from inkcre.errors import NotFound, OperatorError
from inkcre.ports.database import Database
from inkcre.transfer.backups.archive import Archives
from inkcre.transfer.copies.bases import compare_bases, copy_rows, plan_move
from inkcre.transfer.copies.files import (
    CopiedFiles,
    Damaged,
    compare_digest,
    copy_files,
    find_key,
    look_for_files,
    named_files,
)


class NotEmpty(OperatorError):
    """Tell that a base into which a backup was to be put has rows of its own."""

    code = "not_empty"


@dataclass
class Restored:
    """What is there now, and what is not."""

    rows: dict[str, int] = field(default_factory=dict)
    """How many of each table."""

    files: int = 0
    lacking: list[str] = field(default_factory=list)
    """What is not there, or otherwise than it was, each in words."""


def restore(frozen: Components, files: Archives, target: Components) -> Restored:
    """Put the rows and files of a backup into an empty base, and compare.

    Args:
        frozen: the backup's rows.
        files: the backup's.
        target: the base.

    Raises:
        NotEmpty: the base has rows that are not the backup's; nothing was written.
    """
    move = plan_move(frozen, target)
    if not move.keeps_ids:
        raise NotEmpty(
            "the base has rows of its own; nothing was written",
            hint="restore into an empty one; its profile, or --set database.path=…, names it",
        )
    done = Restored()
    for _ in copy_rows(move):
        pass
    done.lacking += move.refused
    copied = CopiedFiles()
    for copied in copy_files(frozen.database, files, target, trusts=False):  # noqa: B007
        pass
    done.lacking += [f"file {name}: is damaged in the backup" for name in copied.bad]
    for found in compare_bases(move):
        done.rows[found.name] = found.rows - found.missing
        done.lacking += found.named
    for name, is_there in look_for_files(frozen.database, target.storage):
        done.files += is_there
        if not is_there and name not in copied.bad:
            done.lacking.append(f"file {name}: is not in the backup")
    return done


def look_through(frozen: Database, files: Archives) -> Iterator[str | None]:
    """Read each file that a backup's rows name; yield what is wrong with it, None if nothing is."""
    for name in named_files(frozen):
        try:
            for _ in compare_digest(files.get(find_key(name))):
                pass
        except NotFound:
            yield f"file {name}: is not in the backup"
        except Damaged:
            yield f"file {name}: is damaged"
        else:
            yield None
