"""Relations: the edges of the graph. ``to_`` is ``from_``'s ``content``."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    delete,
    insert,
    select,
    union,
)

from inkcre.errors import MissingReference, NotFound, Unavailable
from inkcre.graph.blocks import ATTEMPTS, get_block
from inkcre.graph.change_log import entries_of, log_former, log_made, room_for_former
from inkcre.graph.forms import RelationForm
from inkcre.graph.made_rows import marked
from inkcre.graph.ownership import GIVE_RELATION, WITHHOLD_RELATION
from inkcre.graph.tables import relations
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, as_rfc3339, timestamp
from inkcre.sql.cursors import Page, cut_page, decode_cursor
from inkcre.sql.fences import fence, write_if
from inkcre.sql.rows import Query
from inkcre.sql.timestamps import format_timestamp


@dataclass(frozen=True)
class Relation:
    """A relation as it is kept: ``to_`` is ``from_``'s ``content``."""

    id: int
    created_at: str
    """RFC 3339, UTC; so is ``updated_at``."""

    updated_at: str
    from_: int
    to_: int
    content: str

    def tag(self) -> str:
        """Return its entity tag, quoted: another for each that may ever have its id."""
        said = f"{self.id}\x00{self.from_}\x00{self.to_}\x00{self.updated_at}\x00{self.content}"
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


Expected = Callable[[Relation], None]
"""Raises ``PreconditionFailed`` unless a relation is what somebody has seen."""


RELATION_COLUMNS = (
    relations.c.id,
    as_rfc3339(relations.c.created_at).label("created_at"),
    as_rfc3339(relations.c.updated_at).label("updated_at"),
    relations.c.from_,
    relations.c.to_,
    relations.c.content,
)

INSERT_RELATION = Statement(
    insert(relations)
    .from_select(
        ["created_at", "updated_at", "from_", "to_", "content"],
        select(
            timestamp(bindparam("now", type_=Text)),
            timestamp(bindparam("now", type_=Text)),
            bindparam("from_", type_=BigInteger),
            bindparam("to_", type_=BigInteger),
            bindparam("content", type_=Text),
        )
        .where(marked(relations))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
    .returning(relations.c.id)
)
"""Add one relation unless it is there; gives its id if it was added."""

SELECT_GIVEN = Query(
    select(*RELATION_COLUMNS).where(
        relations.c.from_ == bindparam("from_", type_=BigInteger),
        relations.c.to_ == bindparam("to_", type_=BigInteger),
        relations.c.content == bindparam("content", type_=Text),
        relations.c.is_given == 1,
    ),
    Relation,
)
"""Read one relation by what it says, if it is given."""

SELECT_BY_ID = Query(
    select(*RELATION_COLUMNS).where(relations.c.id == bindparam("id", type_=BigInteger)), Relation
)
"""Read one relation by its id."""

FENCE = fence(
    relations,
    relations.c.from_ == bindparam("seen_from", type_=BigInteger),
    relations.c.to_ == bindparam("seen_to", type_=BigInteger),
    relations.c.content == bindparam("seen_content", type_=Text),
    relations.c.updated_at == timestamp(bindparam("seen_at", type_=Text)),
)
"""Break a batch unless a relation is what was read."""

_held = (
    select(relations).where(relations.c.id == bindparam("id", type_=BigInteger)).with_for_update()
).cte("held")
LOG_DELETED = log_former("deleted", lambda: [entries_of(_held, relations)])
"""Write down one relation as it is, and hold it."""

DELETE_RELATION = Statement(
    delete(relations)
    .where(relations.c.id == bindparam("id", type_=BigInteger))
    .returning(relations.c.id)
)
"""Delete one relation."""

_block = bindparam("block", type_=BigInteger)
_after = bindparam("after", type_=BigInteger)
_limit = bindparam("limit", type_=Integer)
_ends = {
    "out": (relations.c.from_,),
    "in": (relations.c.to_,),
    "both": (relations.c.from_, relations.c.to_),
}


def _page(direction: str, *filters: ColumnElement[bool]) -> Query[Relation]:
    """Read along each end's index, then put the two together; an OR would have no index."""
    branches = [
        select(*RELATION_COLUMNS)
        .where(end == _block, relations.c.id > _after, *filters)
        .order_by(relations.c.id)
        .limit(_limit)
        .subquery(f"by_{end.name}")
        for end in _ends[direction]
    ]
    # Not UNION ALL: a relation from a block to itself is found at both of its ends.
    found = union(*(select(branch) for branch in branches)).subquery("found")
    return Query(select(found).order_by(found.c.id).limit(_limit), Relation)


_by_content = relations.c.content == bindparam("content", type_=Text)

SELECT_PAGE = {(direction, False): _page(direction) for direction in _ends} | {
    (direction, True): _page(direction, _by_content) for direction in _ends
}
"""Read a page of a block's relations, oldest first, by direction and whether content is given."""


def create_relation(database: Database, form: RelationForm, now: datetime) -> tuple[Relation, bool]:
    """Add a relation; return it, or the identical one that exists, and whether it was added.

    Raises:
        NotFound: one of the two blocks does not exist.
    """
    said = {"from_": form.from_, "to_": form.to_, "content": form.content}
    insertion = INSERT_RELATION(now=format_timestamp(now), **said)
    calls = log_made(
        [insertion, GIVE_RELATION(**said), SELECT_GIVEN(**said)], action="relation.post"
    )
    first = calls.index(insertion)
    for _ in range(ATTEMPTS):
        try:
            added, _, found = database.atomic(calls)[first : first + 3]
        except MissingReference:
            get_block(database, form.from_)
            get_block(database, form.to_)
            continue
        relation = SELECT_GIVEN.first(found)
        if relation is not None:
            return relation, bool(added)
    raise Unavailable("relation: somebody else keeps deleting it")


def get_relation(database: Database, relation_id: int) -> Relation:
    """Read one relation.

    Raises:
        NotFound: there is none with this id.
    """
    relation = SELECT_BY_ID.read_first(database, id=relation_id)
    if relation is None:
        raise _not_found(relation_id)
    return relation


def _not_found(relation_id: int) -> NotFound:
    return NotFound(f"relation {relation_id}: not found")


def _fence(seen: Relation) -> Call:
    return FENCE(
        id=seen.id,
        seen_from=seen.from_,
        seen_to=seen.to_,
        seen_content=seen.content,
        seen_at=seen.updated_at,
    )


def delete_relation(
    database: Database, relation_id: int, *, expected: Expected | None = None
) -> None:
    """Delete a relation; with ``expected``, only the one that somebody has seen.

    Raises:
        NotFound: there is no such relation.
        PreconditionFailed: it is not what is expected.
    """
    log = LOG_DELETED(
        id=relation_id,
        room=room_for_former(database),
        action="relation.delete",
        actor=None,
        batch=None,
    )
    calls = [log, WITHHOLD_RELATION(id=relation_id), DELETE_RELATION(id=relation_id)]
    if expected is None:
        deleted = database.atomic(calls)
    else:
        deleted = write_if(
            database,
            calls,
            thing=f"relation {relation_id}",
            read=lambda: get_relation(database, relation_id),
            expected=expected,
            fence_of=_fence,
        )
    if not deleted[-1]:
        raise _not_found(relation_id)


def list_relations(
    database: Database,
    block_id: int,
    *,
    direction: str,
    content: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Relation]:
    """Read a page of a block's relations, oldest first, and the cursor of the next one.

    Raises:
        NotFound: there is no such block.
        Invalid: the cursor is not one of ours.
    """
    found = SELECT_PAGE[direction, content is not None].read(
        database,
        block=block_id,
        after=decode_cursor(cursor) if cursor else 0,
        limit=limit + 1,
        **({} if content is None else {"content": content}),
    )
    # Only then, so that most pages are one statement.
    if not found:
        get_block(database, block_id)
    return cut_page(found, limit)
