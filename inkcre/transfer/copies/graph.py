"""Copying blocks and relations. A block is the same where it says the same."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Integer, Text, bindparam, insert, select

from inkcre.graph.change_log import log_made
from inkcre.graph.digests import block_digest
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.given_rows import GIVE_BLOCKS, GIVE_RELATIONS
from inkcre.graph.made_rows import marked
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import as_parameter, calls_over
from inkcre.sql.rows import Query, count_of
from inkcre.transfer.copies.parts import (
    Move,
    Part,
    find_rows,
    pick,
    read_pages,
)

_after = bindparam("after_id", type_=BigInteger)
_limit = bindparam("limit", type_=Integer)

BLOCK_NAMES = (
    "id", "created_at", "updated_at", "storage", "resolver", "content", "digest", "is_given",
)  # fmt: skip
_block_columns = (
    blocks.c.id,
    as_rfc3339(blocks.c.created_at).label("created_at"),
    as_rfc3339(blocks.c.updated_at).label("updated_at"),
    blocks.c.storage,
    blocks.c.resolver,
    blocks.c.content,
    blocks.c.digest,
    blocks.c.is_given,
)


@dataclass(frozen=True)
class _Block:
    id: int
    created_at: str
    updated_at: str
    storage: str | None
    resolver: str
    content: str
    digest: str
    is_given: int


@dataclass(frozen=True)
class _FoundBlock(_Block):
    ord: int


READ_BLOCKS = Query(
    select(*_block_columns).where(blocks.c.id > _after).order_by(blocks.c.id).limit(_limit), _Block
)
"""Read a page of blocks."""

_blocks = json_rows(
    "blocks", ord=BigInteger(), id=BigInteger(), created_at=Text(), updated_at=Text(),
    storage=Text(), resolver=Text(), content=Text(), digest=Text(), is_given=BigInteger(),
)  # fmt: skip

# Rows that keep their ids have them from below the last one that the target would give.
_above = bindparam("above", type_=BigInteger)


def _add_blocks_statement(*, keeps_ids: bool) -> Statement:
    names = BLOCK_NAMES if keeps_ids else BLOCK_NAMES[1:]
    values = {
        **{name: _blocks.c[name] for name in BLOCK_NAMES},
        "created_at": timestamp(_blocks.c.created_at),
        "updated_at": timestamp(_blocks.c.updated_at),
    }
    is_marked = marked(blocks, above=_above if keeps_ids else None)
    new = select(*(values[name] for name in names)).where(is_marked).order_by(_blocks.c.ord)
    return Statement(
        insert(blocks).from_select(list(names), new.suffix_with(ON_CONFLICT_DO_NOTHING)),
        counts=True,
    )


ADD_BLOCKS = {kept: _add_blocks_statement(keeps_ids=kept) for kept in (True, False)}
"""Add blocks that are not there yet, by whether they keep their ids."""

_block_keys = json_rows("keys", ord=BigInteger(), digest=Text())
FIND_BLOCKS = Query(
    select(_block_keys.c.ord, *_block_columns).select_from(
        _block_keys.join(blocks, blocks.c.digest == _block_keys.c.digest)
    ),
    _FoundBlock,
)
"""Read blocks by digest."""


def _read_blocks(move: Move) -> Iterator[list[_Block]]:
    return read_pages(move.source.database, READ_BLOCKS, {"id": 0})


def _add_blocks(move: Move, page: list[_Block]) -> int:
    database = move.target.database
    given = as_parameter(pick(page, *BLOCK_NAMES))
    addition = ADD_BLOCKS[move.keeps_ids](blocks=given, above=page[0].id - 1)
    said = pick([row for row in page if row.is_given], "digest")
    giving = calls_over(GIVE_BLOCKS, "blocks", said, database, number=len(page))
    calls = log_made([addition, *giving], action="copy")
    calls += naming_calls(row.content for row in page if row.storage == "file")
    answers = database.atomic(calls)
    refuse_held(calls, answers)
    return count_of(answers[calls.index(addition)])


def _find_blocks(move: Move, page: list[_Block]) -> Mapping[int, _Block]:
    found = find_rows(move.target.database, FIND_BLOCKS, pick(page, "digest"))
    return {number: _as_it_says(row) for number, row in found.items()}


def _as_it_says(row: _FoundBlock) -> _Block:
    """Return a block under the digest of what it says, and not the one that it is said to have."""
    return replace(row, digest=block_digest(row.resolver, row.storage, row.content))


def _compare_graph(*names: str) -> Callable[[Move, object], Sequence[str]]:
    def compare(move: Move, _: object) -> Sequence[str]:
        return (*names, "id", "created_at", "updated_at", "is_given") if move.keeps_ids else names

    return compare


BLOCKS = Part(
    "blocks",
    _read_blocks,
    _add_blocks,
    _find_blocks,
    _compare_graph("digest"),
    lambda row: f"block {row.id}",
)

RELATION_NAMES = (
    "id", "created_at", "updated_at", "from_digest", "to_digest", "content", "is_given",
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_relation_columns = (
    relations.c.id,
    as_rfc3339(relations.c.created_at).label("created_at"),
    as_rfc3339(relations.c.updated_at).label("updated_at"),
    _from.c.digest.label("from_digest"),
    _to.c.digest.label("to_digest"),
    relations.c.content,
    relations.c.is_given,
)


@dataclass(frozen=True)
class _Relation:
    id: int
    created_at: str
    updated_at: str
    from_digest: str
    to_digest: str
    content: str
    is_given: int


@dataclass(frozen=True)
class _FoundRelation(_Relation):
    ord: int


READ_RELATIONS = Query(
    select(*_relation_columns)
    .select_from(
        relations.join(_from, _from.c.id == relations.c.from_).join(
            _to, _to.c.id == relations.c.to_
        )
    )
    .where(relations.c.id > _after)
    .order_by(relations.c.id)
    .limit(_limit),
    _Relation,
)
"""Read a page of relations, their ends by digest."""

_relations = json_rows(
    "relations", ord=BigInteger(), id=BigInteger(), created_at=Text(), updated_at=Text(),
    from_digest=Text(), to_digest=Text(), content=Text(), is_given=BigInteger(),
)  # fmt: skip


def _add_relations_statement(*, keeps_ids: bool) -> Statement:
    values = {
        "id": _relations.c.id,
        "created_at": timestamp(_relations.c.created_at),
        "updated_at": timestamp(_relations.c.updated_at),
        "from_": _from.c.id,
        "to_": _to.c.id,
        "content": _relations.c.content,
        "is_given": _relations.c.is_given,
    }
    if not keeps_ids:
        del values["id"]
    new = (
        select(*values.values())
        .select_from(
            _relations.join(_from, _from.c.digest == _relations.c.from_digest).join(
                _to, _to.c.digest == _relations.c.to_digest
            )
        )
        .where(marked(relations, above=_above if keeps_ids else None))
        .order_by(_relations.c.ord)
    )
    return Statement(
        insert(relations).from_select(list(values), new.suffix_with(ON_CONFLICT_DO_NOTHING)),
        counts=True,
    )


ADD_RELATIONS = {kept: _add_relations_statement(keeps_ids=kept) for kept in (True, False)}
"""Add relations that are not there yet, as far as their ends are there."""

_relation_keys = json_rows(
    "keys", ord=BigInteger(), from_digest=Text(), to_digest=Text(), content=Text()
)
# Each relation is found by its whole unique key, for the reason that ``inkcre.graph.graphs``
# gives: an ordinary join goes through all arcs of a hub, for each of them.
_wanted = (
    select(
        _relation_keys.c.ord,
        _from.c.id.label("from_"),
        _to.c.id.label("to_"),
        _from.c.digest.label("from_digest"),
        _to.c.digest.label("to_digest"),
        _relation_keys.c.content,
    )
    .select_from(
        _relation_keys.join(_from, _from.c.digest == _relation_keys.c.from_digest).join(
            _to, _to.c.digest == _relation_keys.c.to_digest
        )
    )
    .cte("wanted")
    .prefix_with("MATERIALIZED")
)
_same = relations.alias("same")
_found_id = (
    select(_same.c.id)
    .where(
        _same.c.from_ == _wanted.c.from_,
        _same.c.to_ == _wanted.c.to_,
        _same.c.content == _wanted.c.content,
    )
    .correlate(_wanted)
    .scalar_subquery()
)
FIND_RELATIONS = Query(
    select(
        _wanted.c.ord,
        relations.c.id,
        as_rfc3339(relations.c.created_at).label("created_at"),
        as_rfc3339(relations.c.updated_at).label("updated_at"),
        _wanted.c.from_digest,
        _wanted.c.to_digest,
        relations.c.content,
        relations.c.is_given,
    ).select_from(_wanted.join(relations, relations.c.id == _found_id)),
    _FoundRelation,
)
"""Read relations by what they say and what their ends say."""


def _read_relations(move: Move) -> Iterator[list[_Relation]]:
    return read_pages(move.source.database, READ_RELATIONS, {"id": 0})


def _add_relations(move: Move, page: list[_Relation]) -> int:
    database = move.target.database
    given = as_parameter(pick(page, *RELATION_NAMES))
    addition = ADD_RELATIONS[move.keeps_ids](relations=given, above=page[0].id - 1)
    said = pick([row for row in page if row.is_given], *RELATION_NAMES)
    giving = calls_over(GIVE_RELATIONS, "relations", said, database, number=len(page))
    calls = log_made([addition, *giving], action="copy")
    return count_of(database.atomic(calls)[calls.index(addition)])


def _find_relations(move: Move, page: list[_Relation]) -> Mapping[int, _Relation]:
    keys = pick(page, "from_digest", "to_digest", "content")
    return find_rows(move.target.database, FIND_RELATIONS, keys)


RELATIONS = Part(
    "relations",
    _read_relations,
    _add_relations,
    _find_relations,
    _compare_graph("from_digest", "to_digest", "content"),
    lambda row: f"relation {row.id}",
)
