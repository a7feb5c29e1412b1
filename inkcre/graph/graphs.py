"""Graphs, written whole in one batch. A replay, or fifty at once, leaves one copy.

Rows refer to each other inside the batch by digest, so nothing is read back between statements.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
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
    union_all,
)

from inkcre.errors import MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS, BLOCK_COLUMNS, block_from_row
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.forms import FlatGraph, Star
from inkcre.graph.ownership import disown
from inkcre.graph.plans import Plan, Reference, plan_graph
from inkcre.graph.relations import relation_from_row
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.graph.tables import blocks, relations, source_items
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import IGNORE_TWINS, json_rows, moment, shown
from inkcre.sql.timestamps import format_moment

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

_owned_blocks = (
    select(
        literal_column("2", Integer),
        _wanted.c.ord,
        *BLOCK_COLUMNS,
        cast(null(), BigInteger),
        cast(null(), BigInteger),
        blocks.c.digest,
    )
    .select_from(
        _wanted.join(blocks, blocks.c.digest == _wanted.c.digest).join(
            source_items, source_items.c.block_id == blocks.c.id
        )
    )
    .where(source_items.c.is_own == 1)
)

SELECT_GRAPH = Statement(
    union_all(
        _wanted_blocks(blocks.c.digest == _wanted.c.digest),
        _wanted_blocks(blocks.c.id == _wanted.c.id),
        _relations_by_ends,
        _owned_blocks,
    )
)
"""Read a written graph back: blocks by digest or id, relations by their ends; and which of the
blocks are an item's own."""


def _known(found: ColumnElement[bool]) -> Select[Any]:
    return select(blocks.c.id, blocks.c.digest).select_from(_wanted.join(blocks, found))


SELECT_KNOWN = Statement(
    union_all(_known(blocks.c.digest == _wanted.c.digest), _known(blocks.c.id == _wanted.c.id))
)
"""Tell which of some ids and digests exist."""


def write_calls(
    plan: Plan, now: datetime, *, counting: bool = False, max_bytes: int | None = None
) -> list[Call]:
    """Give the statements that write a plan: at most two, whatever its size.

    They give the ids of the rows that they add, or with ``counting`` how many they add. Where the
    database takes only so many bytes in a value, there are as many statements as that takes.
    """
    add_blocks = COUNT_BLOCKS if counting else INSERT_BLOCKS
    add_relations = COUNT_RELATIONS if counting else INSERT_RELATIONS
    moment_ = format_moment(now)
    return [
        *(add_blocks(blocks=p, now=moment_) for p in as_json(plan.blocks.values(), max_bytes)),
        *(
            add_relations(relations=p, now=moment_)
            for p in as_json(plan.relations.values(), max_bytes)
        ),
    ]


def as_json(rows: Iterable[dict[str, Any]], max_bytes: int | None = None) -> list[str]:
    """Write rows as JSON arrays: as one, or as several of so many bytes; as none without rows."""
    numbered = [{"ord": number, **row} for number, row in enumerate(rows)]
    whole = _dump(numbered)
    if max_bytes is None or len(whole) * 4 <= max_bytes:
        return [whole] if numbered else []
    parts: list[list[str]] = []
    room = 0
    for row in map(_dump, numbered):
        size = len(row.encode()) + 1
        if size > room:
            parts.append([])
            room = max_bytes - 2
        parts[-1].append(row)
        room -= size
    return [f"[{','.join(part)}]" for part in parts]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _wanted_json(references: Iterable[Reference], max_bytes: int | None = None) -> list[str]:
    rows = ({"id" if isinstance(r, int) else "digest": r} for r in references)
    return as_json(rows, max_bytes)


def find_missing(database: Database, references: Sequence[Reference]) -> list[Reference]:
    """Tell which ids and digests do not exist."""
    known: set[Reference] = set()
    for part in _wanted_json(references, database.capabilities.max_value_bytes):
        for id_, digest in database.read(SELECT_KNOWN(wanted=part)):
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
    for _ in range(ATTEMPTS):
        _refuse_missing(database, plan)
        answer = _write_plan(database, plan, now)
        if answer is not None:
            return answer
    raise Unavailable("graph: somebody else keeps deleting its blocks")


def files_of(plan: Plan) -> list[str]:
    """Give the contents of a plan's blocks that have files."""
    return [row["content"] for row in plan.blocks.values() if row["storage"] == "file"]


def _write_plan(database: Database, plan: Plan, now: datetime) -> dict[str, Any] | None:
    """Write a plan; None when a block of it was deleted before it could be read back."""
    max_bytes = database.capabilities.max_value_bytes
    calls = write_calls(plan, now, max_bytes=max_bytes)
    parts = zip_longest(
        _wanted_json(plan.nodes, max_bytes),
        as_json(plan.relations.values(), max_bytes),
        fillvalue="[]",
    )
    reading = [SELECT_GRAPH(wanted=wanted, relations=ends) for wanted, ends in parts]
    naming = naming_calls(files_of(plan))
    try:
        answers = database.atomic([*calls, *reading, *naming])
    except MissingReference:
        refuse_unknown_storages(database, {row["storage"] for row in plan.blocks.values()})
        return None
    answers, named = answers[: len(calls) + len(reading)], answers[len(calls) + len(reading) :]
    rows = [row for answer in answers[len(calls) :] for row in answer]
    found = {row[1] for row in rows if row[0] == 0}
    owned = [row[10] for row in rows if row[0] == 2 and row[10] in plan.blocks]
    if owned:  # somebody else says now what so far an item alone has said
        disown(database, owned)
    refuse_held(naming, named)
    written = answers[: len(calls)]
    return _answer(plan, calls, written, rows) if len(found) == len(plan.nodes) else None


def _refuse_missing(database: Database, plan: Plan) -> None:
    for reference in find_missing(database, plan.unresolved()):
        raise NotFound(f"block {reference}: not found", hint="nothing was written")


def _answer(
    plan: Plan, calls: Sequence[Call], written: Sequence[list[Row]], rows: Sequence[Row]
) -> dict[str, Any]:
    rows = sorted(rows, key=lambda row: row[:2])
    # A block may be named by id and by content: it is one block all the same.
    block_rows = list({row[2]: row for row in reversed(rows) if row[0] == 0}.values())[::-1]
    relation_rows = list({row[2]: row for row in reversed(rows) if row[0] == 1}.values())[::-1]
    created: dict[Statement, list[int]] = {}
    for call, added in zip(calls, written, strict=True):
        created.setdefault(call.statement, []).extend(row[0] for row in added)
    answer: dict[str, Any] = {
        "blocks": [block_from_row(row[2:8]) for row in block_rows],
        "relations": [
            relation_from_row((*row[2:5], row[8], row[9], row[7])) for row in relation_rows
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
