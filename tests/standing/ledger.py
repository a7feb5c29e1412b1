"""What was acknowledged to clients, how long it took, and what should not have been answered."""

import threading
from collections import Counter
from dataclasses import dataclass, field

Relation = tuple[str, str, str]
"""The contents of its two blocks, and its own."""


@dataclass
class Ledger:
    """What has come of all requests; threads write to it under its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    blocks: dict[str, int] = field(default_factory=dict)
    """The contents that were acknowledged, and the ids that they were given."""

    relations: set[Relation] = field(default_factory=set)
    files: dict[str, int] = field(default_factory=dict)
    """The digests of what was uploaded, and the ids of their blocks."""

    notes: dict[str, str] = field(default_factory=dict)
    """The files of the folder, and what stands in them now."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """The milliseconds of each answer, by what was asked."""

    excused: Counter[str] = field(default_factory=Counter)
    """What made clients ask again."""

    faults: list[str] = field(default_factory=list)

    def keep(self, contents: dict[str, int], relations: set[Relation]) -> None:
        """Note blocks and relations; ids that become others are a fault."""
        with self.lock:
            for content, id_ in contents.items():
                if self.blocks.setdefault(content, id_) != id_:
                    self.faults.append(f"{content!r}: was {self.blocks[content]}, and is {id_}")
            self.relations |= relations

    def keep_file(self, digest: str, id_: int) -> None:
        """Note a file."""
        with self.lock:
            if self.files.setdefault(digest, id_) != id_:
                self.faults.append(f"file {digest}: was {self.files[digest]}, and is {id_}")

    def fail(self, said: str) -> None:
        """Note what should not be."""
        with self.lock:
            self.faults.append(said)

    def excuse(self, said: str) -> None:
        """Note why somebody asks again."""
        with self.lock:
            self.excused[said] += 1

    def time(self, kind: str, milliseconds: float) -> None:
        """Note how long an answer took."""
        with self.lock:
            self.times.setdefault(kind, []).append(milliseconds)
