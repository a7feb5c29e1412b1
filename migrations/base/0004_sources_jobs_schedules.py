"""Sources and what they gave. Its name is the first one, of when it made jobs and schedules too.

A D1 remembers names of files.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")

SCHEDULE_THE_SWEEP = """
    INSERT INTO schedules (created_at, updated_at, kind, payload, every_seconds, next_run_at)
    VALUES ('1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:00.000000Z', 'sweep files', '{}',
        86400, '1970-01-01T00:00:00.000000Z')
"""
"""Due long ago: the first tick does it."""


def upgrade() -> None:
    """Make both tables, and schedule the sweep of files."""
    op.create_table(
        "sources",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("nickname", sa.Text),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("collect_at", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source_items",
        sa.Column("source_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text),
        sa.Column("arcs", sa.Text, nullable=False),
        sa.Column("block_id", ID),
        sa.Column("block_digest", sa.Text, nullable=False),
        sa.Column("is_own", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source_id", "key", name="pk_source_items"),
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
    )
    op.create_index("ix_source_items_block_id", "source_items", ["block_id"])
    # The framework's table: a job of the base's own.
    op.execute(sa.text(SCHEDULE_THE_SWEEP))
