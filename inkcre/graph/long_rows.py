"""Blocks whose content is long: each is written by parameters of its own.

What reads JSON out of a parameter keeps many copies of it (SQLite 3.40: seventeen of one row).
"""

from sqlalchemy import ColumnElement, Integer, Text, bindparam, func, insert, select

from inkcre.graph.made_rows import marked
from inkcre.graph.plans import BlockRow
from inkcre.graph.tables import blocks
from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, timestamp

LONG_CHARACTERS = 256 * 1024

NO_TIMES = {"created_at": None, "updated_at": None}
"""What a row has that says nothing of them."""


def is_long(row: BlockRow) -> bool:
    """Tell whether a block is written by itself."""
    return len(row["content"]) >= LONG_CHARACTERS


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=Text)


_now = _text("now")
_is_given = bindparam("is_given", type_=Integer)

COUNT_LONG_BLOCK = Statement(
    insert(blocks).from_select(
        ["created_at", "updated_at", "storage", "resolver", "content", "digest", "is_given"],
        select(
            timestamp(func.coalesce(_text("created_at"), _now)),
            timestamp(func.coalesce(_text("updated_at"), _text("created_at"), _now)),
            _text("storage"),
            _text("resolver"),
            _text("content"),
            _text("digest"),
            _is_given,
        )
        .where(marked(blocks))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    ),
    counts=True,
)
"""Add a block that is not there yet; gives how many were added."""
