"""Opaque cursors: where a page ended, as text that only this module reads."""

import base64
import binascii
from typing import Protocol, TypeVar

from inkcre.errors import Invalid
from inkcre.ports.database import Database
from inkcre.sql.rows import Query
from inkcre.sql.values import MAX_ID


class Numbered(Protocol):
    """A record with an id, by which pages are cut."""

    @property
    def id(self) -> int:
        """The row's id."""


R = TypeVar("R", bound=Numbered)

Page = tuple[list[R], str | None]
"""Records, and the cursor of the next page; None when there is none."""


def read_page(
    database: Database, query: Query[R], limit: int, cursor: str | None, **parameters: str | int
) -> Page[R]:
    """Read a page of records, newest first, and the cursor of the next one.

    Args:
        database: where they are.
        query: takes ``before`` and ``limit``.
        limit: how many at the most.
        cursor: where the page before ended.
        parameters: what else the query takes.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    # By id and not by OFFSET, which reads all that it passes by, and would show rows twice while
    # others are added. One row more than asked for tells whether a page follows, without COUNT.
    before = decode_cursor(cursor) if cursor else MAX_ID
    return cut_page(query.read(database, before=before, limit=limit + 1, **parameters), limit)


def cut_page(found: list[R], limit: int) -> Page[R]:
    """Cut what was read, one more than asked for, to a page and the cursor of the next one."""
    after = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return found[:limit], after


def encode_cursor(last_id: int) -> str:
    """Make the cursor of the page after ``last_id``."""
    return base64.urlsafe_b64encode(f"1:{last_id}".encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> int:
    """Return the id after which a page starts.

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
