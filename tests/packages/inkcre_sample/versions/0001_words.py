"""Words.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    moment = sa.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "sample_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("said_at", moment, nullable=False),
        sa.Column("block_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("word", name="pk_sample_words"),
    )
