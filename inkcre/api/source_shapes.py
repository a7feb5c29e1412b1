"""What requests about sources ask, and the shapes of their answers."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from inkcre.graph.forms import Star
from inkcre.http.jobs import ScheduleOut
from inkcre.http.router import lend_to
from inkcre.ports.sources import SourceTypes
from inkcre.sources.collect import CollectPayload
from inkcre.sources.registry import find_source_types

Full = Annotated[bool, Query(description="Fetch everything anew, whatever was collected before")]
Restore = Annotated[bool, Query(description="Bring back what somebody has deleted")]
Forget = Annotated[bool, Query(description="Let go at once what is missing")]


async def _read_asked(
    full: Full = False, restore: Restore = False, forget: Forget = False
) -> CollectPayload:
    return CollectPayload(full=full, restore=restore, forget=forget)


Asked = Annotated[CollectPayload, Depends(_read_asked)]
"""What a collect is asked to do beside what it always does."""

ForgetBrought = Annotated[
    bool,
    Query(
        description="Let what the source has brought go, but what others say too, or what"
        " something that was given hangs on"
    ),
]
Types = Annotated[SourceTypes, Depends(lend_to(find_source_types))]
"""What sources may be of, here."""

DryRun = Annotated[bool, Query(description="Change nothing, and tell what would be done")]
MAX_ITEMS = 1000
"""How many items may be sent in one request."""

MAX_KEY_LENGTH = 2048


class SourceOut(BaseModel):
    """A source; secrets are masked."""

    id: int
    created_at: str = Field(description="RFC 3339, UTC")
    updated_at: str = Field(description="RFC 3339, UTC")
    type: str
    nickname: str | None
    config: dict[str, object]
    collect_at: dict[str, object] | None = Field(description="Its schedule in the former shape")
    state: dict[str, object] = Field(description="How far it has come")
    schedule: ScheduleOut | None
    missing: int = Field(description="How many items its collects no longer give, and are kept")
    missing_since: str | None = Field(description="Since when the first of them, RFC 3339, UTC")
    left_out: dict[str, int] = Field(
        description="How much its last collect could not take, by reason"
    )


class EditedSourceOut(SourceOut):
    """A source as it is now, and what became of the items of its former place."""

    released: int = Field(
        description="Items of the former place, which the source has let loose; what they brought"
        " stays"
    )
    forgotten: int = Field(description="Items that were let go, with what they brought")


class RemovalOut(BaseModel):
    """What the deletion of a source does to what it has brought."""

    items: int = Field(description="Items that are forgotten")
    blocks_gone: int = Field(description="Blocks that are deleted")
    blocks_kept: int = Field(description="Blocks that the source has brought, and that stay")


class SourcePage(BaseModel):
    """A page of sources."""

    sources: list[SourceOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page")


class SourceTypeOut(BaseModel):
    """A type of sources."""

    type: str
    summary: str
    takes_items: bool = Field(description="Whether others may send it items")
    config_schema: dict[str, object] = Field(description="JSON Schema of `config`")


class ItemForm(BaseModel):
    """An item that somebody else has collected, for the API's description."""

    key: str = Field(max_length=MAX_KEY_LENGTH, description="Its identity in the source")
    star: Star


class ItemsForm(BaseModel):
    """Items that somebody else has collected, for the API's description."""

    items: list[ItemForm]


class WrittenItems(BaseModel):
    """What came of items."""

    added: int
    updated: int
    unchanged: int
    deleted: int
    withheld: int = Field(
        default=0,
        description="Of those unchanged, what somebody has deleted, and stays away",
    )
    block_ids: list[int] = Field(description="Of the blocks that were added or changed")
