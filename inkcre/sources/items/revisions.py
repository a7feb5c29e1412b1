"""Revisions of items: what an item says now, and what it is known to have said last."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from inkcre.graph.plans import Plan, Reference, plan_star
from inkcre.sources.base import Item
from inkcre.sql.parameters import write_json
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

    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    """None: somebody deleted the block."""

    is_own: bool
    """Whether the block was made for the item, and nobody has stated it since."""

    written_digest: str
    """Of the block as it was written for the item."""

    block_digest: str | None
    """Of the block as it is now."""

    is_shared: bool
    """Whether another item has the block too."""

    @property
    def is_unmodified(self) -> bool:
        """Whether the block was made for the item, and nobody has stated or changed it since."""
        return self.is_own and self.block_digest == self.written_digest


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
        arcs = [
            Arc(SELF if from_ == centre else from_, SELF if to_ == centre else to_, content)
            for from_, to_, content in plan.relations
        ]
        arcs += [Arc(SELF, {"key": short_key(to)}, content) for content, to in item.links]
        arcs = sort_arcs(arcs)
        digest = revision_digest(centre, arcs)
        return Revision(short_key(item.key), item.stamp, plan, centre, arcs, digest, stored)

    @property
    def is_unchanged(self) -> bool:
        """Whether it says what the last one said."""
        return self.stored is not None and self.stored.digest == self.digest

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted the item's block."""
        return self.stored is not None and self.stored.block_id is None


Makers = dict[tuple[int, str], set[tuple[int, str]]]
"""Which items, by source and key, make an arc (as JSON) of a block."""


def is_made_by_others(makers: Makers, block_id: int, arc: Arc, own: set[tuple[int, str]]) -> bool:
    """Tell whether an item that is not among one's own makes an arc of a block too."""
    return bool(makers.get((block_id, write_json(arc)), own) - own)


@dataclass
class Written:
    """What came of items."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    skipped: int = 0
    """Items that are larger than the database takes."""

    block_ids: list[int] = field(default_factory=list)
    """Of those that were added or updated."""

    def count(self) -> dict[str, Json]:
        """Return the numbers, for a job's result."""
        skipped = {"skipped": self.skipped} if self.skipped else {}
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            **skipped,
        }

    def __add__(self, other: "Written") -> "Written":
        """Count two together."""
        return Written(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.skipped + other.skipped,
            self.block_ids + other.block_ids,
        )
