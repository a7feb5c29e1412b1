"""What takes how much more when there is more: the exponent of growth, by least squares.

1 is as much more as there is more. A statement that joins each row with each other has 2. It is the
CPU of this process and of the server that counts, for a machine may have others to work for.
"""

import json
import math
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import insert

from benchmarks.tables import Table
from inkcre.assembly.assembly import build_components, build_database
from inkcre.context import Components
from inkcre.core import INKCRE
from inkcre.graph.blocks import create_block, list_blocks
from inkcre.graph.forms import BlockForm, parse_star
from inkcre.graph.traversal import walk_graph
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.jobs import NewJob, enqueue, get_job
from inkcre.jobs.kinds import NoPayload, load_kinds
from inkcre.jobs.tick import tick
from inkcre.ports.database import Statement
from inkcre.sections.schema import load_settings
from inkcre.sections.settings import Settings
from inkcre.sources.base import Item
from inkcre.sources.collect import CollectPayload, new_collect
from inkcre.sources.forms import SourceForm
from inkcre.sources.on_demand import add_items
from inkcre.sources.registry import find_source_types
from inkcre.sources.removals import delete_source
from inkcre.sources.sources import create_source
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate
from inkcre.sql.tables import keyvalues
from inkcre.transfer.exports import export_lines
from inkcre.transfer.imports import import_lines

SIZES = (1_000, 4_000, 16_000)
GOAL = 1.15
LINKS, LEAVES, SHARED = 4, 3, 30
SENT = 500
"""How many items are sent at once."""

WALKS = 20
PAUSE_SECONDS = 0.05
"""Between what another one writes during a collect."""

Work = Callable[[int], None]


@dataclass
class Growing:
    """A base, and what is done to it with so many things."""

    context: Components
    folder: Path
    server: int | None
    """The server's process; None where this one is the database."""

    longest: float = 0
    """How long another writer waited for one small write while a folder was collected."""

    seconds: dict[str, float] = field(default_factory=dict)

    def measure(self, count: int) -> None:
        """Do everything with so many things, in turn."""
        for name, work in (
            ("links between notes", self._collect_notes),
            ("notes that are the same", lambda _: self._collect()),
            ("stars that share leaves", self._import_stars),
            ("items of a source", self._send_items),
            ("walks from a shared leaf", self._walk),
            ("export", lambda _: self._export()),
            ("a source forgotten", lambda _: self._forget()),
        ):
            self._time(name, lambda work=work: work(count))  # type: ignore[misc]
        fill_values(self.context, count)
        self._time("sweep", lambda: self._run(NewJob(SWEEP.name, NoPayload())))

    def _time(self, name: str, work: Callable[[], object]) -> None:
        started = spent_seconds(self.server)
        work()
        self.seconds[name] = spent_seconds(self.server) - started

    def _collect_notes(self, count: int) -> None:
        write_notes(self.folder, count)
        self._folder = self._add("folder", path=str(self.folder))
        with self._writing_beside():
            self._collect()

    def _add(self, type_: str, **config: object) -> int:
        context, form = self.context, SourceForm(type=type_, config=config)
        types = find_source_types(context.settings)
        added = create_source(
            context.database, types, form, now=context.clock(), timezone=context.zone
        )
        return added.id

    def _collect(self) -> None:
        self._run(new_collect(self._folder, CollectPayload()))

    def _run(self, job: NewJob) -> None:
        context = self.context
        job_id = enqueue(context.database, job, context.clock())
        assert job_id is not None
        tick(context, load_kinds(context.application), budget_seconds=10_000)
        ended = get_job(context.database, job_id)
        assert ended.state == "finished", ended

    @contextmanager
    def _writing_beside(self) -> Iterator[None]:
        other, stop = build_database(self.context.settings), threading.Event()

        def write() -> None:
            number = 0
            while not stop.wait(PAUSE_SECONDS):
                number += 1
                form = BlockForm(resolver="text", content=f"beside {number}")
                started = time.perf_counter()
                create_block(other, form, now=self.context.clock())
                self.longest = max(self.longest, time.perf_counter() - started)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            other.close()

    def _import_stars(self, count: int) -> None:
        lines = [json.dumps(star).encode() for star in make_stars(count)]
        *_, last = import_lines(self.context.database, lines, self.context.clock)
        assert not last.bad, last

    def _send_items(self, count: int) -> None:
        context, self._inbox = self.context, self._add("inbox")
        types = find_source_types(context.settings)
        items = [Item(f"i{n}", parse_star(star)) for n, star in enumerate(make_stars(count, "it"))]
        for start in range(0, count, SENT):
            some = items[start : start + SENT]
            add_items(context.database, types, self._inbox, some, now=context.clock())

    def _walk(self, _: int) -> None:
        # Of all that begins so the newest: each is around a thirtieth of the stars.
        found, _after = list_blocks(self.context.database, resolver="leaf", limit=WALKS)
        for block in found:
            walk_graph(self.context.database, block.id, depth=2, direction="both", limit=1000)

    def _export(self) -> None:
        for _line in export_lines(self.context.database):
            pass

    def _forget(self) -> None:
        delete_source(self.context.database, self._inbox, forget=True)


def find_server(url: str) -> int:
    """Return the process that a server's sessions are started by."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return int((Path(row[0]) / "postmaster.pid").read_text().split("\n")[0])


def spent_seconds(server: int | None) -> float:
    """Return the CPU time of this process and of a server, as proc(5) has it; else the time."""
    if server is None:
        return time.process_time()
    if not Path("/proc").is_dir():
        return time.perf_counter()
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            told = path.read_text().rpartition(")")[2].split()
            if int(path.parent.name) == server:
                ticks += sum(map(int, told[11:15]))  # with those of sessions that have ended
            elif int(told[1]) == server:
                ticks += sum(map(int, told[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def write_notes(folder: Path, count: int) -> None:
    """Write notes, each of which links to some others."""
    folder.mkdir(parents=True)
    drawn = random.Random(count)
    for number in range(count):
        links = " ".join(f"[[n{drawn.randrange(count)}]]" for _ in range(LINKS))
        front = f"---\ntags: [t{number % 50}]\n---\n"
        (folder / f"n{number}.md").write_text(f"{front}Note {number} of {count}.\n\n{links}\n")


def make_stars(count: int, prefix: str = "st") -> Iterator[dict[str, object]]:
    """Yield stars that have their leaves in common."""
    for number in range(count):
        leaves = (f"{prefix} leaf {(number + step) % SHARED}" for step in range(LEAVES))
        yield {
            "block": {"resolver": "text", "content": f"{prefix} {number}"},
            "out_relations": [
                {
                    "relation": {"content": "has"},
                    "to_block": {"block": {"resolver": "leaf", "content": leaf}},
                }
                for leaf in leaves
            ],
        }


def fill_values(context: Components, count: int) -> None:
    """Keep small values whose time is over."""
    add = Statement(insert(keyvalues))
    calls = [add(key=f"k{n}", value=b"v", expires_at=1) for n in range(count)]
    context.database.atomic(calls)


def fit(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the exponent by which time grows: the slope of its line where both are logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return over / sum((a - middle_x) ** 2 for a in x)


def measure(table: Table, new_sqlite: Callable[[], str], new_postgres: Callable[[], str]) -> None:
    """Add the rows."""
    for kind, new_url in (("sqlite", new_sqlite), ("postgres", new_postgres)):
        done = [_measure_one(kind, new_url(), count) for count in SIZES]
        for name in done[0].seconds:
            seconds = [each.seconds[name] for each in done]
            exponent = fit(SIZES, seconds)
            spent = ", ".join(f"{second:.2f} s" for second in seconds)
            sizes = ", ".join(f"{size:,}" for size in SIZES)
            table.add(
                f"{kind}: {name}", spent, f"of {sizes}", exponent, f"<= {GOAL}", exponent <= GOAL,
                "ratio: the exponent",
            )  # fmt: skip
        longest = max(each.longest for each in done)
        table.add(
            f"{kind}: another one writes while notes are collected", f"{longest:.2f} s at most",
            "1 s", longest, "<= 1", longest <= 1,
        )  # fmt: skip


def _measure_one(kind: str, url: str, count: int) -> Growing:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = build_components(_settings(kind, url, folder))
        migrate(context.database, lines_of(INKCRE))
        server = find_server(url) if kind == "postgres" else None
        growing = Growing(context, folder / "notes", server)
        growing.measure(count)
        context.database.close()
        return growing


def _settings(kind: str, url: str, folder: Path) -> Settings:
    profile, key = ("server", "database.url") if kind == "postgres" else ("dev", "database.path")
    overrides = {
        key: url,
        "storage.path": str(folder / "files"),
        "sources.folders": [str(folder / "notes")],
    }
    return load_settings(profile, overrides=overrides, environ={})
