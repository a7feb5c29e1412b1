"""A base without its ids: what is to be the same in another one, table by table."""

import json
from collections import Counter
from typing import Any

from sqlalchemy import select

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.ports.database import Statement
from inkcre.sources.items.revisions import Arc, Link, number_said, read_arcs
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.tables import Timestamp
from inkcre.transfer.copies.files import find_key, named_files
from tests.lines import METADATA

Rows = list[dict[str, Any]]
TIMES = {"created_at", "updated_at", "next_run_at", "last_due_at", "missing_since"}


def read_table(base: Components, name: str) -> Rows:
    """Return all rows of a table, times as text."""
    [table] = [m.tables[name] for m in METADATA if name in m.tables]
    columns = [(as_rfc3339(c) if c.type is Timestamp else c).label(c.name) for c in table.columns]
    found = base.database.read(Statement(select(*columns).order_by(*table.primary_key.columns))())
    return [dict(zip([c.name for c in table.columns], row, strict=True)) for row in found]


def describe(base: Components, *, with_times: bool = True) -> dict[str, Any]:
    """Return a base as it is compared.

    Blocks are called by their digests, relations by their ends and content, sources by their type
    and when they were made, items by their sources and keys, and what they say by what it is.
    """
    said = _Names(base).describe()
    said["files"] = _read_files(base)
    return said if with_times else {name: _without_times(rows) for name, rows in said.items()}


def _without_times(rows: object) -> object:
    if isinstance(rows, Counter):
        told: Counter[str] = Counter()
        for row, number in rows.items():
            kept = {k: v for k, v in json.loads(row).items() if k not in TIMES}
            kept.pop("state", None)
            told[json.dumps(kept, sort_keys=True)] += number
        return told
    return rows


class _Names:
    def __init__(self, base: Components) -> None:
        self.tables = {
            name: read_table(base, name)
            for name in (
                "storages", "blocks", "relations", "sources", "source_items", "sayings", "schedules"
            )
        }  # fmt: skip
        self.blocks = {row["id"]: row["digest"] for row in self.tables["blocks"]}
        self.sources = {
            row["id"]: f"{row['type']} {row['created_at']}" for row in self.tables["sources"]
        }
        self.relations = {
            row["id"]: (self.blocks[row["from_"]], self.blocks[row["to_"]], row["content"])
            for row in self.tables["relations"]
        }
        self.items = {
            row["id"]: (self.sources[row["source_id"]], row["key"], read_arcs(row["arcs"]))
            for row in self.tables["source_items"]
        }

    def describe(self) -> dict[str, Any]:
        return {
            name: Counter(json.dumps(row, sort_keys=True) for row in map(told, self.tables[name]) if row)
            for name, told in {
                "storages": lambda row: row,
                "blocks": lambda row: {**row, "id": None},
                "relations": lambda row: {
                    **row, "id": None, "from_": self.blocks[row["from_"]], "to_": self.blocks[row["to_"]],
                },
                "sources": self._source,
                "source_items": self._item,
                "sayings": self._saying,
                "schedules": self._schedule,
            }.items()
        }  # fmt: skip

    def _source(self, row: dict[str, Any]) -> dict[str, Any]:
        read = {
            name: row[name] and json.loads(row[name]) for name in ("config", "collect_at", "state")
        }
        return {**row, **read, "id": None}

    def _schedule(self, row: dict[str, Any]) -> dict[str, Any] | None:
        if row["source_id"] is None:
            return None
        return {
            **row,
            "id": None,
            "put_right_at": None,
            "source_id": self.sources[row["source_id"]],
        }

    def _arc(self, arc: Any) -> list[Any]:
        return [["by id", self.blocks.get(end)] if isinstance(end, int) else end for end in arc]

    def _item(self, row: dict[str, Any]) -> dict[str, Any]:
        source, key, arcs = self.items[row["id"]]
        # Where the star called blocks by their ids, its digest is another one.
        by_id = row["block_digest"] == "" or any(isinstance(e, int) for arc in arcs for e in arc)
        return {
            **row, "id": None, "source_id": source, "key": key,
            "digest": (row["digest"] == "") if by_id else row["digest"],
            "arcs": sorted(map(json.dumps, map(self._arc, arcs))),
            "block_id": self.blocks.get(row["block_id"]),
        }  # fmt: skip

    def _saying(self, row: dict[str, Any]) -> dict[str, Any]:
        source, key, arcs = self.items[row["item_id"]]
        [said] = [one for one, place in number_said(arcs).items() if place == row["place"]]
        return {
            "source": source,
            "key": key,
            "said": self._arc(said) if isinstance(said, Arc) else list(Link(*said)),
            "is_link": row["is_link"],
            "relation": self.relations.get(row["relation_id"]),
        }


def _read_files(base: Components) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for name in named_files(base.database):
        try:
            found[name] = base.storage.get(find_key(name)).read()
        except NotFound:
            found[name] = None
    return found
