"""Storages: the names that a block's ``storage`` may have, and what they ask of its content."""

from collections.abc import Iterable

from sqlalchemy import select

from inkcre.errors import Invalid
from inkcre.graph.tables import storages
from inkcre.ports.database import Database
from inkcre.sql.rows import Values

SELECT_STORAGES = Values(select(storages.c.name).order_by(storages.c.name), str)
"""Read the names of all storages."""

PREFIX = "sha256:"
"""What the content of a block of storage ``file`` begins with."""


def refuse_unknown_storages(database: Database, names: Iterable[str | None]) -> None:
    """Name the storage that does not exist, if one of these does not.

    Raises:
        Invalid: listing those that exist.
    """
    known = SELECT_STORAGES.read(database)
    for name in sorted(name for name in names if name is not None):
        if name not in known:
            listed = ", ".join(f'"{storage}"' for storage in known)
            raise Invalid(
                f'there is no storage "{name}"',
                field="storage",
                hint=f"use null for inline, or one of {listed}",
            )
