"""Less is not newer: editions of items that may be less than what is stored.

A server whose disk is full cuts its feed, one that is down says so with status 200, and who is no
longer logged in is asked for a password. What was stored is then the better text. A source tells
what it knows of its items; here it is decided which of them are written.
"""

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Text, and_, select

from inkcre.graph.digests import block_digest
from inkcre.graph.tables import blocks, source_items
from inkcre.ports.database import Database
from inkcre.sources.base import AnySource, Item
from inkcre.sources.items.revisions import short_key
from inkcre.sql.constructs import json_rows
from inkcre.sql.parameters import read_over
from inkcre.sql.rows import Query

logger = logging.getLogger("inkcre.sources")

MAX_DOUBTS = 1000
"""How many doubted editions a source remembers; of others the next collect doubts again."""

LEAST_SHARE = 10
"""Less than one in so many characters of what is stored is doubted."""

LEAST_LENGTH = 200
"""How many characters there are of what is doubted when hardly anything is left of it; who empties
a shorter note by hand has it at once."""

ELLIPSIS = re.compile(
    r"(?:\[?(?:…|\.\.\.)\]?|(?:read|continue|show) (?:more|reading)\W*)\s*$", re.IGNORECASE
)
"""How a text ends that was cut by who gives it."""


@dataclass(frozen=True)
class _Stored:
    key: str
    content: str


_editions = json_rows("editions", source=BigInteger(), key=Text(), digest=Text())
SELECT_STORED_CONTENTS = Query(
    select(source_items.c.key, blocks.c.content).select_from(
        _editions.join(
            source_items,
            and_(
                source_items.c.key == _editions.c.key,
                source_items.c.source_id == _editions.c.source,
            ),
        ).join(
            blocks,
            and_(blocks.c.id == source_items.c.block_id, blocks.c.digest != _editions.c.digest),
        )
    ),
    _Stored,
)
"""Read the contents of some items' blocks which are not what the items say now."""


@dataclass
class Doubts:
    """What is doubted in one collect, in the light of the one before."""

    former: Mapping[str, str] = field(default_factory=dict)
    """What the collect before has doubted: what each item said then, by key."""

    found: dict[str, str] = field(default_factory=dict)
    """What this one does, to be remembered."""

    keys: list[str] = field(default_factory=list)
    """All that it does."""

    def sift(
        self, database: Database, source_id: int, source: AnySource, items: Sequence[Item]
    ) -> list[Item]:
        """Return the items that are to be written; of the others the stored edition stays."""
        edited = [item for item in items if source.doubts is not None and not item.is_same]
        stored = _read_stored(database, source_id, edited) if edited else {}
        sifted = []
        for item in items:
            key = short_key(item.key)
            why = self._doubt(source, item, key, stored.get(key))
            if why is None:
                sifted.append(item)
            else:
                logger.warning("item %s: %s; kept as it was", key[:200], why)
                self.keys.append(key)
        return sifted

    def _doubt(self, source: AnySource, item: Item, key: str, stored: str | None) -> str | None:
        """Tell why an item is not written; None: it is."""
        if not item.is_complete:
            return "what came of it is cut"
        if stored is None:
            return None  # there is nothing to lose
        new = source.read_text(item.star.block.content or "")
        before = source.read_text(stored)
        if source.doubts == "less" and (why := compare(before, new)) is not None:
            return why
        least = 0 if source.doubts == "less" else LEAST_LENGTH
        why = item.doubt or _compare_lengths(before, new, least=least)
        said = hashlib.sha256(new.encode("utf-8", "surrogatepass")).hexdigest()
        if why is None or self.former.get(key) == said:
            return None
        if len(self.found) < MAX_DOUBTS:
            self.found[key] = said
        return f"{why}, unless the next collect says the same"


def compare(stored: str, new: str) -> str | None:
    """Tell why a text is certainly less than the stored one, however often it comes."""
    before, after = " ".join(stored.split()), " ".join(new.split())
    if before and not after:
        return "it is empty"
    if before == after:
        return None
    start = ELLIPSIS.sub("", after).rstrip()
    is_cut = len(start) < len(after) and len(start) < len(before) and before.startswith(start)
    return "it is the beginning of what is there" if is_cut else None


def _compare_lengths(stored: str, new: str, *, least: int) -> str | None:
    before, after = len(" ".join(stored.split())), len(" ".join(new.split()))
    is_less = before >= least and after * LEAST_SHARE < before
    return f"it has {after} characters of {before}" if is_less else None


def _read_stored(database: Database, source_id: int, items: Sequence[Item]) -> dict[str, str]:
    rows = ({"source": source_id, **edition} for edition in _editions_of(items))
    found = read_over(SELECT_STORED_CONTENTS, "editions", rows, database)
    return {each.key: each.content for each in found}


def _editions_of(items: Sequence[Item]) -> Iterator[dict[str, object]]:
    for item in items:
        block = item.star.block
        # A block that is called by its id, or whose content is elsewhere, has no text here.
        if block.resolver is not None and block.content is not None and block.storage is None:
            digest = block_digest(block.resolver, block.storage, block.content)
            yield {"key": short_key(item.key), "digest": digest}
