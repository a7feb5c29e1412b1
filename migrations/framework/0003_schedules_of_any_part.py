"""Schedules know no sources: those are a part's, and of an application's own a kind has one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")

COPY_ROWS = """
    INSERT INTO schedules_new (id, created_at, updated_at, kind, payload, cron, every_seconds,
        timezone, next_run_at, last_due_at, source_id)
    SELECT id, created_at, updated_at, kind, payload, cron, every_seconds,
        timezone, next_run_at, last_due_at, source_id FROM schedules
"""


IS_OWN = sa.text("source_id IS NULL")


def upgrade() -> None:
    """Drop the foreign key that the table has in bases of one history, if it has it."""
    _forget_parents()
    op.execute(
        "DELETE FROM schedules WHERE source_id IS NULL AND id NOT IN"
        " (SELECT min(id) FROM schedules WHERE source_id IS NULL GROUP BY kind)"
    )
    # Of those who make the row of a kind at once one does.
    op.create_index(
        "uq_schedules_own",
        "schedules",
        ["kind"],
        unique=True,
        sqlite_where=IS_OWN,
        postgresql_where=IS_OWN,
    )


def _forget_parents() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("fk_schedules_source_id_sources", "schedules", if_exists=True)
    else:
        _make_anew()


def _make_anew() -> None:
    """Make the table again, without it: SQLite drops no constraint.

    https://www.sqlite.org/lang_altertable.html#otheralter
    """
    op.create_table(
        "schedules_new",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("cron", sa.Text),
        sa.Column("every_seconds", sa.Integer),
        sa.Column("timezone", sa.Text),
        sa.Column("next_run_at", TIMESTAMP),
        sa.Column("last_due_at", TIMESTAMP),
        sa.Column("source_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("source_id", name="uq_schedules_source_id"),
        sqlite_autoincrement=True,
    )
    op.execute(COPY_ROWS)
    # An id is never given twice: not that of a schedule either which is there no more.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'schedules_new'")
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq)"
        " SELECT 'schedules_new', seq FROM sqlite_sequence WHERE name = 'schedules'"
    )
    op.drop_table("schedules")
    op.rename_table("schedules_new", "schedules")
    is_due = sa.text("next_run_at IS NOT NULL")
    op.create_index("ix_schedules_due", "schedules", ["next_run_at"], sqlite_where=is_due)
