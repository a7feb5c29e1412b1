"""What the sample keeps: words, each written down once."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Table, Text, bindparam, exists, insert, select

from inkcre.framework import (
    Clock,
    Database,
    Migrations,
    Query,
    Router,
    Statement,
    Timestamp,
    format_timestamp,
    new_metadata,
    timestamp,
)

metadata = new_metadata()
words = Table(
    "sample_words",
    metadata,
    Column("word", Text, primary_key=True),
    Column("said_at", Timestamp, nullable=False),
    Column("block_id", BigInteger, info={"names": "blocks"}),
)

MIGRATIONS = Migrations(Path(__file__).parent / "versions", metadata, "sample_schema", "0001")

router = Router(tags=["sample"])


@dataclass(frozen=True)
class Word:
    """A word."""

    word: str
    block_id: int | None


class WordForm(BaseModel):
    """A word to be kept, and the block that it is about."""

    word: str
    block_id: int | None = None


_word = bindparam("word", type_=Text)
INSERT = Statement(
    insert(words).from_select(
        ["word", "said_at", "block_id"],
        select(
            _word,
            timestamp(bindparam("now", type_=Text)),
            bindparam("block_id", type_=BigInteger),
        ).where(~exists().where(words.c.word == _word)),
    )
)
SELECT = Query(select(words.c.word, words.c.block_id).order_by(words.c.word), Word)


@router.post("/sample/words", status_code=201, scope="write")
def add_word(form: WordForm, database: Database, clock: Clock) -> WordForm:
    """Keep a word."""
    now = format_timestamp(clock())
    database.atomic([INSERT(word=form.word, now=now, block_id=form.block_id)])
    return form


@router.get("/sample/words", scope="read")
def list_words(database: Database) -> list[WordForm]:
    """List the words, in their order."""
    found = SELECT.read(database)
    return [WordForm(word=each.word, block_id=each.block_id) for each in found]
