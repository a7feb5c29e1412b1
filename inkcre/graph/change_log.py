"""Writing the log of changes: one row for each batch that changes the graph, in the same batch.

What was made is found by its ids behind what makes it, what is changed or deleted is written down
in front of that; both in SQL, so that nothing is read and then thought about. A batch with several
of these statements gives all of them one token, and they share a row. A batch that changes nothing
writes none.

How a batch tells its own new rows from others' is in ``made_rows``.
"""

import uuid
from collections.abc import Callable, Iterable

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from inkcre.graph.made_rows import all_ids, is_new, last_known, next_id, one_by_one
from inkcre.graph.tables import blocks, changes, relations
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import (
    DeclaredTable,
    Expression,
    RowSource,
    as_rfc3339,
    byte_length,
    clock_time,
    joined,
    json_object,
)

Entries = Select[*tuple[object, ...]]
"""Rows of a table as JSON, each with its id."""

ROOM_SHARE = 8
"""Of one value that a database takes, so much of it one statement of a batch may fill with former
rows: D1 takes 2 MB."""

NO_LIMIT = 2**62

BEGIN, FORGOTTEN = "begin", "forgotten"
"""Actions of rows that tell of the log itself: where it begins, up to where it was forgotten."""


_actor = bindparam("actor", type_=Text)
_action = bindparam("action", type_=Text)
_batch = bindparam("batch", type_=Text)
_ZERO, _ONE = (literal_column(said, BigInteger) for said in "01")


def _text(said: str) -> ColumnElement[str]:
    """Return a constant. A parameter would have no type where a function takes any."""
    return literal_column(f"'{said}'", Text)


def _summarize(of: DeclaredTable) -> RowSource:
    """Return the first and the last of the batch's new ids, and how many there are: one row."""
    made = is_new(of)
    first, last, number = func.min(of.c.id), func.max(of.c.id), func.count()
    ids = all_ids(of.c.id)
    return (
        select(first.label("first"), last.label("last"), number.label("number"), ids.label("ids"))
        .select_from(of)
        .where(made)
        .subquery(f"new_{of.name}")
    )


def _as_spans(of: DeclaredTable, new: RowSource) -> ColumnElement[str]:
    """Return new ids as JSON: pairs of a first and a last one; NULL for none."""

    def span(first: ColumnElement[int], last: ColumnElement[int]) -> ColumnElement[str]:
        return _text("[") + cast(first, Text) + _text(",") + cast(last, Text) + _text("]")

    each = select(_text("[") + joined(span(of.c.id, of.c.id)) + _text("]")).where(is_new(of))
    # One by one only where others, or rows that were there, have taken ids between.
    is_whole = new.c.last - new.c.first + _ONE == new.c.number
    return case(
        (new.c.number == _ZERO, null()),
        (is_whole, _text("[") + span(new.c.first, new.c.last) + _text("]")),
        else_=one_by_one(each.scalar_subquery(), new.c.ids),
    )


_new_blocks, _new_relations = _summarize(blocks), _summarize(relations)

# In this order: whoever reads the log goes by it that a row's moment is behind its number.
_HEAD = ("id", "created_at", "actor", "action", "batch")
_head = (next_id(changes), clock_time(), _actor, _action, _batch)

LOG_MADE = Statement(
    insert(changes).from_select(
        [*_HEAD, "blocks", "relations", "last_of_blocks", "last_of_relations"],
        select(
            *_head,
            _as_spans(blocks, _new_blocks),
            _as_spans(relations, _new_relations),
            func.coalesce(_new_blocks.c.last, last_known(blocks)),
            func.coalesce(_new_relations.c.last, last_known(relations)),
        )
        .select_from(_new_blocks.join(_new_relations, true()))
        .where(or_(_new_blocks.c.number > _ZERO, _new_relations.c.number > _ZERO))
        .suffix_with(
            "ON CONFLICT (batch) DO UPDATE SET blocks = excluded.blocks,"
            " relations = excluded.relations, last_of_blocks = excluded.last_of_blocks,"
            " last_of_relations = excluded.last_of_relations"
        ),
    )
)
"""Write down which blocks and relations the batch has made, if any."""


def log_made(
    calls: Iterable[Call],
    *,
    action: str,
    actor: str | None = None,
    batch: str | None = None,
) -> list[Call]:
    """Return the calls of a batch, and behind them the one that writes down what they make.

    One batch is logged so at most once.

    Args:
        calls: what makes blocks or relations, by statements that are ``marked``.
        action: what is done, in a word.
        actor: who does it, if that is known.
        batch: the token of the batch, where it has other statements of the log.
    """
    return [*calls, LOG_MADE(action=action, actor=actor, batch=batch)]


JOB_DIGITS = 16
"""How much of a batch's token names its job, where it is one of several that a job writes."""


def new_batch(job_id: int | None = None) -> str:
    """Return a token for a batch with several statements of the log.

    Args:
        job_id: whose batch it is, where a job writes several: they are undone together.
    """
    token = uuid.uuid4().hex
    return token if job_id is None else f"{job_id:0{JOB_DIGITS}x}{token}"


def complete_row(**columns: ColumnElement[str]) -> Statement:
    """Return the statement that writes a batch's row, or columns of the row that it has.

    For who knows what the batch does, and has held the rows that it does it to. A NULL for
    ``action`` breaks NOT NULL, and so the batch.
    """
    head: dict[str, Expression] = dict(zip(_HEAD, _head, strict=True))
    head.update(columns)
    set_ = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return Statement(
        insert(changes).from_select(
            [*head, "last_of_blocks", "last_of_relations"],
            select(*head.values(), last_known(blocks), last_known(relations))
            .where(true())
            .suffix_with(f"ON CONFLICT (batch) DO UPDATE SET {set_}"),
        )
    )


def room_for_former(database: Database) -> int:
    """Return how many bytes of former rows one statement may write down."""
    limit = database.capabilities.max_value_bytes
    return NO_LIMIT if limit is None else limit // ROOM_SHARE


def entries_of(source: RowSource, of: DeclaredTable) -> Entries:
    """Return rows of a table as entries of the log: ``{"block": {…}}``, ``{"relation": {…}}``.

    Args:
        source: where they are: the table, or a subquery with its columns.
        of: which table they are of.
    """
    pairs: list[Expression] = []
    for column in of.columns:
        if column.name != "digest":
            pairs += [_text(column.name), _shown(source.c[column.name], column)]
    entry = _text(f'{{"{of.name.removesuffix("s")}":') + json_object(*pairs) + _text("}")
    return select(source.c.id.label("id"), entry.label("entry")).select_from(source)


def _shown(value: Expression, of: Expression) -> Expression:
    return as_rfc3339(value) if of.name in {"created_at", "updated_at"} else value


def entries_of_deleted(gone: RowSource) -> list[Entries]:
    """Return blocks that are to be deleted, and the relations that go with them, as entries."""
    ids = select(gone.c.id)
    # Two branches, and not OR: each goes along its own index.
    along = union_all(
        select(relations).where(relations.c.from_.in_(ids)),
        select(relations).where(relations.c.to_.in_(ids), relations.c.from_.not_in(ids)),
    ).subquery("along")
    return [entries_of(gone, blocks), entries_of(along, relations)]


def log_former(name: str, entries: Callable[[], Iterable[Entries]]) -> Statement:
    """Return the statement that writes rows down as they are, in front of what changes them.

    Where one value of the database takes no more (``room``), the rest is only counted.

    Args:
        name: the column that takes them.
        entries: returns the rows, by ``entries_of``.
    """
    return Statement(lambda: _insert_former(name, entries()))


def _insert_former(name: str, entries: Iterable[Entries]) -> ClauseElement:
    parts = [
        select(literal_column(str(order)).label("part"), *part.c).select_from(part)
        for order, part in enumerate(entry.subquery(f"part_{n}") for n, entry in enumerate(entries))
    ]
    found = (parts[0] if len(parts) == 1 else union_all(*parts)).subquery("found")
    size = func.sum(byte_length(found.c.entry) + _ONE).over(order_by=[found.c.part, found.c.id])
    sized = select(found.c.entry, size.label("size")).subquery("sized")
    former = _gather(sized)
    return insert(changes).from_select(
        [*_HEAD, name, "last_of_blocks", "last_of_relations"],
        select(*_head, former.c.entries, last_known(blocks), last_known(relations))
        .where(true())
        .suffix_with(
            f"ON CONFLICT (batch) DO UPDATE SET {name} = coalesce("
            f"substr(changes.{name}, 1, length(changes.{name}) - 1) || ',' ||"
            f" substr(excluded.{name}, 2), excluded.{name})"
        ),
    )


def _gather(sized: RowSource) -> RowSource:
    """Return all entries as one JSON array, as far as there is room; no row when there are none."""
    has_room = sized.c.size <= bindparam("room", type_=BigInteger)
    kept = joined(sized.c.entry).filter(has_room)
    lost = func.count().filter(~has_room)
    comma = case((kept.is_(None), _text("")), else_=_text(","))
    told = case(
        (lost == _ZERO, _text("")),
        else_=comma + _text('{"left_out":') + cast(lost, Text) + _text("}"),
    )
    return (
        select((_text("[") + func.coalesce(kept, _text("")) + told + _text("]")).label("entries"))
        .select_from(sized)
        .having(func.count() > _ZERO)
        .subquery("former")
    )
