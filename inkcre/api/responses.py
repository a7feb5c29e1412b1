"""Shapes of what routes answer."""

from pydantic import BaseModel, Field


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
