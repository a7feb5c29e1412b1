"""The statements that write changes of items, in the order of one batch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from inkcre.graph.change_log import log_made, new_batch, room_for_former
from inkcre.graph.file_notes import let_go_call, naming_calls
from inkcre.graph.graphs import write_calls
from inkcre.graph.ownership import DISOWN
from inkcre.ports.database import Call, Database, Row
from inkcre.sources.items.changes import ArcRow, Changes, LinkRow, OrphanRow
from inkcre.sources.items.item_rows import (
    DELETE_ITEMS,
    DELETE_OBSOLETE,
    DELETE_ORPHANED,
    ENQUEUE_ORGANIZING,
    HAND_OVER,
    LINK_ITEMS,
    LOCK_ORPHANED,
    LOG_CENTRES,
    LOG_OBSOLETE,
    LOG_ORPHANED,
    UPDATE_CENTRES,
    UPSERT_ITEMS,
)
from inkcre.sql.parameters import calls_over
from inkcre.sql.timestamps import format_timestamp

Write = Callable[[Sequence[Call]], list[list[Row]]]
"""Runs statements in one batch."""


def actor_of(source_id: int) -> str:
    """Return who a source is to the log of changes."""
    return f"source:{source_id}"


def _log_of(database: Database, source_id: int) -> dict[str, object]:
    """Return what the statements of the log are given in one batch."""
    return {
        "action": "items",
        "actor": actor_of(source_id),
        "batch": new_batch(),
        "room": room_for_former(database),
    }


def change_calls(
    database: Database, source_id: int, changes: Changes, now: datetime, *, organizes: bool
) -> list[Call]:
    """Return what writes changes: what makes room, what comes, what goes by the items as they are.

    Args:
        database: whose limits count.
        source_id: whose items change.
        changes: what is to become of them.
        now: the time.
        organizes: whether a job is added that organizes each revised item's block.
    """
    log = _log_of(database, source_id)
    calls = _change_calls(database, source_id, changes, now, log, organizes=organizes)
    return log_made(calls, action="items", actor=actor_of(source_id), batch=str(log["batch"]))


def _change_calls(
    database: Database,
    source_id: int,
    changes: Changes,
    now: datetime,
    log: Mapping[str, object],
    *,
    organizes: bool,
) -> Iterator[Call]:
    now_text = format_timestamp(now)
    source = {"source": source_id}
    # Relations go before others that say the same come.
    yield from calls_over(LOCK_ORPHANED, "orphaned", changes.orphaned, database)
    yield from _obsolete_calls(database, source_id, changes.obsolete, log)
    # In front of the change: the note and the log are made of what the rows say so far.
    if changes.centres:
        yield let_go_call(row["id"] for row in changes.centres)
    yield from calls_over(LOG_CENTRES, "centres", changes.centres, database, **log)
    yield from calls_over(UPDATE_CENTRES, "centres", changes.centres, database, now=now_text)
    yield from write_calls(database, changes.plan, now)
    yield from calls_over(UPSERT_ITEMS, "items", changes.items, database, now=now_text, **source)
    stated = ({"digest": digest} for digest in changes.stated)
    yield from calls_over(DISOWN, "stated", stated, database)
    yield from link_calls(database, source_id, changes.links, now)
    yield from _orphan_calls(database, source_id, changes.orphaned, log)
    yield from naming_calls(changes.file_contents())
    if organizes:
        new = (
            # By the revision: an attempt that is made again adds no second job, an edit does.
            {"key": each.key, "idempotency_key": f"organize:{source_id}:{each.digest}"}
            for each in changes.revised
        )
        yield from calls_over(
            ENQUEUE_ORGANIZING, "organizing", new, database, now=now_text, **source
        )


def deletion_calls(
    database: Database,
    source_id: int,
    keys: Sequence[str],
    *,
    obsolete: Sequence[ArcRow],
    orphaned: Sequence[OrphanRow],
) -> Iterator[Call]:
    """Yield what forgets items, their relations, and the blocks that they leave."""
    source, log = {"source": source_id}, _log_of(database, source_id)
    yield from calls_over(LOCK_ORPHANED, "orphaned", orphaned, database)
    yield from _obsolete_calls(database, source_id, obsolete, log)
    rows = ({"key": key} for key in keys)
    yield from calls_over(DELETE_ITEMS, "keys", rows, database, **source)
    yield from _orphan_calls(database, source_id, orphaned, log)


def _obsolete_calls(
    database: Database, source_id: int, obsolete: Sequence[ArcRow], log: Mapping[str, object]
) -> Iterator[Call]:
    source = {"source": source_id}
    yield from calls_over(LOG_OBSOLETE, "obsolete", obsolete, database, **source, **log)
    yield from calls_over(DELETE_OBSOLETE, "obsolete", obsolete, database, **source)


def link_calls(
    database: Database, source_id: int, links: Sequence[LinkRow], now: datetime
) -> list[Call]:
    """Return the statements that relate items of a source to each other."""
    return calls_over(
        LINK_ITEMS, "links", links, database, source=source_id, now=format_timestamp(now)
    )


def _orphan_calls(
    database: Database,
    source_id: int,
    orphaned: Sequence[OrphanRow],
    log: Mapping[str, object],
) -> Iterator[Call]:
    """Yield what sees to blocks that their items have left, behind ``LOCK_ORPHANED``."""
    if orphaned:
        yield from calls_over(HAND_OVER, "orphaned", orphaned, database)
        yield let_go_call(row["id"] for row in orphaned)
        source = {"source": source_id}
        yield from calls_over(LOG_ORPHANED, "orphaned", orphaned, database, **source, **log)
        yield from calls_over(DELETE_ORPHANED, "orphaned", orphaned, database, **source)
