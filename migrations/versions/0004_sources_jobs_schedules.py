"""Sources and what they gave, jobs, and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIMESTAMP = sa.TIMESTAMP(timezone=True).with_variant(sa.Text, "sqlite")

HOUSEKEEPING = (("sweep", 3600), ("sweep files", 86400))
"""What every base does by itself, and how often, in seconds."""


def upgrade() -> None:
    """Make the four tables, and schedule the housekeeping."""
    op.create_table(
        "sources",
        sa.Column("id", ID, sa.Identity(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("nickname", sa.Text),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("collect_at", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source_items",
        sa.Column("source_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text),
        sa.Column("arcs", sa.Text, nullable=False),
        sa.Column("block_id", ID),
        sa.Column("block_digest", sa.Text, nullable=False),
        sa.Column("is_own", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source_id", "key", name="pk_source_items"),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["sources.id"],
            name="fk_source_items_source_id_sources",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["block_id"],
            ["blocks.id"],
            name="fk_source_items_block_id_blocks",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_source_items_block_id", "source_items", ["block_id"])
    _create_jobs()
    schedules = op.create_table(
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
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_schedules_source_id_sources", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    _index_where("ix_schedules_due", "schedules", ["next_run_at"], "next_run_at IS NOT NULL")
    op.execute(
        sa.insert(schedules).values(
            [
                {
                    "created_at": EPOCH,
                    "updated_at": EPOCH,
                    "kind": kind,
                    "payload": "{}",
                    "every_seconds": seconds,
                    "next_run_at": EPOCH,
                }
                for kind, seconds in HOUSEKEEPING
            ]
        )
    )


EPOCH: sa.ColumnClause[str] = sa.literal_column("'1970-01-01T00:00:00.000000Z'")
"""Long ago: the first tick does it."""


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
    )
    is_claimable = "claimable_at IS NOT NULL"
    _index_where("ix_jobs_claimable", "jobs", ["claimable_at", "id"], is_claimable)
    _index_where("ix_jobs_waiting", "jobs", ["kind", "state", "claimable_at", "id"], is_claimable)
    _index_where("ix_jobs_lane", "jobs", ["lane", "id"], is_claimable)
    _index_where("uq_jobs_running_lane", "jobs", ["lane"], "state = 'running'", unique=True)
    _index_where("uq_jobs_slot", "jobs", ["kind", "slot"], "slot IS NOT NULL", unique=True)
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    op.create_index("ix_jobs_kind_id", "jobs", ["kind", "id"])
    op.create_index("ix_jobs_source_id_id", "jobs", ["source_id", "id"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])


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
    )
