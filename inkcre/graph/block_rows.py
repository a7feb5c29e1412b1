"""Rows of blocks: the statements that read and write them."""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from inkcre.graph.change_log import entries_of, entries_of_deleted, log_former
from inkcre.graph.made_rows import marked
from inkcre.graph.records import BLOCK_COLUMNS, Block, KeptBlock
from inkcre.graph.tables import blocks
from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, timestamp
from inkcre.sql.fences import fence
from inkcre.sql.rows import Id, Query

SELECT_BLOCK = Query(
    select(*BLOCK_COLUMNS, blocks.c.digest.label("kept_digest")).where(
        blocks.c.id == bindparam("id", type_=BigInteger)
    ),
    KeptBlock,
)
"""Read one block, and its digest."""

FENCE = fence(
    blocks,
    blocks.c.digest == bindparam("seen_digest", type_=Text),
    blocks.c.updated_at == timestamp(bindparam("seen_at", type_=Text)),
)
"""Break a batch unless a block is what was read."""

SELECT_TWIN = Query(
    select(blocks.c.id).where(blocks.c.digest == bindparam("digest", type_=Text)), Id
)
"""Read the id of the block with a digest."""

INSERT_BLOCK = Statement(
    insert(blocks)
    .from_select(
        ["created_at", "updated_at", "storage", "resolver", "content", "digest"],
        select(
            timestamp(bindparam("now", type_=Text)),
            timestamp(bindparam("now", type_=Text)),
            bindparam("storage", type_=Text),
            bindparam("resolver", type_=Text),
            bindparam("content", type_=Text),
            bindparam("digest", type_=Text),
        )
        .where(marked(blocks))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
    .returning(blocks.c.id)
)
"""Add one block unless it is there; gives its id if it was added."""

SELECT_GIVEN = Query(
    select(*BLOCK_COLUMNS).where(
        blocks.c.digest == bindparam("digest", type_=Text), blocks.c.is_given == 1
    ),
    Block,
)
"""Read one block by digest, if it is given: in PostgreSQL, between two statements of a batch, an
item may take one back and bring it anew."""

UPDATE_BLOCK = Query(
    update(blocks)
    .where(blocks.c.id == bindparam("id_", type_=BigInteger))
    .where(blocks.c.digest == bindparam("old_digest", type_=Text))
    .values(
        updated_at=timestamp(bindparam("now", type_=Text)),
        storage=bindparam("new_storage", type_=Text),
        resolver=bindparam("new_resolver", type_=Text),
        content=bindparam("new_content", type_=Text),
        digest=bindparam("new_digest", type_=Text),
        is_given=1,
    )
    .returning(*BLOCK_COLUMNS),
    Block,
)
"""Change a block if it is still what was read."""

_held = (
    select(blocks)
    .where(
        blocks.c.id == bindparam("id", type_=BigInteger),
        blocks.c.digest == bindparam("old_digest", type_=Text),
    )
    .with_for_update()
    .cte("held")
)
LOG_CHANGED = log_former("changed", lambda: [entries_of(_held, blocks)])
"""Write down a block as it is, if it is still what was read, and hold it."""

_held_to_go = (
    select(blocks).where(blocks.c.id == bindparam("id", type_=BigInteger)).with_for_update()
).cte("held")
LOG_DELETED = log_former("deleted", lambda: entries_of_deleted(_held_to_go))
"""Write down a block and its relations as they are, and hold it, so that no relation comes."""

DELETE_BLOCK = Statement(
    delete(blocks).where(blocks.c.id == bindparam("id", type_=BigInteger)).returning(blocks.c.id)
)
"""Delete a block; its relations go with it."""


def _page(*filters: ColumnElement[bool]) -> Query[Block]:
    return Query(
        select(*BLOCK_COLUMNS)
        .where(blocks.c.id < bindparam("before", type_=BigInteger), *filters)
        .order_by(blocks.c.id.desc())
        .limit(bindparam("limit", type_=Integer)),
        Block,
    )


# A statement for each choice of filters: one plan serves all parameters of a statement, and one
# with ":resolver IS NULL OR …" would go by no index.
_by_resolver = blocks.c.resolver == bindparam("resolver", type_=Text)
_by_storage = blocks.c.storage == bindparam("storage", type_=Text)

SELECT_PAGE = {
    (False, False): _page(),
    (True, False): _page(_by_resolver),
    (False, True): _page(_by_storage),
    (True, True): _page(_by_resolver, _by_storage),
}
"""Read a page of blocks, newest first, by which filters are given: (resolver, storage)."""
