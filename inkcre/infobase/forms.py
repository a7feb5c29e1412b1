"""What callers may write: blocks, relations, and graphs in two forms.

The star form nests: a block with its arcs, each arc with the star at its other end. The flat form
lists: blocks, new ones under negative ids of the caller's choice, and relations between ids.
"""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

MAX_NAME_LENGTH = 256
MAX_RELATION_LENGTH = 512
"""Relations are unique by content, and PostgreSQL takes 2,704 bytes in an index row."""

MAX_ID = 2**63 - 1


def _storable(text: str) -> str:
    """Refuse what no database keeps in text, wherever it comes from."""
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "input should have no NUL character (U+0000)")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise PydanticCustomError(
                "lone_surrogate", "input should be Unicode text, and has half of a surrogate pair"
            ) from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
RelationContent = Annotated[Text, Field(max_length=MAX_RELATION_LENGTH)]
Id = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
LocalId = Annotated[int, Field(ge=-MAX_ID, le=MAX_ID, strict=True)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _known_name(name: str) -> str:
    """The former server called its storage ``URL`` where clients said ``url``."""
    return "url" if name == "URL" else name


StorageName = Annotated[Name, AfterValidator(_known_name)]


class Form(BaseModel):
    """A piece of a request: unknown keys are refused, input never echoed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class BlockForm(Form):
    """A block's content, and how it is to be understood."""

    resolver: Name
    storage: StorageName | None = None
    content: Text


class BlockEdit(Form):
    """A change of a block: absent keys stay, ``storage: null`` makes it inline."""

    resolver: Name | None = None
    storage: StorageName | None = None
    content: Text | None = None

    @model_validator(mode="after")
    def _null_is_for_storage_only(self) -> Self:
        for key in ("resolver", "content"):
            if key in self.model_fields_set and getattr(self, key) is None:
                raise PydanticCustomError(
                    "null", "{key} cannot be null; leave it out", {"key": key}
                )
        return self


class RelationForm(Form):
    """A relation: ``to_`` is ``from_``'s ``content``."""

    from_: Id
    to_: Id
    content: RelationContent


class Times(Form):
    """When a row was made and changed. Only an import may say so."""

    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None


class NodeForm(Times):
    """A block of a graph: a new one, or one that exists by ``id`` or ``digest``."""

    id: LocalId | None = None
    digest: Digest | None = None
    resolver: Name | None = None
    storage: StorageName | None = None
    content: Text | None = None

    @model_validator(mode="after")
    def _one_kind_only(self) -> Self:
        is_new = self.resolver is not None or self.content is not None
        is_reference = self.digest is not None or (self.id is not None and self.id > 0)
        if self.id == 0:
            raise PydanticCustomError("id", "id should be positive (exists) or negative (new)")
        if is_reference and (
            is_new or self.storage is not None or None not in (self.digest, self.id)
        ):
            raise PydanticCustomError(
                "node", "input should be either a reference (id or digest) or a new block, not both"
            )
        if not is_reference and (self.resolver is None or self.content is None):
            raise PydanticCustomError(
                "node", "a new block needs resolver and content; one that exists needs id or digest"
            )
        return self


class ArcContent(Times):
    """What a star's arc says."""

    content: RelationContent


class OutArc(Form):
    """An arc from the star's block to the block at the centre of another star."""

    relation: ArcContent
    to_block: "Star"


class InArc(Form):
    """An arc to the star's block from the block at the centre of another star."""

    relation: ArcContent
    from_block: "Star"


class Star(Form):
    """A block and its arcs."""

    block: NodeForm
    out_relations: Annotated[tuple[OutArc, ...], FailFast()] = ()
    in_relations: Annotated[tuple[InArc, ...], FailFast()] = ()


class FlatRelation(Times):
    """A relation between blocks that exist (positive ids) or are in the same form (negative)."""

    from_: LocalId
    to_: LocalId
    content: RelationContent


class FlatGraph(Form):
    """Blocks and relations, side by side."""

    blocks: Annotated[tuple[NodeForm, ...], FailFast()] = ()
    relations: Annotated[tuple[FlatRelation, ...], FailFast()] = ()


def parse_graph(data: Any) -> Star | FlatGraph:
    """Read either form; the star form is the one with ``block``.

    Raises:
        pydantic.ValidationError: the data is neither.
    """
    if isinstance(data, dict) and "block" in data:
        return Star.model_validate(data)
    return FlatGraph.model_validate(data)
