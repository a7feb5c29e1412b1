"""Parameters of routes that read the graph."""

from enum import StrEnum
from typing import Annotated

from fastapi import Query

from inkcre.http.parameters import NO_NUL
from inkcre.sql.values import MAX_NAME_LENGTH, MAX_RELATION_LENGTH


class Direction(StrEnum):
    """Which relations of a block: those that leave it, those that reach it, or both."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


ResolverFilter = Annotated[
    str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, pattern=NO_NUL)
]

StorageFilter = Annotated[
    str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, pattern=NO_NUL)
]

ContentFilter = Annotated[str | None, Query(max_length=MAX_RELATION_LENGTH, pattern=NO_NUL)]
