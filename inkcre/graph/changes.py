"""Reading the log of changes: what was changed, in order, and nothing passed over.

A number is given to a change before it is committed, so of two writers the one with the lower one
may commit last. Whoever read the higher one and went on from there would never see the lower one.
On PostgreSQL a reader therefore looks first for the last number that was given, and then for the
oldest transaction that holds the lock which every writer to the table has, from before it is given
a number until it ends. Only then it reads: up to that last number, and up to the first change that
is not older than that transaction. Whoever has a lower number than a change has begun before it;
who begins after that look has a higher number than the last one. SQLite and D1 have one writer,
whose numbers are committed in order.

No advisory locks, which Hyperdrive has not, no numbers of transactions in columns, which a dump
and its restoring would make nonsense of, and no row that every writer changes: writers pay nothing
for it. Where other roles write, a reader needs ``pg_read_all_stats`` to be told since when
(https://www.postgresql.org/docs/current/monitoring-stats.html); without it, it waits for their end.
A clock of the server that is set back may hide a writer for as long as it was set back.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    func,
    null,
    select,
    text,
    update,
)

from inkcre.errors import CursorExpired
from inkcre.graph.change_log import BEGIN, FORGOTTEN
from inkcre.graph.tables import changes
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.constructs import as_rfc3339, timestamp
from inkcre.sql.rows import Json, Query, Values
from inkcre.sql.timestamps import format_timestamp
from inkcre.sql.values import MAX_ID

FORGOTTEN_AT_ONCE = 10_000
"""How many of the oldest changes a sweep looks at, and forgets, in one batch."""


def _read_spans(said: str) -> tuple[range, ...]:
    return tuple(range(first, last + 1) for first, last in json.loads(said))


def _read_entries(said: str) -> tuple[Json, ...]:
    return tuple(json.loads(said))


SPANS = {"decode": _read_spans}
ENTRIES = {"decode": _read_entries}
"""Metadata of fields whose columns are what ``change_log`` writes."""


@dataclass(frozen=True)
class GraphChange:
    """What one batch has done to the graph."""

    id: int
    """Its number, and the cursor of those behind it. Not every number is given."""

    created_at: str
    """By the database's clock: RFC 3339, UTC."""

    actor: str | None
    """Who did it, such as ``source:7``; None where that is not known."""

    action: str
    """What was done, such as ``graph.put``."""

    blocks: tuple[range, ...] | None = field(metadata=SPANS)
    """The ids of the blocks that were made; None: none."""

    relations: tuple[range, ...] | None = field(metadata=SPANS)
    changed: tuple[Json, ...] | None = field(metadata=ENTRIES)
    """What was changed, each as it was: ``{"block": {…}}``."""

    deleted: tuple[Json, ...] | None = field(metadata=ENTRIES)
    """What was deleted, each as it was: ``{"block": {…}}``, ``{"relation": {…}}``. Where a database
    takes only so much, here and in ``changed``, ``{"left_out": …}`` is how many more there were."""


@dataclass(frozen=True)
class _Horizon:
    last: int | None
    """The last number that was given."""

    oldest: str | None
    """Since when the oldest of those that write now has been at it."""


SELECT_HORIZON = Query(
    text(
        # The second part names the first, so that it is asked behind it.
        "SELECT given.last, (SELECT to_char(min(coalesce(activity.xact_start, 'epoch'))"
        " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        " FROM pg_locks AS held LEFT JOIN pg_stat_activity AS activity ON activity.pid = held.pid"
        " WHERE held.locktype = 'relation' AND held.relation = CAST('changes' AS regclass)"
        " AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND held.mode = 'RowExclusiveLock' AND given.last IS NOT NULL) AS oldest"
        " FROM (SELECT pg_sequence_last_value('changes_id_seq') AS last) AS given"
    ).columns(last=BigInteger, oldest=Text),
    _Horizon,
)
"""Look up to where changes are settled, on PostgreSQL."""

CHANGE_COLUMNS = (
    changes.c.id,
    as_rfc3339(changes.c.created_at).label("created_at"),
    changes.c.actor,
    changes.c.action,
    changes.c.blocks,
    changes.c.relations,
    changes.c.changed,
    changes.c.deleted,
)
IS_OF_GRAPH = and_(changes.c.action != BEGIN, changes.c.action != FORGOTTEN)
"""Whether a row tells of the graph, and not of the log itself."""

SELECT_CHANGES = Query(
    select(*CHANGE_COLUMNS)
    .where(
        changes.c.id > bindparam("after", type_=BigInteger),
        changes.c.id <= bindparam("last", type_=BigInteger),
        IS_OF_GRAPH,
    )
    .order_by(changes.c.id)
    .limit(bindparam("limit", type_=Integer)),
    GraphChange,
)
"""Read a page of changes, oldest first."""

SELECT_NEWEST = Query(
    select(*CHANGE_COLUMNS)
    .where(changes.c.id < bindparam("before", type_=BigInteger), IS_OF_GRAPH)
    .order_by(changes.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    GraphChange,
)
"""Read a page of changes, newest first."""

SELECT_FORGOTTEN = Values(
    select(changes.c.id).where(
        changes.c.id == select(func.min(changes.c.id)).scalar_subquery(),
        changes.c.action == FORGOTTEN,
    ),
    int,
)
"""Read up to where changes were forgotten; nothing where none was."""

_first = (
    select(changes.c.id, changes.c.created_at)
    .order_by(changes.c.id)
    .limit(bindparam("number", type_=Integer))
    .subquery("first")
)
_before = timestamp(bindparam("before", type_=Text))
FORGET = Statement(
    update(changes)
    .where(
        changes.c.id
        == select(func.max(_first.c.id)).where(_first.c.created_at < _before).scalar_subquery(),
        changes.c.action != FORGOTTEN,
    )
    .values(
        action=FORGOTTEN, actor=null(), blocks=null(), relations=null(), changed=null(),
        deleted=null(),
    ),
    counts=True,
)  # fmt: skip
"""Leave of the newest of those changes that have had their time only that they were forgotten up to
it. It stays: SQLite's writers go by the ids that it remembers."""

_first_action = (
    select(changes.c.id, changes.c.action)
    .order_by(changes.c.id)
    .limit(bindparam("number", type_=Integer))
    .subquery("first")
)
DROP_FORGOTTEN = Statement(
    delete(changes).where(
        changes.c.id
        < select(func.max(_first_action.c.id))
        .where(_first_action.c.action == FORGOTTEN)
        .scalar_subquery()
    ),
    counts=True,
)
"""Delete what stands before it."""


def read_changes(database: Database, after: int | None, limit: int) -> list[GraphChange]:
    """Return changes behind a number, oldest first; None: all that are still known.

    A change that is not among them has a higher number than all that are.

    Raises:
        CursorExpired: changes behind the number were forgotten.
    """
    horizon = _Horizon(MAX_ID, None)
    if database.capabilities.dialect == "postgresql":
        horizon = SELECT_HORIZON.read(database)[0]
    page = SELECT_CHANGES.read(database, after=after or 0, last=horizon.last or 0, limit=limit)
    # Asked behind it: what is forgotten meanwhile is missing from the page.
    forgotten = SELECT_FORGOTTEN.read_first(database)
    if after is not None and forgotten is not None and after < forgotten:
        raise CursorExpired(
            f"changes: those behind {after} are no longer known",
            hint="read everything anew, and go on from there",
        )
    oldest = horizon.oldest
    return page if oldest is None else list(takewhile(lambda c: c.created_at < oldest, page))


def list_changes(database: Database, *, limit: int, before: int | None = None) -> list[GraphChange]:
    """Read a page of changes, newest first, for people: one that is just being written may miss.

    Args:
        database: where they are.
        limit: how many at the most.
        before: only those with lower numbers.
    """
    return SELECT_NEWEST.read(database, before=before or MAX_ID, limit=limit)


def forget_calls(now: datetime, keep_days: int) -> list[Call]:
    """Return what forgets the changes that are older than so many days, a part of them at once."""
    before = format_timestamp(now - timedelta(days=keep_days))
    return [
        FORGET(before=before, number=FORGOTTEN_AT_ONCE),
        DROP_FORGOTTEN(number=FORGOTTEN_AT_ONCE),
    ]
