"""The framework's tables: small values, jobs, schedules.

Names and columns are those of existing deployments, so their data can be adopted.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TIMESTAMP

SCHEMA_HEAD = "0005"
"""The revision that this version needs; a test compares it with the migrations."""

VERSION_TABLE = "inkcre_schema"
"""Where the revision is kept. Not Alembic's usual name: former deployments use that one."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

WHERE = "where"
"""Key of an index's ``info``: which rows it has. It is said to the dialects in ``graph/ddl.py``."""

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of the exact type INTEGER."""

Timestamp = TIMESTAMP(timezone=True).with_variant(Text, "sqlite")
"""A moment. SQLite keeps the text that the API shows: UTC, six digits, "Z"; it sorts rightly."""


keyvalues = Table(
    "keyvalues",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("expires_at", BigInteger),
)
"""Small values. ``expires_at`` is in milliseconds since 1970, NULL for never."""


jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("run_at", Timestamp, nullable=False),
    Column("claimable_at", Timestamp),
    Column("lease", Text),
    Column("lane", Text),
    Column("slot", Integer),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("error", Text),
    Column("result", Text),
    Column("dedupe_key", Text),
    Column("source_id", BigInteger),
    UniqueConstraint("dedupe_key"),
    Index(
        "ix_jobs_claimable",
        "claimable_at",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        "ix_jobs_waiting",
        "kind",
        "state",
        "claimable_at",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        "ix_jobs_lane",
        "lane",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        "uq_jobs_running_lane",
        "lane",
        unique=True,
        info={WHERE: "state = 'running'"},
    ),
    Index(
        "uq_jobs_slot",
        "kind",
        "slot",
        unique=True,
        info={WHERE: "slot IS NOT NULL"},
    ),
    Index(None, "state", "id"),
    Index(None, "kind", "id"),
    Index(None, "source_id", "id"),
    Index(None, "finished_at"),
)
"""What is to be done, is being done, and was done. ``claimable_at`` is when somebody may take it: a
pending job's time, the end of a running one's lease, NULL of one that has ended. ``lease`` names
the hold of whoever runs it. Of a ``lane`` one job runs at a time; a ``slot`` is one of the places
that a kind has."""

schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("cron", Text),
    Column("every_seconds", Integer),
    Column("timezone", Text),
    Column("next_run_at", Timestamp),
    Column("last_due_at", Timestamp),
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE")),
    UniqueConstraint("source_id"),
    Index(
        "ix_schedules_due",
        "next_run_at",
        info={WHERE: "next_run_at IS NOT NULL"},
    ),
)
"""When jobs come by themselves: by ``cron`` or ``every_seconds``, in a time zone (NULL: the one of
the settings)."""
