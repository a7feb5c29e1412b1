"""Rows of graphs that are given: the statements that tell of them, behind those that write them."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, select, update

from inkcre.graph.graph_rows import (
    BLOCK_ROW,
    COUNT_BLOCKS,
    COUNT_RELATIONS,
    GIVEN,
    INSERT_BLOCKS,
    INSERT_RELATIONS,
    RELATION_ROW,
    resolve,
)
from inkcre.graph.long_rows import COUNT_LONG_BLOCK
from inkcre.graph.made_rows import is_new
from inkcre.graph.ownership import HAS_ITEMS
from inkcre.graph.plans import Plan
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Call, Statement
from inkcre.sql.constructs import DeclaredTable, RowSource, json_rows_if
from inkcre.sql.parameters import LateRows, as_parameter


def _are_new(of: DeclaredTable) -> ColumnElement[bool]:
    """Tell whether all rows of the batch were not there before: then there is nothing to give."""
    made = select(func.count()).select_from(of).where(is_new(of)).correlate(None)
    return made.scalar_subquery() == bindparam("number", type_=Integer)


_may_be_theirs = and_(HAS_ITEMS, ~_are_new(blocks))
_maybe_blocks = json_rows_if(_may_be_theirs, "blocks", **BLOCK_ROW, **GIVEN)


def _says_given(rows: RowSource) -> ColumnElement[bool]:
    """Tell of a row that it is given: where nothing is said of that, it is."""
    return func.coalesce(rows.c.is_given, 1) == 1


def _give(of: DeclaredTable, key: str, keys: Select[*tuple[object, ...]]) -> Statement:
    """Return what gives rows, held before in the one order in which all hold them."""
    found = of.alias("to_give")
    held = (
        select(found.c.id)
        .where(found.c.is_given == 0, found.c[key].in_(keys))
        .order_by(found.c.id)
        .with_for_update(key_share=True)
    )
    return Statement(update(of).where(of.c.is_given == 0, of.c.id.in_(held)).values(is_given=1))


_given_digests = select(_maybe_blocks.c.digest).where(_says_given(_maybe_blocks))
GIVE_BLOCKS = _give(blocks, "digest", _given_digests)
"""Tell of blocks that they were given: in front of the log."""

_maybe_relations = json_rows_if(
    and_(HAS_ITEMS, ~_are_new(relations)), "relations", **RELATION_ROW, **GIVEN
)
_maybe_resolved, _maybe_id = resolve(_maybe_relations, _says_given(_maybe_relations))
_given_ids = select(_maybe_id).select_from(_maybe_resolved)
GIVE_RELATIONS = _give(relations, "id", _given_ids)
"""Tell of relations that they were given."""


def rows_of(call: Call) -> str:
    """Return the rows that a call of ``write_calls`` adds, as JSON with what they are found by."""
    if call.statement is COUNT_LONG_BLOCK:
        said = call.parameters
        return as_parameter([{"digest": said["digest"], "is_given": said["is_given"]}])
    if isinstance(call.parameters, LateRows) and call.statement is COUNT_BLOCKS:
        found = (
            {"digest": row["digest"], "is_given": row.get("is_given")}
            for row in call.parameters.rows
        )
        return as_parameter(found)
    return str(call.parameters[GIVING[call.statement][1]])  # written once: it may be long


NEVER_ALL = -1
"""A number of rows that is not that of those which a batch has made."""

GIVING: Mapping[Statement, tuple[Statement, str]] = {
    INSERT_BLOCKS: (GIVE_BLOCKS, "blocks"),
    COUNT_BLOCKS: (GIVE_BLOCKS, "blocks"),
    COUNT_LONG_BLOCK: (GIVE_BLOCKS, "blocks"),
    INSERT_RELATIONS: (GIVE_RELATIONS, "relations"),
    COUNT_RELATIONS: (GIVE_RELATIONS, "relations"),
}
"""What tells of rows that they are given, by what adds them, and the parameter that both read."""


def give_calls(plan: Plan, calls: Iterable[Call], *, is_alone: bool = True) -> list[Call]:
    """Return the calls that tell of what ``calls`` write of a plan that it is given.

    They go behind those, and in front of the log's.

    Args:
        plan: what is given.
        calls: what writes it.
        is_alone: whether nothing else of the batch makes blocks or relations. Then all that is new
            is the plan's, and where that is all of it, there is nothing to look for.
    """
    numbers = {"blocks": len(plan.blocks), "relations": len(plan.relations)}
    if not is_alone:
        numbers = dict.fromkeys(numbers, NEVER_ALL)
    given: list[Call] = []
    for call in calls:
        statement, name = GIVING[call.statement]
        if isinstance(call.parameters, LateRows) and call.statement is COUNT_RELATIONS:
            given.append(Call(statement, call.parameters.beside(number=numbers[name])))
        else:
            given.append(statement(number=numbers[name], **{name: rows_of(call)}))
    return given
