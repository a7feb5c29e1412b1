"""Bases and copies of them on one storage, for long, in folders of their own.

``copies``: a base and copies of it live on one storage for a year or so, each does what it likes,
and sweeps once in a month at least; nothing that one of them names may be gone.
``kills``: a process that uploads, lets go, sweeps and claims is killed (SIGKILL) at any moment.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from inkcre.infobase import claims
from inkcre.infobase.tables import blocks
from inkcre.ports.database import Statement
from tests.copies import Base, open_base, pass_days

KEEP_DAYS = 30
SELECT_FILES = Statement(select(blocks.c.content).where(blocks.c.storage == "file"))
"""Read what blocks name."""

CONTENTS = [b"file %d" % number for number in range(12)]


def play_copies(folder: Path, chance: random.Random, *, steps: int) -> None:
    """Let a base and copies of it live on one storage; fail if a file is lost."""
    play = Copies(folder, chance)
    for _ in range(steps):
        act = chance.choice(play.ACTS)
        getattr(play, act)()
        for number, one in enumerate(play.bases):
            assert one.lost() == [], (act, number)
    for one in play.bases:
        one.close()


class Copies:
    """A base, copies of it, and what may happen to them."""

    ACTS = ("put", "put", "put", "put", "let_go", "let_go", "let_go", "sweep", "wait", "wait",
            "copy", "restart", "claim")  # fmt: skip

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder, self._chance, self._made = folder, chance, 1
        section = {"kind": "filesystem", "path": str(folder / "files")}
        self.bases = [open_base(str(folder / "0.sqlite3"), section)]
        self._days = {id(self.bases[0]): 0.0}
        """How long ago each has swept."""

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
        pass_days(days, self._folder / "files", *self.bases)
        for base in self.bases:
            self._days[id(base)] += days
            if self._days[id(base)] > KEEP_DAYS - 10:
                self._sweep(base)

    def copy(self) -> None:
        """Copy the database of one, up to three in all."""
        if len(self.bases) < 3:
            base = self._any()
            self.bases.append(base.copy(str(self._folder / f"{self._made}.sqlite3")))
            self._made += 1
            self._days[id(self.bases[-1])] = self._days[id(base)]

    def restart(self) -> None:
        """Let one look at the storage anew."""
        self._any().restart()

    def claim(self) -> None:
        """Now and then, take the storage over; the others are given up."""
        if self._chance.random() < 0.2:
            base = self._any()
            _claim_alone(self.bases, base)

    def _any(self) -> Base:
        return self._chance.choice(self.bases)

    def _sweep(self, base: Base) -> None:
        base.sweep()
        self._days[id(base)] = 0


def _claim_alone(bases: list[Base], base: Base) -> None:
    """Take the storage over; the others are closed, as the docs say: their files are not theirs."""
    claims.take_over(base.given.database, base.given.storage)
    base.restart()
    for other in [one for one in bases if one is not base]:
        other.close()
        bases.remove(other)


WORK = """
import random, sys
sys.path.insert(0, sys.argv[1])
from inkcre.infobase import claims
from tests.copies import open_base
from tests.soak.storages import CONTENTS
base = open_base(sys.argv[2], {"kind": "filesystem", "path": sys.argv[3]})
chance = random.Random(sys.argv[4])
print("ready", flush=True)
while True:
    content = chance.choice(CONTENTS) * chance.choice([1, 1, 1, 400_000])
    if base.put(content):
        print("has", content[:7].decode().strip(), len(content), flush=True)
    if chance.random() < 0.5:
        base.execute("UPDATE file_notes SET noted_at = noted_at - 2678400000 WHERE sweep IS NULL")
        base.sweep(keep_days=1)
    if base.named and chance.random() < 0.5:
        base.let_go(chance.choice(sorted(base.named)))
    if chance.random() < 0.1:
        base.restart()
"""


def play_kills(folder: Path, chance: random.Random, *, rounds: int) -> None:
    """Kill a process at any moment, many times; fail if a file is lost that a block names."""
    path, shelf = folder / "base.sqlite3", folder / "files"
    section = {"kind": "filesystem", "path": str(shelf)}
    open_base(str(path), section).close()
    root = str(Path(__file__).parents[2])
    for number in range(rounds):
        command = [sys.executable, "-c", WORK, root, str(path), str(shelf), str(chance.random())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
            process.stdout.read()
        for file in shelf.rglob("*"):  # old enough for a sweep, by its own time
            if file.is_file():
                os.utime(file, (time.time() - 40 * 86_400,) * 2)
        base = open_base(str(path), section)
        rows = base.given.database.read(SELECT_FILES())
        for (content,) in rows:
            digest = content.removeprefix("sha256:")
            place = shelf / "sha256+" / f"{digest[:2]}+" / digest
            assert place.exists(), (number, content)
        assert claims.look(base.given.database, base.given.storage, base.given.tenure).state == "ours"  # fmt: skip
        base.close()


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for, so many rounds; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak storages", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["copies", "kills"], help="both by default")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    for number in range(given.rounds):
        chance = random.Random(given.seed + number)
        with tempfile.TemporaryDirectory() as folder:
            if given.what != "kills":
                play_copies(Path(folder), chance, steps=120)
        with tempfile.TemporaryDirectory() as folder:
            if given.what != "copies":
                play_kills(Path(folder), chance, rounds=2)
        print(f"round {number + 1} of {given.rounds}: nothing was lost", flush=True)
    return 0
