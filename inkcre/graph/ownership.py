"""Who has said a block: an item alone, or somebody else too."""

from collections.abc import Iterable

from sqlalchemy import (
    Text,
    select,
    update,
)

from inkcre.graph.tables import blocks, source_items
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import json_rows
from inkcre.sql.parameters import calls_over

_stated = json_rows("stated", digest=Text())

_stated_block = blocks.alias("stated_block")

SELECT_OWNED = Statement(
    select(source_items.c.key)
    .select_from(
        _stated.join(_stated_block, _stated_block.c.digest == _stated.c.digest).join(
            source_items, source_items.c.block_id == _stated_block.c.id
        )
    )
    .where(source_items.c.is_own == 1)
    .limit(1)
)
"""Tell whether some blocks are an item's own."""

DISOWN = Statement(
    update(source_items)
    .where(
        source_items.c.is_own == 1,
        source_items.c.block_id.in_(
            select(_stated_block.c.id).select_from(
                _stated.join(_stated_block, _stated_block.c.digest == _stated.c.digest)
            )
        ),
    )
    .values(is_own=0)
)
"""Tell of blocks that somebody else has stated too that they are no item's own any more."""


def disown(database: Database, digests: Iterable[str]) -> None:
    """Tell of blocks that were there already, and have been stated again, that they are shared."""
    rows = [{"digest": digest} for digest in digests]
    # Read before it is written: hardly ever is one an item's own, and a graph that is sent again is
    # to write nothing.
    if any(map(database.read, calls_over(SELECT_OWNED, "stated", rows, database))):
        database.atomic(calls_over(DISOWN, "stated", rows, database))
