"""What is kept, and every statement about it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from inkcre.framework import Migrations, Query, Statement, new_metadata

metadata = new_metadata()
addresses = Table(
    "links_addresses",
    metadata,
    Column("code", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("visits", Integer, nullable=False),
    Index(None, "expires_at"),
)
"""Addresses by their codes; ``expires_at`` is in seconds since 1970."""

MIGRATIONS = Migrations(Path(__file__).parent / "versions", metadata, "links_schema", "0001")


@dataclass(frozen=True)
class Link:
    """A short address."""

    code: str
    url: str
    expires_at: int
    visits: int


_code = bindparam("code", type_=Text)
_now = bindparam("now", type_=BigInteger)

ADD = Query(
    insert(addresses)
    .values(code=_code, url=bindparam("url"), expires_at=bindparam("expires_at"), visits=0)
    .returning(*addresses.c),
    Link,
)
"""Add an address."""

VISIT = Query(
    update(addresses)
    .where(addresses.c.code == _code, addresses.c.expires_at > _now)
    .values(visits=addresses.c.visits + 1)
    .returning(*addresses.c),
    Link,
)
"""Count a visit of an address that has not expired, and give it."""

SELECT_ALL = Query(select(*addresses.c).order_by(addresses.c.visits.desc()), Link)
"""Read all addresses, the most visited first."""

FORGET = Statement(delete(addresses).where(addresses.c.expires_at <= _now), counts=True)
"""Delete what has expired."""
