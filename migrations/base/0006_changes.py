"""The log of changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")

BEGIN = """
    INSERT INTO changes (created_at, action, last_of_blocks, last_of_relations)
    SELECT {now}, 'begin', coalesce((SELECT max(id) FROM blocks), 0),
        coalesce((SELECT max(id) FROM relations), 0)
"""
NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Make the table, and let it begin behind what is there already."""
    op.create_table(
        "changes",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("batch", sa.Text),
        sa.Column("blocks", sa.Text),
        sa.Column("relations", sa.Text),
        sa.Column("changed", sa.Text),
        sa.Column("deleted", sa.Text),
        sa.Column("last_of_blocks", sa.BigInteger),
        sa.Column("last_of_relations", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sa.UniqueConstraint("batch", name="uq_changes_batch"),
        sqlite_autoincrement=True,
    )
    op.execute(sa.text(BEGIN.format(now=NOW[op.get_context().dialect.name])))
