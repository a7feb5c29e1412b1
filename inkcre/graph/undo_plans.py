"""What undoing a change comes to: decided here, from what was read; written elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict, cast

from inkcre.graph.changes import GraphChange
from inkcre.graph.digests import block_digest
from inkcre.graph.undo_rows import SeenBlock, SeenRelation
from inkcre.sql.rows import Json


class BlockEntry(TypedDict):
    """A block as it was, out of the log."""

    id: int
    created_at: str
    updated_at: str
    storage: str | None
    resolver: str
    content: str
    is_given: int


class RelationEntry(TypedDict):
    """A relation as it was."""

    id: int
    created_at: str
    updated_at: str
    from_: int
    to_: int
    content: str
    is_given: int


Entries = Iterable[Json] | None
"""What a change has changed or deleted, as the log has it."""

Triple = tuple[int, int, str]
"""What a relation says: its ends, and what it is."""

UNDO = "undo"
"""The action of a change that brought another back."""


def digest_of(entry: BlockEntry) -> str:
    """Return the digest of a block as it was."""
    return block_digest(entry["resolver"], entry["storage"], entry["content"])


def blocks_in(entries: Entries) -> Iterator[BlockEntry]:
    """Yield the blocks in entries of the log."""
    return (cast("BlockEntry", entry) for entry in _entries_in(entries, "block"))


def relations_in(entries: Entries) -> Iterator[RelationEntry]:
    """Yield the relations in entries of the log."""
    return (cast("RelationEntry", entry) for entry in _entries_in(entries, "relation"))


def count_left_out(entries: Entries) -> int:
    """Return how many rows the log had no room for."""
    return sum(cast("int", number) for number in _entries_in(entries, "left_out"))


def _entries_in(entries: Entries, kind: str) -> Iterator[Json]:
    return (entry[kind] for entry in entries or () if isinstance(entry, dict) and kind in entry)


@dataclass
class UndoTarget:
    """What some changes have done together: what was there before, and what is there behind."""

    ids: list[int]
    action: str
    actor: str | None
    made_blocks: set[int] = field(default_factory=set)
    made_relations: set[int] = field(default_factory=set)
    blocks: dict[int, BlockEntry] = field(default_factory=dict)
    """Blocks that were changed or deleted, as they were before the first of the changes."""

    deleted_blocks: set[int] = field(default_factory=set)
    relations: dict[int, RelationEntry] = field(default_factory=dict)
    """Relations that were deleted."""

    last_at: dict[int, int] = field(default_factory=dict)
    """By the block's id: which of the changes was at it last."""

    left_out: int = 0

    @classmethod
    def of(cls, changes: Sequence[GraphChange]) -> "UndoTarget":
        """Put changes together, oldest first."""
        target = cls([change.id for change in changes], changes[-1].action, changes[-1].actor)
        for change in changes:
            target._take(change)
        return target

    def _take(self, change: GraphChange) -> None:
        for kind, said in (("changed", change.changed), ("deleted", change.deleted)):
            self.left_out += count_left_out(said)
            for entry in blocks_in(said):
                self.last_at[entry["id"]] = change.id
                if entry["id"] not in self.made_blocks:
                    self.blocks.setdefault(entry["id"], entry)
                if kind == "deleted":
                    self.deleted_blocks.add(entry["id"])
        for relation in relations_in(change.deleted):
            if relation["id"] not in self.made_relations:
                self.relations.setdefault(relation["id"], relation)
        made = {id_ for span in change.blocks or () for id_ in span}
        # What was deleted and is there again, by these changes alone, was there before.
        self.made_blocks |= made - self.blocks.keys()
        self.last_at.update(dict.fromkeys(made, change.id))
        again = {id_ for span in change.relations or () for id_ in span}
        self.made_relations |= again - self.relations.keys()


@dataclass
class UndoFacts:
    """What has become of it all by now."""

    blocks: Mapping[int, SeenBlock]
    relations: Mapping[int, SeenRelation]
    """Those that were made or deleted, and those around blocks that were made."""

    later: Mapping[int, tuple[int, BlockEntry]]
    """By the block's id: which change was the first at it since, and what it was until then."""

    by_digest: Mapping[str, int]
    """The blocks that are what blocks were before."""

    block_sayers: Mapping[int, set[int]]
    relation_sayers: Mapping[int, set[int]]
    missing_files: set[str]


@dataclass
class UndoPlan:
    """What is to be written, or why nothing is."""

    gone: list[int] = field(default_factory=list)
    """Blocks that go, with their relations."""

    around: list[int] = field(default_factory=list)
    """The relations of those."""

    lone: list[int] = field(default_factory=list)
    """Relations that go, whose blocks stay."""

    seen: list[SeenBlock] = field(default_factory=list)
    """What it goes by: blocks that go, are changed, or stand in for others, as they were seen."""

    seen_relations: list[SeenRelation] = field(default_factory=list)
    """Relations that go, as they were seen."""

    reverted: list[BlockEntry] = field(default_factory=list)
    back: list[BlockEntry] = field(default_factory=list)
    relations_back: list[RelationEntry] = field(default_factory=list)
    left: int = 0
    """How many relations do not come back, for want of an end."""

    twins: dict[int, int] = field(default_factory=dict)
    """Blocks that do not come back, and those that say the same."""

    returning: list[str] = field(default_factory=list)
    """The digests of all that were deleted and are there again, or stood in for."""

    reasons: list[str] = field(default_factory=list)
    """What stands in the way."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.gone or self.lone or self.reverted or self.back or self.relations_back)


class Planner:
    """A plan in the making."""

    def __init__(self, target: UndoTarget, facts: UndoFacts) -> None:
        self.plan = UndoPlan()
        self._target = target
        self._facts = facts

    def plan_blocks(self) -> UndoPlan:
        """Decide what becomes of blocks, and of the relations that were made."""
        target, facts, plan = self._target, self._facts, self.plan
        if target.left_out:
            plan.reasons.append(
                f"{target.left_out} rows of what was there before were too much for the log"
            )
        plan.gone = sorted(target.made_blocks & facts.blocks.keys())
        for id_ in plan.gone:
            plan.reasons += self._why_not_changed(facts.blocks[id_])
            plan.reasons += self._why_kept("block", id_, facts.blocks[id_].is_given)
        gone = set(plan.gone)
        for relation in sorted(facts.relations.values(), key=lambda seen: seen.id):
            is_made = relation.id in target.made_relations
            hangs = gone & {relation.from_, relation.to_}
            if not hangs and not is_made:
                continue
            (plan.around if hangs else plan.lone).append(relation.id)
            plan.seen_relations.append(relation)
            if is_made:
                plan.reasons += self._why_kept("relation", relation.id, relation.is_given)
            elif relation.is_given or relation.id in facts.relation_sayers:
                plan.reasons.append(
                    f"block {min(hangs)}: relation {relation.id} was added to it since"
                )
        self._revert()
        self._bring_back()
        plan.seen = [facts.blocks[id_] for id_ in (*plan.gone, *(e["id"] for e in plan.reverted))]
        return plan

    def _why_not_changed(self, seen: SeenBlock) -> Iterator[str]:
        """Yield why a block is not what the change has left."""
        change, entry = self._facts.later.get(seen.id, (0, None))
        if entry and (digest_of(entry), entry["updated_at"]) != (seen.digest, seen.updated_at):
            yield f"block {seen.id}: was changed since, by change {change}"

    def _why_kept(self, kind: str, id_: int, is_given: int) -> Iterator[str]:
        """Yield who else says what the change has made."""
        target, facts = self._target, self._facts
        if target.actor is not None and is_given:
            yield f"{kind} {id_}: somebody has given it, too"
        # What an undo has brought back is an item's again, and was so before.
        if target.action != UNDO:
            sayers = facts.block_sayers if kind == "block" else facts.relation_sayers
            for source in sorted(sayers.get(id_, ())):
                if target.actor != f"source:{source}":
                    yield f"{kind} {id_}: an item of source {source} says it, too"

    def _revert(self) -> None:
        """Let blocks that are there be what they were."""
        target, facts, plan = self._target, self._facts, self.plan
        for id_, entry in sorted(target.blocks.items()):
            seen = facts.blocks.get(id_)
            if id_ in target.deleted_blocks:
                continue
            if seen is None:
                change, _ = facts.later.get(id_, (0, None))
                by = f", by change {change}" if change else ""
                plan.reasons.append(f"block {id_}: was deleted since{by}")
                continue
            if (digest_of(entry), entry["updated_at"]) == (seen.digest, seen.updated_at):
                continue
            plan.reasons += self._why_not_changed(seen)
            self._require_file(entry)
            plan.reverted.append(entry)
        leaving = {*plan.gone, *(entry["id"] for entry in plan.reverted)}
        for entry in plan.reverted:
            twin = facts.by_digest.get(digest_of(entry))
            if twin is not None and twin not in leaving:
                plan.reasons.append(f"block {entry['id']}: block {twin} has its content already")

    def _bring_back(self) -> None:
        """Bring blocks back that were deleted, unless others say the same by now."""
        target, facts, plan = self._target, self._facts, self.plan
        leaving = {*plan.gone, *(entry["id"] for entry in plan.reverted)}
        there = {digest: id_ for digest, id_ in facts.by_digest.items() if id_ not in leaving}
        there |= {digest_of(entry): entry["id"] for entry in plan.reverted}
        for id_ in sorted(target.deleted_blocks & target.blocks.keys() - facts.blocks.keys()):
            entry = target.blocks[id_]
            plan.returning.append(digest_of(entry))
            twin = there.setdefault(digest_of(entry), id_)
            if twin != id_:
                plan.twins[id_] = twin
                continue
            self._require_file(entry)
            plan.back.append(entry)

    def _require_file(self, entry: BlockEntry) -> None:
        if entry["storage"] == "file" and entry["content"] in self._facts.missing_files:
            self.plan.reasons.append(
                f"block {entry['id']}: its file {entry['content']} was swept away"
            )

    def triple_of(self, entry: RelationEntry) -> Triple:
        """Return what a relation will say that comes back."""
        twins = self.plan.twins
        from_, to_ = entry["from_"], entry["to_"]
        return twins.get(from_, from_), twins.get(to_, to_), entry["content"]

    def absent_relations(self) -> list[RelationEntry]:
        """Return the relations that were deleted and are not there."""
        seen = self._facts.relations
        return [each for id_, each in sorted(self._target.relations.items()) if id_ not in seen]

    def plan_relations(self, ends: Mapping[int, SeenBlock], same: Mapping[Triple, int]) -> UndoPlan:
        """Decide which relations come back.

        Args:
            ends: those of the blocks at their ends that are there now.
            same: the relations that say already what they would.
        """
        plan = self.plan
        others = {entry["id"] for entry in (*plan.reverted, *plan.back)}
        for id_, twin in plan.twins.items():
            if twin in ends and twin not in others:
                digest = digest_of(self._target.blocks[id_])
                plan.seen.append(replace(ends[twin], digest=digest))
        there = (ends.keys() - set(plan.gone)) | {entry["id"] for entry in plan.back}
        leaving = {*plan.around, *plan.lone}
        said = {triple for triple, id_ in same.items() if id_ not in leaving}
        for entry in self.absent_relations():
            triple = self.triple_of(entry)
            if not there.issuperset(triple[:2]):
                plan.left += 1
            elif triple not in said:
                said.add(triple)
                from_, to_, _ = triple
                plan.relations_back.append({**entry, "from_": from_, "to_": to_})
        return plan
