"""The statements that write changes of items, in the order of one batch."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

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
    UPDATE_CENTRES,
    UPSERT_ITEMS,
)
from inkcre.sql.parameters import calls_over
from inkcre.sql.timestamps import format_timestamp

Write = Callable[[Sequence[Call]], list[list[Row]]]
"""Runs statements in one batch."""


def change_calls(
    database: Database, source_id: int, changes: Changes, now: datetime, *, organizes: bool
) -> Iterator[Call]:
    """Yield what writes changes: what makes room, what comes, what goes by the items as they are.

    Args:
        database: whose limits count.
        source_id: whose items change.
        changes: what is to become of them.
        now: the time.
        organizes: whether a job is added that organizes each revised item's block.
    """
    now_text = format_timestamp(now)
    source = {"source": source_id}
    # Relations go before others that say the same come.
    yield from calls_over(LOCK_ORPHANED, "orphaned", changes.orphaned, database)
    yield from calls_over(DELETE_OBSOLETE, "obsolete", changes.obsolete, database, **source)
    if changes.centres:
        yield let_go_call(row["id"] for row in changes.centres)
    yield from calls_over(UPDATE_CENTRES, "centres", changes.centres, database, now=now_text)
    yield from write_calls(database, changes.plan, now)
    yield from calls_over(UPSERT_ITEMS, "items", changes.items, database, now=now_text, **source)
    stated = ({"digest": digest} for digest in changes.stated)
    yield from calls_over(DISOWN, "stated", stated, database)
    yield from link_calls(database, source_id, changes.links, now)
    yield from _orphan_calls(database, source_id, changes.orphaned)
    yield from naming_calls(changes.file_contents())
    if organizes:
        new = (
            {"key": each.key, "dedupe_key": f"organize:{source_id}:{each.digest}"}
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
    source = {"source": source_id}
    yield from calls_over(LOCK_ORPHANED, "orphaned", orphaned, database)
    yield from calls_over(DELETE_OBSOLETE, "obsolete", obsolete, database, **source)
    rows = ({"key": key} for key in keys)
    yield from calls_over(DELETE_ITEMS, "keys", rows, database, **source)
    yield from _orphan_calls(database, source_id, orphaned)


def link_calls(
    database: Database, source_id: int, links: Sequence[LinkRow], now: datetime
) -> list[Call]:
    """Return the statements that relate items of a source to each other."""
    return calls_over(
        LINK_ITEMS, "links", links, database, source=source_id, now=format_timestamp(now)
    )


def _orphan_calls(
    database: Database, source_id: int, orphaned: Sequence[OrphanRow]
) -> Iterator[Call]:
    """Yield what sees to blocks that their items have left, behind ``LOCK_ORPHANED``."""
    if orphaned:
        yield from calls_over(HAND_OVER, "orphaned", orphaned, database)
        yield let_go_call(row["id"] for row in orphaned)
        yield from calls_over(DELETE_ORPHANED, "orphaned", orphaned, database, source=source_id)
