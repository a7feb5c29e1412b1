"""Lines of items that arrive: known again as those of their sources, with what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from inkcre.graph.plans import Reference
from inkcre.ports.database import Database
from inkcre.sources.items.revisions import (
    SELF,
    Arc,
    Link,
    Said,
    number_said,
    revision_digest,
    short_key,
    sort_arcs,
)
from inkcre.sql.parameters import as_parameter, write_json
from inkcre.sql.rows import count_of
from inkcre.sql.timestamps import format_timestamp
from inkcre.transfer.copies.graph import FIND_RELATIONS
from inkcre.transfer.copies.ids import NOBODY, READ_IDS
from inkcre.transfer.copies.items import ADD_ITEMS, FIND_ITEMS
from inkcre.transfer.copies.parts import find_rows
from inkcre.transfer.copies.sayings import ADD_SAYINGS
from inkcre.transfer.item_lines import ArcEnd, ItemLine, KeptArc, KeptItem
from inkcre.transfer.line_forms import WrongLine, read_form, write_each

Ends = tuple[str, str, str]
"""A relation: the digests of its ends, and its content."""

ItemRow = dict[str, str | int | None]
SayingRow = dict[str, str | int | None]


@dataclass(frozen=True)
class _Arriving:
    """An item of a line, and which source of the base it is of."""

    said: KeptItem
    source_id: int

    @property
    def own(self) -> str | None:
        """The digest of its block."""
        return None if self.said.block is None else self.said.block.digest

    def blocks(self) -> Iterator[str]:
        """Yield the digests of the blocks that have to be there."""
        if self.own is not None:
            yield self.own
        for arc in self.said.arcs:
            for end in (arc.from_, arc.to_):
                if end and end.by_id and end.digest:
                    yield end.digest

    def relations(self) -> Iterator[Ends]:
        """Yield the relations that have to be there."""
        for arc in self.said.arcs:
            if (ends := self.ends(arc)) is not None:
                yield ends

    def ends(self, arc: KeptArc) -> Ends | None:
        """Return the relation that an arc is; None: it was deleted, or is not known.

        Raises:
            WrongLine: the line does not say which.
        """
        if not arc.is_said or (arc.relation is None and "relation" in arc.model_fields_set):
            return None
        if arc.relation is not None:
            return arc.relation.from_.digest, arc.relation.to_.digest, arc.content
        from_, to_ = (self.own if end is None else end.digest for end in (arc.from_, arc.to_))
        if from_ is None or to_ is None:
            raise WrongLine(f'item "{self.said.key}": "{arc.content}": its relation is needed')
        return from_, to_, arc.content


@dataclass(frozen=True)
class _Rows:
    """What is written of an item."""

    item: ItemRow
    sayings: list[SayingRow]


@dataclass
class ArrivingItems:
    """The items of a file, as far as their lines have come."""

    sources: Mapping[str, int]
    """Ids of the sources, by what lines call them."""

    created: int = 0
    missing: int = 0
    """How many were looked for behind their batch, and not found."""

    def keep(self, database: Database, lines: Sequence[tuple[int, bytes]]) -> dict[int, str]:
        """Add the items that are not there yet; return what is wrong with lines, by number.

        An item that its source knows already stays what it is.
        """
        bad: dict[int, str] = {}
        found: dict[int, _Arriving] = {}
        for number, content in lines:
            try:
                found[number] = self._read(content)
            except WrongLine as error:
                bad[number] = str(error)
        ids = _read_ids(database, chain.from_iterable(each.blocks() for each in found.values()))
        lacking = _find_lacking(database, found, ids)
        rows = {
            number: _make_rows(arriving, ids)
            for number, arriving in found.items()
            if number not in lacking
        }

        def write(some: list[_Rows]) -> None:
            self._write(database, some)

        bad |= lacking | (write_each(rows, write) if rows else {})
        self.missing += _count_missing(database, [r for n, r in rows.items() if n not in bad])
        return bad

    def _read(self, content: bytes) -> _Arriving:
        said = read_form(ItemLine, content, otherwise="no item as JSON").item
        source_id = self.sources.get(said.source)
        if source_id is None:
            raise WrongLine(f'source "{said.source}": no line above says what it is')
        if said.block is None and "written" not in said.model_fields_set:
            raise WrongLine("item.written: is needed of an item whose block was deleted")
        arriving = _Arriving(said, source_id)
        for _ in arriving.relations():  # says which arc names none
            continue
        return arriving

    def _write(self, database: Database, some: Sequence[_Rows]) -> None:
        said = [row for rows in some for row in rows.sayings]
        added, _ = database.atomic(
            [
                ADD_ITEMS(items=as_parameter(rows.item for rows in some)),
                ADD_SAYINGS(sayings=as_parameter(said)),
            ]
        )
        self.created += count_of(added)


def _read_ids(database: Database, digests: Iterator[str]) -> dict[str, int]:
    keys = as_parameter({"digest": digest} for digest in dict.fromkeys(digests))
    return {block.digest: block.id for block in READ_IDS.read(database, keys=keys)}


def _find_lacking(
    database: Database, found: Mapping[int, _Arriving], ids: Mapping[str, int]
) -> dict[int, str]:
    """Tell what items name that is not there, by the numbers of their lines."""
    lacking: dict[int, str] = {}
    wanted: dict[Ends, int] = {}
    for number, arriving in found.items():
        for digest in arriving.blocks():
            if digest not in ids:
                lacking.setdefault(number, f"block {digest}: not found")
        for ends in arriving.relations():
            wanted.setdefault(ends, number)
    keys = [{"from_digest": from_, "to_digest": to_, "content": c} for from_, to_, c in wanted]
    there = find_rows(database, FIND_RELATIONS, keys)
    absent = {ends for place, ends in enumerate(wanted) if place not in there}
    for number, arriving in found.items():
        for from_, to_, content in absent.intersection(arriving.relations()):
            lacking.setdefault(number, f'relation "{content}" of {from_} and {to_}: not found')
    return lacking


def _make_rows(arriving: _Arriving, ids: Mapping[str, int]) -> _Rows:
    said = arriving.said
    # Each that is gone has a number of its own, which no row has: two arcs to two of them are two.
    gone = count(NOBODY, -1)
    arcs = [_as_arc(arc, ids, gone) for arc in said.arcs]
    kept = sort_arcs(arcs)
    has_written = "written" in said.model_fields_set
    written = (said.written or "") if has_written else (arriving.own or "")
    centre: Reference = written or ids.get(arriving.own or "", NOBODY)
    digest = "" if said.is_gone else revision_digest(centre, kept)
    since = said.missing_since
    common: ItemRow = {"source": arriving.source_id, "key": short_key(said.key), "digest": digest}
    item: ItemRow = {
        **common,
        "stamp": said.stamp,
        "arcs": write_json(kept),
        "block_digest": written,
        "now_digest": arriving.own,
        "missing_since": None if since is None else format_timestamp(since),
    }
    places = number_said(kept)
    sayings = [
        {**common, "place": places[_as_said(arc)], **_say(arriving, form)}
        for form, arc in zip(said.arcs, arcs, strict=True)
        if form.is_said
    ]
    return _Rows(item, sayings)


def _as_arc(form: KeptArc, ids: Mapping[str, int], gone: Iterator[int]) -> Arc:
    from_ = _as_end(form.from_, ids, gone)
    if form.to_ is not None and form.to_.key is not None:
        return Arc(from_, {"key": short_key(form.to_.key)}, form.content)
    return Arc(from_, _as_end(form.to_, ids, gone), form.content)


def _as_end(end: ArcEnd | None, ids: Mapping[str, int], gone: Iterator[int]) -> Reference:
    if end is None:
        return SELF
    if end.by_id:
        return next(gone) if end.digest is None else ids[end.digest]
    return end.digest or SELF


def _as_said(arc: Arc) -> Said:
    return Link(arc.content, arc.to_["key"]) if isinstance(arc.to_, dict) else arc


def _say(arriving: _Arriving, form: KeptArc) -> SayingRow:
    is_link = int(form.to_ is not None and form.to_.key is not None)
    ends = arriving.ends(form)
    if ends is None:
        return {"is_link": is_link}
    from_, to_, content = ends
    return {"from_digest": from_, "to_digest": to_, "content": content, "is_link": is_link}


def _count_missing(database: Database, written: Sequence[_Rows]) -> int:
    keys = [{"source": rows.item["source"], "key": rows.item["key"]} for rows in written]
    return len(keys) - len(find_rows(database, FIND_ITEMS, keys))
