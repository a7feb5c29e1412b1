"""What the broken ones keep."""

from pathlib import Path

from sqlalchemy import Column, Index, Integer, Table, Text

from inkcre.framework import Migrations, new_metadata

FOLDER = Path(__file__).parent


def keep(folder: str, table: str = "broken_words", *columns: Column[int]) -> Migrations:
    """Return migrations of one table."""
    metadata = new_metadata()
    Table(
        table,
        metadata,
        Column("word", Text, primary_key=True),
        Column("kind", Text),
        *columns,
        Index(None, "kind"),
    )
    return Migrations(FOLDER / folder, metadata, "broken_schema", "0001")


STRAY = keep("not_on_sqlite", "words")
STRAY_VERSIONS = Migrations(FOLDER / "not_on_sqlite", new_metadata(), "schema", "0001")
UNLIKE = keep("even", "broken_words", Column("count", Integer, nullable=False))
ENDLESS = Migrations(FOLDER / "even", keep("even").metadata, "broken_schema", "0007")
UNNAMED = keep("unnamed")
SURPLUS = keep("surplus")
NOT_ON_SQLITE = keep("not_on_sqlite")
NOT_ON_POSTGRES = keep("not_on_postgres")
NOT_ON_D1 = keep("not_on_d1")
