"""What hung on a block that comes back: the relations that somebody had given, out of the log."""

from collections.abc import Iterator, Mapping

from inkcre.graph.changes import GraphChange, list_changes
from inkcre.graph.graph_rows import find_missing
from inkcre.graph.plans import Plan, Reference, end_of
from inkcre.graph.undo_plans import RelationEntry, blocks_in, digest_of, relations_in
from inkcre.ports.database import Database

PAGE = 200
"""How many changes are read at once, newest first."""


def recall_relations(database: Database, returning: Mapping[str, Reference]) -> Plan:
    """Return the given relations that went with blocks which come back, as far as the log knows.

    Of each block its last deletion counts. A relation comes back if its other end is there, or
    comes back too.

    Args:
        database: where the log is.
        returning: what the blocks are now, by the digests that they had.
    """
    plan, waiting = Plan(), dict(returning)
    ends: dict[int, Reference] = {}
    for change in _deletions(database):
        former = {entry["id"]: digest_of(entry) for entry in blocks_in(change.deleted)}
        found = {id_: waiting[digest] for id_, digest in former.items() if digest in waiting}
        # A relation goes with whichever end is deleted first: the other one's deletion is newer.
        ends |= found
        for entry in relations_in(change.deleted):
            if entry["is_given"] and found.keys() & {entry["from_"], entry["to_"]}:
                _add(plan, entry, ends)
        for id_ in found:
            waiting.pop(former[id_], None)
        if not waiting:
            break
    ids = {id_ for triple in plan.relations for id_ in triple[:2] if isinstance(id_, int)}
    missing = set(find_missing(database, sorted(ids))) if ids else set()
    plan.relations = {
        triple: row for triple, row in plan.relations.items() if not missing & set(triple[:2])
    }
    return plan


def _deletions(database: Database) -> Iterator[GraphChange]:
    """Yield the changes that have deleted something, newest first."""
    before = None
    while page := list_changes(database, limit=PAGE, before=before):
        yield from (change for change in page if change.deleted)
        before = page[-1].id


def _add(plan: Plan, entry: RelationEntry, ends: Mapping[int, Reference]) -> None:
    from_ = ends.get(entry["from_"], entry["from_"])
    to_ = ends.get(entry["to_"], entry["to_"])
    plan.relations[from_, to_, entry["content"]] = {
        "created_at": entry["created_at"],
        "updated_at": entry["updated_at"],
        **end_of("from", from_),
        **end_of("to", to_),
        "content": entry["content"],
    }
