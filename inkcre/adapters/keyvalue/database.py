"""A table of the database, whichever that is: shared by as many replicas as the database is."""

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from inkcre.ports.clock import Clock
from inkcre.ports.database import Database, Statement
from inkcre.ports.keys import MAX_LISTED, decode_cursor, encode_cursor
from inkcre.ports.keyvalue import KeyPage, KeyValueCapabilities, ValueKey, check_put
from inkcre.sections.keyvalue import DatabaseKeyValueSettings

MAX_VALUE_BYTES = 1_900_000
"""D1 takes rows of 2 MB: https://developers.cloudflare.com/d1/platform/limits/"""

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

_is_alive = or_(
    keyvalues.c.expires_at.is_(None), keyvalues.c.expires_at > bindparam("now", type_=BigInteger)
)
GET = Statement(
    select(keyvalues.c.value).where(keyvalues.c.key == bindparam("key", type_=Text), _is_alive)
)
"""Read one value whose time is not over."""


class _Bytewise(FunctionElement[str]):
    """Text that compares byte by byte, whatever language the database was made for."""

    inherit_cache = True
    type = Text()


@compiles(_Bytewise, "postgresql")
def _bytewise_postgresql(element: _Bytewise, compiler: SQLCompiler, **kw: object) -> str:
    return f'({compiler.process(element.clauses, **kw)}) COLLATE "C"'


@compiles(_Bytewise, "sqlite")
def _bytewise_sqlite(element: _Bytewise, compiler: SQLCompiler, **kw: object) -> str:
    return str(compiler.process(element.clauses, **kw))


_key: ColumnElement[str] = _Bytewise(keyvalues.c.key)
_prefix = bindparam("prefix", type_=Text)
LIST = Statement(
    select(keyvalues.c.key)
    .where(
        # Not LIKE: % and _ would mean something, and SQLite's knows no case.
        func.substr(keyvalues.c.key, 1, func.length(_prefix)) == _prefix,
        _key > bindparam("after", type_=Text),
        _is_alive,
    )
    .order_by(_key)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of the keys with a prefix whose values' time is not over."""

DELETE = Statement(delete(keyvalues).where(keyvalues.c.key == bindparam("key", type_=Text)))
"""Forget one value."""


class DatabaseKeyValue:
    """Values in the table ``keyvalues``."""

    capabilities: ClassVar[KeyValueCapabilities] = KeyValueCapabilities(
        is_shared=True,
        min_ttl_seconds=1,
        reads_own_writes=True,
        max_value_bytes=MAX_VALUE_BYTES,
    )

    def __init__(self, _: DatabaseKeyValueSettings, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value."""
        check_put(self.capabilities, value, ttl_seconds)
        expires_at = None if ttl_seconds is None else self._now() + 1000 * ttl_seconds
        self._database.atomic([PUT(key=key, value=value, expires_at=expires_at)])

    def get(self, key: ValueKey) -> bytes | None:
        """Return a value."""
        rows = self._database.read(GET(key=key, now=self._now()))
        if not rows:
            return None
        [(value,)] = rows
        assert isinstance(value, (bytes, memoryview))
        return bytes(value)

    def delete(self, key: ValueKey) -> None:
        """Forget a value."""
        self._database.atomic([DELETE(key=key)])

    def list(
        self, prefix: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> KeyPage:
        """List keys."""
        after = decode_cursor(cursor) if cursor else ""
        rows = self._database.read(
            LIST(prefix=prefix, after=after, now=self._now(), limit=limit + 1)
        )
        keys = tuple(ValueKey(str(key)) for (key,) in rows[:limit])
        return KeyPage(keys, encode_cursor(keys[-1]) if len(rows) > limit else None)

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)
