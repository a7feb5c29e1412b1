"""Blocks: the nodes of the graph."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from inkcre.errors import (
    Conflict,
    Invalid,
    InvariantBroken,
    MissingReference,
    NotFound,
    Unavailable,
)
from inkcre.graph.block_rows import (
    DELETE_BLOCK,
    FENCE,
    INSERT_BLOCK,
    LOG_CHANGED,
    LOG_DELETED,
    SELECT_BLOCK,
    SELECT_GIVEN,
    SELECT_PAGE,
    SELECT_TWIN,
    UPDATE_BLOCK,
)
from inkcre.graph.change_log import log_made, room_for_former
from inkcre.graph.digests import block_digest
from inkcre.graph.file_notes import let_go_call, naming_calls, refuse_held
from inkcre.graph.forms import STRANGE_FILE, BlockEdit, BlockForm, is_strange
from inkcre.graph.ownership import GIVE_BLOCK, GIVE_SAID_OF, WITHHOLD_AROUND
from inkcre.graph.records import Block
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.database import Call, Database
from inkcre.sql.cursors import Page, read_page
from inkcre.sql.fences import write_if
from inkcre.sql.timestamps import format_timestamp

Expected = Callable[[Block], None]
"""Raises ``PreconditionFailed`` unless a block is what somebody has seen."""

ATTEMPTS = 8
"""How often a write is tried whose block somebody else changes or deletes meanwhile."""


def get_block(database: Database, block_id: int) -> Block:
    """Read one block.

    Raises:
        NotFound: there is none with this id.
    """
    found = SELECT_BLOCK.read_first(database, id=block_id)
    if found is None:
        raise _not_found(block_id)
    return found.block()


def _not_found(block_id: int) -> NotFound:
    return NotFound(f"block {block_id}: not found")


def list_blocks(
    database: Database,
    *,
    resolver: str | None = None,
    storage: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Block]:
    """Read a page of blocks, newest (last added) first, and the cursor of the next one.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    filters = {"resolver": resolver, "storage": storage}
    asked = {name: value for name, value in filters.items() if value is not None}
    query = SELECT_PAGE[resolver is not None, storage is not None]
    return read_page(database, query, limit, cursor, **asked)


def create_block(database: Database, form: BlockForm, now: datetime) -> tuple[Block, bool]:
    """Add a block; return it, or the identical one that exists, and whether it was added.

    Raises:
        Invalid: there is no such storage.
    """
    digest = block_digest(form.resolver, form.storage, form.content)
    insertion = INSERT_BLOCK(
        now=format_timestamp(now),
        storage=form.storage,
        resolver=form.resolver,
        content=form.content,
        digest=digest,
    )
    # RETURNING says nothing of a row that was there already, so it is read behind the insert, in
    # the same batch: https://www.postgresql.org/docs/current/sql-insert.html
    calls = log_made(
        [
            insertion,
            GIVE_BLOCK(digest=digest),
            SELECT_GIVEN(digest=digest),
            *_naming(form.storage, form.content),
        ],
        action="block.post",
    )
    first = calls.index(insertion)
    for _ in range(ATTEMPTS):
        try:
            answers = database.atomic(calls)
        except MissingReference as error:
            # A block refers to nothing but a storage, and the database's error names no row.
            refuse_unknown_storages(database, [form.storage])
            raise InvariantBroken("blocks: an insert broke a key that is there") from error
        is_new, block = bool(answers[first]), SELECT_GIVEN.first(answers[first + 2])
        # None: the insert met a row that somebody deleted before it was read. In PostgreSQL each
        # statement of a batch sees what was committed before it.
        if block is not None:
            block.known_as(digest)
            refuse_held(calls, answers)
            return block, is_new
    raise Unavailable("block: somebody else keeps deleting it")


def _naming(storage: str | None, content: str) -> list[Call]:
    return naming_calls([content]) if storage == "file" else []


def edit_block(
    database: Database,
    block_id: int,
    form: BlockEdit,
    now: datetime,
    *,
    expected: Expected | None = None,
) -> Block:
    """Change what the form names and leave the rest: the block is given from then on.

    The digest covers all three columns, so it is computed from what was read, and the change is
    made only if the block is still that: compare and set, tried again when somebody was faster.
    With ``expected``, what was read is what somebody has seen, or nothing is written.

    Raises:
        NotFound: there is no such block.
        PreconditionFailed: it is not what is expected.
        Conflict: another block is already what this one would become.
        Invalid: there is no such storage, or the content names no file where it should.
    """
    for _ in range(ATTEMPTS):
        current = get_block(database, block_id)
        if expected is not None:
            expected(current)
        edited = replace(current, **form.model_dump(include=form.model_fields_set))
        if edited == current:
            with suppress(MissingReference):  # the fence: it is another by now
                return _give(database, current)
            continue
        if is_strange(edited.storage, edited.content):
            raise Invalid(STRANGE_FILE, field="content")
        fences = [] if expected is None else [_fence(current)]
        changed = _compare_and_set(database, current, edited, now, fences)
        if changed is not None:
            return changed
    raise Unavailable(f"block {block_id}: somebody else keeps changing it")


def _give(database: Database, current: Block) -> Block:
    """Tell of a block that it was given as it is, and of all that items say of it.

    Raises:
        NotFound: it is not there any more.
        MissingReference: it is another.
    """
    calls = [
        _fence(current),
        GIVE_BLOCK(digest=current.digest()),
        GIVE_SAID_OF(id=current.id),
        SELECT_BLOCK(id=current.id),
    ]
    if not database.atomic(calls)[-1]:
        raise _not_found(current.id)
    return current


def _fence(seen: Block) -> Call:
    return FENCE(id=seen.id, seen_digest=seen.digest(), seen_at=seen.updated_at)


def _compare_and_set(
    database: Database, current: Block, edited: Block, now: datetime, fences: Sequence[Call]
) -> Block | None:
    digest = edited.digest()
    change = UPDATE_BLOCK(
        id_=current.id,
        old_digest=current.digest(),
        now=format_timestamp(now),
        new_storage=edited.storage,
        new_resolver=edited.resolver,
        new_content=edited.content,
        new_digest=digest,
    )
    # In front of the change: it reads which file the block names so far.
    letting_go = [let_go_call([current.id])] if current.storage == "file" else []
    log = LOG_CHANGED(
        id=current.id,
        old_digest=current.digest(),
        room=room_for_former(database),
        action="block.patch",
        actor=None,
        batch=None,
    )
    calls = [
        *fences,
        *letting_go,
        log,
        change,
        GIVE_SAID_OF(id=current.id),
        *_naming(edited.storage, edited.content),
    ]
    try:
        answers = database.atomic(calls)
    except MissingReference as error:
        refuse_unknown_storages(database, [edited.storage])
        if fences:
            return None
        raise InvariantBroken("blocks: an update broke a key that is there") from error
    except Conflict as error:
        twin = SELECT_TWIN.read_first(database, digest=digest)
        name = f"block {twin.id}" if twin else "another block"
        raise Conflict(f"block {current.id}: {name} has this content already") from error
    refuse_held(calls, answers)
    changed = UPDATE_BLOCK.first(answers[calls.index(change)])
    if changed is not None:
        changed.known_as(digest)
    return changed


def delete_block(database: Database, block_id: int, *, expected: Expected | None = None) -> None:
    """Delete a block and its relations; with ``expected``, only what somebody has seen.

    Raises:
        NotFound: there is no such block.
        PreconditionFailed: it is not what is expected.
    """
    log = LOG_DELETED(
        id=block_id, room=room_for_former(database), action="block.delete", actor=None, batch=None
    )
    # In this order: the note, the log and what items remember are made of the rows.
    calls = [let_go_call([block_id]), log, WITHHOLD_AROUND(id=block_id), DELETE_BLOCK(id=block_id)]
    if expected is None:
        deleted = database.atomic(calls)
    else:
        deleted = write_if(
            database,
            calls,
            thing=f"block {block_id}",
            read=lambda: get_block(database, block_id),
            expected=expected,
            fence_of=_fence,
        )
    if not deleted[-1]:
        raise _not_found(block_id)
