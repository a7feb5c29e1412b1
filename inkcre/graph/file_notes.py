"""Notes of files: what was let go and when, what is just being put, what a sweep is at.

Deleted is only what has a note, and a file that a block names is never deleted:

- Whoever puts a file notes it first (``HOLD``), then puts it, then writes the block and takes the
  note away in the same batch (``naming_calls``). Whoever lets one go (a block deleted or changed)
  notes it in that batch (``LET_GO``). A note of a file that is named all the same does no harm.
- A sweep first marks notes that are old, of files that no block names (``MARK``, committed); then
  looks for blocks again; then deletes what still has none; then removes those notes.
- So take a block that was written and a file that was deleted. If the block was committed before
  the sweep's second look, that look has seen it. If after, then its batch either removed the note
  before the mark came (which then found nothing to mark), or came after the mark and has seen it:
  its writer was told to wait (503), and nothing was acknowledged. A note that is made anew is
  young, and is not marked for days.
- A sweep that was killed leaves marks. They count for ``HELD_SECONDS``, and a sweep that has not
  begun to delete within half of that begins anew; so whoever passes by such a mark after that time
  meets nobody.

Times are the database's own, so that clocks of several machines do not matter.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)

from inkcre.errors import Unavailable
from inkcre.graph.storages import PREFIX
from inkcre.graph.tables import blocks, claims, file_notes
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, database_now, json_rows
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Values

HELD_SECONDS = 900
"""How long a sweep may be about to delete what it has marked. It takes seconds, unless its machine
sleeps meanwhile."""

NAMED_SECONDS = 3600
"""How old the note of a file that is named must be to be forgotten: a younger one may be of a block
that is being deleted just now."""

_storage = bindparam("storage", type_=Text)
_digest = bindparam("digest", type_=Text)
_sweep = bindparam("sweep", type_=Text)
_FILE: ColumnElement[str] = literal_column("'file'", Text)
_PREFIX: ColumnElement[str] = literal_column(f"'{PREFIX}'", Text)
"""Written out: the index of such blocks is found by the text of the condition."""

_COLUMNS = ["digest", "storage", "noted_at", "sweep"]


def _before(seconds: int) -> ColumnElement[int]:
    return database_now() - seconds * 1000


_is_free = or_(file_notes.c.sweep.is_(None), file_notes.c.noted_at < _before(HELD_SECONDS))
"""Tell of a note that no sweep has it, or only one that was killed."""


def _is_named(digest: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(blocks.c.storage == _FILE, blocks.c.content == _PREFIX + digest)


HOLD = Values(
    insert(file_notes)
    .from_select(
        _COLUMNS,
        select(_digest, _storage, database_now(), cast(null(), Text))
        .where(true())
        .suffix_with(
            "ON CONFLICT (digest, storage) DO UPDATE SET noted_at = excluded.noted_at, sweep = NULL"
            " WHERE file_notes.sweep IS NULL"
            f" OR file_notes.noted_at < excluded.noted_at - {HELD_SECONDS * 1000}"
        ),
    )
    .returning(file_notes.c.digest),
    str,
    is_durable=False,
)
"""Note a file that is about to be put; gives no row if a sweep has it.

Not durable: where the power cut takes the note back, nobody deletes the file for want of it. It is
an orphan at worst, and the block's commit writes an earlier note through.
"""

_let_go = json_rows("let_go", id=BigInteger(), digest=Text())
_places = select(claims.c.storage).distinct().subquery("places")


def _note_files(is_let_go: ColumnElement[bool]) -> Statement:
    gone = (
        select(func.substr(blocks.c.content, len(PREFIX) + 1).label("digest"), _places.c.storage)
        .select_from(_let_go.join(blocks, is_let_go).join(_places, true()))
        .where(blocks.c.storage == _FILE, blocks.c.content.like(f"{PREFIX}%"))
        .distinct()
        .subquery("gone")
    )
    return Statement(
        insert(file_notes).from_select(
            _COLUMNS,
            select(gone.c.digest, gone.c.storage, database_now(), cast(null(), Text))
            .where(true())
            .order_by(gone.c.digest)
            .suffix_with(
                "ON CONFLICT (digest, storage) DO UPDATE SET noted_at = excluded.noted_at"
            ),
        )
    )


LET_GO = _note_files(blocks.c.id == _let_go.c.id)
"""Note the files of blocks that are about to be deleted or changed, for every storage that this
base has claimed: one that is not in the settings now may be again."""

LET_GO_AROUND = _note_files(blocks.c.digest == _let_go.c.digest)
"""The same of blocks by what they are."""

_named = json_rows("named", digest=Text())
_are_named = file_notes.c.digest.in_(select(_named.c.digest))
FORGET = Statement(
    delete(file_notes)
    .where(_are_named, _is_free)
    .returning(file_notes.c.storage, file_notes.c.digest)
)
"""Take the notes of files away that blocks name now, unless a sweep has them."""

SELECT_HELD = Values(select(file_notes.c.digest).where(_are_named), str)
"""Read which of some files a sweep has, behind ``FORGET``."""

FORGET_NAMED = Statement(
    delete(file_notes).where(
        file_notes.c.storage == _storage,
        file_notes.c.sweep.is_(None),
        file_notes.c.noted_at < _before(NAMED_SECONDS),
        _is_named(file_notes.c.digest),
    )
)
"""Take old notes of files away that a block names: one of several blocks was deleted."""

_candidates = file_notes.alias("candidates")


def _is_ripe(sweep: ColumnElement[str | None], noted_at: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell of a note that it is old enough, or was marked by a sweep that was killed."""
    keep = bindparam("keep_ms", type_=BigInteger)
    is_old = noted_at < database_now() - keep
    return or_(sweep.is_(None) & is_old, sweep.is_not(None) & (noted_at < _before(HELD_SECONDS)))


_ripe = (
    select(_candidates.c.digest)
    .where(_candidates.c.storage == _storage, _is_ripe(_candidates.c.sweep, _candidates.c.noted_at))
    .where(~_is_named(_candidates.c.digest))
    .order_by(_candidates.c.digest)
)
MARK = Values(
    update(file_notes)
    .where(
        file_notes.c.storage == _storage,
        file_notes.c.digest.in_(_ripe.limit(bindparam("limit", type_=Integer))),
        _is_ripe(
            file_notes.c.sweep, file_notes.c.noted_at
        ),  # again: somebody may have had the row meanwhile
    )
    .values(sweep=_sweep, noted_at=database_now())
    .returning(file_notes.c.digest),
    str,
)
"""Tell of files that were let go long ago, and are not named, that a sweep is about to delete them;
gives them."""

SELECT_RIPE = Values(
    _ripe.where(_candidates.c.digest > bindparam("after", type_=Text)).limit(
        bindparam("limit", type_=Integer)
    ),
    str,
)
"""Read which files a sweep would mark."""

_orphans = json_rows("orphans", digest=Text())
MARK_ORPHANS = Values(
    insert(file_notes)
    .from_select(
        _COLUMNS,
        select(_orphans.c.digest, _storage, database_now(), _sweep)
        .where(~_is_named(_orphans.c.digest))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
    .returning(file_notes.c.digest),
    str,
)
"""Tell of files that are neither named nor noted that a sweep has them; gives them."""

_marked = json_rows("marked", digest=Text())
_is_ours = (file_notes.c.sweep == _sweep) & file_notes.c.digest.in_(select(_marked.c.digest))
DROP = Statement(delete(file_notes).where(_is_ours))
"""Take the notes of files away that a sweep has deleted."""

RELEASE = Statement(
    update(file_notes).where(_is_ours).values(sweep=null(), noted_at=database_now())
)
"""Note files anew that a sweep has marked and left."""

SELECT_SOME_NAMED = Values(
    select(func.substr(blocks.c.content, len(PREFIX) + 1))
    .where(blocks.c.storage == _FILE)
    .order_by(blocks.c.content)
    .limit(100),
    str,
)
"""Read some files that blocks name."""

_known = json_rows("known", digest=Text())


def _known_where(condition: ColumnElement[bool]) -> Values[str]:
    return Values(select(_known.c.digest).select_from(_known).where(condition), str)


def _has_note(digest: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(file_notes.c.digest == digest)


SELECT_NAMED = _known_where(_is_named(_known.c.digest))
"""Read which of some files a block names."""

SELECT_KNOWN = _known_where(or_(_is_named(_known.c.digest), _has_note(_known.c.digest)))
"""Read which of some files a block names, or a note."""


def as_digests(digests: Iterable[str]) -> str:
    """Write digests as a parameter."""
    return as_parameter({"digest": digest} for digest in digests)


def select_digests(database: Database, query: Values[str], digests: Iterable[str]) -> set[str]:
    """Return those of some files that a query of ``known`` finds."""
    return set(query.read(database, known=as_digests(digests)))


def let_go_call(block_ids: Iterable[int]) -> Call:
    """Return the statement that notes the files of blocks which the next one deletes or changes."""
    return LET_GO(let_go=as_parameter({"id": id_} for id_ in block_ids))


def naming_calls(contents: Iterable[str]) -> list[Call]:
    """Return the statements that go with blocks which name files, behind those; none without files.

    Their rows are for ``refuse_held``.
    """
    digests = sorted({content.removeprefix(PREFIX) for content in contents})
    if not digests:
        return []
    asked = as_digests(digests)
    return [FORGET(named=asked), SELECT_HELD(named=asked)]


def refuse_held(calls: Sequence[Call], answers: Sequence[Sequence[Row]]) -> None:
    """Raise if a sweep has a file that a batch has just named.

    Raises:
        Unavailable: one has. The blocks are there, and the files may be gone in a moment.
    """
    for call, rows in zip(calls, answers, strict=True):
        if call.statement is SELECT_HELD:
            for digest in SELECT_HELD.values(rows):
                raise being_swept(digest)


def being_swept(digest: str) -> Unavailable:
    """Make the error of a file that a sweep has."""
    return Unavailable(
        f"file {PREFIX}{digest}: is being cleared away", hint="send it again in a moment"
    )
