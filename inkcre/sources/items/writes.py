"""The statements that write changes of items, in the order of one batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

from inkcre.graph.change_log import log_made, new_batch, room_for_former
from inkcre.graph.file_notes import let_go_call, naming_calls
from inkcre.graph.given_rows import give_calls
from inkcre.graph.graph_rows import write_calls
from inkcre.graph.leaving import Leaving, hold_calls, leave_calls
from inkcre.ports.database import Call, Database, Row
from inkcre.sources.items.changes import Changes, LinkRow
from inkcre.sources.items.item_rows import (
    ENQUEUE_ORGANIZING,
    FORGET_ITEMS,
    INSERT_ITEMS,
    LOG_CENTRES,
    SILENCE_ITEMS,
    UPDATE_CENTRES,
    UPDATE_ITEMS,
)
from inkcre.sources.items.saying_rows import (
    DELETE_ASTRAY,
    LINK_ITEMS,
    LOG_ASTRAY,
    SAY,
    SAY_LINKS,
    UNSAY,
    UNSAY_ASTRAY,
    links_of,
)
from inkcre.sql.parameters import calls_over
from inkcre.sql.timestamps import format_timestamp

Write = Callable[[Sequence[Call]], list[list[Row]]]
"""Runs statements in one batch."""


def actor_of(source_id: int) -> str:
    """Return who a source is to the log of changes."""
    return f"source:{source_id}"


def _log_of(database: Database, source_id: int, job_id: int | None) -> dict[str, object]:
    """Return what the statements of the log are given in one batch."""
    return {
        "action": "items",
        "actor": actor_of(source_id),
        "batch": new_batch(job_id),
        "room": room_for_former(database),
    }


def change_calls(
    database: Database,
    source_id: int,
    changes: Changes,
    now: datetime,
    *,
    organizes: bool,
    job_id: int | None = None,
) -> list[Call]:
    """Return what writes changes: what makes room, what comes, what goes by the items as they are.

    Args:
        database: whose limits count.
        source_id: whose items change.
        changes: what is to become of them.
        now: the time.
        organizes: whether a job is added that organizes each revised item's block.
        job_id: whose batch it is, if it is a job's.
    """
    log = _log_of(database, source_id, job_id)
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
    changing = [row["id"] for row in changes.centres]
    yield from hold_calls(database, changes.leaving, changing=changing)
    # In front of the change: the note and the log are made of what the rows say so far.
    if changing:
        yield let_go_call(changing)
    yield from calls_over(LOG_CENTRES, "centres", changes.centres, database, **log)
    yield from calls_over(UPDATE_CENTRES, "centres", changes.centres, database, now=now_text)
    yield from write_calls(database, changes.plan, now, is_given=False)
    recalling = write_calls(database, changes.recalled, now)
    yield from recalling
    yield from give_calls(changes.recalled, recalling, is_alone=False)
    # In one order for all, so that two that write the same ones do not wait for each other.
    items = sorted(changes.items, key=itemgetter("key"))
    for statement, is_known in ((INSERT_ITEMS, False), (UPDATE_ITEMS, True)):
        some = (row for row in items if (row["id"] is not None) == is_known)
        yield from calls_over(statement, "items", some, database, **source)
    yield from _unsay_calls(database, changes.unsaying)
    said = ({**source, **row} for row in changes.sayings)
    yield from calls_over(SAY, "said", said, database)
    yield from _astray_calls(database, changes.leaving, log)
    yield from link_calls(database, source_id, changes.links, now)
    yield from leave_calls(database, changes.leaving, log)
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
    item_ids: Sequence[int],
    leaving: Leaving,
    job_id: int | None = None,
) -> Iterator[Call]:
    """Yield what lets items say nothing any more, and deletes all that has no sayer left then."""
    log = _log_of(database, source_id, job_id)
    gone = [{"id": id_} for id_ in item_ids]
    yield from hold_calls(database, leaving)
    yield from _unsay_calls(database, item_ids)
    yield from calls_over(SILENCE_ITEMS, "gone", gone, database)
    yield from _astray_calls(database, leaving, log)
    yield from leave_calls(database, leaving, log)
    yield from calls_over(FORGET_ITEMS, "gone", gone, database)


def _unsay_calls(database: Database, item_ids: Iterable[int]) -> list[Call]:
    return calls_over(UNSAY, "asked", ({"id": id_} for id_ in item_ids), database)


def _astray_calls(
    database: Database, leaving: Leaving, log: Mapping[str, object]
) -> Iterator[Call]:
    left = [{"id": id_} for id_ in leaving.blocks]
    yield from calls_over(LOG_ASTRAY, "left", left, database, **log)
    yield from calls_over(DELETE_ASTRAY, "left", left, database)
    yield from calls_over(UNSAY_ASTRAY, "left", left, database)


def link_calls(
    database: Database, source_id: int, links: Sequence[LinkRow], now: datetime
) -> list[Call]:
    """Return the statements that relate items of a source to each other, as the items say."""
    now_text = format_timestamp(now)
    return [
        *calls_over(LINK_ITEMS, "links", links_of(source_id, links), database, now=now_text),
        *calls_over(SAY_LINKS, "links", links_of(source_id, links), database),
    ]
