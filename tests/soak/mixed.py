"""Everything at once on one base, for long, while processes are killed and the database restarts.

``make soak ARGS="mixed --minutes 15"``, on SQLite with one process, on PostgreSQL with two, and with
PgBouncer between: stars, blocks, uploads, reads, a folder of notes that is collected and changed,
slow and silent clients. Each minute a process is killed (SIGKILL) and started again; PostgreSQL is
restarted twice, once at once. In the end nothing that was acknowledged is lost, nothing is there
twice, no answer was a 5xx but 503 with Retry-After, and no process has grown.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.clients import bothered
from tests.standing.clients import Client
from tests.standing.ledger import Ledger
from tests.standing.load import Notes, loading
from tests.standing.proof import SHOWN, find_faults, find_growth
from tests.standing.servers import HOMES, Home

DEAD_SECONDS = 1.0
"""Between the end of a process and the start of the next one."""


@dataclass(frozen=True)
class Shape:
    """How long, and how much."""

    seconds: float
    cycle_seconds: float = 60
    notes: int = 5_000
    slow_uploads: int = 40
    silent: int = 20
    """Half heads, and as many silent sockets."""


def play(home: Home, shape: Shape) -> list[str]:
    """Use a base as long as that; return what should not be."""
    ledger = Ledger()
    client = Client(home, ledger, "proof")
    notes = Notes(home.folder / "notes", ledger, client, shape.notes)
    surviving = home.servers[-1]
    with home.watching(), bothered(surviving.port, shape.slow_uploads, shape.silent):
        with loading(home, ledger, notes):
            _trouble(home, shape)
        notes.collect(client)
    found = find_faults(home, ledger, client)
    client.close()
    _print(home, ledger)
    return found


def _trouble(home: Home, shape: Shape) -> None:
    """Do what is done to a base, each at its time."""
    began = time.monotonic()
    for at, act in _plan(home, shape):
        time.sleep(max(0.0, began + at - time.monotonic()))
        act()
    time.sleep(max(0.0, began + shape.seconds - time.monotonic()))


def _plan(home: Home, shape: Shape) -> list[tuple[float, Callable[[], None]]]:
    def kill() -> None:
        home.servers[0].kill()
        time.sleep(DEAD_SECONDS)
        home.servers[0].start()

    acts: list[tuple[float, Callable[[], None]]] = []
    at = shape.cycle_seconds
    while at < shape.seconds:
        acts.append((at, kill))
        at += shape.cycle_seconds
    if home.restart_database is not None:
        acts += [(shape.seconds * part, home.restart_database) for part in (0.3, 0.7)]
    return sorted(acts, key=lambda act: act[0])


def _print(home: Home, ledger: Ledger) -> None:
    print(f"{home.name}: {len(ledger.blocks)} blocks, {len(ledger.relations)} relations, {len(ledger.files)} files and {len(ledger.notes)} notes were acknowledged")  # fmt: skip
    for kind, times in sorted(ledger.times.items()):
        p99 = statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]
        print(f"{home.name}, {kind}: {len(times)} answers, median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, longest {max(times):.0f} ms")  # fmt: skip
    print(f"{home.name}, asked again: {dict(ledger.excused.most_common())}")


def main(arguments: Sequence[str]) -> int:
    """Play it on each home; return 1 if something is lost, there twice, wrong, or has grown."""
    parser = argparse.ArgumentParser(prog="mixed")
    parser.add_argument("homes", nargs="*", default=list(HOMES))
    parser.add_argument("--minutes", type=float, default=15, help="on each home")
    parser.add_argument("--cycle", type=float, default=60, help="seconds from one kill to the next")
    parser.add_argument("--notes", type=int, default=5_000)
    chosen = parser.parse_args(arguments)
    shape = Shape(chosen.minutes * 60, cycle_seconds=chosen.cycle, notes=chosen.notes)
    status = 0
    for name in chosen.homes:
        with tempfile.TemporaryDirectory() as folder, HOMES[name](Path(folder)) as home:
            found = play(home, shape)
            found += find_growth(home)
        print(f"{name}: {len(found)} faults", *found[:SHOWN], sep="\n  ", flush=True)
        status |= bool(found)
    return status
