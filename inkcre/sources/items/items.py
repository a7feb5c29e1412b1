"""Items of sources, written as blocks and relations: new ones, other revisions, and those gone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from inkcre.errors import Conflict, MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.file_notes import refuse_held
from inkcre.graph.graphs import find_missing
from inkcre.graph.plans import Reference
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.database import Database
from inkcre.sources.base import Item
from inkcre.sources.items.changes import (
    ArcRow,
    Changes,
    Context,
    OrphanRow,
    diff,
    may_differ,
    obsolete_row,
)
from inkcre.sources.items.item_rows import (
    SELECT_SOURCE_ID,
    UPSERT_ITEMS,
    read_makers,
    read_stored,
)
from inkcre.sources.items.revisions import (
    Revision,
    Written,
    is_made_by_others,
    read_arcs,
    short_key,
)
from inkcre.sources.items.writes import Write, change_calls, deletion_calls


def write_items(
    database: Database,
    source_id: int,
    items: Iterable[Item],
    *,
    now: datetime,
    write: Write | None = None,
    restores: bool = False,
    organizes: bool = False,
) -> Written:
    """Write items of a source in one batch; what has not changed is not written.

    Args:
        database: where to.
        source_id: whose they are.
        items: of one key the last counts.
        now: the time.
        write: what runs the batch; a job gives its fenced one.
        restores: whether items come back whose blocks somebody has deleted.
        organizes: whether a job is added that organizes each new block.

    Raises:
        NotFound: a block that is referred to does not exist, or the source is gone.
        Invalid: a star names an unknown storage.
    """
    # One revision a key: a batch with two would meet its own rows, which ON CONFLICT refuses.
    by_key = {short_key(item.key): item for item in items}
    for _ in range(ATTEMPTS):
        changes = _read_changes(database, source_id, by_key, restores=restores)
        try:
            return _write_changes(
                database, source_id, changes, now, write or database.atomic, organizes=organizes
            )
        except MissingReference:
            refuse_unknown_storages(database, changes.storages())
            if not database.read(SELECT_SOURCE_ID(source=source_id)):
                raise NotFound(f"source {source_id}: was deleted meanwhile") from None
            continue  # somebody has just deleted or changed a block
        except Conflict:
            continue  # somebody has just made the block that one of ours was to become
    raise Unavailable(f"source {source_id}: somebody else keeps changing its blocks")


def _read_changes(
    database: Database, source_id: int, by_key: dict[str, Item], *, restores: bool
) -> Changes:
    """Read what is stored of items, and decide what they change."""
    stored = read_stored(database, source_id, by_key)
    revisions = [Revision.of(item, stored.get(key)) for key, item in by_key.items()]
    # Only of those that may change anything: most collects bring nothing new, and ask nothing.
    named: dict[Reference, None] = {}
    for revision in revisions:
        if may_differ(revision, restores=restores):
            named[revision.centre] = None
            named.update(dict.fromkeys(revision.plan.unresolved()))
    missing = set(find_missing(database, list(named))) if named else set()
    makers = read_makers(database, source_id, stored.values())
    context = Context(source_id, makers, named.keys() - missing)
    changes = diff(revisions, context, restores=restores)
    for reference in changes.plan.unresolved():
        if reference in missing:
            raise NotFound(f"block {reference}: not found", hint="nothing was written")
    return changes


def _write_changes(
    database: Database,
    source_id: int,
    changes: Changes,
    now: datetime,
    write: Write,
    *,
    organizes: bool,
) -> Written:
    written = Written(changes.added, changes.updated, changes.unchanged)
    if not changes.items:
        return written
    calls = change_calls(database, source_id, changes, now, organizes=organizes)
    answers = write(calls)
    ids: dict[str, int | None] = {}
    for call, rows in zip(calls, answers, strict=True):
        if call.statement is UPSERT_ITEMS:
            ids.update((each.key, each.block_id) for each in UPSERT_ITEMS.records(rows))
    refuse_held(calls, answers)
    changed = [ids.get(revision.key) for revision in changes.revised]
    written.block_ids = [id_ for id_ in changed if id_ is not None]
    return written


def delete_items(
    database: Database, source_id: int, keys: Sequence[str], *, write: Write
) -> Written:
    """Forget items that are gone, with the relations that they made, and with their own blocks.

    A block stays that another item has too, or that somebody has changed, stated too, or attached
    something to.
    """
    stored = read_stored(database, source_id, keys)
    makers = read_makers(database, source_id, stored.values())
    gone = {(source_id, key) for key in stored}
    obsolete: list[ArcRow] = []
    orphaned: list[OrphanRow] = []
    for item in stored.values():
        if item.block_id is None:
            continue
        obsolete += [
            obsolete_row(arc, item.block_id)
            for arc in read_arcs(item.arcs)
            if not is_made_by_others(makers, item.block_id, arc, gone)
        ]
        if item.is_unmodified:
            orphaned.append({"id": item.block_id, "digest": item.block_digest})
    calls = deletion_calls(database, source_id, list(stored), obsolete=obsolete, orphaned=orphaned)
    write(list(calls))
    return Written(deleted=len(stored))
