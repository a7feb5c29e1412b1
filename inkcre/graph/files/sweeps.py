"""Sweeping: deleting files that were let go long ago, and what never came whole.

Not done when a block is deleted: another may name the same file, a backup of yesterday does, and a
request should not wait. Deleted is only what was noted as let go: ``notes`` tells why that loses
nothing, and ``claims`` why no other base does. What is neither named nor noted is an *orphan*; it
is counted and listed, and deleted only by who asks for that.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from inkcre.errors import NotFound, Unsupported
from inkcre.graph.file_notes import (
    DROP,
    FORGET_NAMED,
    HELD_SECONDS,
    MARK,
    MARK_ORPHANS,
    RELEASE,
    SELECT_KNOWN,
    SELECT_NAMED,
    SELECT_RIPE,
    as_digests,
    select_digests,
)
from inkcre.graph.files.claims import (
    FILES,
    claim_next,
    drop_older,
    judge,
    look,
    refusal,
    remember,
)
from inkcre.graph.files.epochs import EPOCHS, refuses_second_put, see
from inkcre.graph.files.files import INCOMING, digest_of_key, file_key
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database
from inkcre.ports.storage import KEEP_DAYS, FileInfo, Standing, Storage, Tenure

GRACE = timedelta(hours=1)
"""How old an orphan must be: one that is younger may be on its way."""

INCOMING_GRACE = timedelta(days=1)
"""How long a file may take to come."""

GROUP = 100
"""How many files are marked and deleted at a time."""

NAMES = {FILES: "[0-9a-f]{64}", INCOMING: "[0-9a-f]{32}", EPOCHS: "[0-9]+"}
"""The names that we give below each folder."""


@dataclass
class Swept:
    """How far a sweep has come."""

    deleted: int = 0
    bytes: int = 0

    def count(self, infos: Iterable[FileInfo]) -> None:
        """Count files that were deleted."""
        for info in infos:
            self.deleted += 1
            self.bytes += info.size


@dataclass(frozen=True)
class Sweep:
    """What a sweep works with."""

    database: Database
    storage: Storage
    clock: Clock
    tenure: Tenure
    standing: Standing
    id: str

    def may_go_on(self) -> bool:
        """Look whether the storage is still ours, and nobody contests it."""
        return look(self.database, self.storage, self.tenure).state == "ours"

    def delete(self, mark: Call, before: datetime) -> list[FileInfo] | None:
        """Mark, look, delete, and forget a group; None if there was nothing to mark.

        ``notes`` tells why in this order. What somebody has put since ``before`` stays.
        """
        marked_at = self.clock()
        marked = MARK.values(self.database.atomic([mark])[0])
        if not marked:
            return None
        gone: list[str] = []
        try:
            named = select_digests(self.database, SELECT_NAMED, marked)
            found = {name: self._find(name) for name in marked if name not in named}
            infos = [info for info in found.values() if info and info.modified_at < before]
            # Its machine may have slept. Half, so that as much time again is left for the deletion.
            if (self.clock() - marked_at).total_seconds() < HELD_SECONDS / 2:
                self.storage.delete(info.key for info in infos)
                gone = [digest_of_key(info.key) for info in infos]
                gone += [digest for digest, info in found.items() if info is None]
        finally:
            # Also when something failed: who sends a marked file is told to wait, and a mark that
            # is left lasts for a quarter of an hour.
            dropped = DROP(marked=as_digests(gone), sweep=self.id)
            released = RELEASE(marked=as_digests(marked), sweep=self.id)
            self.database.atomic([dropped, released])
        return [info for info in infos if digest_of_key(info.key) in gone]

    def _find(self, digest: str) -> FileInfo | None:
        with suppress(NotFound):
            return self.storage.head(file_key(digest))
        return None


def open_sweep(
    database: Database, storage: Storage, clock: Clock, tenure: Tenure, *, is_automatic: bool
) -> Sweep:
    """Claim the storage anew, and give what a sweep of it works with.

    Raises:
        StorageTaken: it belongs to another base.
        StorageContested: a copy of this base has been at it.
        StorageUnclaimed: whose it is cannot be told.
        Unsupported: it is to be swept by itself, and does not refuse a put of what is there.
    """
    standing = look(database, storage, tenure)
    if standing.state == "ours":
        standing = remember(tenure, claim_next(database, storage, standing))
    if standing.state != "ours":
        # Between the look and the epoch somebody may have put another one.
        look(database, storage, tenure)  # says there that it is contested
        raise refusal(standing)
    if is_automatic and not refuses_second_put(storage, standing.epoch):
        raise Unsupported(
            "storage: puts over what is there although it should not, so nothing is deleted by "
            "itself",
            hint="run `inkcre files sweep` where no copy of this base uses the storage",
        )
    drop_older(database, storage, standing)
    return Sweep(database, storage, clock, tenure, standing, uuid.uuid4().hex)


def sweep_files(
    database: Database,
    storage: Storage,
    clock: Clock,
    *,
    is_dry: bool = False,
    keep_days: int = KEEP_DAYS,
    tenure: Tenure | None = None,
    is_automatic: bool = False,
) -> Iterator[Swept]:
    """Delete what was let go ``keep_days`` ago, a group at a time; yield how far it is after each.

    It can be ended at any moment, and run by several at once. ``is_dry`` only counts.

    Raises:
        NotOurs, Unsupported: as ``open_sweep``.
    """
    swept = Swept()
    tenure = tenure or Tenure()
    if not storage.capabilities.outlives_process:
        yield swept  # what is let go is gone with the process
        return
    if is_dry:
        # judge, and not look: who only counts claims nothing.
        yield from _count(database, storage, clock, keep_days, judge(database, see(storage)))
        return
    sweep = open_sweep(database, storage, clock, tenure, is_automatic=is_automatic)
    yield from _clear_up(sweep, swept)
    place = sweep.standing.storage
    database.atomic([FORGET_NAMED(storage=place)])
    mark = MARK(storage=place, sweep=sweep.id, keep_ms=_milliseconds(keep_days), limit=GROUP)
    while sweep.may_go_on():
        deleted = sweep.delete(mark, clock() - timedelta(days=keep_days))
        if deleted is None:
            break
        swept.count(deleted)
        yield swept
    yield swept


def _milliseconds(days: int) -> int:
    return days * 24 * 3600 * 1000


def _clear_up(sweep: Sweep, swept: Swept) -> Iterator[Swept]:
    """Delete what this base's uploads have left when they were killed."""
    before = sweep.clock() - INCOMING_GRACE
    for folder, names in NAMES.items():
        sweep.storage.tidy(folder, names, before)
    left = _list_old(sweep.storage, f"{INCOMING}/{sweep.standing.base}", before)
    while group := list(islice(left, GROUP)):
        sweep.storage.delete(info.key for info in group)
        swept.count(group)
        yield swept


def _count(
    database: Database, storage: Storage, clock: Clock, keep_days: int, standing: Standing
) -> Iterator[Swept]:
    swept = Swept()
    left = _list_old(storage, f"{INCOMING}/{standing.base}", clock() - INCOMING_GRACE)
    swept.count(left)
    before = clock() - timedelta(days=keep_days)
    asked = {"storage": standing.storage, "keep_ms": _milliseconds(keep_days), "limit": GROUP}
    after = ""
    while ripe := SELECT_RIPE.read(database, **asked, after=after):
        for digest in ripe:
            with suppress(NotFound):
                info = storage.head(file_key(digest))
                swept.count([info] if info.modified_at < before else [])
        after = ripe[-1]
        yield swept
    yield swept


def _list_old(storage: Storage, folder: str, before: datetime) -> Iterator[FileInfo]:
    cursor = None
    while True:
        page = storage.list(folder, cursor=cursor)
        yield from (info for info in page.files if info.modified_at < before)
        cursor = page.cursor
        if cursor is None:
            return


def list_orphans(
    database: Database, storage: Storage, clock: Clock, standing: Standing
) -> Iterator[FileInfo]:
    """Yield the files that no block names and no note, and what others' uploads have left.

    Raises:
        StorageTaken: they are another base's.
    """
    if standing.state == "taken":
        raise refusal(standing)
    files = _list_old(storage, FILES, clock() - GRACE)
    while group := list(islice(files, 1000)):
        known = select_digests(database, SELECT_KNOWN, map(_digest, group))
        yield from (info for info in group if _digest(info) not in known)
    for info in _list_old(storage, INCOMING, clock() - INCOMING_GRACE):
        if not info.key.startswith(f"{INCOMING}/{standing.base}/"):
            yield info


def _digest(info: FileInfo) -> str:
    return digest_of_key(info.key)


def sweep_orphans(
    database: Database,
    storage: Storage,
    clock: Clock,
    *,
    orphans: Sequence[FileInfo],
    tenure: Tenure | None = None,
) -> Iterator[Swept]:
    """Delete orphans that are still orphans; yield how far it is after each group.

    Raises:
        NotOurs: as ``open_sweep``.
    """
    swept = Swept()
    sweep = open_sweep(database, storage, clock, tenure or Tenure(), is_automatic=False)
    waiting = iter(orphans)
    while (group := list(islice(waiting, GROUP))) and sweep.may_go_on():
        left = [info for info in group if not info.key.startswith(f"{FILES}/")]
        storage.delete(info.key for info in left)
        # Marked as all else is: since they were listed a block may have come to name one.
        digests = as_digests(_digest(info) for info in group if info not in left)
        mark = MARK_ORPHANS(orphans=digests, storage=sweep.standing.storage, sweep=sweep.id)
        swept.count([*left, *(sweep.delete(mark, clock() - GRACE) or [])])
        yield swept
    yield swept
