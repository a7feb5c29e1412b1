"""Sweeping: deleting the files that no block names any more, and what never came whole.

Not done when a block is deleted: another may name the same file, and a request should not wait.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Text, bindparam, delete, insert, select, true

from inkcre.infobase.constructs import json_rows
from inkcre.infobase.files import FILES, INCOMING, PREFIX, digest_of_key
from inkcre.infobase.tables import blocks, sweeps
from inkcre.ports.components import Clock
from inkcre.ports.database import Database, Statement
from inkcre.ports.storage import FileInfo, Storage

GRACE = timedelta(hours=1)
"""How old a file must be: one that is younger may have a block in a moment."""

INCOMING_GRACE = timedelta(days=1)
"""How long a file may take to come."""

MARK_SECONDS = 120
"""How long a sweep may be about to delete what it has marked."""

_given = json_rows("digests", content=Text(), digest=Text())
SELECT_NAMED = Statement(
    select(_given.c.digest)
    .select_from(_given.join(blocks, blocks.c.content == _given.c.content))
    .where(blocks.c.storage == "file")
    .distinct()
)
"""Read which of some files a block names."""

MARK = Statement(
    insert(sweeps).from_select(
        ["digest", "expires_at"],
        select(_given.c.digest, bindparam("expires_at", type_=BigInteger))
        .where(true())
        .suffix_with("ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at"),
    )
)
"""Say of some files that they are about to be deleted."""

UNMARK = Statement(delete(sweeps).where(sweeps.c.digest.in_(select(_given.c.digest))))
"""Say of some files that nothing happens to them any more."""


@dataclass
class Swept:
    """How far a sweep has come."""

    seen: int = 0
    deleted: int = 0
    bytes: int = 0


def sweep_files(
    database: Database, storage: Storage, clock: Clock, *, is_dry: bool = False
) -> Iterator[Swept]:
    """Delete what nobody needs, a page at a time; yield how far it is after each.

    It can be ended at any moment, and run by several at once. ``is_dry`` only counts.
    """
    swept = Swept()
    for folder, grace in ((INCOMING, INCOMING_GRACE), (FILES, GRACE)):
        cursor = None
        while True:
            page = storage.list(folder, cursor=cursor)
            swept.seen += len(page.files)
            old = [info for info in page.files if info.modified_at < clock() - grace]
            sweep = _delete if folder == INCOMING else _sweep
            for info in sweep(database, storage, old, clock, is_dry):
                swept.deleted += 1
                swept.bytes += info.size
            yield swept
            cursor = page.cursor
            if cursor is None:
                break


def _delete(
    _: Database, storage: Storage, infos: Sequence[FileInfo], _clock: Clock, is_dry: bool
) -> Sequence[FileInfo]:
    if not is_dry:
        storage.delete(info.key for info in infos)
    return infos


def _sweep(
    database: Database, storage: Storage, infos: Sequence[FileInfo], clock: Clock, is_dry: bool
) -> Sequence[FileInfo]:
    """Mark, look, delete, unmark: ``files.confirm_file`` tells why in this order."""
    unnamed = _leave_out_named(database, infos)
    if is_dry or not unnamed:
        return unnamed
    marked = _as_json(unnamed)
    expires_at = int(clock().timestamp() * 1000) + MARK_SECONDS * 1000
    database.atomic([MARK(digests=marked, expires_at=expires_at)])
    try:
        unnamed = _leave_out_named(database, unnamed)
        storage.delete(info.key for info in unnamed)
    finally:
        database.atomic([UNMARK(digests=marked)])
    return unnamed


def _leave_out_named(database: Database, infos: Sequence[FileInfo]) -> Sequence[FileInfo]:
    named = {row[0] for row in database.read(SELECT_NAMED(digests=_as_json(infos)))}
    return [info for info in infos if digest_of_key(info.key) not in named]


def _as_json(infos: Sequence[FileInfo]) -> str:
    digests = (digest_of_key(info.key) for info in infos)
    return json.dumps([{"content": f"{PREFIX}{digest}", "digest": digest} for digest in digests])
