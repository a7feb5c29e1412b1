"""Small values with an expiry, for the key-value port's kind "database"."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "keyvalues",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("key", name="pk_keyvalues"),
        # SQL that was written ahead of time is run on bases of one history too, whose own 0002 has
        # made it.
        if_not_exists=op.get_context().as_sql,
    )
