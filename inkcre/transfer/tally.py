"""What an export holds, what it does not, and whether it is what the base says."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from inkcre.errors import DatabaseDamaged
from inkcre.graph.tables import blocks
from inkcre.ports.database import Database
from inkcre.sql.rows import Values
from inkcre.sql.tables import jobs, keyvalues
from inkcre.transfer.line_forms import kind_of
from inkcre.transfer.losses import Losses

LEFT_OUT: Mapping[str, Values[int]] = {
    "waiting jobs": Values(
        select(func.count())
        .select_from(jobs)
        .where(
            jobs.c.claimable_at.is_not(None),
            or_(jobs.c.state == "pending", jobs.c.state == "running"),
        ),
        int,
    ),
    "values": Values(
        select(func.count()).select_from(keyvalues).where(keyvalues.c.expires_at.is_(None)), int
    ),
}
"""Count what a copy takes along and an export does not hold; values that expire are a cache."""

COUNT_FILES = Values(
    select(func.count(blocks.c.content.distinct())).where(blocks.c.storage == "file"), int
)
"""Count the files that blocks name."""


def count_left_out(
    database: Database, losses: Losses | None = None, *, has_files: bool
) -> dict[str, int]:
    """Count what is in a base and not in its export, by what it is called.

    What cannot be counted, ``losses`` is told.
    """
    counted = {**LEFT_OUT, **({} if has_files else {"files": COUNT_FILES})}
    counts = {}
    for name, count in counted.items():
        try:
            counts[name] = count.read_one(database)
        except DatabaseDamaged:
            if losses is None:
                raise
            losses.others.append(f"{name}: could not be counted")
    return {name: number for name, number in counts.items() if number}


COMPARED = ("blocks", "relations", "rows", "sources", "items")
"""Of what the lines are compared with the base."""


@dataclass
class Tally:
    """What lines hold, by table, each with the digest of its lines."""

    lines: int = 0
    blocks: int = 0
    relations: int = 0
    rows: int = 0
    """Of extensions' tables."""

    sources: int = 0
    items: int = 0
    file_parts: int = 0
    _digests: dict[str, "hashlib._Hash"] = field(
        default_factory=lambda: {name: hashlib.sha256() for name in COMPARED}
    )

    def take(self, line: bytes) -> None:
        """Count a line."""
        self.lines += 1
        kind = kind_of(line)
        if kind == "file":
            self.file_parts += 1
            return
        if kind != "star":
            name = f"{kind}s"
            setattr(self, name, getattr(self, name) + 1)
            self._digests[name].update(line)
            return
        said = json.loads(line)
        if "digest" in said["block"]:
            self.relations += len(said["out_relations"])
            self._digests["relations"].update(line)
        else:
            self.blocks += 1
            self._digests["blocks"].update(line)

    def take_all(self, lines: Iterable[bytes]) -> "Tally":
        """Count lines."""
        for line in lines:
            self.take(line)
        return self

    def follow(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Count lines as they pass."""
        for line in lines:
            self.take(line)
            yield line

    def digests(self) -> dict[str, str]:
        """Return the digest of each table's lines."""
        return {name: digest.hexdigest() for name, digest in self._digests.items()}

    def differs_from(self, other: "Tally") -> list[str]:
        """Name the tables of which two tallies are not the same, with both counts."""
        mine, theirs = self.digests(), other.digests()
        return [
            f"{name}: {getattr(self, name)} exported, {getattr(other, name)} in the base now"
            for name in mine
            if mine[name] != theirs[name]
        ]
