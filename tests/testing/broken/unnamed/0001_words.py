"""Words."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "broken_words",
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.PrimaryKeyConstraint("word", name="pk_words"),
    )
    op.create_index("ix_broken_words_kind", "broken_words", ["kind"])
