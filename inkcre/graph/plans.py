"""Plans: graphs in either form, as rows to write.

Rows refer to each other by digest, or by the id of a block that exists, so that nothing has to be
read back between statements.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict, TypeVar

from inkcre.errors import Invalid
from inkcre.graph.digests import block_digest
from inkcre.graph.forms import (
    FlatGraph,
    NodeForm,
    Provenance,
    Star,
)
from inkcre.sql.timestamps import format_timestamp

MAX_STAR_DEPTH = 64
"""How many arcs a nested form may be deep."""

Reference = int | str
"""A block in a plan: an id that exists, or the digest of one that exists or is in the plan."""


class BlockRow(TypedDict):
    """A block that is to be there."""

    created_at: NotRequired[str]
    """RFC 3339, UTC; so is ``updated_at``. Absent: now."""

    updated_at: NotRequired[str]
    is_given: NotRequired[int]
    """0: nobody has given it. Absent: as the others of its batch."""

    storage: str | None
    resolver: str
    content: str
    digest: str


RelationRow = dict[str, int | str]
"""A relation that is to be there: its ``content``, its ends by ``X_id`` or ``X_digest``, and its
timestamps and ``is_given`` as in ``BlockRow``."""


K = TypeVar("K")
R = TypeVar("R", BlockRow, RelationRow)


@dataclass
class Plan:
    """A graph, or several, as rows to write: each block and relation once, in order."""

    blocks: dict[str, BlockRow] = field(default_factory=dict)
    """New blocks by digest."""

    relations: dict[tuple[Reference, Reference, str], RelationRow] = field(default_factory=dict)
    """New relations by their ends and content."""

    nodes: dict[Reference, None] = field(default_factory=dict)
    """Every block that the form names, in the form's order."""

    local_ids: dict[int, str] = field(default_factory=dict)
    """Digests by the negative ids of a flat form."""

    def unresolved(self) -> list[Reference]:
        """Return the references that must exist already."""
        return [node for node in self.nodes if node not in self.blocks]

    def merge(self, other: "Plan") -> None:
        """Add another form's rows; what is here already stays."""
        _merge(self.blocks, other.blocks)
        _merge(self.relations, other.relations)
        self.nodes.update(other.nodes)

    def add_node(self, node: NodeForm) -> Reference:
        """Add a block of a form; give what relations call it."""
        if node.digest is not None:
            reference: Reference = node.digest
        elif node.resolver is None or node.content is None:
            assert node.id is not None
            reference = node.id
        else:
            reference = block_digest(node.resolver, node.storage, node.content)
            if reference not in self.blocks:
                row: BlockRow = {
                    "storage": node.storage,
                    "resolver": node.resolver,
                    "content": node.content,
                    "digest": reference,
                }
                if node.created_at is not None:
                    row["created_at"] = format_timestamp(node.created_at)
                if node.updated_at is not None:
                    row["updated_at"] = format_timestamp(node.updated_at)
                if not node.is_given:
                    row["is_given"] = 0
                self.blocks[reference] = row
            elif node.is_given:
                self.blocks[reference].pop("is_given", None)
        self.nodes.setdefault(reference)
        return reference

    def add_relation(
        self, from_: Reference, to_: Reference, content: str, said: Provenance
    ) -> None:
        """Add a relation between two blocks of the plan."""
        kept = self.relations.setdefault(
            (from_, to_, content),
            {**_provenance(said), **end_of("from", from_), **end_of("to", to_), "content": content},
        )
        if said.is_given:
            kept.pop("is_given", None)


def _merge(mine: dict[K, R], theirs: Mapping[K, R]) -> None:
    for key, row in theirs.items():
        kept = mine.setdefault(key, row)
        # What one of them gives is given. A copy: the row is its own form's too.
        if kept is not row and "is_given" in kept and "is_given" not in row:
            mine[key] = copy(kept)
            mine[key].pop("is_given")


def _provenance(form: Provenance) -> RelationRow:
    said: RelationRow = {}
    if form.created_at is not None:
        said["created_at"] = format_timestamp(form.created_at)
    if form.updated_at is not None:
        said["updated_at"] = format_timestamp(form.updated_at)
    if not form.is_given:
        said["is_given"] = 0
    return said


def end_of(name: str, reference: Reference) -> dict[str, Reference]:
    """Name an end of a relation in a row: by id or by digest."""
    return {f"{name}_id" if isinstance(reference, int) else f"{name}_digest": reference}


def plan_star(star: Star) -> Plan:
    """Turn a nested form into rows, without recursion.

    Raises:
        Invalid: the form is nested deeper than ``MAX_STAR_DEPTH``.
    """
    plan = Plan()
    root = plan.add_node(star.block)
    stack = [(star, root, 0, "")]
    while stack:
        current, reference, depth, path = stack.pop()
        arcs: list[tuple[Star, Reference, int, str]] = []
        for index, out in enumerate(current.out_relations):
            other = plan.add_node(out.to_block.block)
            plan.add_relation(reference, other, out.relation.content, out.relation)
            arcs.append((out.to_block, other, depth + 1, f"{path}out_relations.{index}."))
        for index, into in enumerate(current.in_relations):
            other = plan.add_node(into.from_block.block)
            plan.add_relation(other, reference, into.relation.content, into.relation)
            arcs.append((into.from_block, other, depth + 1, f"{path}in_relations.{index}."))
        if arcs and depth >= MAX_STAR_DEPTH:
            raise Invalid(f"nested deeper than {MAX_STAR_DEPTH} arcs", field="block")
        # A stack gives back the last one first, and a graph is answered in its form's order.
        stack.extend(reversed(arcs))
    return plan


def plan_flat(graph: FlatGraph) -> Plan:
    """Turn a flat form into rows.

    Raises:
        Invalid: a negative id is used twice, or used by a relation and given to no block.
    """
    plan = Plan()
    for index, node in enumerate(graph.blocks):
        reference = plan.add_node(node)
        if node.id is not None and node.id < 0:
            if node.id in plan.local_ids:
                raise Invalid(f"{node.id} is given to two blocks", field=f"blocks.{index}.id")
            plan.local_ids[node.id] = str(reference)
    for index, relation in enumerate(graph.relations):
        ends = []
        for name, end in (("from_", relation.from_), ("to_", relation.to_)):
            if end == 0 or (end < 0 and end not in plan.local_ids):
                raise Invalid(
                    f"no block of this form has the id {end}", field=f"relations.{index}.{name}"
                )
            reference = plan.local_ids[end] if end < 0 else end
            plan.nodes.setdefault(reference)
            ends.append(reference)
        plan.add_relation(ends[0], ends[1], relation.content, relation)
    return plan


def plan_graph(form: Star | FlatGraph) -> Plan:
    """Turn either form into rows."""
    return plan_star(form) if isinstance(form, Star) else plan_flat(form)


def refuse_provenance(form: Star | FlatGraph) -> None:
    """Refuse a form that says when rows were made, or whose: over HTTP that is the server's to say.

    Raises:
        Invalid: naming the first such key.
    """
    stack: list[tuple[str, object]] = [("", form)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, Provenance):
            for key in ("created_at", "updated_at"):
                if getattr(part, key) is not None:
                    raise Invalid("timestamps belong to the server", field=f"{path}{key}")
            if "is_given" in part.model_fields_set:
                raise Invalid("what a request says is given", field=f"{path}is_given")
        if isinstance(part, FlatGraph):
            stack += [(f"blocks.{i}.", b) for i, b in enumerate(part.blocks)]
            stack += [(f"relations.{i}.", r) for i, r in enumerate(part.relations)]
        if isinstance(part, Star):
            stack.append((f"{path}block.", part.block))
            for i, out in enumerate(part.out_relations):
                here = f"{path}out_relations.{i}."
                stack += [(f"{here}relation.", out.relation), (f"{here}to_block.", out.to_block)]
            for i, into in enumerate(part.in_relations):
                here = f"{path}in_relations.{i}."
                stack += [
                    (f"{here}relation.", into.relation),
                    (f"{here}from_block.", into.from_block),
                ]
