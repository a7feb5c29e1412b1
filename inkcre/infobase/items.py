"""Items of sources, written as blocks and relations: new ones, other editions, and those gone.

A block that was made for an item follows its editions in place, so that what people have attached
to it stays. A block that somebody else made or changed, or that another item has too, is left as it
is: the item gets a block of its own then.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from inkcre.errors import Conflict, MissingReference, NotFound, Unavailable
from inkcre.infobase.blocks import ATTEMPTS
from inkcre.infobase.constructs import IGNORE_TWINS, json_rows, moment
from inkcre.infobase.graphs import files_of, find_missing, write_calls
from inkcre.infobase.moments import format_moment
from inkcre.infobase.plans import Plan, Reference, end_of, plan_star
from inkcre.infobase.sourcing import Item
from inkcre.infobase.storages import refuse_swept, refuse_unknown_storages
from inkcre.infobase.tables import blocks, jobs, relations, source_items
from inkcre.ports.database import Call, Database, Row, Statement

MAX_KEY_BYTES = 512
"""A longer key is kept as its SHA-256: an index row of PostgreSQL takes 2,704 bytes."""

SELF = ""
"""The item's own block, as an end of an arc."""

Write = Callable[[Sequence[Call]], list[list[Row]]]
"""Runs statements in one batch."""

_source = bindparam("source", type_=BigInteger)
_now = moment(bindparam("now", type_=Text))
_keys = json_rows("keys", key=Text())
_twin = source_items.alias("twin")
_is_shared = exists().where(
    _twin.c.block_id == source_items.c.block_id,
    or_(_twin.c.source_id != source_items.c.source_id, _twin.c.key != source_items.c.key),
)
KNOWN_COLUMNS = (
    source_items.c.key,
    source_items.c.digest,
    source_items.c.stamp,
    source_items.c.arcs,
    source_items.c.block_id,
    source_items.c.is_own,
    source_items.c.block_digest,
    blocks.c.digest,
    _is_shared,
)

SELECT_KNOWN = Statement(
    select(*KNOWN_COLUMNS)
    .select_from(
        _keys.join(
            source_items,
            and_(source_items.c.key == _keys.c.key, source_items.c.source_id == _source),
        ).outerjoin(blocks, blocks.c.id == source_items.c.block_id)
    )
)  # fmt: skip
"""Read what is known of some items of a source."""

SELECT_STAMPS = Statement(
    select(source_items.c.key, source_items.c.stamp)
    .where(source_items.c.source_id == _source, source_items.c.key > bindparam("after", type_=Text))
    .order_by(source_items.c.key)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of a source's keys and stamps."""

SELECT_SHARING = Statement(
    select(source_items.c.block_id, source_items.c.source_id, source_items.c.key,
           source_items.c.arcs)
    .select_from(_keys.join(_twin, and_(_twin.c.key == _keys.c.key, _twin.c.source_id == _source))
    .join(source_items, source_items.c.block_id == _twin.c.block_id))
)  # fmt: skip
"""Read the items that have a block together with some items of a source, these included."""

_centres = json_rows(
    "centres", id=BigInteger(), old_digest=Text(), storage=Text(), resolver=Text(),
    content=Text(), digest=Text(),
)  # fmt: skip
UPDATE_CENTRES = Statement(
    update(blocks)
    .where(blocks.c.id == _centres.c.id, blocks.c.digest == _centres.c.old_digest)
    .values(
        updated_at=_now,
        storage=_centres.c.storage,
        resolver=_centres.c.resolver,
        content=_centres.c.content,
        digest=_centres.c.digest,
    )
)
"""Let blocks follow their items, if they are still what was read."""

_stale = json_rows(
    "stale", from_id=BigInteger(), from_digest=Text(), to_id=BigInteger(), to_digest=Text(),
    to_key=Text(), content=Text(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_to_item = source_items.alias("to_item")
DELETE_STALE = Statement(
    delete(relations).where(
        relations.c.id.in_(
            select(relations.c.id)
            .select_from(
                _stale.outerjoin(_from, _from.c.digest == _stale.c.from_digest)
                .outerjoin(_to, _to.c.digest == _stale.c.to_digest)
                .outerjoin(
                    _to_item,
                    and_(_to_item.c.key == _stale.c.to_key, _to_item.c.source_id == _source),
                )
                .join(
                    relations,
                    and_(
                        relations.c.from_ == func.coalesce(_stale.c.from_id, _from.c.id),
                        relations.c.to_
                        == func.coalesce(_stale.c.to_id, _to.c.id, _to_item.c.block_id),
                        relations.c.content == _stale.c.content,
                    ),
                )
            )
            .scalar_subquery()
        )
    )
)
"""Delete the relations that an item's former edition made and this one does not."""

_items = json_rows(
    "items", key=Text(), digest=Text(), stamp=Text(), arcs=Text(), block_id=BigInteger(),
    block_digest=Text(), is_own=BigInteger(),
)  # fmt: skip
UPSERT_ITEMS = Statement(
    insert(source_items)
    .from_select(
        [
            "source_id", "key", "digest", "stamp", "arcs", "block_id", "block_digest", "is_own",
        ],
        select(
            _source, _items.c.key, _items.c.digest, _items.c.stamp, _items.c.arcs,
            func.coalesce(_items.c.block_id, blocks.c.id), _items.c.block_digest,
            case(
                (_items.c.is_own == 0, 0),
                (or_(_items.c.block_id.is_not(None), blocks.c.created_at == _now), 1),
                else_=0,
            ),
        )
        .select_from(_items.outerjoin(blocks, blocks.c.digest == _items.c.block_digest))
        .where(true())
        .suffix_with(
            "ON CONFLICT (source_id, key) DO UPDATE SET digest = excluded.digest,"
            " stamp = excluded.stamp, arcs = excluded.arcs, block_id = excluded.block_id,"
            " block_digest = excluded.block_digest, is_own = excluded.is_own"
        ),
    )
    .returning(source_items.c.key, source_items.c.block_id)
)  # fmt: skip
"""Remember items as they are now. A new block is an item's own if it was not there before, and was
made at this moment: somebody else may have made it since."""

_links = json_rows("links", from_key=Text(), to_key=Text(), content=Text())
_from_item = source_items.alias("from_item")
LINK_ITEMS = Statement(
    insert(relations).from_select(
        ["created_at", "updated_at", "from_", "to_", "content"],
        select(_now, _now, _from_item.c.block_id, _to_item.c.block_id, _links.c.content)
        .select_from(
            _links.join(
                _from_item,
                and_(_from_item.c.key == _links.c.from_key, _from_item.c.source_id == _source),
            ).join(
                _to_item,
                and_(_to_item.c.key == _links.c.to_key, _to_item.c.source_id == _source),
            )
        )
        .where(_from_item.c.block_id.is_not(None), _to_item.c.block_id.is_not(None))
        .suffix_with(IGNORE_TWINS),
    )
)
"""Relate items of a source to each other, as far as both have blocks."""

DELETE_ITEMS = Statement(
    delete(source_items).where(
        source_items.c.source_id == _source, source_items.c.key.in_(select(_keys.c.key))
    )
)
"""Forget items."""

_left = json_rows("left_blocks", id=BigInteger(), digest=Text(), is_gone=BigInteger())
HAND_OVER = Statement(
    update(source_items).where(source_items.c.block_id.in_(select(_left.c.id))).values(is_own=1)
)
"""Let the other items of blocks that were made for an item have them as their own."""

_now_left = blocks.alias("now_left")
DELETE_LEFT = Statement(
    delete(blocks).where(
        blocks.c.id.in_(
            select(_now_left.c.id)
            .select_from(_left.join(_now_left, _now_left.c.id == _left.c.id))
            .where(
                _now_left.c.digest == _left.c.digest,
                ~exists().where(_twin.c.block_id == _left.c.id),
                or_(
                    _left.c.is_gone == 1,
                    and_(
                        ~exists().where(relations.c.from_ == _left.c.id),
                        ~exists().where(relations.c.to_ == _left.c.id),
                    ),
                ),
            )
        )
    )
)
"""Delete blocks that no item has any more. One whose item is not gone, only elsewhere now, stays if
somebody has attached something to it."""

_organizing = json_rows("organizing", key=Text(), dedupe_key=Text())
ENQUEUE_ORGANIZING = Statement(
    insert(jobs).from_select(
        [
            "created_at", "kind", "payload", "state", "attempts", "run_at", "claimable_at",
            "dedupe_key", "source_id",
        ],
        select(
            _now, bindparam("organize", "organize", type_=Text),
            bindparam("opening", '{"block_id":', type_=Text)
            + cast(source_items.c.block_id, Text)
            + bindparam("closing", "}", type_=Text),
            bindparam("pending", "pending", type_=Text),
            bindparam("attempts", 0, type_=Integer), _now, _now, _organizing.c.dedupe_key, _source,
        )
        .select_from(
            _organizing.join(
                source_items,
                and_(
                    source_items.c.key == _organizing.c.key, source_items.c.source_id == _source
                ),
            )
        )
        .where(source_items.c.block_id.is_not(None))
        .suffix_with(IGNORE_TWINS),
    )
)  # fmt: skip
"""Add the jobs that organize the blocks of some items."""


@dataclass
class Written:
    """What came of items."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    block_ids: list[int] = field(default_factory=list)
    """Of those that were added or updated."""

    def count(self) -> dict[str, int]:
        """Give the numbers, for a job's result."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
        }

    def __add__(self, other: "Written") -> "Written":
        """Count two together."""
        return Written(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.block_ids + other.block_ids,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    key: str
    digest: str
    stamp: str | None
    arcs: str
    block_id: int | None
    is_own: int
    written_digest: str
    """Of the block as it was written for the item."""

    block_digest: str | None
    """Of the block as it is now."""

    is_shared: int

    @property
    def is_pristine(self) -> bool:
        """Whether the block was made for an item, and nobody has changed it since."""
        return bool(self.is_own) and self.block_digest == self.written_digest

    def left(self, *, is_gone: bool) -> dict[str, Any]:
        """Give the row for those who see to a block that its item leaves."""
        return {"id": self.block_id, "digest": self.block_digest, "is_gone": int(is_gone)}


@dataclass
class _Edition:
    """An item as it is to be written."""

    key: str
    stamp: str | None
    plan: Plan
    centre: Reference
    arcs: list[list[Any]]
    digest: str
    known: _Known | None

    @staticmethod
    def of(item: Item, known: _Known | None) -> "_Edition":
        plan = plan_star(item.star)
        centre = next(iter(plan.nodes))
        arcs: list[list[Any]] = [
            [SELF if from_ == centre else from_, SELF if to_ == centre else to_, content]
            for from_, to_, content in plan.relations
        ]
        arcs += [[SELF, {"key": short_key(to)}, content] for content, to in item.links]
        arcs.sort(key=json.dumps)
        said = json.dumps([centre, arcs], ensure_ascii=False)
        digest = hashlib.sha256(said.encode()).hexdigest()
        return _Edition(short_key(item.key), item.stamp, plan, centre, arcs, digest, known)

    @property
    def is_unchanged(self) -> bool:
        return self.known is not None and self.known.digest == self.digest


def short_key(key: str) -> str:
    """Give a key as it is kept."""
    content = key.encode("utf-8", "replace").replace(b"\x00", b"")
    if len(content) <= MAX_KEY_BYTES:
        return content.decode()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_stamps(database: Database, source_id: int) -> Iterator[tuple[str, str | None]]:
    """Yield the keys and stamps of all items of a source, in order."""
    after, limit = "", 5000
    while True:
        page = database.read(SELECT_STAMPS(source=source_id, after=after, limit=limit))
        yield from ((row[0], row[1]) for row in page)
        if len(page) < limit:
            return
        after = page[-1][0]


def write_items(
    database: Database,
    source_id: int,
    items: Iterable[Item],
    *,
    now: datetime,
    write: Write | None = None,
    restores: bool = False,
    organizes: bool = False,
) -> Written:
    """Write items of a source in one batch; what has not changed is not written.

    Args:
        database: where to.
        source_id: whose they are.
        items: of one key the last counts.
        now: the time.
        write: what runs the batch; a job gives its fenced one.
        restores: whether items come back whose blocks somebody has deleted.
        organizes: whether a job is added that organizes each new block.

    Raises:
        NotFound: a block that is referred to does not exist, or the source is gone.
        Invalid: a star names an unknown storage.
    """
    by_key = {short_key(item.key): item for item in items}
    for _ in range(ATTEMPTS):
        batch = _Batch(database, source_id, now, organizes=organizes)
        known = _read_known(database, source_id, by_key)
        for key, item in by_key.items():
            batch.take(_Edition.of(item, known.get(key)), restores=restores)
        try:
            return batch.run(write or database.atomic)
        except MissingReference:
            refuse_unknown_storages(database, batch.storages())
            raise NotFound(f"source {source_id}: was deleted meanwhile") from None
        except Conflict:
            continue  # somebody has just made the block that one of ours was to become
    raise Unavailable(f"source {source_id}: somebody else keeps changing its blocks")


def _read_known(database: Database, source_id: int, keys: Iterable[str]) -> dict[str, _Known]:
    asked = _dump([{"key": key} for key in keys])
    rows = database.read(SELECT_KNOWN(keys=asked, source=source_id))
    return {key: _Known(key, *rest) for key, *rest in rows}


class _Batch:
    """The statements that write some editions."""

    def __init__(
        self, database: Database, source_id: int, now: datetime, *, organizes: bool
    ) -> None:
        self._database = database
        self._source_id = source_id
        self._now = now
        self._organizes = organizes
        self._plan = Plan()
        self._rows: list[dict[str, Any]] = []
        self._centres: list[dict[str, Any]] = []
        self._stale: list[dict[str, Any]] = []
        self._left: list[dict[str, Any]] = []
        self._links: list[tuple[str, str, str]] = []
        self._editions: list[_Edition] = []
        self.written = Written()

    def storages(self) -> set[str | None]:
        """Give the storages that the new blocks name."""
        return {row["storage"] for row in self._plan.blocks.values()}

    def take(self, edition: _Edition, *, restores: bool) -> None:
        """Take an edition in, as far as it says something new."""
        known = edition.known
        is_deleted = known is not None and known.block_id is None
        if known is not None and edition.is_unchanged and not (is_deleted and restores):
            self.written.unchanged += 1
            if known.stamp != edition.stamp and not is_deleted:
                self._remember(edition, known.block_id, known.written_digest, bool(known.is_own))
            return
        if is_deleted and not restores:
            self.written.unchanged += 1
            return
        self._editions.append(edition)
        if known is None or known.block_id is None:
            self.written.added += 1
        else:
            self.written.updated += 1
        if known is None or known.block_id is None:
            self._add(edition)
        elif known.is_pristine and not known.is_shared:
            self._follow(edition, known, known.block_id)
        else:
            self._add(edition)
            if known.is_pristine:
                self._left.append(known.left(is_gone=False))

    def _follow(self, edition: _Edition, known: _Known, block_id: int) -> None:
        """Let the item's own block become what the item is now."""
        centre = edition.centre
        row = edition.plan.blocks.get(str(centre))
        if row is None or (centre != known.block_digest and self._is_taken(str(centre))):
            self._drop_arcs(json.loads(known.arcs), block_id)
            self._add(edition)
            self._left.append(known.left(is_gone=False))
            return
        if centre != known.block_digest:
            kept = {name: row[name] for name in ("storage", "resolver", "content", "digest")}
            self._centres.append({"id": block_id, "old_digest": known.block_digest, **kept})
        self._merge(edition, block_id)
        self._remember(edition, block_id, str(centre), is_own=True)

    def _is_taken(self, digest: str) -> bool:
        is_ours = any(row["digest"] == digest for row in self._centres)
        return is_ours or digest in self._plan.blocks or not find_missing(self._database, [digest])

    def _add(self, edition: _Edition) -> None:
        self._merge(edition, None)
        if isinstance(edition.centre, int):  # a block of others
            self._remember(edition, edition.centre, None, is_own=False)
        else:
            self._remember(edition, None, edition.centre, is_own=True)

    def _merge(self, edition: _Edition, block_id: int | None) -> None:
        """Add a plan's rows; the centre goes by its id where it is a block that exists."""
        plan = edition.plan
        if block_id is not None:
            known = edition.known
            assert known is not None
            former = json.loads(known.arcs)
            self._drop_arcs([arc for arc in former if arc not in edition.arcs], block_id)
            plan = _replace_centre(plan, edition.centre, block_id)
        self._plan.merge(plan)
        self._links += [
            (edition.key, to["key"], content)
            for _, to, content in edition.arcs
            if isinstance(to, dict)
        ]

    def _drop_arcs(self, arcs: Iterable[Sequence[Any]], block_id: int) -> None:
        self._stale += [_stale_row(arc, block_id) for arc in arcs]

    def _remember(
        self, edition: _Edition, block_id: int | None, digest: str | None, is_own: bool
    ) -> None:
        """Remember an item; a block without an id is its own only if it is made in this batch."""
        self._rows.append(
            {
                "key": edition.key,
                "digest": edition.digest,
                "stamp": edition.stamp,
                "arcs": _dump(edition.arcs),
                "block_id": block_id,
                "block_digest": digest or "",
                "is_own": int(is_own),
            }
        )

    def run(self, write: Write) -> Written:
        """Write everything, in one batch; nothing if there is nothing."""
        if not self._rows:
            return self.written
        unresolved = self._plan.unresolved()
        for reference in find_missing(self._database, unresolved) if unresolved else ():
            raise NotFound(f"block {reference}: not found", hint="nothing was written")
        self._disown_existing()
        moment_ = format_moment(self._now)
        limit = self._database.capabilities.max_value_bytes
        calls = write_calls(self._plan, self._now, max_bytes=limit)
        if self._centres:
            calls.insert(0, UPDATE_CENTRES(centres=_dump(self._centres), now=moment_))
        if self._stale:
            calls.append(DELETE_STALE(stale=_dump(self._stale), source=self._source_id))
        remember = UPSERT_ITEMS(items=_dump(self._rows), source=self._source_id, now=moment_)
        at = len(calls)
        calls.append(remember)
        if self._links:
            calls.append(link_call(self._source_id, self._links, self._now))
        calls += _leave_calls(self._left)
        if self._organizes and self._editions:
            calls.append(self._organize(moment_))
        answers = write(calls)
        ids = {row[0]: row[1] for row in answers[at]}
        changed = [ids.get(edition.key) for edition in self._editions]
        self.written.block_ids = [id_ for id_ in changed if id_ is not None]
        refuse_swept(self._database, files_of(self._plan), self._now)
        return self.written

    def _disown_existing(self) -> None:
        """Say of new items whose blocks are there already that these are not their own."""
        new = [row for row in self._rows if row["block_id"] is None]
        digests = dict.fromkeys(row["block_digest"] for row in new)
        missing = set(find_missing(self._database, list(digests))) if digests else set()
        for row in new:
            row["is_own"] = int(row["block_digest"] in missing)

    def _organize(self, now: str) -> Call:
        rows = [
            {"key": e.key, "dedupe_key": f"organize:{self._source_id}:{e.digest}"}
            for e in self._editions
        ]
        return ENQUEUE_ORGANIZING(
            organizing=_dump(rows),
            source=self._source_id,
            now=now,
        )


def _replace_centre(plan: Plan, centre: Reference, block_id: int) -> Plan:
    """Let a plan's relations refer to its centre by id."""

    def named(end: Reference) -> Reference:
        return block_id if end == centre else end

    replaced = Plan(
        blocks={digest: row for digest, row in plan.blocks.items() if digest != centre},
        nodes=dict.fromkeys(named(node) for node in plan.nodes),
    )
    for (from_, to_, content), row in plan.relations.items():
        kept = {name: value for name, value in row.items() if not name.startswith(("from_", "to_"))}
        ends = {**end_of("from", named(from_)), **end_of("to", named(to_))}
        replaced.relations[named(from_), named(to_), content] = {**kept, **ends}
    return replaced


def _stale_row(arc: Sequence[Any], block_id: int) -> dict[str, Any]:
    from_, to_, content = arc
    row: dict[str, Any] = {"content": content}
    row |= end_of("from", block_id if from_ == SELF else from_)
    if isinstance(to_, dict):
        return {**row, "to_key": to_["key"]}
    return row | end_of("to", block_id if to_ == SELF else to_)


def _leave_calls(left: Sequence[dict[str, Any]]) -> list[Call]:
    if not left:
        return []
    given = _dump(left)
    return [HAND_OVER(left_blocks=given), DELETE_LEFT(left_blocks=given)]


def delete_items(
    database: Database, source_id: int, keys: Sequence[str], *, write: Write
) -> Written:
    """Forget items that are gone, with the relations that they made, and with their own blocks.

    A block that another item has too, or that somebody has changed, stays.
    """
    known = _read_known(database, source_id, keys)
    claimed = _read_claims(database, source_id, known)
    stale: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for item in known.values():
        if item.block_id is None or not item.is_own:
            continue
        if item.is_pristine:
            left.append(item.left(is_gone=True))
        if item.is_pristine or item.is_shared:
            arcs = [
                arc for arc in json.loads(item.arcs) if (item.block_id, _dump(arc)) not in claimed
            ]
            stale += [_stale_row(arc, item.block_id) for arc in arcs]
    asked = _dump([{"key": key} for key in known])
    write(
        [
            DELETE_STALE(stale=_dump(stale), source=source_id),
            DELETE_ITEMS(keys=asked, source=source_id),
            *_leave_calls(left),
        ]
    )
    return Written(deleted=len(known))


def _read_claims(database: Database, source_id: int, known: Iterable[str]) -> set[tuple[int, str]]:
    """Give the arcs, by block, of the items that share blocks with some that are gone."""
    gone = set(known)
    asked = _dump([{"key": key} for key in gone])
    rows = database.read(SELECT_SHARING(keys=asked, source=source_id))
    return {
        (block_id, _dump(arc))
        for block_id, source, key, arcs in rows
        if source != source_id or key not in gone
        for arc in json.loads(arcs)
    }


def link_call(source_id: int, links: Sequence[tuple[str, str, str]], now: datetime) -> Call:
    """Give the statement that relates items to each other: from key, to key, what it says."""
    rows = [{"from_key": from_, "to_key": to, "content": says} for from_, to, says in links]
    return LINK_ITEMS(links=_dump(rows), source=source_id, now=format_moment(now))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
