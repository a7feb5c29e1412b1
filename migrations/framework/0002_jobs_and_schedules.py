"""Jobs and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")

SCHEDULE_THE_SWEEP = """
    INSERT INTO schedules (created_at, updated_at, kind, payload, every_seconds, next_run_at)
    SELECT '1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:00.000000Z', 'sweep', '{}', 3600,
        '1970-01-01T00:00:00.000000Z'
    WHERE NOT EXISTS (SELECT 1 FROM schedules WHERE kind = 'sweep')
"""
"""Due long ago: the first tick does it."""


def upgrade() -> None:
    """Make both tables, and schedule the housekeeping.

    Written as SQL, it passes over what is there: a base of one history, whose own 0004 made them.
    """
    _create_jobs()
    _create_schedules()
    op.execute(sa.text(SCHEDULE_THE_SWEEP))


def _create_schedules() -> None:
    op.create_table(
        "schedules",
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
        if_not_exists=op.get_context().as_sql,
    )
    _index_where("ix_schedules_due", "schedules", ["next_run_at"], "next_run_at IS NOT NULL")


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_at", TIMESTAMP, nullable=False),
        sa.Column("claimable_at", TIMESTAMP),
        sa.Column("lease", sa.Text),
        sa.Column("lane", sa.Text),
        sa.Column("slot", sa.Integer),
        sa.Column("started_at", TIMESTAMP),
        sa.Column("finished_at", TIMESTAMP),
        sa.Column("error", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("dedupe_key", sa.Text),
        sa.Column("source_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("dedupe_key", name="uq_jobs_dedupe_key"),
        sqlite_autoincrement=True,
        if_not_exists=op.get_context().as_sql,
    )
    is_claimable = "claimable_at IS NOT NULL"
    _index_where("ix_jobs_claimable", "jobs", ["claimable_at", "id"], is_claimable)
    _index_where("ix_jobs_waiting", "jobs", ["kind", "state", "claimable_at", "id"], is_claimable)
    _index_where("ix_jobs_lane", "jobs", ["lane", "id"], is_claimable)
    _index_where("uq_jobs_running_lane", "jobs", ["lane"], "state = 'running'", unique=True)
    _index_where("uq_jobs_slot", "jobs", ["kind", "slot"], "slot IS NOT NULL", unique=True)
    for columns in (["state", "id"], ["kind", "id"], ["source_id", "id"], ["finished_at"]):
        name = f"ix_jobs_{'_'.join(columns)}"
        op.create_index(name, "jobs", columns, if_not_exists=op.get_context().as_sql)


def _index_where(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
        if_not_exists=op.get_context().as_sql,
    )
