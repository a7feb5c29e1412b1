"""Blocks, relations and storages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")


def upgrade() -> None:
    """Make the three tables and name the storage that clients know."""
    storages = op.create_table(
        "storages",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("nickname", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_storages"),
    )
    op.create_table(
        "blocks",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("storage", sa.Text),
        sa.Column("resolver", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
        sa.UniqueConstraint("digest", name="uq_blocks_digest"),
        sa.ForeignKeyConstraint(
            ["storage"], ["storages.name"], name="fk_blocks_storage_storages", onupdate="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_blocks_resolver_id", "blocks", ["resolver", "id"])
    op.create_index("ix_blocks_storage_id", "blocks", ["storage", "id"])
    op.create_table(
        "relations",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("from_", ID, nullable=False),
        sa.Column("to_", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_relations"),
        sa.UniqueConstraint("from_", "to_", "content", name="uq_relations_from__to__content"),
        *(
            sa.ForeignKeyConstraint(
                [end],
                ["blocks.id"],
                name=f"fk_relations_{end}_blocks",
                ondelete="CASCADE",
                onupdate="CASCADE",
            )
            for end in ("from_", "to_")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relations_from__id", "relations", ["from_", "id"])
    op.create_index("ix_relations_to__id", "relations", ["to_", "id"])
    op.bulk_insert(storages, [{"name": "url", "nickname": None, "type": "url"}])
