"""Parameters that several routes share."""

from typing import Annotated

from fastapi import Path, Query

from inkcre.sql.values import MAX_ID

MAX_PAGE = 1000

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL in text, so nothing can be found by one."""


PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at the most")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="The `next_cursor` of the page before")
]
