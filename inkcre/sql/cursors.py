"""Opaque cursors: where a page ended, as text that only this module reads."""

import base64
import binascii
from typing import Any

from inkcre.errors import Invalid
from inkcre.ports.database import Database, Row, Statement
from inkcre.sql.values import MAX_ID


def read_page(
    database: Database, statement: Statement, limit: int, cursor: str | None, **parameters: Any
) -> tuple[list[Row], str | None]:
    """Read a page of rows, newest first, and the cursor of the next one.

    Args:
        database: where they are.
        statement: takes ``before`` and ``limit``, and gives the id first.
        limit: how many at the most.
        cursor: where the page before ended.
        parameters: what else the statement takes.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    before = decode_cursor(cursor) if cursor else MAX_ID
    rows = database.read(statement(before=before, limit=limit + 1, **parameters))
    after = encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None
    return rows[:limit], after


def encode_cursor(last_id: int) -> str:
    """Make the cursor of the page after ``last_id``."""
    return base64.urlsafe_b64encode(f"1:{last_id}".encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> int:
    """Give the id after which a page starts.

    Raises:
        Invalid: this is not a cursor of ours.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        version, _, last_id = text.partition(":")
        if version == "1" and last_id.isascii() and last_id.isdecimal() and int(last_id) <= MAX_ID:
            return int(last_id)
    except (binascii.Error, ValueError):
        pass
    raise Invalid("not a cursor of this API", field="cursor", hint="start again without a cursor")
