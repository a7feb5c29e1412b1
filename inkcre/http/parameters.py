"""Parameters that several routes share."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path, Query

from inkcre.sql.values import MAX_ID, MAX_NAME_LENGTH, MAX_RELATION_LENGTH

MAX_PAGE = 1000

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL in text, so nothing can be found by one."""


class Direction(StrEnum):
    """Which relations of a block: those that leave it, those that reach it, or both."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at the most")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="The `next_cursor` of the page before")
]
ResolverFilter = Annotated[
    str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, pattern=NO_NUL)
]
StorageFilter = Annotated[
    str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, pattern=NO_NUL)
]
ContentFilter = Annotated[str | None, Query(max_length=MAX_RELATION_LENGTH, pattern=NO_NUL)]
