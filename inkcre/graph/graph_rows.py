"""Rows of graphs: the statements that write a plan, and read it back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    insert,
    select,
    union_all,
)

from inkcre.graph.long_rows import COUNT_LONG_BLOCK, NO_TIMES, is_long
from inkcre.graph.made_rows import lock_order, marked, next_id
from inkcre.graph.plans import Plan, Reference
from inkcre.graph.records import BLOCK_COLUMNS, Block
from inkcre.graph.relations import RELATION_COLUMNS, Relation
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import (
    ON_CONFLICT_DO_NOTHING,
    ColumnType,
    RowSource,
    json_rows,
    timestamp,
)
from inkcre.sql.parameters import LateRows, calls_over, read_over
from inkcre.sql.rows import Id, Query
from inkcre.sql.timestamps import format_timestamp

BLOCK_ROW: Mapping[str, ColumnType] = {
    "ord": BigInteger(), "created_at": Text(), "updated_at": Text(), "storage": Text(),
    "resolver": Text(), "content": Text(), "digest": Text(),
}  # fmt: skip
_new_blocks = json_rows("blocks", **BLOCK_ROW)
_now = bindparam("now", type_=Text)

_is_given = bindparam("is_given", type_=Integer)
# What an import brings says of each row whether it was given; what is asked of none costs nothing.
GIVEN: Mapping[str, ColumnType] = {"is_given": BigInteger()}


def _given_of(rows: RowSource) -> ColumnElement[int]:
    return func.coalesce(rows.c.is_given, _is_given) if "is_given" in rows.c else _is_given


def _insert_blocks(given: RowSource) -> Insert:
    # Ids are in the order of the rows, and the newest block comes first in every list.
    rows = select(next_id(blocks).label("id"), *given.c).subquery("numbered")
    return insert(blocks).from_select(
        ["id", "created_at", "updated_at", "storage", "resolver", "content", "digest", "is_given"],
        select(
            rows.c.id,
            timestamp(func.coalesce(rows.c.created_at, _now)),
            timestamp(func.coalesce(rows.c.updated_at, rows.c.created_at, _now)),
            rows.c.storage,
            rows.c.resolver,
            rows.c.content,
            rows.c.digest,
            _given_of(rows),
        )
        .where(marked(blocks))
        .order_by(lock_order(rows.c.digest, otherwise=rows.c.ord))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )


INSERT_BLOCKS = Query(_insert_blocks(_new_blocks).returning(blocks.c.id), Id)
"""Add blocks that are not there yet; gives the ids of those added."""

# For imports, of which a batch is ten thousand rows: nobody there asks for the ids.
_imported_blocks = json_rows("blocks", **BLOCK_ROW, **GIVEN)
COUNT_BLOCKS = Statement(_insert_blocks(_imported_blocks), counts=True)
"""Add blocks that are not there yet; gives how many were added."""

RELATION_ROW: Mapping[str, ColumnType] = {
    "ord": BigInteger(), "created_at": Text(), "updated_at": Text(), "from_id": BigInteger(),
    "from_digest": Text(), "to_id": BigInteger(), "to_digest": Text(), "content": Text(),
}  # fmt: skip
_new_relations = json_rows("relations", **RELATION_ROW)
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")


def _insert_relations(given: RowSource) -> Insert:
    rows = select(next_id(relations).label("id"), *given.c).subquery("numbered")
    ends = rows.outerjoin(_from, _from.c.digest == rows.c.from_digest).outerjoin(
        _to, _to.c.digest == rows.c.to_digest
    )
    from_ = func.coalesce(rows.c.from_id, _from.c.id)
    to_ = func.coalesce(rows.c.to_id, _to.c.id)
    return insert(relations).from_select(
        ["id", "created_at", "updated_at", "from_", "to_", "content", "is_given"],
        select(
            rows.c.id,
            timestamp(func.coalesce(rows.c.created_at, _now)),
            timestamp(func.coalesce(rows.c.updated_at, rows.c.created_at, _now)),
            from_,
            to_,
            rows.c.content,
            _given_of(rows),
        )
        .select_from(ends)
        .where(marked(relations))
        .order_by(lock_order(from_, to_, rows.c.content, otherwise=rows.c.ord))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )


INSERT_RELATIONS = Query(_insert_relations(_new_relations).returning(relations.c.id), Id)
_imported_relations = json_rows("relations", **RELATION_ROW, **GIVEN)
COUNT_RELATIONS = Statement(_insert_relations(_imported_relations), counts=True)
"""Add relations that are not there yet; an end that is not there breaks NOT NULL or the key."""

_wanted = json_rows("wanted", ord=BigInteger(), id=BigInteger(), digest=Text())


@dataclass(frozen=True)
class WrittenBlock(Block):
    """A block of a written graph."""

    ord: int
    """Where the plan names it."""

    key: str
    """Its digest."""

    is_given: int

    def plain(self) -> Block:
        """Return the block alone."""
        return Block(
            self.id, self.created_at, self.updated_at, self.storage, self.resolver, self.content
        )


@dataclass(frozen=True)
class WrittenRelation(Relation):
    """A relation of a written graph."""

    ord: int
    """Where the plan names it."""

    is_given: int

    def plain(self) -> Relation:
        """Return the relation alone."""
        return Relation(
            self.id, self.created_at, self.updated_at, self.from_, self.to_, self.content
        )


def _nodes(found: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(
        _wanted.c.ord,
        *BLOCK_COLUMNS,
        blocks.c.digest.label("key"),
        blocks.c.is_given,
    ).select_from(_wanted.join(blocks, found))


# Two branches, and not OR, here and below: each goes along its own index.
SELECT_NODES = Query(
    union_all(_nodes(blocks.c.digest == _wanted.c.digest), _nodes(blocks.c.id == _wanted.c.id)),
    WrittenBlock,
)
"""Read the blocks of a written graph back, by digest or id."""


def resolve(
    rows: RowSource, condition: ColumnElement[bool] | None = None
) -> tuple[RowSource, ColumnElement[int]]:
    """Return rows of relations with the ids of their ends, and the id of each one that is there.

    Each is found by its whole unique key. As an ordinary join PostgreSQL, which takes any JSON
    array for a hundred rows, meets a hub with its arcs first and its ends after: n squared.
    """
    from_, to_ = blocks.alias("from_block"), blocks.alias("to_block")
    resolved = (
        select(
            rows.c.ord,
            func.coalesce(rows.c.from_id, from_.c.id).label("from_"),
            func.coalesce(rows.c.to_id, to_.c.id).label("to_"),
            rows.c.content,
        )
        .select_from(
            rows.outerjoin(from_, from_.c.digest == rows.c.from_digest).outerjoin(
                to_, to_.c.digest == rows.c.to_digest
            )
        )
        .where(*(() if condition is None else (condition,)))
        .cte("resolved")
        .prefix_with("MATERIALIZED")
    )
    same = relations.alias("same")
    found = (
        select(same.c.id)
        .where(
            same.c.from_ == resolved.c.from_,
            same.c.to_ == resolved.c.to_,
            same.c.content == resolved.c.content,
        )
        .correlate(resolved)
        .scalar_subquery()
    )
    return resolved, found


_resolved, _found_id = resolve(_new_relations)
SELECT_ARCS = Query(
    select(_resolved.c.ord, *RELATION_COLUMNS, relations.c.is_given).select_from(
        _resolved.join(relations, relations.c.id == _found_id)
    ),
    WrittenRelation,
)
"""Read the relations of a written graph back, by their ends."""


@dataclass(frozen=True)
class _KnownBlock:
    id: int
    digest: str


def _known(found: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(blocks.c.id, blocks.c.digest).select_from(_wanted.join(blocks, found))


SELECT_KNOWN = Query(
    union_all(_known(blocks.c.digest == _wanted.c.digest), _known(blocks.c.id == _wanted.c.id)),
    _KnownBlock,
)
"""Tell which of some ids and digests exist."""


def write_calls(
    database: Database,
    plan: Plan,
    now: datetime,
    *,
    counting: bool = False,
    is_given: bool = True,
) -> list[Call]:
    """Return the calls that write a plan: at most two, unless the database needs more.

    They give the ids of the rows that they add, or with ``counting`` how many they add. What is
    there already is left as it is: behind them belong ``give_calls``, if it is given.
    """
    said = {"now": format_timestamp(now), "is_given": int(is_given)}
    if counting:
        return list(_count_in_order(database, plan, said))
    return [
        *calls_over(INSERT_BLOCKS, "blocks", plan.blocks.values(), database, **said),
        *calls_over(INSERT_RELATIONS, "relations", plan.relations.values(), database, **said),
    ]


def _count_in_order(database: Database, plan: Plan, said: Mapping[str, object]) -> Iterator[Call]:
    """Yield the calls that add rows and count them: blocks in order, each long one by itself."""
    for are_long, some in groupby(plan.blocks.values(), is_long):
        if are_long:
            yield from (COUNT_LONG_BLOCK(**{**NO_TIMES, **said, **row}) for row in some)
        else:
            yield from _calls_in_parts(database, COUNT_BLOCKS, "blocks", some, said)
    rows = plan.relations.values()
    yield from _calls_in_parts(database, COUNT_RELATIONS, "relations", rows, said)


PART_CHARACTERS = 6 * 1024 * 1024
ROW_CHARACTERS = 128
"""How much text one call adds, and what is counted of a row beside its content. A batch of an
import is one such part, unless a line is larger. Of what a call is given SQLite makes five
copies."""


def _calls_in_parts(
    database: Database,
    statement: Statement,
    name: str,
    rows: Iterable[Mapping[str, object]],
    said: Mapping[str, object],
) -> list[Call]:
    parts: list[list[Mapping[str, object]]] = [[]]
    size = 0
    for row in rows:
        size += ROW_CHARACTERS + len(str(row["content"]))
        if size > PART_CHARACTERS and parts[-1]:
            parts.append([])
            size = ROW_CHARACTERS + len(str(row["content"]))
        parts[-1].append(row)
    if len(parts) == 1:
        return calls_over(statement, name, parts[0], database, **said)
    return [Call(statement, LateRows(name, part, said)) for part in parts]


def as_wanted(references: Iterable[Reference]) -> Iterator[dict[str, Reference]]:
    """Return ids and digests as rows that ask for their blocks."""
    return ({"id" if isinstance(r, int) else "digest": r} for r in references)


def find_missing(database: Database, references: Sequence[Reference]) -> list[Reference]:
    """Return those of some ids and digests that do not exist."""
    known: set[Reference] = set()
    for block in read_over(SELECT_KNOWN, "wanted", as_wanted(references), database):
        known |= {block.id, block.digest}
    return [reference for reference in references if reference not in known]


def files_of(plan: Plan) -> list[str]:
    """Return the contents of a plan's blocks that have files."""
    return [row["content"] for row in plan.blocks.values() if row["storage"] == "file"]
