"""Response bodies, made into bytes once."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.responses import Response

from inkcre.http.problems import Problem


class BlockOut(BaseModel):
    """A block."""

    id: int
    created_at: str = Field(description="RFC 3339, UTC")
    updated_at: str = Field(description="RFC 3339, UTC")
    storage: str | None = Field(description="Where the content really is; null: inline")
    resolver: str = Field(description="What kind of block it is")
    content: str


class RelationOut(BaseModel):
    """A relation: ``to_`` is ``from_``'s ``content``."""

    id: int
    created_at: str = Field(description="RFC 3339, UTC")
    updated_at: str = Field(description="RFC 3339, UTC")
    from_: int
    to_: int
    content: str


class BlockPage(BaseModel):
    """A page of blocks."""

    blocks: list[BlockOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page")


class CreatedIds(BaseModel):
    """What a graph write added."""

    blocks: list[int]
    relations: list[int]


class WrittenGraph(BaseModel):
    """A graph as it is after it was written."""

    blocks: list[BlockOut]
    relations: list[RelationOut]
    created: CreatedIds = Field(description="Ids of what was not there before")
    ids: dict[str, int] | None = Field(
        default=None, description="Ids by the negative ids of a flat form"
    )


class WalkedGraph(BaseModel):
    """What a walk found."""

    blocks: list[BlockOut]
    relations: list[RelationOut]
    truncated: bool = Field(description="Whether the limit cut the walk")


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a response of plain values."""
    return Response(to_json(content), status, headers, "application/json")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "description": description,
        "content": {"application/problem+json": {}},
    }
    for status, description in (
        (404, "It does not exist"),
        (409, "It collides with what is there"),
        (413, "The body is too large"),
        (422, "The request is invalid"),
        (503, "The database does not answer"),
    )
}


def documented(model: Any, status: int = 200, *problems: int) -> dict[int | str, dict[str, Any]]:
    """Describe a route's responses for OpenAPI."""
    described: dict[int | str, dict[str, Any]] = {status: {"model": model}}
    for problem in (*problems, 422, 503):
        described[problem] = PROBLEMS[problem]
    return described
