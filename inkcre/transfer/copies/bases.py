"""Copying the rows of a base into another, table by table, and comparing both at the end.

Everything can be done again: what is there is left as it is. So a copy that was cut off goes on
where it was, whatever was the last thing it did. Copy a base at rest, into one at rest.
"""

from collections.abc import Iterator, Mapping

from inkcre.context import Components
from inkcre.transfer.copies.extensions import list_copies
from inkcre.transfer.copies.graph import BLOCKS, RELATIONS
from inkcre.transfer.copies.ids import match_sources, may_keep_ids, skip_given_ids
from inkcre.transfer.copies.items import ITEMS
from inkcre.transfer.copies.jobs import JOBS
from inkcre.transfer.copies.parts import AnyPart, Compared, Move
from inkcre.transfer.copies.sayings import SAYINGS
from inkcre.transfer.copies.schedules import SCHEDULES
from inkcre.transfer.copies.sources import SOURCES
from inkcre.transfer.copies.storages import STORAGES
from inkcre.transfer.copies.values import VALUES

PARTS: Mapping[str, AnyPart] = {
    "storages": STORAGES,
    "blocks": BLOCKS,
    "relations": RELATIONS,
    "sources": SOURCES,
    "source_items": ITEMS,
    "sayings": SAYINGS,
    "schedules": SCHEDULES,
    "jobs": JOBS,
    "keyvalues": VALUES,
}
"""How each table of ``inkcre.transfer.copies.tables.COPIED`` is copied, in that order."""


def plan_move(source: Components, target: Components) -> Move:
    """Look at both bases; tell whether rows keep their ids."""
    move = Move(source, target, may_keep_ids(source.database, target.database))
    if move.keeps_ids:
        skip_given_ids(source.database, target.database)
    return move


def _list_parts(move: Move) -> list[AnyPart]:
    return [*PARTS.values(), *list_copies(move)]


def copy_rows(move: Move) -> Iterator[tuple[str, int]]:
    """Copy the rows of all tables; yield, a page at a time, what was added and how much of it."""
    for part in _list_parts(move):
        yield part.name, 0
        for added in part.add_rows(move):
            yield part.name, added


def compare_bases(move: Move) -> Iterator[Compared]:
    """Look for every row of the source in the target, table by table."""
    move.source_ids = match_sources(move.source.database, move.target.database)
    for part in _list_parts(move):
        yield part.compare_rows(move)
