"""The tables of the base. Names and columns are those of existing deployments, for adoption."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from inkcre.sql.tables import WHERE, Id, Timestamp, new_metadata

SCHEMA_HEAD = "0008"
"""The revision that this version needs; a test compares it with the migrations."""

VERSION_TABLE = "inkcre_schema"
"""Where the revision is kept. Not Alembic's usual name: former deployments use that one."""

metadata = new_metadata()

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
    Column("is_given", Integer, nullable=False, server_default="1"),
    # Not over the three columns: content is as long as it likes, and an index row of PostgreSQL has
    # at most 2,704 bytes.
    UniqueConstraint("digest"),
    Index(None, "resolver", "id"),
    Index(None, "storage", "id"),
    Index(
        # Only of files, whose contents are short. Sweeps ask by it whether a block names a file.
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
    Column("is_given", Integer, nullable=False, server_default="1"),
    UniqueConstraint("from_", "to_", "content"),
    # Pages and walks go by id, which the unique key's index does not lead to.
    Index(None, "from_", "id"),
    Index(None, "to_", "id"),
)

# ``is_given``, of blocks and relations: whether somebody has said it who is no item of a source.
# Who else says it is in ``sayings``: see ``ownership.py``.

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
"""Files that were let go or are just being put, and since when: see ``file_notes.py``. ``sweep``
names the sweep that is about to delete one, and ``noted_at`` is when it said so then. In
milliseconds since 1970, by the database's clock."""

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
    Column("id", Id, Identity(), primary_key=True),
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("stamp", Text),
    Column("arcs", Text, nullable=False),
    Column("block_id", Id, ForeignKey("blocks.id", ondelete="SET NULL")),
    Column("block_digest", Text, nullable=False),
    Column("missing_since", Timestamp),
    UniqueConstraint("source_id", "key"),
    Index(None, "block_id"),
    # Of those that are missing: few, and asked for each time that sources are listed.
    Index(
        "ix_source_items_missing",
        "source_id",
        "missing_since",
        info={WHERE: "missing_since IS NOT NULL"},
    ),
)
"""What a source has given so far, by the item's key: what it was (``digest`` of its star, and
``arcs``), its block and what that was (``block_digest``). Without a block: somebody deleted it, and
it does not come back by itself. With a digest that is empty it says nothing any more, and only
remembers the block that others keep. ``stamp`` tells cheaply, in the source's own words, whether an
item is still the same. ``missing_since`` is when its source first did not give it any more, as
long as it is not sure that it is gone."""

sayings = Table(
    "sayings",
    metadata,
    Column("item_id", Id, ForeignKey("source_items.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("relation_id", Id, ForeignKey("relations.id", ondelete="CASCADE")),
    Column("is_link", Integer, nullable=False),
    Index(None, "relation_id"),
)
"""Which relations an item says: each by its place in the item's ``arcs``. Without a relation:
somebody deleted it, and it does not come back by itself. ``is_link``: it leads to another item."""

changes = Table(
    "changes",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("actor", Text),
    Column("action", Text, nullable=False),
    Column("batch", Text),
    Column("blocks", Text),
    Column("relations", Text),
    Column("changed", Text),
    Column("deleted", Text),
    Column("last_of_blocks", BigInteger),
    Column("last_of_relations", BigInteger),
    # NULL equals no NULL: most batches write their row with one statement, and have no token.
    UniqueConstraint("batch"),
)
"""What each batch has done to the graph: see ``change_log.py``. ``blocks`` and ``relations`` are
the ids that it made, as pairs of a first and a last one, ``changed`` and ``deleted`` rows as they
were: all JSON. ``last_of_…`` are the last ids that the log knows of."""
