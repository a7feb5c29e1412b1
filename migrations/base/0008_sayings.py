"""Who says what: items their relations, each of them, and everybody else what is given."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")
MISSING = sa.text("missing_since IS NOT NULL")

COPY_ITEMS = """
    INSERT INTO source_items_new
        (source_id, key, digest, stamp, arcs, block_id, block_digest, missing_since)
    SELECT source_id, key, digest, stamp, arcs, block_id, block_digest, missing_since
    FROM source_items
    ORDER BY source_id, key
"""

WHOSE_BLOCKS = """
    UPDATE blocks SET is_given = 0
    WHERE id IN (SELECT block_id FROM source_items
        WHERE is_own = 1 AND source_items.block_digest = blocks.digest)
"""
"""But for those that somebody has changed."""

EACH_ARC = {
    "sqlite": """
        SELECT item.id AS item_id, item.source_id, item.block_id, arc.key AS place,
            arc.value ->> 0 AS from_, json_type(arc.value, '$[0]') = 'integer' AS from__is_id,
            arc.value ->> 1 AS to_, json_type(arc.value, '$[1]') = 'integer' AS to__is_id,
            json_extract(arc.value, '$[1].key') AS to_key, arc.value ->> 2 AS content
        FROM source_items AS item, json_each(item.arcs) AS arc
    """,
    "postgresql": """
        SELECT item.id AS item_id, item.source_id, item.block_id, arc.place - 1 AS place,
            arc.said ->> 0 AS from_, jsonb_typeof(arc.said -> 0) = 'number' AS from__is_id,
            arc.said ->> 1 AS to_, jsonb_typeof(arc.said -> 1) = 'number' AS to__is_id,
            arc.said -> 1 ->> 'key' AS to_key, arc.said ->> 2 AS content
        FROM source_items AS item,
            jsonb_array_elements(CAST(item.arcs AS jsonb)) WITH ORDINALITY AS arc(said, place)
    """,
}

END = """
    CASE WHEN {end}_is_id THEN CAST({end} AS bigint) WHEN {end} = '' THEN block_id
        ELSE (SELECT id FROM blocks WHERE digest = {end}) END
"""
LINKED = """
    CASE WHEN to_key IS NOT NULL THEN (SELECT other.block_id FROM source_items AS other
        WHERE other.source_id = resolved.source_id AND other.key = to_key) ELSE to_id END
"""

WHAT_ITEMS_SAY = """
    INSERT INTO sayings (item_id, place, relation_id, is_link)
    SELECT item_id, place, relation_id, CASE WHEN to_key IS NULL THEN 0 ELSE 1 END
    FROM (
        SELECT item_id, to_key, CASE WHEN to_key IS NULL THEN place ELSE -dense_rank() OVER
            (PARTITION BY item_id, to_key IS NULL ORDER BY content{bytes}, to_key{bytes})
            END AS place, (SELECT id FROM relations
            WHERE from_ = from_id AND to_ = linked.linked_id AND relations.content = linked.content
        ) AS relation_id
        FROM (SELECT resolved.*, {linked} AS linked_id FROM (
            SELECT arcs.*, {from_} AS from_id, CASE WHEN to_key IS NULL THEN {to_} END AS to_id
            FROM ({arcs}) AS arcs) AS resolved) AS linked
    ) AS found
    WHERE relation_id IS NOT NULL OR to_key IS NULL
    ON CONFLICT DO NOTHING
"""
"""A relation of an item that is not there was deleted by somebody; a link may not be there yet.
Links have places below zero, in the order of their bytes."""

WHOSE_RELATIONS = """
    UPDATE relations SET is_given = 0
    WHERE id IN (SELECT sayings.relation_id FROM sayings
        JOIN source_items AS item ON item.id = sayings.item_id
        LEFT JOIN blocks ON blocks.id = item.block_id
        WHERE blocks.id IS NULL OR item.block_digest IN ('', blocks.digest))
"""


def upgrade() -> None:
    """Let items have ids, and say of each block and relation whose it is."""
    for table in ("blocks", "relations"):
        op.add_column(
            table, sa.Column("is_given", sa.Integer, nullable=False, server_default=sa.text("1"))
        )
    op.execute(sa.text(WHOSE_BLOCKS))
    if op.get_context().dialect.name == "postgresql":
        _change_items()
    else:
        _make_items_anew()
    op.create_table(
        "sayings",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("relation_id", ID),
        sa.Column("is_link", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "place", name="pk_sayings"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=f"fk_sayings_{column}_{table}",
                ondelete="CASCADE",
            )
            for column, table in (("item_id", "source_items"), ("relation_id", "relations"))
        ),
    )
    dialect = op.get_context().dialect.name
    said = WHAT_ITEMS_SAY.format(
        arcs=EACH_ARC[dialect],
        from_=END.format(end="from_"),
        to_=END.format(end="to_"),
        linked=LINKED,
        bytes=' COLLATE "C"' if dialect == "postgresql" else "",
    )
    op.execute(sa.text(said))
    op.create_index("ix_sayings_relation_id", "sayings", ["relation_id"])
    op.execute(sa.text(WHOSE_RELATIONS))


def _change_items() -> None:
    op.add_column("source_items", sa.Column("id", ID, sa.Identity(), nullable=False))
    op.drop_constraint("pk_source_items", "source_items")
    op.create_primary_key("pk_source_items", "source_items", ["id"])
    op.create_unique_constraint(
        "uq_source_items_source_id_key", "source_items", ["source_id", "key"]
    )
    op.drop_column("source_items", "is_own")


def _make_items_anew() -> None:
    """Make the table again: SQLite changes no key.

    https://www.sqlite.org/lang_altertable.html#otheralter
    """
    op.create_table(
        "source_items_new",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text),
        sa.Column("arcs", sa.Text, nullable=False),
        sa.Column("block_id", ID),
        sa.Column("block_digest", sa.Text, nullable=False),
        sa.Column("missing_since", TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_source_items"),
        sa.UniqueConstraint("source_id", "key", name="uq_source_items_source_id_key"),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["sources.id"],
            name="fk_source_items_source_id_sources",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["block_id"],
            ["blocks.id"],
            name="fk_source_items_block_id_blocks",
            ondelete="SET NULL",
        ),
        sqlite_autoincrement=True,
    )
    op.execute(COPY_ITEMS)
    op.drop_table("source_items")
    op.rename_table("source_items_new", "source_items")
    op.create_index("ix_source_items_block_id", "source_items", ["block_id"])
    op.create_index(
        "ix_source_items_missing",
        "source_items",
        ["source_id", "missing_since"],
        sqlite_where=MISSING,
    )
