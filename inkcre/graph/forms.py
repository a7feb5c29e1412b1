"""What callers may write: blocks, relations, and graphs in two forms.

The star form nests: a block with its arcs, each arc with the star at its other end. The flat form
lists: blocks, new ones under negative ids of the caller's choice, and relations between ids.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    FailFast,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from inkcre.sql.values import MAX_ID, MAX_NAME_LENGTH, MAX_RELATION_LENGTH, Form
from inkcre.wording import say_fault


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


FILE_CONTENT = re.compile(r"sha256:[0-9a-f]{64}")
"""What a block of storage ``file`` has as its content: the SHA-256 of the file's."""


STRANGE_FILE = (
    'content should be "sha256:" and the 64 digits of the file\'s SHA-256, in small letters'
)


def is_strange(storage: str | None, content: str | None) -> bool:
    """Tell whether a block is to be of a file and names none."""
    return storage == "file" and content is not None and not FILE_CONTENT.fullmatch(content)


def clean_name(name: str | None) -> str | None:
    """Make a file's name of what a client calls it: no folders, no control characters; or None."""
    # Some clients send a whole path, also of Windows:
    # https://www.rfc-editor.org/rfc/rfc7578#section-4.2
    last = re.split(r"[/\\]", name or "")[-1]
    kept = "".join(c for c in last if c.isprintable()).strip()[:MAX_NAME_LENGTH]
    return None if kept in ("", ".", "..") else kept


class BlockForm(Form):
    """A block's content, and how it is to be understood."""

    resolver: Name
    storage: StorageName | None = None
    content: Text

    @model_validator(mode="after")
    def _names_a_file(self) -> Self:
        if is_strange(self.storage, self.content):
            raise PydanticCustomError("file_content", STRANGE_FILE)
        return self


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


class Provenance(Form):
    """When a row was made and changed, and whether it was given. Only an import may say so."""

    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    is_given: Annotated[bool, Field(strict=True)] = True
    """Whether somebody has said it who is no item of a source."""


class NodeForm(Provenance):
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
        if is_strange(self.storage, self.content):
            raise PydanticCustomError("file_content", STRANGE_FILE)
        if not is_reference and (self.resolver is None or self.content is None):
            raise PydanticCustomError(
                "node", "a new block needs resolver and content; one that exists needs id or digest"
            )
        return self


class ArcContent(Provenance):
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
    # FailFast, here and below: a body may have as many mistakes as it has elements, and each would
    # be made into an error before most are left out.
    out_relations: Annotated[tuple[OutArc, ...], FailFast()] = ()
    in_relations: Annotated[tuple[InArc, ...], FailFast()] = ()


class FlatRelation(Provenance):
    """A relation between blocks that exist (positive ids) or are in the same form (negative)."""

    from_: LocalId
    to_: LocalId
    content: RelationContent


class FlatGraph(Form):
    """Blocks and relations, side by side."""

    blocks: Annotated[tuple[NodeForm, ...], FailFast()] = ()
    relations: Annotated[tuple[FlatRelation, ...], FailFast()] = ()


PART_ARCS = 16
"""How many arcs of a star are validated at a time. Pydantic goes down the stack, and gives up at
255 levels; in a Worker already at 49, of which an arc takes up to two:
https://github.com/pydantic/pydantic-core/blob/main/src/recursion_guard.rs"""

ARCS = (("out_relations", "to_block"), ("in_relations", "from_block"))

Place = tuple[int | str, ...]


def parse_graph(data: object) -> Star | FlatGraph:
    """Read either form; the star form is the one with ``block``.

    Raises:
        pydantic.ValidationError: the data is neither.
    """
    if isinstance(data, dict) and "block" in data:
        return parse_star(data)
    return FlatGraph.model_validate(data)


def parse_star(data: object) -> Star:
    """Read a nested form of any depth; it is put together in place, from its ends.

    Raises:
        pydantic.ValidationError: the data is no such form.
    """
    # The deepest first: above them pydantic meets stars that are made already, and goes no further.
    for arc, key, place in reversed(_deep_parts(data)):
        try:
            arc[key] = Star.model_validate(arc[key])
        except ValidationError as error:
            raise moved(error, place) from None
    return Star.model_validate(data)


def _deep_parts(data: object) -> list[tuple[dict[str, object], str, Place]]:
    """List the stars inside a star that are a number of arcs down, with the arc to each."""
    found: list[tuple[dict[str, object], str, Place]] = []
    level: list[tuple[object, Place]] = [(data, ())]
    depth = 0
    while level:
        depth += 1
        below: list[tuple[object, Place]] = []
        for star, place in level:
            for arc, key, arc_place in _arcs(star, place):
                below.append((arc[key], arc_place))
                if depth % PART_ARCS == 0:
                    found.append((arc, key, arc_place))
        level = below
    return found


def _arcs(star: object, place: Place) -> Iterator[tuple[dict[str, object], str, Place]]:
    """Yield the arcs of what may be a star that lead to what may be one."""
    if not isinstance(star, dict):
        return
    for name, key in ARCS:
        arcs = star.get(name)
        for index, arc in enumerate(arcs if isinstance(arcs, list) else ()):
            if isinstance(arc, dict) and isinstance(arc.get(key), dict):
                yield arc, key, (*place, name, index, key)


def moved(error: ValidationError, place: Place) -> ValidationError:
    """Tell where the mistakes of a part are in the whole."""
    details: list[InitErrorDetails] = [
        {
            "type": PydanticCustomError(found["type"], say_fault(found)),
            "loc": (*place, *found["loc"]),
            "input": None,
        }
        for found in error.errors(include_url=False, include_input=False)
    ]
    return ValidationError.from_exception_data(error.title, details, hide_input=True)


def moved_by(error: ValidationError, number: int) -> ValidationError:
    """Tell where the mistakes in a part of a star's arcs are, of which so many came before."""
    details: list[InitErrorDetails] = []
    for found in error.errors(include_url=False, include_input=False):
        name, index, *rest = found["loc"]
        place = (name, index + number if isinstance(index, int) else index)
        kind = PydanticCustomError(found["type"], say_fault(found))
        details.append({"type": kind, "loc": (*place, *rest), "input": None})
    return ValidationError.from_exception_data(error.title, details, hide_input=True)
