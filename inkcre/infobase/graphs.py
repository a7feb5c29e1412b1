"""Graphs: written whole in one batch, walked in steps.

Rows refer to each other inside the batch by digest, so nothing is read back between statements.
A replay, or fifty at once, leaves one copy and changes nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    null,
    select,
    true,
    union,
    union_all,
)

from inkcre.errors import Conflict, Invalid, MissingReference, NotFound
from inkcre.infobase.blocks import BLOCK_COLUMNS, block_from_row
from inkcre.infobase.constructs import IGNORE_TWINS, json_rows, moment, shown
from inkcre.infobase.digests import block_digest
from inkcre.infobase.forms import FlatGraph, NodeForm, Star, Times
from inkcre.infobase.moments import format_moment
from inkcre.infobase.relations import RELATION_COLUMNS, relation_from_row
from inkcre.infobase.storages import refuse_unknown_storages
from inkcre.infobase.tables import blocks, relations
from inkcre.ports.database import Call, Database, Row, Statement

MAX_STAR_DEPTH = 64
"""How many arcs a nested form may be deep."""

Reference = int | str
"""A block in a plan: an id that exists, or the digest of one that exists or is in the plan."""

_new_blocks = json_rows(
    "blocks", ord=BigInteger(), created_at=Text(), updated_at=Text(), storage=Text(),
    resolver=Text(), content=Text(), digest=Text(),
)  # fmt: skip
_now = bindparam("now", type_=Text)

_insert_blocks = insert(blocks).from_select(
    ["created_at", "updated_at", "storage", "resolver", "content", "digest"],
    select(
        moment(func.coalesce(_new_blocks.c.created_at, _now)),
        moment(func.coalesce(_new_blocks.c.updated_at, _new_blocks.c.created_at, _now)),
        _new_blocks.c.storage,
        _new_blocks.c.resolver,
        _new_blocks.c.content,
        _new_blocks.c.digest,
    )
    .where(true())
    .order_by(_new_blocks.c.ord)
    .suffix_with(IGNORE_TWINS),
)
INSERT_BLOCKS = Statement(_insert_blocks.returning(blocks.c.id))
"""Add blocks that are not there yet; gives the ids of those added."""

COUNT_BLOCKS = Statement(_insert_blocks, counts=True)
"""Add blocks that are not there yet; gives how many were added."""

_new_relations = json_rows(
    "relations", ord=BigInteger(), created_at=Text(), updated_at=Text(), from_id=BigInteger(),
    from_digest=Text(), to_id=BigInteger(), to_digest=Text(), content=Text(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_ends = _new_relations.outerjoin(_from, _from.c.digest == _new_relations.c.from_digest).outerjoin(
    _to, _to.c.digest == _new_relations.c.to_digest
)
_from_id = func.coalesce(_new_relations.c.from_id, _from.c.id)
_to_id = func.coalesce(_new_relations.c.to_id, _to.c.id)

_insert_relations = insert(relations).from_select(
    ["created_at", "updated_at", "from_", "to_", "content"],
    select(
        moment(func.coalesce(_new_relations.c.created_at, _now)),
        moment(func.coalesce(_new_relations.c.updated_at, _new_relations.c.created_at, _now)),
        _from_id,
        _to_id,
        _new_relations.c.content,
    )
    .select_from(_ends)
    .where(true())
    .order_by(_new_relations.c.ord)
    .suffix_with(IGNORE_TWINS),
)
INSERT_RELATIONS = Statement(_insert_relations.returning(relations.c.id))
COUNT_RELATIONS = Statement(_insert_relations, counts=True)
"""Add relations that are not there yet; an end that is not there breaks NOT NULL or the key."""

_wanted = json_rows("wanted", ord=BigInteger(), id=BigInteger(), digest=Text())


def _wanted_blocks(found: ColumnElement[bool]) -> Select[Any]:
    return select(
        literal_column("0", Integer),
        _wanted.c.ord,
        *BLOCK_COLUMNS,
        cast(null(), BigInteger),
        cast(null(), BigInteger),
        blocks.c.digest,
    ).select_from(_wanted.join(blocks, found))


# Each relation is found by its whole unique key. As an ordinary join PostgreSQL, which takes any
# JSON array for a hundred rows, meets a hub with its arcs first and its ends after: n squared.
_resolved = (
    select(
        _new_relations.c.ord,
        _from_id.label("from_"),
        _to_id.label("to_"),
        _new_relations.c.content,
    )
    .select_from(_ends)
    .cte("resolved")
    .prefix_with("MATERIALIZED")
)
_same = relations.alias("same")
_found_id = (
    select(_same.c.id)
    .where(
        _same.c.from_ == _resolved.c.from_,
        _same.c.to_ == _resolved.c.to_,
        _same.c.content == _resolved.c.content,
    )
    .correlate(_resolved)
    .scalar_subquery()
)
_relations_by_ends = select(
    literal_column("1", Integer),
    _resolved.c.ord,
    relations.c.id,
    shown(relations.c.created_at),
    shown(relations.c.updated_at),
    cast(null(), Text),
    cast(null(), Text),
    relations.c.content,
    relations.c.from_,
    relations.c.to_,
    cast(null(), Text),
).select_from(_resolved.join(relations, relations.c.id == _found_id))

SELECT_GRAPH = Statement(
    union_all(
        _wanted_blocks(blocks.c.digest == _wanted.c.digest),
        _wanted_blocks(blocks.c.id == _wanted.c.id),
        _relations_by_ends,
    )
)
"""Read a written graph back: blocks by digest or id, relations by their ends."""


def _known(found: ColumnElement[bool]) -> Select[Any]:
    return select(blocks.c.id, blocks.c.digest).select_from(_wanted.join(blocks, found))


SELECT_KNOWN = Statement(
    union_all(_known(blocks.c.digest == _wanted.c.digest), _known(blocks.c.id == _wanted.c.id))
)
"""Tell which of some ids and digests exist."""


@dataclass
class Plan:
    """A graph, or several, as rows to write: each block and relation once, in order."""

    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """New blocks by digest."""

    relations: dict[tuple[Reference, Reference, str], dict[str, Any]] = field(default_factory=dict)
    """New relations by their ends and content."""

    nodes: dict[Reference, None] = field(default_factory=dict)
    """Every block that the form names, in the form's order."""

    local_ids: dict[int, str] = field(default_factory=dict)
    """Digests by the negative ids of a flat form."""

    def unresolved(self) -> list[Reference]:
        """Give the references that must exist already."""
        return [node for node in self.nodes if node not in self.blocks]

    def merge(self, other: "Plan") -> None:
        """Add another form's rows; what is here already stays."""
        for mine, theirs in ((self.blocks, other.blocks), (self.relations, other.relations)):
            for key, row in theirs.items():
                mine.setdefault(key, row)  # type: ignore[arg-type]
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
                self.blocks[reference] = {
                    **_times(node),
                    "storage": node.storage,
                    "resolver": node.resolver,
                    "content": node.content,
                    "digest": reference,
                }
        self.nodes.setdefault(reference)
        return reference

    def add_relation(self, from_: Reference, to_: Reference, content: str, times: Times) -> None:
        """Add a relation between two blocks of the plan."""
        self.relations.setdefault(
            (from_, to_, content),
            {**_times(times), **_end("from", from_), **_end("to", to_), "content": content},
        )


def _times(form: Times) -> dict[str, str]:
    times = {}
    if form.created_at is not None:
        times["created_at"] = format_moment(form.created_at)
    if form.updated_at is not None:
        times["updated_at"] = format_moment(form.updated_at)
    return times


def _end(name: str, reference: Reference) -> dict[str, Reference]:
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


def refuse_times(form: Star | FlatGraph) -> None:
    """Refuse a form that says when rows were made: over HTTP that is the server's to say.

    Raises:
        Invalid: naming the first such key.
    """
    stack: list[tuple[str, Any]] = [("", form)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, Times):
            for key in ("created_at", "updated_at"):
                if getattr(part, key) is not None:
                    raise Invalid("timestamps belong to the server", field=f"{path}{key}")
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


def write_calls(plan: Plan, now: datetime, *, counting: bool = False) -> list[Call]:
    """Give the statements that write a plan: at most two, whatever its size.

    They give the ids of the rows that they add, or with ``counting`` how many they add.
    """
    add_blocks = COUNT_BLOCKS if counting else INSERT_BLOCKS
    add_relations = COUNT_RELATIONS if counting else INSERT_RELATIONS
    calls = []
    moment_ = format_moment(now)
    if plan.blocks:
        calls.append(add_blocks(blocks=_as_json(plan.blocks.values()), now=moment_))
    if plan.relations:
        calls.append(add_relations(relations=_as_json(plan.relations.values()), now=moment_))
    return calls


def _as_json(rows: Iterable[dict[str, Any]]) -> str:
    numbered = [{"ord": number, **row} for number, row in enumerate(rows)]
    return json.dumps(numbered, ensure_ascii=False, separators=(",", ":"))


def _wanted_json(references: Iterable[Reference]) -> str:
    return _as_json({"id" if isinstance(r, int) else "digest": r} for r in references)


def find_missing(database: Database, references: Sequence[Reference]) -> list[Reference]:
    """Tell which ids and digests do not exist."""
    if not references:
        return []
    known: set[Reference] = set()
    for id_, digest in database.read(SELECT_KNOWN(wanted=_wanted_json(references))):
        known |= {id_, digest}
    return [reference for reference in references if reference not in known]


def write_graph(database: Database, form: Star | FlatGraph, now: datetime) -> dict[str, Any]:
    """Write a graph; give its blocks and relations as they are now, and what was created.

    Three statements in one batch; one read before them when the form refers to blocks that are to
    exist already. What exists is left as it is.

    Raises:
        Invalid: the form contradicts itself, or names an unknown storage.
        NotFound: a block that is referred to does not exist; nothing was written.
    """
    plan = plan_graph(form)
    _refuse_missing(database, plan)
    calls = write_calls(plan, now)
    wanted, ends = _wanted_json(plan.nodes), _as_json(plan.relations.values())
    try:
        *written, rows = database.atomic([*calls, SELECT_GRAPH(wanted=wanted, relations=ends)])
    except MissingReference as error:
        refuse_unknown_storages(database, {row["storage"] for row in plan.blocks.values()})
        _refuse_missing(database, plan)
        raise Conflict("graph: a block it refers to was deleted meanwhile") from error
    return _answer(plan, calls, written, rows)


def _refuse_missing(database: Database, plan: Plan) -> None:
    for reference in find_missing(database, plan.unresolved()):
        raise NotFound(f"block {reference}: not found", hint="nothing was written")


def _answer(
    plan: Plan, calls: Sequence[Call], written: Sequence[list[Row]], rows: Sequence[Row]
) -> dict[str, Any]:
    rows = sorted(rows, key=lambda row: row[:2])
    block_rows = [row for row in rows if row[0] == 0]
    created = {
        call.statement: [row[0] for row in ids] for call, ids in zip(calls, written, strict=True)
    }
    answer: dict[str, Any] = {
        "blocks": [block_from_row(row[2:8]) for row in block_rows],
        "relations": [
            relation_from_row((*row[2:5], row[8], row[9], row[7])) for row in rows if row[0] == 1
        ],
        "created": {
            "blocks": created.get(INSERT_BLOCKS, []),
            "relations": created.get(INSERT_RELATIONS, []),
        },
    }
    if plan.local_ids:
        ids = {row[10]: row[2] for row in block_rows}
        answer["ids"] = {str(local): ids[digest] for local, digest in plan.local_ids.items()}
    return answer


_frontier = json_rows("frontier", id=BigInteger())
_step_limit = bindparam("limit", type_=Integer)


def _step(*ends: ColumnElement[Any]) -> Statement:
    # One branch an end, not OR: PostgreSQL has no index for an OR of two sets.
    branches = [select(*RELATION_COLUMNS).where(end.in_(select(_frontier.c.id))) for end in ends]
    found = union(*branches).subquery()
    return Statement(select(found).order_by(found.c.id).limit(_step_limit))


STEPS = {
    "out": _step(relations.c.from_),
    "in": _step(relations.c.to_),
    "both": _step(relations.c.from_, relations.c.to_),
}
"""Read the relations that leave, reach or touch a set of blocks."""

SELECT_BLOCKS_BY_ID = Statement(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id.in_(select(_frontier.c.id)))
    .order_by(blocks.c.id)
)  # fmt: skip
"""Read a set of blocks."""


def walk_graph(
    database: Database, block_id: int, *, depth: int, direction: str, limit: int
) -> dict[str, Any]:
    """Walk from a block along relations, breadth first; each block is visited once.

    Stops at ``depth`` arcs away or when ``limit`` relations were seen, and then says
    ``truncated``. One statement a step and one for the blocks.

    Raises:
        NotFound: the block does not exist.
    """
    found: dict[int, dict[str, Any]] = {}
    visited = {block_id}
    frontier = [block_id]
    truncated = False
    for _ in range(depth):
        if not frontier or truncated:
            break
        room = limit + len(found) + 1
        rows = database.read(STEPS[direction](frontier=_ids_json(frontier), limit=room))
        frontier = []
        for relation in map(relation_from_row, rows):
            if relation["id"] in found:
                continue
            if len(found) >= limit:
                truncated = True
                break
            found[relation["id"]] = relation
            for end in (relation["from_"], relation["to_"]):
                if end not in visited:
                    visited.add(end)
                    frontier.append(end)
    seen = database.read(SELECT_BLOCKS_BY_ID(frontier=_ids_json(sorted(visited))))
    if not any(row[0] == block_id for row in seen):
        raise NotFound(f"block {block_id}: not found")
    return {
        "blocks": [block_from_row(row) for row in seen],
        "relations": [found[key] for key in sorted(found)],
        "truncated": truncated,
    }


def _ids_json(ids: Iterable[int]) -> str:
    return json.dumps([{"id": id_} for id_ in ids], separators=(",", ":"))
