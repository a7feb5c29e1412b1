"""Sweeping: deleting the files that no block names any more, and what never came whole.

Not done when a block is deleted: another may name the same file, and a request should not wait.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import BigInteger, Text, bindparam, delete, insert, select, true

from inkcre.infobase.constructs import json_rows
from inkcre.infobase.files import FILES, INCOMING, digest_of_key
from inkcre.infobase.storages import PREFIX
from inkcre.infobase.tables import blocks, sweeps
from inkcre.ports.components import Clock
from inkcre.ports.database import Database, Statement
from inkcre.ports.storage import FileInfo, Storage

GRACE = timedelta(hours=1)
"""How old a file must be: one that is younger may have a block in a moment."""

INCOMING_GRACE = timedelta(days=1)
"""How long a file may take to come."""

MARK_SECONDS = 900
"""How long a sweep may be about to delete what it has marked. It takes seconds, unless its machine
sleeps meanwhile: after half of that it begins anew with what is left."""

GROUP = 100
"""How many files are marked and deleted at a time."""

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
        ["digest", "sweep", "expires_at"],
        select(
            _given.c.digest,
            bindparam("sweep", type_=Text),
            bindparam("expires_at", type_=BigInteger),
        )
        .where(true())
        .suffix_with("ON CONFLICT (digest, sweep) DO UPDATE SET expires_at = excluded.expires_at"),
    )
)
"""Say of some files that a sweep is about to delete them."""

UNMARK = Statement(delete(sweeps).where(sweeps.c.sweep == bindparam("sweep", type_=Text)))
"""Say that a sweep is at nothing any more."""

FORGET = Statement(delete(sweeps).where(sweeps.c.expires_at < bindparam("now", type_=BigInteger)))
"""Forget the sweeps that were killed."""


@dataclass
class Swept:
    """How far a sweep has come."""

    seen: int = 0
    deleted: int = 0
    bytes: int = 0

    def count(self, info: FileInfo) -> None:
        """Count a file that was deleted."""
        self.deleted += 1
        self.bytes += info.size


def sweep_files(
    database: Database, storage: Storage, clock: Clock, *, is_dry: bool = False
) -> Iterator[Swept]:
    """Delete what nobody needs, a page at a time; yield how far it is after each.

    It can be ended at any moment, and run by several at once. ``is_dry`` only counts.
    """
    swept = Swept()
    now = clock()
    if not is_dry:
        storage.tidy(now - INCOMING_GRACE)
        database.atomic([FORGET(now=int(now.timestamp() * 1000))])
    for info in _list_old(storage, INCOMING, now - INCOMING_GRACE, swept):
        if not is_dry:
            storage.delete([info.key])
        swept.count(info)
        yield swept
    old = _list_old(storage, FILES, now - GRACE, swept)
    while group := list(islice(old, GROUP)):
        for info in _sweep(database, storage, group, clock, is_dry=is_dry):
            swept.count(info)
        yield swept
    yield swept


def _list_old(storage: Storage, folder: str, before: datetime, swept: Swept) -> Iterator[FileInfo]:
    cursor = None
    while True:
        page = storage.list(folder, cursor=cursor)
        swept.seen += len(page.files)
        yield from (info for info in page.files if info.modified_at < before)
        cursor = page.cursor
        if cursor is None:
            return


def _sweep(
    database: Database, storage: Storage, group: Sequence[FileInfo], clock: Clock, *, is_dry: bool
) -> Sequence[FileInfo]:
    """Mark, look, delete, unmark: ``files.add_file`` tells why in this order."""
    unnamed = _leave_out_named(database, group)
    if is_dry or not unnamed:
        return unnamed
    sweep = uuid.uuid4().hex
    try:
        while True:
            marked_at = clock()
            expires_at = int(marked_at.timestamp() * 1000) + MARK_SECONDS * 1000
            database.atomic([MARK(digests=_as_json(unnamed), sweep=sweep, expires_at=expires_at)])
            unnamed = _leave_out_named(database, unnamed)
            if (clock() - marked_at).total_seconds() < MARK_SECONDS / 2:
                break
        storage.delete(info.key for info in unnamed)
    finally:
        database.atomic([UNMARK(sweep=sweep)])
    return unnamed


def _leave_out_named(database: Database, infos: Sequence[FileInfo]) -> Sequence[FileInfo]:
    named = {row[0] for row in database.read(SELECT_NAMED(digests=_as_json(infos)))}
    return [info for info in infos if digest_of_key(info.key) not in named]


def _as_json(infos: Sequence[FileInfo]) -> str:
    digests = (digest_of_key(info.key) for info in infos)
    return json.dumps([{"content": f"{PREFIX}{digest}", "digest": digest} for digest in digests])
