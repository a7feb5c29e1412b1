"""Deletions of sources: what they have brought stays, unless it is to go with them."""

from dataclasses import dataclass

from inkcre.ports.database import Database
from inkcre.sources.items.releases import (
    SELECT_BROUGHT,
    SELECT_LEAVING,
    Brought,
    count_released,
    forget_items,
    release_calls,
)
from inkcre.sources.rows import SeenSource
from inkcre.sources.sources import (
    DELETE_SOURCE,
    UNSCHEDULE_ABSENT,
    Expected,
    find_source,
    get_source,
    not_found,
)
from inkcre.sql.fences import write_if


@dataclass(frozen=True)
class Removal:
    """What the deletion of a source does to what it has brought."""

    items: int
    """Items that are forgotten."""

    blocks_gone: int
    blocks_kept: int
    """Of those that the source has brought, or says as well as others."""


def foresee_removal(database: Database, source_id: int, *, forget: bool = False) -> Removal:
    """Tell what ``delete_source`` would do now; nothing is changed.

    Raises:
        NotFound: there is no such source.
    """
    get_source(database, source_id)
    query = SELECT_LEAVING if forget else SELECT_BROUGHT
    [brought] = query.read(database, source=source_id)
    return _tell(brought, brought.items, brought.blocks_gone)


def delete_source(
    database: Database, source_id: int, *, expected: Expected | None = None, forget: bool = False
) -> Removal:
    """Delete a source; what it has brought stays, in the same batch, as if somebody had given it.

    Args:
        database: where it is.
        source_id: which.
        expected: looks whether it is what somebody has seen.
        forget: whether what it has brought goes before, unless others say it too, or something
            given hangs on it. Where that is killed, the source is there still.

    Raises:
        NotFound: there is no such source.
        PreconditionFailed: it is not what is expected.
    """
    before, forgotten, gone = None, 0, 0
    if forget:
        source = get_source(database, source_id)
        if expected is not None:
            expected(source)
        [before] = SELECT_BROUGHT.read(database, source=source_id)
        written = forget_items(database, source_id)
        forgotten, gone = written.deleted, written.blocks_gone
    calls = [
        *release_calls(source_id), DELETE_SOURCE(id=source_id), UNSCHEDULE_ABSENT(id=source_id)
    ]  # fmt: skip
    look = None if forget else expected
    if look is None:
        answers = database.atomic(calls)
    else:
        answers = write_if(
            database,
            calls,
            thing=f"source {source_id}",
            read=lambda: find_source(database, source_id),
            expected=lambda seen: look(seen.source()),
            fence_of=SeenSource.fence,
        )
    if not answers[-2]:
        raise not_found(source_id)
    brought = count_released(calls, answers)
    return _tell(before or brought, forgotten + brought.items, gone)


def _tell(brought: Brought, items: int, gone: int) -> Removal:
    return Removal(items, blocks_gone=gone, blocks_kept=max(brought.blocks - gone, 0))
