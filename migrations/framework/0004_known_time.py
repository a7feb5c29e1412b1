"""The last time that a base knows, and when a schedule was put right that a clock had put off."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")


def upgrade() -> None:
    """Make the table, without its row: the first tick says what time it is."""
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("known_at", TIMESTAMP, nullable=False),
        sa.Column("known_until", TIMESTAMP, nullable=False),
        sa.Column("claimed_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
    )
    op.add_column("schedules", sa.Column("put_right_at", TIMESTAMP))
