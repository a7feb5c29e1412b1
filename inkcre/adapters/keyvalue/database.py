"""A table of the database, whichever that is: shared by as many replicas as the database is."""

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    LargeBinary,
    Text,
    bindparam,
    column,
    delete,
    insert,
    or_,
    select,
    table,
    true,
)

from inkcre.ports.components import Clock
from inkcre.ports.database import Database, Statement
from inkcre.ports.keyvalue import KeyValueCapabilities
from inkcre.settings.sections.keyvalue import DatabaseKeyValueSettings

keyvalues = table(
    "keyvalues", column("key", Text), column("value", LargeBinary), column("expires_at", BigInteger)
)
"""``expires_at`` is in milliseconds since 1970, NULL for never."""

PUT = Statement(
    insert(keyvalues).from_select(
        ["key", "value", "expires_at"],
        select(
            bindparam("key", type_=Text),
            bindparam("value", type_=LargeBinary),
            bindparam("expires_at", type_=BigInteger),
        )
        .where(true())  # without it SQLite takes ON for the beginning of a join
        .suffix_with(
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value,"
            " expires_at = excluded.expires_at"
        ),
    )
)
"""Keep one value."""

GET = Statement(
    select(keyvalues.c.value).where(
        keyvalues.c.key == bindparam("key", type_=Text),
        or_(
            keyvalues.c.expires_at.is_(None),
            keyvalues.c.expires_at > bindparam("now", type_=BigInteger),
        ),
    )
)
"""Read one value whose time is not over."""

DELETE = Statement(delete(keyvalues).where(keyvalues.c.key == bindparam("key", type_=Text)))
"""Forget one value."""


class DatabaseKeyValue:
    """Values in the table ``keyvalues``."""

    capabilities: ClassVar[KeyValueCapabilities] = KeyValueCapabilities(is_shared=True)

    def __init__(self, _: DatabaseKeyValueSettings, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, key: str, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value."""
        expires_at = None if ttl_seconds is None else self._now() + 1000 * ttl_seconds
        self._database.atomic([PUT(key=key, value=value, expires_at=expires_at)])

    def get(self, key: str) -> bytes | None:
        """Give a value."""
        rows = self._database.read(GET(key=key, now=self._now()))
        return bytes(rows[0][0]) if rows else None

    def delete(self, key: str) -> None:
        """Forget a value."""
        self._database.atomic([DELETE(key=key)])

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)
