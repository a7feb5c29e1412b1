"""Storages: the names that a block's ``storage`` may have, and what they ask of its content."""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Text, bindparam, select

from inkcre.errors import Invalid, Unavailable
from inkcre.infobase.constructs import json_rows
from inkcre.infobase.tables import storages, sweeps
from inkcre.ports.database import Database, Statement

SELECT_STORAGES = Statement(select(storages.c.name).order_by(storages.c.name))
"""Read the names of all storages."""

PREFIX = "sha256:"
"""What the content of a block of storage ``file`` begins with."""

_digests = json_rows("digests", digest=Text())
SELECT_SWEPT = Statement(
    select(sweeps.c.digest).where(
        sweeps.c.digest.in_(select(_digests.c.digest)),
        sweeps.c.expires_at > bindparam("now", type_=BigInteger),
    )
)
"""Read which of some files are about to be deleted."""


def refuse_swept(database: Database, contents: Iterable[str], now: datetime) -> None:
    """Return if none of the files that blocks name, as they say now, is about to be deleted.

    Raises:
        Unavailable: one is. The blocks are there, and the files may be gone in a moment.
    """
    digests = [{"digest": content.removeprefix(PREFIX)} for content in contents]
    if not digests:
        return
    asked = SELECT_SWEPT(digests=json.dumps(digests), now=int(now.timestamp() * 1000))
    for row in database.read(asked):
        raise Unavailable(
            f"file {PREFIX}{row[0]}: is being cleared away", hint="send it again in a moment"
        )


def refuse_unknown_storages(database: Database, names: Iterable[str | None]) -> None:
    """Name the storage that does not exist, if one of these does not.

    Raises:
        Invalid: listing those that exist.
    """
    known = [row[0] for row in database.read(SELECT_STORAGES())]
    for name in sorted(name for name in names if name is not None):
        if name not in known:
            listed = ", ".join(f'"{storage}"' for storage in known)
            raise Invalid(
                f'there is no storage "{name}"',
                field="storage",
                hint=f"use null for inline, or one of {listed}",
            )
