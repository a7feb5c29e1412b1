"""Since when a source has not given an item that it may still have."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")
MISSING = sa.text("missing_since IS NOT NULL")


def upgrade() -> None:
    """Add the column, NULL in all rows: what is there is not missing."""
    op.add_column("source_items", sa.Column("missing_since", TIMESTAMP))
    op.create_index(
        "ix_source_items_missing",
        "source_items",
        ["source_id", "missing_since"],
        sqlite_where=MISSING,
        postgresql_where=MISSING,
    )
