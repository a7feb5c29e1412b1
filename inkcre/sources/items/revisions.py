"""Editions of items: what their stars become in the base, one batch for many."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inkcre.errors import NotFound
from inkcre.graph.file_notes import let_go_call, naming_calls, refuse_held
from inkcre.graph.graphs import as_json, files_of, find_missing, write_calls
from inkcre.graph.ownership import DISOWN
from inkcre.graph.plans import Plan, Reference, end_of, plan_star
from inkcre.ports.database import Call, Database, Row
from inkcre.sources.base import Item
from inkcre.sources.items.item_rows import (
    DELETE_STALE,
    ENQUEUE_ORGANIZING,
    LOCK_LEFT,
    UPDATE_CENTRES,
    UPSERT_ITEMS,
    Claims,
    Known,
    leave_calls,
    link_call,
    short_key,
)
from inkcre.sql.timestamps import format_moment
from inkcre.sql.values import dump

SELF = ""
"""The item's own block, as an end of an arc."""

Write = Callable[[Sequence[Call]], list[list[Row]]]
"""Runs statements in one batch."""


def sort_arcs(arcs: Iterable[list[Any]]) -> list[list[Any]]:
    """Give arcs in the order in which they are kept, whatever the order in which they were said."""
    return sorted(arcs, key=json.dumps)


def edition_digest(centre: Reference, arcs: Sequence[Sequence[Any]]) -> str:
    """Give the SHA-256 of what an edition says: its block, and its arcs in their order."""
    said = json.dumps([centre, arcs], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


@dataclass
class Written:
    """What came of items."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    skipped: int = 0
    """Items that are larger than the database takes."""

    block_ids: list[int] = field(default_factory=list)
    """Of those that were added or updated."""

    def count(self) -> dict[str, int]:
        """Give the numbers, for a job's result."""
        skipped = {"skipped": self.skipped} if self.skipped else {}
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            **skipped,
        }

    def __add__(self, other: "Written") -> "Written":
        """Count two together."""
        return Written(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.skipped + other.skipped,
            self.block_ids + other.block_ids,
        )


@dataclass
class Edition:
    """An item as it is to be written."""

    key: str
    stamp: str | None
    plan: Plan
    centre: Reference
    arcs: list[list[Any]]
    digest: str
    known: Known | None

    @staticmethod
    def of(item: Item, known: Known | None) -> "Edition":
        """Make one of an item and what is known of it."""
        plan = plan_star(item.star)
        centre = next(iter(plan.nodes))
        arcs: list[list[Any]] = [
            [SELF if from_ == centre else from_, SELF if to_ == centre else to_, content]
            for from_, to_, content in plan.relations
        ]
        arcs += [[SELF, {"key": short_key(to)}, content] for content, to in item.links]
        arcs = sort_arcs(arcs)
        digest = edition_digest(centre, arcs)
        return Edition(short_key(item.key), item.stamp, plan, centre, arcs, digest, known)

    @property
    def is_unchanged(self) -> bool:
        """Whether it says what the last one said."""
        return self.known is not None and self.known.digest == self.digest


class Batch:
    """The statements that write some editions."""

    def __init__(
        self, database: Database, source_id: int, now: datetime, claims: Claims, *, organizes: bool
    ) -> None:
        self._database = database
        self._source_id = source_id
        self._now = now
        self._claims = claims
        self._organizes = organizes
        self._plan = Plan()
        self._rows: list[dict[str, Any]] = []
        self._centres: list[dict[str, Any]] = []
        self._stale: list[dict[str, Any]] = []
        self._left: list[dict[str, Any]] = []
        self._stated: dict[str, None] = {}
        self._links: list[tuple[str, str, str]] = []
        self._editions: list[Edition] = []
        self.written = Written()

    def storages(self) -> set[str | None]:
        """Give the storages that the new blocks name."""
        return {row["storage"] for row in self._plan.blocks.values()}

    def take(self, edition: Edition, *, restores: bool) -> None:
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
            self._add(edition)
            return
        self.written.updated += 1
        is_same = edition.centre == known.block_digest
        if is_same or self._may_follow(edition, known):
            self._follow(edition, known, known.block_id)
        else:
            self._drop_arcs(known, json.loads(known.arcs))
            self._add(edition)
            if known.is_pristine:
                self._left.append(known.left())

    def _may_follow(self, edition: Edition, known: Known) -> bool:
        """Tell whether the item's block may become what the item is now."""
        if not known.is_pristine or known.is_shared:
            return False
        return edition.centre in edition.plan.blocks and not self._is_taken(str(edition.centre))

    def _is_taken(self, digest: str) -> bool:
        is_ours = any(row["digest"] == digest for row in self._centres)
        return is_ours or digest in self._plan.blocks or not find_missing(self._database, [digest])

    def _follow(self, edition: Edition, known: Known, block_id: int) -> None:
        """Let the item's block become what the item is now, if it is not that already."""
        if edition.centre != known.block_digest:
            row = edition.plan.blocks[str(edition.centre)]
            kept = {name: row[name] for name in ("storage", "resolver", "content", "digest")}
            self._centres.append({"id": block_id, "old_digest": known.block_digest, **kept})
        former = json.loads(known.arcs)
        self._drop_arcs(known, [arc for arc in former if arc not in edition.arcs])
        self._merge(edition, _replace_centre(edition.plan, edition.centre, block_id))
        self._remember(edition, block_id, str(edition.centre), bool(known.is_own))

    def _add(self, edition: Edition) -> None:
        """Let the item have another block: a new one, or one that is there."""
        self._merge(edition, edition.plan)
        if isinstance(edition.centre, int):  # a block of others
            self._remember(edition, edition.centre, None, is_own=False)
        else:
            self._remember(edition, None, edition.centre, is_own=True)

    def _merge(self, edition: Edition, plan: Plan) -> None:
        self._plan.merge(plan)
        others = (node for node in edition.plan.nodes if node != edition.centre)
        self._stated.update(dict.fromkeys(node for node in others if isinstance(node, str)))
        self._links += [
            (edition.key, to["key"], content)
            for _, to, content in edition.arcs
            if isinstance(to, dict)
        ]

    def _drop_arcs(self, known: Known, arcs: Iterable[Sequence[Any]]) -> None:
        """Have the relations of former arcs deleted which no other item makes."""
        assert known.block_id is not None
        own = (self._source_id, known.key)
        for arc in arcs:
            if not self._claims.get((known.block_id, dump(arc)), {own}) - {own}:
                self._stale.append(stale_row(arc, known.block_id))

    def _remember(
        self, edition: Edition, block_id: int | None, digest: str | None, is_own: bool
    ) -> None:
        """Remember an item; a block without an id is its own only if it is made in this batch."""
        self._rows.append(
            {
                "key": edition.key,
                "digest": edition.digest,
                "stamp": edition.stamp,
                "arcs": dump(edition.arcs),
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
        calls = [*self._calls_before(), *self._remember_calls(), *self._calls_behind()]
        ids: dict[str, int | None] = {}
        answers = write(calls)
        for call, rows in zip(calls, answers, strict=True):
            if call.statement is UPSERT_ITEMS:
                ids.update((row[0], row[1]) for row in rows)
        changed = [ids.get(edition.key) for edition in self._editions]
        self.written.block_ids = [id_ for id_ in changed if id_ is not None]
        refuse_held(calls, answers)
        return self.written

    def _calls_before(self) -> Iterator[Call]:
        """Yield what makes room: relations go before others that say the same come."""
        now, source = format_moment(self._now), self._source_id
        if self._left:
            yield LOCK_LEFT(left_blocks=dump(self._left))
        for part in self._parts(self._stale):
            yield DELETE_STALE(stale=part, source=source)
        if self._centres:
            yield let_go_call(row["id"] for row in self._centres)
        for part in self._parts(self._centres):
            yield UPDATE_CENTRES(centres=part, now=now)
        yield from write_calls(self._plan, self._now, max_bytes=self._max_bytes)

    def _remember_calls(self) -> Iterator[Call]:
        now = format_moment(self._now)
        for part in self._parts(self._rows):
            yield UPSERT_ITEMS(items=part, source=self._source_id, now=now)

    def _calls_behind(self) -> Iterator[Call]:
        """Yield what goes by the items as they are now."""
        for part in self._parts([{"digest": digest} for digest in self._stated]):
            yield DISOWN(stated=part)
        if self._links:
            yield link_call(self._source_id, self._links, self._now)
        yield from leave_calls(self._source_id, self._left)
        yield from naming_calls(self._files())
        if self._organizes and self._editions:
            yield self._organize(format_moment(self._now))

    def _files(self) -> list[str]:
        followed = (row["content"] for row in self._centres if row["storage"] == "file")
        return [*files_of(self._plan), *followed]

    @property
    def _max_bytes(self) -> int | None:
        return self._database.capabilities.max_value_bytes

    def _parts(self, rows: Iterable[dict[str, Any]]) -> list[str]:
        return as_json(rows, self._max_bytes)

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
        return ENQUEUE_ORGANIZING(organizing=dump(rows), source=self._source_id, now=now)


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


def stale_row(arc: Sequence[Any], block_id: int) -> dict[str, Any]:
    """Name the relation of an arc that is no longer made, for ``DELETE_STALE``."""
    from_, to_, content = arc
    row: dict[str, Any] = {"content": content}
    row |= end_of("from", block_id if from_ == SELF else from_)
    if isinstance(to_, dict):
        return {**row, "to_key": to_["key"]}
    return row | end_of("to", block_id if to_ == SELF else to_)
