"""What revisions of items change: decided here, from what was read; written elsewhere.

A block that was made for an item follows its revisions in place, so that what people have attached
to it stays. A block that somebody has given, or that another item says too, is left as it is: the
item gets a block of its own then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from inkcre.graph.leaving import Leaving
from inkcre.graph.plans import Plan, Reference, end_of
from inkcre.sources.items.revisions import (
    Arc,
    Link,
    Revision,
    Said,
    StoredItem,
)
from inkcre.sql.parameters import write_json

Relations = Mapping[int, Mapping[int, int | None]]
"""The relations that items say: by the item's id, and their places. None: a person deleted it."""


class ItemRow(TypedDict):
    """An item as it is to be remembered."""

    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    """None: the block of ``block_digest``, which the same batch makes or which is there."""

    block_digest: str
    id: int | None
    """None: it is new; else it is to be what was read: ``seen_digest`` and ``seen_block_id``."""

    seen_digest: str | None
    seen_block_id: int | None


class CentreRow(TypedDict):
    """A block that is to become what its item is now."""

    id: int
    item_id: int
    old_digest: str | None
    storage: str | None
    resolver: str
    content: str
    digest: str


SayingRow = dict[str, int | str]
"""A relation that an item says, by the item's ``key`` and its ``place``: ``relation_id`` of one
that is there; or its ends by ``X_id`` or ``X_digest``, and its ``content``; or ``is_withheld``."""


class LinkRow(TypedDict):
    """A relation between two items, and its place among what the first one says."""

    from_key: str
    to_key: str
    content: str
    place: int


@dataclass
class Changes:
    """What is to become of the rows of a source."""

    plan: Plan = field(default_factory=Plan)
    """Blocks and relations that are to be there."""

    recalled: Plan = field(default_factory=Plan)
    """Relations that somebody had given to blocks which come back."""

    items: list[ItemRow] = field(default_factory=list)
    centres: list[CentreRow] = field(default_factory=list)
    unsaying: list[int] = field(default_factory=list)
    """Ids of items that say something else now: what they say is written anew."""

    sayings: list[SayingRow] = field(default_factory=list)
    leaving: Leaving = field(default_factory=Leaving)
    links: list[LinkRow] = field(default_factory=list)
    revised: list[Revision] = field(default_factory=list)
    """Those that say something new."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    withheld: int = 0

    def returning(self) -> dict[str, Reference]:
        """Return the blocks that come back, which people had deleted, by what they were."""
        return {
            revision.stored.written_digest: revision.centre
            for revision in self.revised
            if revision.stored and revision.is_deleted
        }

    def storages(self) -> set[str | None]:
        """Return the storages that the new blocks name."""
        return {row["storage"] for row in self.plan.blocks.values()}

    def file_contents(self) -> list[str]:
        """Return the contents of those new and followed blocks that name files."""
        rows = [*self.plan.blocks.values(), *self.centres]
        return [row["content"] for row in rows if row["storage"] == "file"]


@dataclass(frozen=True)
class Return:
    """Which items come back whose blocks somebody has deleted."""

    always: bool = False
    """Whatever they say."""

    when_new: bool = False
    """When they say something new."""

    def takes(self, revision: Revision) -> bool:
        """Tell whether a revision comes back, of an item whose block was deleted."""
        return self.always or (self.when_new and not revision.is_unchanged)


NEVER = Return()


@dataclass(frozen=True)
class Context:
    """What a diff has to know beside what is stored of the items themselves."""

    existing: set[Reference]
    """Which of the blocks that the revisions name are there already."""

    relations: Relations
    shared: set[int]
    """Ids of the items whose blocks others say too."""


def diff(revisions: Iterable[Revision], context: Context, returning: Return) -> Changes:
    """Decide what revisions change.

    Args:
        revisions: of one source, each of another item.
        context: what else was read.
        returning: which items come back whose blocks somebody has deleted.
    """
    differ = _Differ(context, returning)
    for revision in revisions:
        differ.take(revision)
    return differ.changes


def may_differ(revision: Revision, returning: Return) -> bool:
    """Tell whether a revision says something new, as far as that can be told by itself."""
    if revision.is_deleted:
        return returning.takes(revision)
    return returning.always or not revision.is_unchanged


class _Differ:
    """A diff in the making: a revision is decided upon in the light of those before it."""

    def __init__(self, context: Context, returning: Return) -> None:
        self.changes = Changes()
        self._context = context
        self._returning = returning
        self._followed: set[str] = set()

    def take(self, revision: Revision) -> None:
        changes, stored = self.changes, revision.stored
        if not self._says_something_new(revision):
            changes.unchanged += 1
            changes.withheld += revision.is_deleted
            if stored and stored.block_id is not None and stored.stamp != revision.stamp:
                self._remember(revision, stored.block_id, stored.written_digest)
            return
        changes.revised.append(revision)
        if stored is None or stored.block_id is None:
            changes.added += 1
            self._add(revision)
            return
        changes.added += stored.is_silent
        changes.updated += not stored.is_silent
        # A silent item does not keep its block what it is: that is looked up where it is written.
        is_same = revision.centre == stored.block_digest and not stored.is_silent
        stays = revision.is_unchanged or is_same
        if stays or self._may_follow(revision, stored):
            self._follow(revision, stored, stored.block_id)
        else:
            changes.leaving.blocks[stored.block_id] = None
            self._add(revision)

    def _says_something_new(self, revision: Revision) -> bool:
        if not may_differ(revision, self._returning):
            return False
        stored = revision.stored
        if stored is None or revision.is_deleted or not revision.is_unchanged:
            return True
        # Everything is to come back: all the same it is only news where something was deleted.
        return None in self._context.relations.get(stored.id, {}).values()

    def _may_follow(self, revision: Revision, stored: StoredItem) -> bool:
        """Tell whether the item's block may become what the item is now."""
        if stored.is_given or stored.id in self._context.shared:
            return False
        centre = revision.centre
        # A digest is unique: what is a block already, or becomes one in this batch, this block
        # cannot become as well.
        return centre in revision.plan.blocks and not (
            centre in self._followed
            or centre in self.changes.plan.blocks
            or centre in self._context.existing
        )

    def _follow(self, revision: Revision, stored: StoredItem, block_id: int) -> None:
        """Let the item's block become what the item is now, if it is not that already."""
        centre = str(revision.centre)
        if centre != stored.block_digest and not revision.is_unchanged:
            row = revision.plan.blocks[centre]
            self._followed.add(centre)
            self.changes.centres.append(
                {
                    "id": block_id,
                    "item_id": stored.id,
                    "old_digest": stored.block_digest,
                    "storage": row["storage"],
                    "resolver": row["resolver"],
                    "content": row["content"],
                    "digest": row["digest"],
                }
            )
        self._say(revision, block_id, self._take_back(revision, stored, keeps_self=True))
        self._remember(revision, block_id, "" if isinstance(revision.centre, int) else centre)

    def _add(self, revision: Revision) -> None:
        """Let the item have another block: a new one, or one that is there."""
        centre, stored = revision.centre, revision.stored
        self._plan_blocks(revision, centre)
        known = self._take_back(revision, stored, keeps_self=False) if stored else {}
        self._say(revision, centre, known)
        if isinstance(centre, int):  # a block of others
            self._remember(revision, centre, "")
        else:
            self._remember(revision, None, centre)

    def _take_back(
        self, revision: Revision, stored: StoredItem, *, keeps_self: bool
    ) -> dict[Said, int | None]:
        """Take back what the item does not go on to say; return the relations of the rest.

        Where it has another block now, it takes back all that touches the former one.
        """
        said = self._context.relations.get(stored.id, {})
        again = revision.said()
        returns = self._returning.always or stored.block_id is None
        known = dict[Said, int | None]()
        for arc, place in stored.said().items():
            relation_id = said.get(place)
            is_kept = arc in again and (keeps_self or not arc.touches_self)
            if is_kept and relation_id is not None:
                known[arc] = relation_id
                continue
            if relation_id is not None:
                self.changes.leaving.relations[relation_id] = None
            elif place in said and arc in again and not returns:
                known[arc] = None
            if isinstance(arc, Arc):
                self.changes.leaving.around.update(dict.fromkeys(arc.digests()))
        self.changes.unsaying.append(stored.id)
        return known

    def _say(self, revision: Revision, centre: Reference, known: Mapping[Said, int | None]) -> None:
        """Write what a revision says: relations that are there, are withheld, or are new."""
        changes = self.changes
        for said, place in revision.said().items():
            if said in known:
                changes.sayings.append(_known_saying(revision.key, said, place, known[said]))
            elif isinstance(said, Link):
                changes.links.append(link_row(revision.key, said, place))
            else:
                from_, to_ = said.ends(centre)
                ends = {**end_of("from", from_), **end_of("to", to_)}
                changes.sayings.append(
                    {"key": revision.key, "place": place, "content": said.content, **ends}
                )
                row = revision.plan.relations[(*said.ends(revision.centre), said.content)]
                plain = {n: v for n, v in row.items() if not n.startswith(("from_", "to_"))}
                changes.plan.relations.setdefault((from_, to_, said.content), {**plain, **ends})
                self._plan_blocks(revision, from_, to_)

    def _plan_blocks(self, revision: Revision, *ends: Reference) -> None:
        for end in ends:
            if isinstance(end, str) and end in revision.plan.blocks:
                self.changes.plan.blocks.setdefault(end, revision.plan.blocks[end])
            self.changes.plan.nodes.setdefault(end)

    def _remember(self, revision: Revision, block_id: int | None, block_digest: str) -> None:
        stored = revision.stored
        self.changes.items.append(
            {
                "key": revision.key,
                "digest": revision.digest,
                "stamp": revision.stamp,
                "arcs": write_json(revision.arcs),
                "block_id": block_id,
                "block_digest": block_digest,
                "id": stored.id if stored else None,
                "seen_digest": stored.digest if stored else None,
                "seen_block_id": stored.block_id if stored else None,
            }
        )


def link_row(key: str, link: Link, place: int) -> LinkRow:
    """Return the row of an item's link."""
    return {"from_key": key, "to_key": link.to_key, "content": link.content, "place": place}


def _known_saying(key: str, said: Said, place: int, relation_id: int | None) -> SayingRow:
    known: SayingRow = {"is_withheld": 1} if relation_id is None else {"relation_id": relation_id}
    return known | {"key": key, "place": place, "is_link": int(isinstance(said, Link))}
