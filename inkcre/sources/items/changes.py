"""What revisions of items change: decided here, from what was read; written elsewhere.

A block that was made for an item follows its revisions in place, so that what people have attached
to it stays. A block that somebody else made or changed, or that another item has too, is left as it
is: the item gets a block of its own then.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from inkcre.graph.plans import Plan, Reference, end_of
from inkcre.sources.items.revisions import (
    SELF,
    Arc,
    Makers,
    Revision,
    StoredItem,
    is_made_by_others,
    read_arcs,
)
from inkcre.sql.parameters import write_json


class ItemRow(TypedDict):
    """An item as it is to be remembered."""

    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    """None: the block of ``block_digest``, which the same batch makes or which is there."""

    block_digest: str
    is_own: int


class CentreRow(TypedDict):
    """A block that is to become what its item is now."""

    id: int
    old_digest: str | None
    storage: str | None
    resolver: str
    content: str
    digest: str


class OrphanRow(TypedDict):
    """A block that its item leaves."""

    id: int
    digest: str | None


class LinkRow(TypedDict):
    """A relation between two items."""

    from_key: str
    to_key: str
    content: str


ArcRow = dict[str, Reference]
"""A relation that is no longer made: an end each as ``X_id``, ``X_digest`` or ``X_key``."""


@dataclass
class Changes:
    """What is to become of the rows of a source."""

    plan: Plan = field(default_factory=Plan)
    """Blocks and relations that are to be there."""

    items: list[ItemRow] = field(default_factory=list)
    centres: list[CentreRow] = field(default_factory=list)
    obsolete: list[ArcRow] = field(default_factory=list)
    """Relations that are to go."""

    orphaned: list[OrphanRow] = field(default_factory=list)
    """Blocks that are to go unless somebody else has them."""

    stated: dict[str, None] = field(default_factory=dict)
    """Digests of blocks that are now said by more than their items."""

    links: list[LinkRow] = field(default_factory=list)
    revised: list[Revision] = field(default_factory=list)
    """Those that say something new."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def storages(self) -> set[str | None]:
        """Return the storages that the new blocks name."""
        return {row["storage"] for row in self.plan.blocks.values()}

    def file_contents(self) -> list[str]:
        """Return the contents of those new and followed blocks that name files."""
        rows = [*self.plan.blocks.values(), *self.centres]
        return [row["content"] for row in rows if row["storage"] == "file"]


@dataclass(frozen=True)
class Context:
    """What a diff has to know beside what is stored of the items themselves."""

    source_id: int
    makers: Makers
    """Who makes the arcs of blocks that items share."""

    existing: set[Reference]
    """Which of the blocks that the revisions name are there already."""


def diff(revisions: Iterable[Revision], context: Context, *, restores: bool) -> Changes:
    """Decide what revisions change.

    Args:
        revisions: of one source, each of another item.
        context: what else was read.
        restores: whether items come back whose blocks somebody has deleted.
    """
    differ = _Differ(context)
    for revision in revisions:
        differ.take(revision, restores=restores)
    return differ.changes


def may_differ(revision: Revision, *, restores: bool) -> bool:
    """Tell whether a revision says something new, as far as that can be told by itself."""
    if revision.is_deleted:
        return restores
    return not revision.is_unchanged


class _Differ:
    """A diff in the making: a revision is decided upon in the light of those before it."""

    def __init__(self, context: Context) -> None:
        self.changes = Changes()
        self._context = context
        self._followed: set[str] = set()

    def take(self, revision: Revision, *, restores: bool) -> None:
        stored = revision.stored
        if not may_differ(revision, restores=restores):
            self.changes.unchanged += 1
            if stored and stored.block_id is not None and stored.stamp != revision.stamp:
                self._remember(
                    revision, stored.block_id, stored.written_digest, is_own=stored.is_own
                )
            return
        self.changes.revised.append(revision)
        if stored is None or stored.block_id is None:
            self.changes.added += 1
            self._add(revision)
            return
        self.changes.updated += 1
        if revision.centre == stored.block_digest or self._may_follow(revision, stored):
            self._follow(revision, stored, stored.block_id)
        else:
            self._drop(stored, stored.block_id, read_arcs(stored.arcs))
            self._add(revision)
            if stored.is_unmodified:
                # Only what nobody has changed: else what somebody wrote would go with the item.
                self.changes.orphaned.append({"id": stored.block_id, "digest": stored.block_digest})

    def _may_follow(self, revision: Revision, stored: StoredItem) -> bool:
        """Tell whether the item's block may become what the item is now."""
        if not stored.is_unmodified or stored.is_shared:
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
        if centre != stored.block_digest:
            row = revision.plan.blocks[centre]
            self._followed.add(centre)
            self.changes.centres.append(
                {
                    "id": block_id,
                    "old_digest": stored.block_digest,
                    "storage": row["storage"],
                    "resolver": row["resolver"],
                    "content": row["content"],
                    "digest": row["digest"],
                }
            )
        former = read_arcs(stored.arcs)
        self._drop(stored, block_id, [arc for arc in former if arc not in revision.arcs])
        self._merge(revision, _replace_centre(revision.plan, revision.centre, block_id))
        self._remember(revision, block_id, centre, is_own=stored.is_own)

    def _add(self, revision: Revision) -> None:
        """Let the item have another block: a new one, or one that is there."""
        self._merge(revision, revision.plan)
        centre = revision.centre
        if isinstance(centre, int):  # a block of others
            self._remember(revision, centre, "", is_own=False)
        else:  # its own only if the same batch makes it
            self._remember(revision, None, centre, is_own=centre not in self._context.existing)

    def _merge(self, revision: Revision, plan: Plan) -> None:
        self.changes.plan.merge(plan)
        # The centre is its item's own; what stands around it may be said by anybody.
        others = (node for node in revision.plan.nodes if node != revision.centre)
        self.changes.stated.update(dict.fromkeys(n for n in others if isinstance(n, str)))
        self.changes.links += [
            {"from_key": revision.key, "to_key": arc.to_["key"], "content": arc.content}
            for arc in revision.arcs
            if isinstance(arc.to_, dict)
        ]

    def _drop(self, stored: StoredItem, block_id: int, arcs: Iterable[Arc]) -> None:
        """Have the relations of former arcs deleted which no other item makes."""
        own = {(self._context.source_id, stored.key)}
        self.changes.obsolete += [
            obsolete_row(arc, block_id)
            for arc in arcs
            if not is_made_by_others(self._context.makers, block_id, arc, own)
        ]

    def _remember(
        self, revision: Revision, block_id: int | None, block_digest: str, *, is_own: bool
    ) -> None:
        self.changes.items.append(
            {
                "key": revision.key,
                "digest": revision.digest,
                "stamp": revision.stamp,
                "arcs": write_json(revision.arcs),
                "block_id": block_id,
                "block_digest": block_digest,
                "is_own": int(is_own),
            }
        )


def _replace_centre(plan: Plan, centre: Reference, block_id: int) -> Plan:
    """Let a plan's relations refer to its centre by id."""

    def renamed(end: Reference) -> Reference:
        return block_id if end == centre else end

    replaced = Plan(
        blocks={digest: row for digest, row in plan.blocks.items() if digest != centre},
        nodes=dict.fromkeys(renamed(node) for node in plan.nodes),
    )
    for (from_, to_, content), row in plan.relations.items():
        replaced.relations[renamed(from_), renamed(to_), content] = {
            **{name: value for name, value in row.items() if not name.startswith(("from_", "to_"))},
            **end_of("from", renamed(from_)),
            **end_of("to", renamed(to_)),
        }
    return replaced


def obsolete_row(arc: Arc, block_id: int) -> ArcRow:
    """Name the relation of an arc of a block that is no longer made."""
    row: ArcRow = {"content": arc.content}
    row |= end_of("from", block_id if arc.from_ == SELF else arc.from_)
    if isinstance(arc.to_, dict):
        return {**row, "to_key": arc.to_["key"]}
    return row | end_of("to", block_id if arc.to_ == SELF else arc.to_)
