"""Files: a storage for them, how they are found by content, and which are being swept away."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Name the storage, index its blocks, and make the table."""
    op.execute(sa.text("UPDATE storages SET nickname = 'URL' WHERE name = 'url'"))
    storages = sa.table(
        "storages",
        sa.column("name", sa.Text),
        sa.column("nickname", sa.Text),
        sa.column("type", sa.Text),
    )
    op.bulk_insert(storages, [{"name": "file", "nickname": None, "type": "file"}])
    is_file = sa.text("storage = 'file'")
    op.create_index(
        "ix_blocks_file",
        "blocks",
        ["content"],
        sqlite_where=is_file,
        postgresql_where=is_file,
    )
    op.create_table(
        "sweeps",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("sweep", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", "sweep", name="pk_sweeps"),
    )
