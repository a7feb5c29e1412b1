"""Revisions of items: what an item says now, and what it is known to have said last."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from inkcre.graph.plans import Plan, Reference, plan_star
from inkcre.sources.base import Item
from inkcre.sql.rows import Json
from inkcre.sql.text import clean

MAX_KEY_BYTES = 512
"""A longer key is kept as its SHA-256, for an index row of PostgreSQL takes 2,704 bytes; so is one
that no database keeps."""

SELF = ""
"""The item's own block, as an end of an arc."""


class ItemEnd(TypedDict):
    """Another item of the source, as an end of an arc."""

    key: str


class Arc(NamedTuple):
    """A relation that an item says: what is at its ends, and what it is.

    An end is a block by digest or id, ``SELF``, or another item.
    """

    from_: Reference
    to_: Reference | ItemEnd
    content: str

    @property
    def touches_self(self) -> bool:
        """Whether an end is the item's own block."""
        return SELF in (self.from_, self.to_)

    def ends(self, centre: Reference) -> tuple[Reference, Reference]:
        """Return its ends, with the item's own block under a name; it leads to no other item."""
        assert not isinstance(self.to_, dict)
        from_, to_ = (centre if end == SELF else end for end in (self.from_, self.to_))
        return from_, to_

    def digests(self) -> set[str]:
        """Return the blocks around that it leads from and to, by what they are."""
        return {end for end in (self.from_, self.to_) if isinstance(end, str) and end != SELF}


class Link(NamedTuple):
    """A link of an item to another of its source."""

    content: str
    to_key: str

    @property
    def touches_self(self) -> bool:
        """Whether an end is the item's own block: always."""
        return True


Said = Arc | Link
"""A relation that an item says."""


def number_said(arcs: Iterable[Arc]) -> dict[Said, int]:
    """Give what an item says its places: arcs within its star where they stand, links below zero.

    The same for the same arcs, in whatever order they were said: they are sorted.
    """
    said: dict[Said, int] = {}
    links = set()
    for place, arc in enumerate(arcs):
        if isinstance(arc.to_, dict):
            links.add(Link(arc.content, arc.to_["key"]))
        else:
            said[arc] = place
    return said | number_links(links)


def number_links(links: Iterable[Link]) -> dict[Link, int]:
    """Give links their places."""
    return {link: -number for number, link in enumerate(sorted(set(links)), start=1)}


def read_arcs(text: str) -> list[Arc]:
    """Read the arcs of an item from its row."""
    return [Arc(*arc) for arc in json.loads(text)]


def sort_arcs(arcs: Iterable[Arc]) -> list[Arc]:
    """Return arcs in the order in which they are kept, in whatever order they were said."""
    # As JSON: ends are numbers, texts and tables, which Python does not compare.
    return sorted(arcs, key=json.dumps)


def revision_digest(centre: Reference, arcs: Sequence[Arc]) -> str:
    """Return the SHA-256 of what a revision says: its block, and its arcs in their order."""
    # Kept in rows: written in another way, every item of every base would look edited once.
    said = json.dumps([centre, arcs], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def short_key(key: str) -> str:
    """Return a key as it is kept."""
    # A key that no database keeps still tells an item from others.
    content = key.encode("utf-8", "surrogatepass")
    if len(content) <= MAX_KEY_BYTES and key == clean(key):
        return key
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class StoredItem:
    """An item as it is kept, and its block as it is now."""

    id: int
    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    """None: somebody deleted the block."""

    is_given: bool | None
    """Whether somebody has given the block too; None: it was deleted."""

    written_digest: str
    """Of the block as it was written for the item."""

    block_digest: str | None
    """Of the block as it is now."""

    @property
    def is_silent(self) -> bool:
        """Whether it was gone, and only its block stayed, for what others have attached to it."""
        return self.digest == ""

    def said(self) -> dict[Said, int]:
        """Return what it says, with its places."""
        return number_said(read_arcs(self.arcs))


@dataclass(frozen=True)
class Revision:
    """An item as it is to be written."""

    key: str
    stamp: str | None
    plan: Plan
    centre: Reference
    arcs: list[Arc]
    digest: str
    stored: StoredItem | None

    @staticmethod
    def of(item: Item, stored: StoredItem | None) -> "Revision":
        """Make one of an item and of what is stored of it."""
        plan = plan_star(item.star)
        centre = next(iter(plan.nodes))
        arcs = [_as_arc(relation, centre) for relation in plan.relations]
        arcs += [Arc(SELF, {"key": short_key(to)}, content) for content, to in item.links]
        arcs = sort_arcs(arcs)
        digest = revision_digest(centre, arcs)
        return Revision(short_key(item.key), item.stamp, plan, centre, arcs, digest, stored)

    def said(self) -> dict[Said, int]:
        """Return what it says, with its places, in the order in which it says it."""
        places = number_said(self.arcs)
        star = [_as_arc(relation, self.centre) for relation in self.plan.relations]
        return {arc: places[arc] for arc in star} | places

    @property
    def is_unchanged(self) -> bool:
        """Whether it says what the last one said."""
        return self.stored is not None and self.stored.digest == self.digest

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted the item's block."""
        return self.stored is not None and self.stored.block_id is None


def _as_arc(relation: tuple[Reference, Reference, str], centre: Reference) -> Arc:
    from_, to_, content = relation
    return Arc(SELF if from_ == centre else from_, SELF if to_ == centre else to_, content)


@dataclass
class Written:
    """What came of items."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    withheld: int = 0
    """Of those that are unchanged, items whose blocks somebody has deleted: they stay away."""

    block_ids: list[int] = field(default_factory=list)
    """Of those that were added or updated."""

    blocks_gone: int = 0
    """How many blocks went with the items that were deleted."""

    def count(self) -> dict[str, Json]:
        """Return the numbers, for a job's result."""
        withheld = {"withheld": self.withheld} if self.withheld else {}
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            **withheld,
        }

    def __add__(self, other: "Written") -> "Written":
        """Count two together."""
        return Written(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.withheld + other.withheld,
            self.block_ids + other.block_ids,
            self.blocks_gone + other.blocks_gone,
        )
