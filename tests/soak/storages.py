"""Bases and copies of them on one storage, for long, on every pair of database and storage.

``copies``: a base and copies of it live on one storage for months, each does what it likes,
and sweeps once in a month at least; nothing that one of them names may be gone.
``kills``: a process that uploads, lets go, sweeps and claims is killed (SIGKILL) at any moment.
"""

import argparse
import hashlib
import json
import logging
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from inkcre.graph.files import claims, files
from inkcre.graph.tables import blocks
from inkcre.ports.database import Statement
from tests.copies import Base, key_of, open_base, pass_days
from tests.pairs import PAIRS, Pair, open_pair

KEEP_DAYS = 30
SELECT_FILES = Statement(select(blocks.c.content).where(blocks.c.storage == "file"))
"""Read what blocks name."""

CONTENTS = [b"file %d" % number for number in range(12)]


Copy = Callable[[Base, str], Base]


def play_copies(
    pair: Pair, folder: Path, chance: random.Random, *, steps: int, copy: Copy = Base.clone
) -> int:
    """Let a base and copies of it live on one storage; fail if a file is lost.

    Gives how many files were deleted: a play without any would show nothing.
    """
    play = Copies(pair, folder, chance, copy)
    for _ in range(steps):
        act = chance.choice(play.ACTS)
        getattr(play, act)()
        if act in play.DELETING:
            assert play.missing() == [], act
    for number, one in enumerate(play.bases):
        assert one.lost() == [], number
        one.remove()
    return play.deleted


class Copies:
    """A base, copies of it, and what may happen to them."""

    ACTS = ("put", "put", "put", "put", "let_go", "let_go", "let_go", "sweep", "wait", "wait",
            "wait", "wait", "copy", "restart", "claim")  # fmt: skip
    DELETING = ("sweep", "wait", "claim")

    def __init__(self, pair: Pair, folder: Path, chance: random.Random, copy: Copy) -> None:
        self._copy = copy
        self._folder, self._chance, self._made = folder, chance, 1
        self._section = pair.new_section(folder)
        self.bases = [open_base(pair.new_path(folder), self._section)]
        self.deleted = 0
        self._days = {id(self.bases[0]): 0.0}
        """How long ago each has swept."""

    def missing(self) -> list[tuple[int, bytes]]:
        """Name the files that are named, and not listed: one request, however many files."""
        found = {info.key for info in self.bases[0].context.storage.list(files.FILES).files}
        return [
            (number, content)
            for number, one in enumerate(self.bases)
            for content in one.named
            if key_of(content) not in found
        ]

    def put(self) -> None:
        """Keep one of a few files."""
        self._any().put(self._chance.choice(CONTENTS))

    def let_go(self) -> None:
        """Let a file go."""
        base = self._any()
        if base.named:
            base.let_go(self._chance.choice(sorted(base.named)))

    def sweep(self) -> None:
        """Sweep."""
        self._sweep(self._any())

    def wait(self) -> None:
        """Let up to nine days pass; whoever has not swept for long does."""
        days = self._chance.uniform(0, 9)
        pass_days(days, self._section, *self.bases)
        for base in self.bases:
            self._days[id(base)] += days
            if self._days[id(base)] > KEEP_DAYS - 10:
                self._sweep(base)

    def copy(self) -> None:
        """Now and then, copy the database of one, up to three in all: copies delete nothing."""
        if len(self.bases) < 3 and self._chance.random() < 0.3:
            base = self._any()
            self.bases.append(self._copy(base, str(self._folder / f"{self._made}.sqlite3")))
            self._made += 1
            self._days[id(self.bases[-1])] = self._days[id(base)]

    def restart(self) -> None:
        """Let one look at the storage anew."""
        self._any().restart()

    def claim(self) -> None:
        """Now and then, take the storage over; the others are given up."""
        if self._chance.random() < 0.5:
            base = self._any()
            _claim_alone(self.bases, base)

    def _any(self) -> Base:
        return self._chance.choice(self.bases)

    def _sweep(self, base: Base) -> None:
        swept = base.sweep()
        self.deleted += swept if isinstance(swept, int) else 0
        self._days[id(base)] = 0


def _claim_alone(bases: list[Base], base: Base) -> None:
    """Take the storage over; the others are closed, as the docs say: their files are not theirs."""
    claims.take_over(base.context.database, base.context.storage)
    base.restart()
    for other in [one for one in bases if one is not base]:
        other.remove()
        bases.remove(other)


WORK = """
import json, random, sys
sys.path.insert(0, sys.argv[1])
from tests.copies import open_base
from tests.soak.storages import CONTENTS
base = open_base(sys.argv[2], json.loads(sys.argv[3]))
chance = random.Random(sys.argv[4])
print("ready", flush=True)
while True:
    content = chance.choice(CONTENTS) * chance.choice([1, 1, 1, 400_000])
    base.put(content)
    if chance.random() < 0.5:
        base.execute("UPDATE file_notes SET noted_at = noted_at - 2678400000 WHERE sweep IS NULL")
        base.sweep(keep_days=1)
    if base.named and chance.random() < 0.5:
        base.let_go(chance.choice(sorted(base.named)))
    if chance.random() < 0.1:
        base.restart()
"""


def play_kills(pair: Pair, folder: Path, chance: random.Random, *, kills: int) -> None:
    """Kill a process at any moment, many times; fail if a file is lost that a block names."""
    path, section = pair.new_path(folder), pair.new_section(folder)
    base = open_base(path, section)
    for number in range(kills):
        work_for_a_while(folder, path, section, chance)
        pass_days(40, section)  # old enough for a sweep, by its own time
        base.restart()
        for (content,) in base.context.database.read(SELECT_FILES()):
            assert isinstance(content, str)
            key = files.file_key(content.removeprefix("sha256:"))
            found = hashlib.sha256(base.context.storage.get(key).read()).hexdigest()
            assert content == f"sha256:{found}", (number, content)
        assert claims.look(base.context.database, base.context.storage, base.context.tenure).state == "ours"  # fmt: skip
    base.remove()


def work_for_a_while(
    folder: Path, path: str, section: Mapping[str, Any], chance: random.Random
) -> None:
    """Let a process of its own use a base, and kill it within half a second."""
    root, seed = str(Path(__file__).parents[2]), str(chance.random())
    command = [sys.executable, "-c", WORK, root, path, json.dumps(section), seed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for, so many rounds; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak storages", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["copies", "kills"], help="both by default")
    parser.add_argument("--home", choices=sorted(PAIRS), default="sqlite-folder")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    context = parser.parse_args(arguments)
    logging.getLogger("inkcre").setLevel(logging.ERROR)  # that there are copies is known
    with open_pair(context.home) as pair:
        for number in range(context.rounds):
            said = play(pair, context.what, context.seed + number)
            print(f"round {number + 1} of {context.rounds}: nothing was lost{said}", flush=True)
    return 0


def play(pair: Pair, what: str | None, seed: int) -> str:
    """Play a round; say what there was in it."""
    chance, said = random.Random(seed), ""
    if what != "kills":
        with tempfile.TemporaryDirectory() as folder:
            deleted = play_copies(pair, Path(folder), chance, steps=120)
            said += f"; copies deleted {deleted} files"
    if what != "copies":
        with tempfile.TemporaryDirectory() as folder:
            play_kills(pair, Path(folder), chance, kills=2)
    return said
