"""Who says what: a thing goes when the last one who said it has taken it back.

Whoever is no item of a source *gives*: by hand, over the API, by an import, as an assistant. That
is the rule, and so a block or relation is given unless it was brought by an item; ``is_given`` is a
column of both, and what nobody ever collected costs no row. What an item says is known by its row:
its block is ``block_id``, its relations are in ``sayings``, and the blocks around it are the ends
of those. An item that has gone, or says something else now, takes back its own sayings
(``leaving``). What then has no sayer left goes, unless something given hangs on it.

Giving what an item has brought is part of the batch that gives it. An item's own rows are held by
whoever deletes them before he looks whether somebody has given them, so a batch that gives comes in
front of that look, or finds the row gone and writes it anew.

What a person deletes stays away: its items remember that they said it (a block or a relation that
is NULL), and do not bring it again by themselves.
"""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    exists,
    null,
    select,
    union,
    update,
)

from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Statement

# Asked once, in front of all rows: where nothing was ever collected, giving costs nothing.
HAS_ITEMS: ColumnElement[bool] = exists(select(source_items.c.id))

_digest = bindparam("digest", type_=Text)
_id = bindparam("id", type_=BigInteger)

GIVE_BLOCK = Statement(
    update(blocks).where(blocks.c.digest == _digest, blocks.c.is_given == 0).values(is_given=1)
)
"""Tell of a block that it was given."""

GIVE_RELATION = Statement(
    update(relations)
    .where(
        relations.c.from_ == bindparam("from_", type_=BigInteger),
        relations.c.to_ == bindparam("to_", type_=BigInteger),
        relations.c.content == bindparam("content", type_=Text),
        relations.c.is_given == 0,
    )
    .values(is_given=1)
)
"""Tell of a relation that it was given."""

GIVE_SAID_OF = Statement(
    update(relations)
    .where(
        relations.c.is_given == 0,
        relations.c.id.in_(
            select(sayings.c.relation_id)
            .select_from(source_items.join(sayings, sayings.c.item_id == source_items.c.id))
            .where(source_items.c.block_id == _id)
        ),
    )
    .values(is_given=1)
)
"""Tell of all that items say of a block that it was given: somebody has made the block his own."""

WITHHOLD_RELATION = Statement(
    update(sayings).where(sayings.c.relation_id == _id).values(relation_id=null())
)
"""Let items that say a relation remember that a person has deleted it."""

WITHHOLD_AROUND = Statement(
    update(sayings)
    .where(
        sayings.c.relation_id.in_(
            union(
                select(relations.c.id).where(relations.c.from_ == _id),
                select(relations.c.id).where(relations.c.to_ == _id),
            )
        )
    )
    .values(relation_id=null())
)
"""The same of all relations of a block, which go with it."""
