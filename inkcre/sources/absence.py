"""What a source has not given any more: what is gone, and what is missing for now.

A disk that is away looks like a folder that somebody emptied. So what is gone goes at once only
where the source is sure, and where it is not much of what the source has given. All else is kept,
as missing since now, and goes when it has been missing for days, or when somebody says so.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Integer, Text, bindparam, null, select, tuple_, update

from inkcre.graph.tables import source_items
from inkcre.jobs.known_time import tell_time
from inkcre.ports.database import Call, Database, Statement
from inkcre.sources.base import Absence, AnySource
from inkcre.sources.items.saying_rows import read_sayers
from inkcre.sql.constructs import as_rfc3339, json_rows, timestamp
from inkcre.sql.parameters import calls_over
from inkcre.sql.rows import Json, Query
from inkcre.sql.timestamps import format_timestamp

MANY = 20
SHARE = 5
"""More items than so many, and than one in so many of a source's, do not go at once."""

PAGE = 5000
"""How many items are read, or marked, at once."""

_source = bindparam("source", type_=BigInteger)
# With the source in each row: a planner that knows little of the table would go through all of the
# source's items, and through all of the keys for each (PostgreSQL: minutes for 50,000).
_keys = json_rows("keys", source=BigInteger(), key=Text())
_is_named = tuple_(source_items.c.source_id, source_items.c.key).in_(
    select(_keys.c.source, _keys.c.key)
)


@dataclass(frozen=True)
class Known:
    """An item that a source has given."""

    key: str
    block_id: int | None
    missing_since: str | None
    """RFC 3339, UTC; None: it was there the last time."""


SELECT_KNOWN = Query(
    select(
        source_items.c.key,
        source_items.c.block_id,
        as_rfc3339(source_items.c.missing_since).label("missing_since"),
    )
    .where(
        source_items.c.source_id == _source,
        source_items.c.key > bindparam("after", type_=Text),
        source_items.c.digest != "",
    )
    .order_by(source_items.c.key)
    .limit(bindparam("limit", type_=Integer)),
    Known,
)
"""Read a page of a source's items."""

MARK_MISSING = Statement(
    update(source_items)
    .where(_is_named, source_items.c.missing_since.is_(None))
    .values(missing_since=timestamp(bindparam("now", type_=Text)))
)
"""Note since when items are missing; of those that were before it stays."""

MARK_PRESENT = Statement(
    update(source_items)
    .where(_is_named, source_items.c.missing_since.is_not(None))
    .values(missing_since=null())
)
"""Note that items are there again."""


@dataclass(frozen=True)
class Missing:
    """How many items of a source are missing, and since when the first of them."""

    count: int = 0
    since: str | None = None

    def tell(self) -> dict[str, Json]:
        """Return it for a job's result; nothing if there is nothing."""
        return {"missing": self.count, "missing_since": self.since} if self.count else {}


@dataclass
class Absent:
    """What a source has not given, by what is to become of it."""

    gone: list[str] = field(default_factory=list)
    missing: list[Known] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    """Those that were missing and are there again."""

    def count_missing(self, now: datetime) -> Missing:
        """Return how many stay away, and since when the first of them."""
        now_text = format_timestamp(now)
        since = min((item.missing_since or now_text for item in self.missing), default=None)
        return Missing(len(self.missing), since)

    def calls(self, database: Database, source_id: int, now: datetime) -> Iterator[Sequence[Call]]:
        """Yield the batches that note what has become missing or present; most collects none."""
        new = [item.key for item in self.missing if item.missing_since is None]
        for statement, keys, more in (
            (MARK_MISSING, new, {"now": format_timestamp(now)}),
            (MARK_PRESENT, self.present, {}),
        ):
            for start in range(0, len(keys), PAGE):
                rows = ({"source": source_id, "key": key} for key in keys[start : start + PAGE])
                yield calls_over(statement, "keys", rows, database, **more)


def read_known(database: Database, source_id: int) -> Iterator[Known]:
    """Yield the items of a source, in the order of their keys."""
    after = ""
    while True:
        page = SELECT_KNOWN.read(database, source=source_id, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].key


def is_much(count: int, total: int) -> bool:
    """Tell whether so many of a source's items do not go at once."""
    return count > MANY and count * SHARE > total


def sort_absent(
    database: Database,
    source_id: int,
    source: AnySource,
    seen: Collection[str],
    *,
    now: datetime,
    forget_days: int,
    forgets: bool,
) -> Absent:
    """Decide what becomes of the items that a source, which gives all, has not given.

    Args:
        database: where the items are.
        source_id: whose they are.
        source: what judges which of them are gone.
        seen: the keys of those that it gave.
        now: the time.
        forget_days: how long one is missing before it goes.
        forgets: whether somebody has said that all of them are gone.
    """
    absent, total = Absent(), 0
    away: dict[Known, Absence] = {}
    seen_blocks: set[int | None] = set()
    for item in read_known(database, source_id):
        total += 1
        if item.key not in seen:
            away[item] = source.judge_absence(item.key)
            continue
        seen_blocks.add(item.block_id)
        if item.missing_since is not None:
            absent.present.append(item.key)
    unsaid = [item for item, judged in away.items() if judged == "unsaid"]
    for item in unsaid:
        del away[item]
    if forgets:
        absent.gone = [item.key for item in away]
    else:
        # By a clock that may be ahead nothing has waited. To have asked counts as a tick.
        is_agreed = bool(away) and tell_time(database, now).is_agreed
        before = format_timestamp(now - timedelta(days=forget_days)) if is_agreed else None
        _sort(absent, away, before, seen_blocks, total=total, is_all=not seen)
    _sort_unsaid(database, source_id, absent, unsaid)
    return absent


def _sort(
    absent: Absent,
    away: Mapping[Known, Absence],
    before: str | None,
    seen_blocks: Collection[int | None],
    *,
    total: int,
    is_all: bool,
) -> None:
    """Sort what is not there by how sure that is, and by how much of ``total`` it is, or all.

    What is missing since ``before`` has waited long enough; None: nothing has.
    """
    sure: list[Known] = []
    unsure = 0
    for item, judged in away.items():
        # An item that was not sure to be gone at first waits for its time: the place that it is
        # missing from may have become what it is now.
        if item.missing_since is not None:
            is_old = before is not None and item.missing_since <= before
            has_waited = is_old and judged != "away"
            absent.gone += [item.key] * has_waited
            absent.missing += [item] * (not has_waited)
        elif judged == "gone":
            sure.append(item)
        else:
            absent.missing.append(item)
            unsure += 1
    # An item whose block another one has that was given has moved: nothing of it is lost.
    lost = [item for item in sure if item.block_id not in seen_blocks]
    stays = is_all or is_much(len(lost) + unsure, total)
    kept = set(lost) if stays else set()
    absent.gone += [item.key for item in sure if item not in kept]
    absent.missing += lost if stays else []


def _sort_unsaid(
    database: Database, source_id: int, absent: Absent, unsaid: Sequence[Known]
) -> None:
    """Let go what is there, unless an item that stays links to it."""
    links = read_sayers(database, source_id, (item.key for item in unsaid))
    gone = set(absent.gone)
    for item in unsaid:
        if links.get(item.key, set()) <= gone:
            absent.gone.append(item.key)
        elif item.missing_since is not None:
            absent.present.append(item.key)
