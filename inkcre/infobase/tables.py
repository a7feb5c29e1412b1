"""The tables. Names and columns are those of existing deployments, so their data can be adopted."""

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
"""Key of an index's ``info``: which rows it has. It is said to the dialects in ``ddl.py``."""

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of the exact type INTEGER."""

Timestamp = TIMESTAMP(timezone=True).with_variant(Text, "sqlite")
"""A moment. SQLite keeps the text that the API shows: UTC, six digits, "Z"; it sorts rightly."""

storages = Table(
    "storages",
    metadata,
    Column("name", Text, primary_key=True),
    Column("nickname", Text),
    Column("type", Text, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("storage", Text, ForeignKey("storages.name", onupdate="CASCADE")),
    Column("resolver", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("digest"),
    Index(None, "resolver", "id"),
    Index(None, "storage", "id"),
    Index(
        "ix_blocks_file",
        "content",
        info={WHERE: "storage = 'file'"},
    ),
)

relations = Table(
    "relations",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column(
        "from_", Id, ForeignKey("blocks.id", ondelete="CASCADE", onupdate="CASCADE"), nullable=False
    ),
    Column(
        "to_", Id, ForeignKey("blocks.id", ondelete="CASCADE", onupdate="CASCADE"), nullable=False
    ),
    Column("content", Text, nullable=False),
    UniqueConstraint("from_", "to_", "content"),
    Index(None, "from_", "id"),
    Index(None, "to_", "id"),
)

keyvalues = Table(
    "keyvalues",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("expires_at", BigInteger),
)
"""Small values. ``expires_at`` is in milliseconds since 1970, NULL for never."""

base = Table("base", metadata, Column("id", Text, primary_key=True))
"""One row: who this base is, to those who meet it in a storage."""

claims = Table(
    "claims",
    metadata,
    Column("storage", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("token", Text, nullable=False),
)
"""The epochs that this base has put, or was about to put, into storages: see ``claims``."""

file_notes = Table(
    "file_notes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("storage", Text, primary_key=True),
    Column("noted_at", BigInteger, nullable=False),
    Column("sweep", Text),
    Index(None, "storage", "noted_at"),
)
"""Files that were let go or are just being put, and since when: see ``notes``. ``sweep`` names the
sweep that is about to delete one, and ``noted_at`` is when it said so then. In milliseconds since
1970, by the database's clock."""

sources = Table(
    "sources",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("type", Text, nullable=False),
    Column("nickname", Text),
    Column("config", Text, nullable=False),
    Column("collect_at", Text),
    Column("state", Text, nullable=False),
)
"""Where items come from. ``config``, ``collect_at`` (the former shape of a schedule, as it was
given) and ``state`` are JSON."""

source_items = Table(
    "source_items",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("stamp", Text),
    Column("arcs", Text, nullable=False),
    Column("block_id", Id, ForeignKey("blocks.id", ondelete="SET NULL")),
    Column("block_digest", Text, nullable=False),
    Column("is_own", Integer, nullable=False),
    Index(None, "block_id"),
)
"""What a source has given so far, by the item's key: what it was (``digest`` of its star, and
``arcs``), its block and what that was (``block_digest``), and whether the block was made for it.
Without a block: somebody deleted it, and it does not come back by itself. ``stamp`` tells cheaply,
in the source's own words, whether an item is still the same."""

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
