"""What the sample keeps."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Identity, Index, Table, Text, bindparam, insert, select

from inkcre.framework import Id, Migrations, Query, new_metadata

metadata = new_metadata()
notes = Table(
    "sample_notes",
    metadata,
    Column("id", Id, Identity(), primary_key=True),
    Column("word", Text, nullable=False, unique=True),
    Column("said_by", Text),
    Index(None, "said_by"),
)
MIGRATIONS = Migrations(Path(__file__).parent / "versions", metadata, "sample_schema", "0002")


@dataclass(frozen=True)
class Note:
    """A note."""

    id: int
    word: str


ADD = Query(
    insert(notes).values(word=bindparam("word", type_=Text)).returning(notes.c.id, notes.c.word),
    Note,
)
SELECT_NOTES = Query(select(notes.c.id, notes.c.word), Note)
