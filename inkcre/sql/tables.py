"""The framework's tables: small values, jobs, schedules, the time.

Names and columns are those of existing deployments, so their data can be adopted.
"""

from sqlalchemy import (
    BigInteger,
    Column,
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

SCHEMA_HEAD = "0004"
"""The revision that this version needs; a test compares it with the migrations."""

VERSION_TABLE = "framework_schema"
"""Where the revision is kept. Not Alembic's usual name: former deployments use that one."""


def new_metadata() -> MetaData:
    """Return what a part's tables are declared in."""
    return MetaData(
        # A constraint without a name of ours could not be named by a later migration:
        # https://alembic.sqlalchemy.org/en/latest/naming.html
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


metadata = new_metadata()

WHERE = "where"
"""Key of an index's ``info``: which rows it has. It is said to the dialects in ``ddl.py``."""

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
    Column("lane", Text, key="serial_key"),
    Column("slot", Integer),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("error", Text),
    Column("result", Text),
    Column("dedupe_key", Text, key="idempotency_key"),
    Column("source_id", BigInteger),
    UniqueConstraint("idempotency_key"),
    Index(
        "ix_jobs_claimable",
        "claimable_at",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        # A claim takes the first of each kind along this one, and does not sort all that wait.
        "ix_jobs_waiting",
        "kind",
        "state",
        "claimable_at",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        "ix_jobs_lane",
        "serial_key",
        "id",
        info={WHERE: "claimable_at IS NOT NULL"},
    ),
    Index(
        # A claim looks whether a serial key and a slot are free; where two look at once, these two
        # indexes let one of them pass.
        "uq_jobs_running_lane",
        "serial_key",
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
the hold of whoever runs it. Of the jobs of one ``serial_key`` one runs at a time; a ``slot`` is one
of the places that a kind has.

Two columns keep their first names in bases: to rename them would break the replicas of the version
before while a base is upgraded."""

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
    Column("source_id", Id),
    Column("put_right_at", Timestamp),
    # NULL equals no NULL: an application's own are told apart by their kinds.
    UniqueConstraint("source_id"),
    Index(
        "ix_schedules_due",
        "next_run_at",
        info={WHERE: "next_run_at IS NOT NULL"},
    ),
    Index(
        # Of those who make the row of a kind at once one does.
        "uq_schedules_own",
        "kind",
        unique=True,
        info={WHERE: "source_id IS NULL"},
    ),
)
"""When jobs come by themselves: by ``cron`` or ``every_seconds``, in a time zone (NULL: the one of
the settings). ``source_id`` is whose it is, for the part that has such things: no foreign key,
since the framework knows no table of a part's. Who deletes a source deletes its schedule.
``put_right_at`` is when it was set right last that a clock far ahead had put off."""

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("known_at", Timestamp, nullable=False),
    Column("known_until", Timestamp, nullable=False),
    Column("claimed_at", Timestamp),
)
"""One row: the last time that ticks have agreed on, how far a clock may be ahead of it, and a time
far from it that a tick has claimed since: see ``inkcre.jobs.known_time``."""
