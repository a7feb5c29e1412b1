"""What rows are called in the target of a copy.

Into an empty base, or one that has only what an earlier copy of the same base brought, blocks,
relations and sources keep their ids: addresses of hooks and whatever else names them stay right,
and nothing is rewritten. A base that has rows of its own has given these ids away, so the copied
rows get others, and what names them is rewritten: payloads, serial keys, and what items remember.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import (
    BigInteger,
    Integer,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)

from inkcre.graph.tables import blocks, relations, sources
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import Expression, as_rfc3339, json_rows
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Query, Values
from inkcre.transfer.copies.parts import Move, pick, read_pages

KEPT: dict[str, tuple[Table, dict[str, Expression]]] = {
    "blocks": (
        blocks,
        {"one": blocks.c.digest, "other": as_rfc3339(blocks.c.created_at)},
    ),
    "relations": (
        relations,
        {"one": relations.c.content, "other": as_rfc3339(relations.c.created_at)},
    ),
    "sources": (
        sources,
        {"one": sources.c.type, "other": as_rfc3339(sources.c.created_at)},
    ),
}
"""The tables whose rows keep their ids, and what tells that a row of the same id is the same."""

_keys = json_rows("keys", ord=BigInteger(), id=BigInteger(), one=Text(), other=Text())


@dataclass(frozen=True)
class _Identity:
    id: int
    one: str
    other: str


READ_IDENTITIES = {
    name: Query(
        select(table.c.id, said["one"].label("one"), said["other"].label("other"))
        .where(table.c.id > bindparam("after_id", type_=BigInteger))
        .order_by(table.c.id)
        .limit(bindparam("limit", type_=Integer)),
        _Identity,
    )
    for name, (table, said) in KEPT.items()
}
"""Read a page of what tells rows apart."""

COUNT_IDENTITIES = {
    name: Values(
        select(func.count()).select_from(
            _keys.join(
                table,
                (table.c.id == _keys.c.id)
                & (said["one"] == _keys.c.one)
                & (said["other"] == _keys.c.other),
            )
        ),
        int,
    )
    for name, (table, said) in KEPT.items()
}
"""Count which of some rows are here under the same ids."""


def may_keep_ids(source: Database, target: Database) -> bool:
    """Tell whether the target has no rows but the source's own, under the same ids."""
    for name in KEPT:
        for page in read_pages(target, READ_IDENTITIES[name], {"id": 0}, limit=2000):
            keys = as_parameter(pick(page, "id", "one", "other"))
            # The target's rows are looked for in the source: what the source has more is still to
            # come.
            if COUNT_IDENTITIES[name].read_one(source, keys=keys) < len(page):
                return False
    return True


LAST_IDS = {
    "sqlite": Values(
        text("SELECT seq FROM sqlite_sequence WHERE name = :name").columns(seq=BigInteger), int
    ),
    "postgresql": Values(
        text(
            "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id') AS regclass))"
        ).columns(seq=BigInteger),
        int,
    ),
}
"""Read the last id that a table has given, be its row there or not; nothing if it has given none.
https://www.sqlite.org/autoinc.html"""

SKIP_IDS = {
    "sqlite": (
        Statement(
            text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name AND seq < :last")
        ),
        Statement(
            text(
                "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :last"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)"
            )
        ),
    ),
    "postgresql": (
        Statement(
            text(
                "SELECT setval(pg_get_serial_sequence(:name, 'id'), greatest(CAST(:last AS bigint),"
                " coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id')"
                " AS regclass)), 1)))"
            ).columns(last=BigInteger)
        ),
    ),
}
"""Let the next id be one that the source has not given either: a rule of SQLite's AUTOINCREMENT and
of PostgreSQL's sequences that rows which bring their ids go round."""


def skip_given_ids(source: Database, target: Database) -> None:
    """Let the target's next ids be beyond those that the source has given, also of deleted rows."""
    for name in KEPT:
        skip_ids(name, source, target)


def skip_ids(name: str, source: Database, target: Database) -> None:
    """Do so for one table, which numbers its rows by a column ``id``."""
    last = LAST_IDS[source.capabilities.dialect].read_first(source, name=name)
    if last:
        skips = SKIP_IDS[target.capabilities.dialect]
        target.atomic([skip(name=name, last=last) for skip in skips])


@dataclass(frozen=True)
class SourceKey:
    """What tells sources apart."""

    id: int
    type: str
    created_at: str
    updated_at: str
    config: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what two of the same have in common."""
        return self.type, self.created_at

    @property
    def is_changed(self) -> bool:
        """Tell whether it was edited since it was made."""
        return self.created_at != self.updated_at


READ_SOURCE_KEYS = Query(
    select(
        sources.c.id,
        sources.c.type,
        as_rfc3339(sources.c.created_at).label("created_at"),
        as_rfc3339(sources.c.updated_at).label("updated_at"),
        sources.c.config,
    )
    .where(sources.c.id > bindparam("after_id", type_=BigInteger))
    .order_by(sources.c.id)
    .limit(bindparam("limit", type_=Integer)),
    SourceKey,
)
"""Read a page of what tells sources apart."""


def match_sources(source: Database, target: Database) -> dict[int, int]:
    """Tell which source of the target is which of the source base, by their ids."""
    return match_keys(read_source_keys(source), read_source_keys(target))


def read_source_keys(database: Database) -> list[SourceKey]:
    """Return what tells the sources of a base apart."""
    pages = read_pages(database, READ_SOURCE_KEYS, {"id": 0})
    return list(chain.from_iterable(pages))


def match_keys(ours: Iterable[SourceKey], theirs: Iterable[SourceKey]) -> dict[int, int]:
    """Tell which sources of two bases are the same, by their ids.

    One is the same that was made at the same moment, of the same type, with the same
    configuration; or, if either has been changed since, with another one.
    """
    # A list for each: two sources may be of one type and one moment.
    waiting: defaultdict[tuple[str, str], list[SourceKey]] = defaultdict(list)
    for there in theirs:
        waiting[there.key].append(there)
    matched: dict[int, int] = {}
    others: list[SourceKey] = []
    for here in ours:
        found = next((one for one in waiting[here.key] if one.config == here.config), None)
        if found is None:
            others.append(here)
        else:
            waiting[here.key].remove(found)
            matched[here.id] = found.id
    for here in others:
        found = next((one for one in waiting[here.key] if here.is_changed or one.is_changed), None)
        if found is not None:
            waiting[here.key].remove(found)
            matched[here.id] = found.id
    return matched


@dataclass(frozen=True)
class _BlockName:
    id: int
    digest: str


_block_ids = json_rows("keys", ord=BigInteger(), id=BigInteger())
READ_DIGESTS = Query(
    select(_block_ids.c.id, blocks.c.digest).select_from(
        _block_ids.join(blocks, blocks.c.id == _block_ids.c.id)
    ),
    _BlockName,
)
"""Read the digests of some blocks."""

_block_digests = json_rows("keys", ord=BigInteger(), digest=Text())
READ_IDS = Query(
    select(_block_digests.c.digest, blocks.c.id).select_from(
        _block_digests.join(blocks, blocks.c.digest == _block_digests.c.digest)
    ),
    _BlockName,
)
"""Read the ids of some blocks."""

NOBODY = 0
"""What a block or a source is called that is not there: no row has this id."""


def find_block_ids(move: Move, ids: Collection[int]) -> dict[int, int]:
    """Return what blocks are called in the target, by what they are called in the source."""
    if move.keeps_ids or not ids:
        return {id_: id_ for id_ in ids}
    keys = as_parameter([{"id": id_} for id_ in ids])
    digests = {b.id: b.digest for b in READ_DIGESTS.read(move.source.database, keys=keys)}
    keys = as_parameter([{"digest": digest} for digest in set(digests.values())])
    there = {b.digest: b.id for b in READ_IDS.read(move.target.database, keys=keys)}
    return {id_: there.get(digests.get(id_, ""), NOBODY) for id_ in ids}
