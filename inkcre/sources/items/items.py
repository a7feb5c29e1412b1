"""Items of sources, written as blocks and relations: new ones, other revisions, and those gone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from inkcre.errors import Conflict, MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.file_notes import refuse_held
from inkcre.graph.graph_rows import find_missing
from inkcre.graph.leaving import Leaving, count_gone
from inkcre.graph.plans import Reference
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.database import Call, Database
from inkcre.sources.base import Item
from inkcre.sources.items.changes import (
    NEVER,
    Changes,
    Context,
    LinkRow,
    Return,
    diff,
    link_row,
    may_differ,
)
from inkcre.sources.items.item_rows import SELECT_SOURCE_ID, WRITE_ITEMS, read_stored
from inkcre.sources.items.revisions import Link, Revision, Written, read_arcs, short_key
from inkcre.sources.items.saying_rows import read_said, read_shared
from inkcre.sources.items.writes import Write, change_calls, deletion_calls


def write_items(
    database: Database,
    source_id: int,
    items: Iterable[Item],
    *,
    now: datetime,
    write: Write | None = None,
    returning: Return = NEVER,
    organizes: bool = False,
    job_id: int | None = None,
) -> Written:
    """Write items of a source in one batch; what has not changed is not written.

    Args:
        database: where to.
        source_id: whose they are.
        items: of one key the last counts.
        now: the time.
        write: what runs the batch; a job gives its fenced one.
        returning: which items come back whose blocks somebody has deleted.
        organizes: whether a job is added that organizes each new block.
        job_id: whose batch it is, if it is a job's: all of a job is undone together.

    Raises:
        NotFound: a block that is referred to does not exist, or the source is gone.
        Invalid: a star names an unknown storage.
    """
    # One revision a key: a batch with two would meet its own rows, which ON CONFLICT refuses.
    by_key = {short_key(item.key): item for item in items}
    for _ in range(ATTEMPTS):
        changes = _read_changes(database, source_id, by_key, returning)
        try:
            calls = change_calls(
                database, source_id, changes, now, organizes=organizes, job_id=job_id
            )
            return _write_changes(changes, calls, write or database.atomic)
        except MissingReference:
            refuse_unknown_storages(database, changes.storages())
            if not database.read(SELECT_SOURCE_ID(source=source_id)):
                raise NotFound(f"source {source_id}: was deleted meanwhile") from None
            continue  # somebody has just deleted or changed a block
        except Conflict:
            # Somebody has just made the block that one of ours was to become, or our item.
            continue
    raise Unavailable(f"source {source_id}: somebody else keeps changing its blocks")


def _read_changes(
    database: Database, source_id: int, by_key: dict[str, Item], returning: Return
) -> Changes:
    """Read what is stored of items, and decide what they change."""
    stored = read_stored(database, source_id, by_key)
    revisions = [Revision.of(item, stored.get(key)) for key, item in by_key.items()]
    # Only of those that may change anything: most collects bring nothing new, and ask nothing.
    differing = [revision for revision in revisions if may_differ(revision, returning)]
    named: dict[Reference, None] = {}
    for revision in differing:
        named[revision.centre] = None
        named.update(dict.fromkeys(revision.plan.unresolved()))
    known = [revision.stored.id for revision in differing if revision.stored]
    missing = set(find_missing(database, list(named))) if named else set()
    relations = read_said(database, known) if known else {}
    shared = read_shared(database, known) if known else set()
    changes = diff(revisions, Context(named.keys() - missing, relations, shared), returning)
    if returned := changes.returning():
        from inkcre.graph.recalling import recall_relations  # rare, and brings what undoing needs

        changes.recalled = recall_relations(database, returned)
    for reference in changes.plan.unresolved():
        if reference in missing:
            raise NotFound(f"block {reference}: not found", hint="nothing was written")
    return changes


def _write_changes(changes: Changes, calls: Sequence[Call], write: Write) -> Written:
    written = Written(changes.added, changes.updated, changes.unchanged, withheld=changes.withheld)
    if not changes.items:
        return written
    answers = write(calls)
    ids: dict[str, int | None] = {}
    for call, rows in zip(calls, answers, strict=True):
        for query in WRITE_ITEMS:
            if call.statement is query:
                ids.update((each.key, each.block_id) for each in query.records(rows))
    refuse_held(calls, answers)
    changed = [ids.get(revision.key) for revision in changes.revised]
    written.block_ids = [id_ for id_ in changed if id_ is not None]
    return written


def delete_items(
    database: Database,
    source_id: int,
    keys: Sequence[str],
    *,
    write: Write,
    job_id: int | None = None,
) -> Written:
    """Let items that are gone take back what they said; what then has no sayer left goes.

    A block stays that somebody has given, or that another item says too; so does one that something
    given hangs on, and its item finds it when it returns.
    """
    stored = [item for item in read_stored(database, source_id, keys).values() if item.digest]
    said = read_said(database, [item.id for item in stored])
    leaving = Leaving()
    for item in stored:
        if item.block_id is not None:
            leaving.blocks[item.block_id] = None
        leaving.relations.update(
            (id_, None) for id_ in said.get(item.id, {}).values() if id_ is not None
        )
        leaving.around.update(
            (digest, None) for arc in read_arcs(item.arcs) for digest in arc.digests()
        )
    gone = [item.id for item in stored]
    calls = list(deletion_calls(database, source_id, gone, leaving, job_id))
    return Written(deleted=len(stored), blocks_gone=count_gone(calls, write(calls)))


def read_links(database: Database, source_id: int, key: str) -> list[LinkRow]:
    """Return the links of an item as it is kept, for ``link_calls``; none of one that is not."""
    return [
        link_row(key, said, place)
        for item in read_stored(database, source_id, [key]).values()
        for said, place in item.said().items()
        if isinstance(said, Link)
    ]
