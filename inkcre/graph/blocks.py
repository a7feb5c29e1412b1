"""Blocks: the nodes of the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, bindparam, delete, insert, select, true, update

from inkcre.errors import (
    Conflict,
    Invalid,
    InvariantBroken,
    MissingReference,
    NotFound,
    Unavailable,
)
from inkcre.graph.digests import block_digest
from inkcre.graph.file_notes import let_go_call, naming_calls, refuse_held
from inkcre.graph.forms import STRANGE_FILE, BlockEdit, BlockForm, is_strange
from inkcre.graph.ownership import disown
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.graph.tables import blocks
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import IGNORE_TWINS, moment, shown
from inkcre.sql.cursors import read_page
from inkcre.sql.timestamps import format_moment

BLOCK_COLUMNS = (
    blocks.c.id,
    shown(blocks.c.created_at),
    shown(blocks.c.updated_at),
    blocks.c.storage,
    blocks.c.resolver,
    blocks.c.content,
)

ATTEMPTS = 8
"""How often a write is tried whose block somebody else changes or deletes meanwhile."""

SELECT_BLOCK = Statement(
    select(*BLOCK_COLUMNS).where(blocks.c.id == bindparam("id", type_=BigInteger))
)
"""Read one block."""

SELECT_TWIN = Statement(
    select(blocks.c.id).where(blocks.c.digest == bindparam("digest", type_=Text))
)
"""Read the id of the block with a digest."""

INSERT_BLOCK = Statement(
    insert(blocks)
    .from_select(
        ["created_at", "updated_at", "storage", "resolver", "content", "digest"],
        select(
            moment(bindparam("now", type_=Text)),
            moment(bindparam("now", type_=Text)),
            bindparam("storage", type_=Text),
            bindparam("resolver", type_=Text),
            bindparam("content", type_=Text),
            bindparam("digest", type_=Text),
        )
        .where(true())
        .suffix_with(IGNORE_TWINS),
    )
    .returning(blocks.c.id)
)
"""Add one block unless it is there; gives its id if it was added."""

SELECT_BY_DIGEST = Statement(
    select(*BLOCK_COLUMNS).where(blocks.c.digest == bindparam("digest", type_=Text))
)
"""Read one block by digest."""

UPDATE_BLOCK = Statement(
    update(blocks)
    .where(blocks.c.id == bindparam("id_", type_=BigInteger))
    .where(blocks.c.digest == bindparam("old_digest", type_=Text))
    .values(
        updated_at=moment(bindparam("now", type_=Text)),
        storage=bindparam("new_storage", type_=Text),
        resolver=bindparam("new_resolver", type_=Text),
        content=bindparam("new_content", type_=Text),
        digest=bindparam("new_digest", type_=Text),
    )
    .returning(*BLOCK_COLUMNS)
)
"""Change a block if it is still what was read."""

DELETE_BLOCK = Statement(
    delete(blocks).where(blocks.c.id == bindparam("id", type_=BigInteger)).returning(blocks.c.id)
)
"""Delete a block; its relations go with it."""


def _page(*filters: Any) -> Statement:
    return Statement(
        select(*BLOCK_COLUMNS)
        .where(blocks.c.id < bindparam("before", type_=BigInteger), *filters)
        .order_by(blocks.c.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )


_by_resolver = blocks.c.resolver == bindparam("resolver", type_=Text)
_by_storage = blocks.c.storage == bindparam("storage", type_=Text)

SELECT_PAGE = {
    (False, False): _page(),
    (True, False): _page(_by_resolver),
    (False, True): _page(_by_storage),
    (True, True): _page(_by_resolver, _by_storage),
}
"""Read a page of blocks, newest first, by which filters are given: (resolver, storage)."""


def block_from_row(row: Sequence[Any]) -> dict[str, Any]:
    """Name the values of ``BLOCK_COLUMNS``."""
    return {
        "id": row[0],
        "created_at": row[1],
        "updated_at": row[2],
        "storage": row[3],
        "resolver": row[4],
        "content": row[5],
    }


def get_block(database: Database, block_id: int) -> dict[str, Any]:
    """Read one block.

    Raises:
        NotFound: there is none with this id.
    """
    for row in database.read(SELECT_BLOCK(id=block_id)):
        return block_from_row(row)
    raise _not_found(block_id)


def _not_found(block_id: int) -> NotFound:
    return NotFound(f"block {block_id}: not found")


def list_blocks(
    database: Database,
    *,
    resolver: str | None = None,
    storage: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Read a page of blocks, newest (last added) first, and the cursor of the next one.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    parameters: dict[str, Any] = {}
    if resolver is not None:
        parameters["resolver"] = resolver
    if storage is not None:
        parameters["storage"] = storage
    statement = SELECT_PAGE[resolver is not None, storage is not None]
    rows, next_cursor = read_page(database, statement, limit, cursor, **parameters)
    return [block_from_row(row) for row in rows], next_cursor


def create_block(database: Database, form: BlockForm, now: datetime) -> tuple[dict[str, Any], bool]:
    """Add a block; give it, or the identical one that exists, and whether it was added.

    Raises:
        Invalid: there is no such storage.
    """
    digest = block_digest(form.resolver, form.storage, form.content)
    insertion = INSERT_BLOCK(
        now=format_moment(now),
        storage=form.storage,
        resolver=form.resolver,
        content=form.content,
        digest=digest,
    )
    calls = [insertion, SELECT_BY_DIGEST(digest=digest), *_naming(form.storage, form.content)]
    for _ in range(ATTEMPTS):
        try:
            answers = database.atomic(calls)
        except MissingReference as error:
            refuse_unknown_storages(database, [form.storage])
            raise InvariantBroken("blocks: an insert broke a key that is there") from error
        added, found = answers[:2]
        if found:
            if not added:
                disown(database, [digest])
            refuse_held(calls, answers)
            return block_from_row(found[0]), bool(added)
    raise Unavailable("block: somebody else keeps deleting it")


def _naming(storage: str | None, content: str) -> list[Call]:
    return naming_calls([content]) if storage == "file" else []


def edit_block(database: Database, block_id: int, form: BlockEdit, now: datetime) -> dict[str, Any]:
    """Change what the form names and leave the rest.

    The digest covers all three columns, so it is computed from what was read, and the change is
    made only if the block is still that: compare and set, tried again when somebody was faster.

    Raises:
        NotFound: there is no such block.
        Conflict: another block is already what this one would become.
        Invalid: there is no such storage, or the content names no file where it should.
    """
    for _ in range(ATTEMPTS):
        current = get_block(database, block_id)
        changed = {**current, **{key: getattr(form, key) for key in form.model_fields_set}}
        if changed == current:
            return current
        if is_strange(changed["storage"], changed["content"]):
            raise Invalid(STRANGE_FILE, field="content")
        rows = _compare_and_set(database, current, changed, now)
        if rows:
            return block_from_row(rows[0])
    raise Unavailable(f"block {block_id}: somebody else keeps changing it")


def _compare_and_set(
    database: Database, current: dict[str, Any], changed: dict[str, Any], now: datetime
) -> list[Row]:
    digest = _digest_of(changed)
    change = UPDATE_BLOCK(
        id_=current["id"],
        old_digest=_digest_of(current),
        now=format_moment(now),
        new_storage=changed["storage"],
        new_resolver=changed["resolver"],
        new_content=changed["content"],
        new_digest=digest,
    )
    letting_go = [let_go_call([current["id"]])] if current["storage"] == "file" else []
    calls = [*letting_go, change, *_naming(changed["storage"], changed["content"])]
    try:
        answers = database.atomic(calls)
    except MissingReference as error:
        refuse_unknown_storages(database, [changed["storage"]])
        raise InvariantBroken("blocks: an update broke a key that is there") from error
    except Conflict as error:
        twin = database.read(SELECT_TWIN(digest=digest))
        name = f"block {twin[0][0]}" if twin else "another block"
        raise Conflict(f"block {current['id']}: {name} has this content already") from error
    refuse_held(calls, answers)
    return answers[len(letting_go)]


def _digest_of(block: dict[str, Any]) -> str:
    return block_digest(block["resolver"], block["storage"], block["content"])


def delete_block(database: Database, block_id: int) -> None:
    """Delete a block and its relations.

    Raises:
        NotFound: there is no such block.
    """
    if not database.atomic([let_go_call([block_id]), DELETE_BLOCK(id=block_id)])[1]:
        raise _not_found(block_id)
