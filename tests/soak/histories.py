"""Play random histories, and look after each step whether the base shows what the rule says.

``make soak ARGS="histories --seeds 2000"``; ``--steps`` is how long each of them is.
"""

import argparse
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.jobs.conftest import Clock
from tests.sources.conftest import add_source
from tests.sources.histories import Player, shows


def main(arguments: Sequence[str]) -> int:
    """Play; give 1 if a history has ended otherwise than in the model."""
    parser = argparse.ArgumentParser(prog="histories")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20, help="Of so many histories, killed ones.")
    chosen = parser.parse_args(arguments)
    bad = sum(
        not _play(seed, chosen.steps) for seed in range(chosen.first, chosen.first + chosen.seeds)
    )
    lost = sum(not _kill(seed) for seed in range(chosen.kills))
    print(f"{chosen.seeds} histories of {chosen.steps} steps: {bad} end otherwise")
    print(f"{chosen.kills} were killed: {lost} left half of something")
    return int(bad + lost > 0)


def _open(folder: Path) -> Components:
    settings = sqlite_settings(folder / "base.sqlite3", **{"storage.path": str(folder / "files")})
    return build_components(settings, clock=Clock())


def _play(seed: int, steps: int) -> bool:
    folder = Path(tempfile.mkdtemp())
    lay_sqlite_base(folder / "base.sqlite3")
    base = _open(folder)
    player = Player(base, add_source(base, "inbox"), seed)
    try:
        for _ in range(steps):
            player.step()
    except AssertionError as error:
        print(f"seed {seed}, step {len(player.told)}:\n{error}")
        return False
    finally:
        base.database.close()
        shutil.rmtree(folder)
    return True


def _kill(seed: int) -> bool:
    """Kill a player with SIGKILL; what it had done stays, and no half of a batch is there."""
    folder = Path(tempfile.mkdtemp())
    lay_sqlite_base(folder / "base.sqlite3")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        base = _open(folder)
        player = Player(base, add_source(base, "inbox"), seed)
        try:
            while True:
                player.step()
                os.write(write, b".")
        finally:
            os._exit(1)
    os.close(write)
    done = 0
    for _ in range(random.Random(seed).randrange(5, 60)):
        done += len(os.read(read, 1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done += len(os.read(read, 1000))  # what it did until it ended
    os.close(read)
    base = _open(folder)
    found = shows(base)
    base.database.close()
    shutil.rmtree(folder)
    return found in _before_and_after(seed, done)


def _before_and_after(seed: int, done: int) -> list[object]:
    """Return what there may be: after each batch of the step that was cut off, or one more."""
    folder = Path(tempfile.mkdtemp())
    lay_sqlite_base(folder / "base.sqlite3")
    base = _open(folder)
    shown: list[object] = []
    player = Player(base, add_source(base, "inbox"), seed)
    for number in range(done + 2):
        if number >= done:
            shown.append(shows(base))
            atomic = base.database.atomic

            def noting(calls: object, atomic: object = atomic) -> object:
                answer = atomic(calls)  # type: ignore[operator]
                shown.append(shows(base))
                return answer

            base.database.atomic = noting  # type: ignore[assignment, method-assign]
        player.step()
    shown.append(shows(base))
    base.database.close()
    shutil.rmtree(folder)
    return shown


if __name__ == "__main__":
    raise SystemExit(main([]))
