"""Items of sources, written as blocks and relations: new ones, other editions, and those gone.

A block that was made for an item follows its editions in place, so that what people have attached
to it stays. A block that somebody else made or changed, or that another item has too, is left as it
is: the item gets a block of its own then.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from inkcre.errors import Conflict, MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.database import Database
from inkcre.sources.base import Item
from inkcre.sources.items.item_rows import (
    DELETE_ITEMS,
    DELETE_STALE,
    LOCK_LEFT,
    SELECT_SOURCE_ID,
    leave_calls,
    read_claims,
    read_known,
    short_key,
)
from inkcre.sources.items.revisions import Batch, Edition, Write, Written, stale_row
from inkcre.sql.values import dump


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
    by_key = {short_key(item.key): item for item in items}
    for _ in range(ATTEMPTS):
        known = read_known(database, source_id, by_key)
        claims = read_claims(database, source_id, known.values())
        batch = Batch(database, source_id, now, claims, organizes=organizes)
        for key, item in by_key.items():
            batch.take(Edition.of(item, known.get(key)), restores=restores)
        try:
            return batch.run(write or database.atomic)
        except MissingReference:
            refuse_unknown_storages(database, batch.storages())
            if not database.read(SELECT_SOURCE_ID(source=source_id)):
                raise NotFound(f"source {source_id}: was deleted meanwhile") from None
            continue  # somebody has just deleted or changed a block
        except Conflict:
            continue  # somebody has just made the block that one of ours was to become
    raise Unavailable(f"source {source_id}: somebody else keeps changing its blocks")


def delete_items(
    database: Database, source_id: int, keys: Sequence[str], *, write: Write
) -> Written:
    """Forget items that are gone, with the relations that they made, and with their own blocks.

    A block stays that another item has too, or that somebody has changed, stated too, or attached
    something to.
    """
    known = read_known(database, source_id, keys)
    claims = read_claims(database, source_id, known.values())
    gone = {(source_id, key) for key in known}
    stale: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for item in known.values():
        if item.block_id is None:
            continue
        stale += [
            stale_row(arc, item.block_id)
            for arc in json.loads(item.arcs)
            if not claims.get((item.block_id, dump(arc)), gone) - gone
        ]
        if item.is_pristine:
            left.append(item.left())
    asked = dump([{"key": key} for key in known])
    write(
        [
            LOCK_LEFT(left_blocks=dump(left)),
            DELETE_STALE(stale=dump(stale), source=source_id),
            DELETE_ITEMS(keys=asked, source=source_id),
            *leave_calls(source_id, left),
        ]
    )
    return Written(deleted=len(known))
