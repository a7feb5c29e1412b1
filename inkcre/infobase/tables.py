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
    text,
)
from sqlalchemy.types import TIMESTAMP

SCHEMA_HEAD = "0003"
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
        sqlite_where=text("storage = 'file'"),
        postgresql_where=text("storage = 'file'"),
    ),
    sqlite_autoincrement=True,  # an id is never given twice, even after a delete
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
    sqlite_autoincrement=True,
)

keyvalues = Table(
    "keyvalues",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("expires_at", BigInteger),
)
"""Small values. ``expires_at`` is in milliseconds since 1970, NULL for never."""

sweeps = Table(
    "sweeps",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("sweep", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)
"""Files that are about to be deleted, by the SHA-256 of their content and by who is at it.
``expires_at`` is in milliseconds since 1970: a sweep that has not ended by then has been killed."""
