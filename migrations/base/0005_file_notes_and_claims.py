"""The base's own id, what it has of storages, and notes of the files that were let go."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RANDOM_ID = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "md5(random()::text || clock_timestamp()::text)",
}
"""Made by the database: SQL for D1 is rendered ahead of time, and each base needs its own."""


def upgrade() -> None:
    """Make the three tables, give the base an id, and let no version of before sweep any more."""
    op.create_table(
        "base",
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_base"),
    )
    made = RANDOM_ID[op.get_context().dialect.name]
    op.execute(sa.text(f"INSERT INTO base (id) SELECT {made}"))
    op.create_table(
        "claims",
        sa.Column("storage", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("storage", "epoch", name="pk_claims"),
    )
    op.create_table(
        "file_notes",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("storage", sa.Text, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
        sa.Column("sweep", sa.Text),
        sa.PrimaryKeyConstraint("digest", "storage", name="pk_file_notes"),
    )
    op.create_index("ix_file_notes_storage_noted_at", "file_notes", ["storage", "noted_at"])
    # A process of before that still runs cannot mark files without it, and so deletes none.
    op.drop_table("sweeps")
