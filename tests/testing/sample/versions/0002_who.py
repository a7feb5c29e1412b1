"""Who says them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("sample_notes", sa.Column("said_by", sa.Text))
    op.create_index("ix_sample_notes_said_by", "sample_notes", ["said_by"])
