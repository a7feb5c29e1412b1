"""Short addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "links_addresses",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_links_addresses"),
    )
    op.create_index("ix_links_addresses_expires_at", "links_addresses", ["expires_at"])
