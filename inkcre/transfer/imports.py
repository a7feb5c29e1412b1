"""Import: lines of JSON (NDJSON), one star form a line, written in batches."""

import gc
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from inkcre.errors import CallerError, Invalid
from inkcre.graph.change_log import log_made
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.given_rows import give_calls
from inkcre.graph.graph_rows import (
    COUNT_BLOCKS,
    COUNT_RELATIONS,
    files_of,
    find_missing,
    write_calls,
)
from inkcre.graph.long_rows import COUNT_LONG_BLOCK
from inkcre.graph.plans import Plan, Reference
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.rows import count_of
from inkcre.transfer.arrivals import (
    STARS_ONLY,
    Arrivals,
    Destination,
    Following,
)
from inkcre.transfer.file_lines import ArrivingFile
from inkcre.transfer.line_batches import BATCH_BYTES, BadLine, Line, WideLine, read_batches
from inkcre.transfer.line_forms import WrongLine
from inkcre.transfer.missing import count_missing

BATCHES_AHEAD = 2
"""How many batches are ready or being written while the next one is read."""

LARGE_BYTES = 4 * BATCH_BYTES
"""Of a batch, which then is one line: it is written before the next one is read."""

MAX_LINE_BYTES = 256 * 1024 * 1024


@dataclass
class Progress:
    """How far an import has come: what is counted here is committed."""

    lines: int = 0
    created_blocks: int = 0
    created_relations: int = 0
    bytes: int = 0
    bad: list[BadLine] = field(default_factory=list)
    files: int = 0
    created_sources: int = 0
    created_items: int = 0
    lacking: list[str] = field(default_factory=list)
    """Sources that came without their secrets, each with what to do."""

    missing: int = 0
    """How many blocks, relations and items were looked for behind each batch, and not found."""


def import_lines(
    database: Database,
    lines: Iterable[bytes],
    clock: Clock,
    destination: Destination = STARS_ONLY,
) -> Iterator[Progress]:
    """Write lines of JSON in batches; yield the progress after each batch is committed.

    A bad line is noted and the rest goes on. While one batch is written, the next is read. What
    was there already is left alone, so an import that was cut off can be run again. Behind each
    batch its rows are looked for. Lines for which ``destination`` has no place are bad.

    Raises:
        SurroundingsError: the database went away; what was counted is committed.
    """
    progress = Progress()
    arrivals = Arrivals(database, destination, clock)
    with _tuned_interpreter(), ThreadPoolExecutor(max_workers=1) as writer:
        # Batches are kept here until they are written, so that this thread and not the writer,
        # which is the slower one, spends the time of taking them apart.
        writing: deque[tuple[Future[None], Batch]] = deque()
        for lines_read in read_batches(lines, progress.bad):
            if not isinstance(lines_read, list):
                while writing:  # the blocks that name it, or that it names, come before it
                    writing.popleft()[0].result()
                yield from _keep(arrivals, lines_read, progress)
                continue
            batch = prepare(database, lines_read, clock)
            future = writer.submit(_write_batch, database, batch, clock, progress)
            writing.append((future, batch))
            size = sum(line.size for line in lines_read)
            del batch, lines_read
            # Of a large line there is none ahead: its rows are a few times as large.
            while len(writing) > (0 if size > LARGE_BYTES else BATCHES_AHEAD):
                writing.popleft()[0].result()
                yield progress
        for written, _ in writing:
            written.result()
    yield progress


@contextmanager
def _tuned_interpreter() -> Iterator[None]:
    """Suit the interpreter to one thread that reads and one that writes.

    Millions of small objects come and go, none in a cycle: the garbage collector took most of the
    time of reading a line. And a writer that has the database's answer should not wait 5 ms, the
    default, for its turn.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(200_000, *thresholds[1:])
    sys.setswitchinterval(0.0001)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def _keep(
    arrivals: Arrivals, arrived: WideLine | ArrivingFile | Following, progress: Progress
) -> Iterator[Progress]:
    if isinstance(arrived, WideLine):
        yield from _keep_wide(arrivals.database, arrived, arrivals.clock, progress)
    elif isinstance(arrived, ArrivingFile):
        _keep_file(arrivals, arrived, progress)
    else:
        _keep_following(arrivals, arrived, progress)
    yield progress


def _keep_wide(
    database: Database, line: WideLine, clock: Clock, progress: Progress
) -> Iterator[Progress]:
    """Write a line part by part; one that cannot be written leaves the parts before it."""
    try:
        refuse_unknown_storages(database, line.star.storages)
    except Invalid as error:
        progress.bad.append(BadLine(line.number, error.message))
        return
    parts = line.parts()
    if find_missing(database, line.star.references):
        # Blocks of the line itself, or of nobody: then its plan says so.
        parts = iter([line.whole()])
    for part in parts:
        bad_before = len(progress.bad)
        _write_batch(database, prepare(database, [part], clock), clock, progress)
        if len(progress.bad) > bad_before:
            return
        yield progress


def _keep_file(arrivals: Arrivals, file: ArrivingFile, progress: Progress) -> None:
    try:
        arrivals.keep_file(file)
    except WrongLine as error:
        progress.bad.append(BadLine(file.number, str(error)))
        return
    progress.files += 1
    progress.lines += file.lines
    progress.bytes += file.size


def _keep_following(arrivals: Arrivals, following: Following, progress: Progress) -> None:
    missing_before = arrivals.items.missing
    bad = arrivals.keep(following)
    progress.bad += [BadLine(number, bad[number]) for number in sorted(bad)]
    progress.lines += len(following.lines) - len(bad)
    progress.bytes += following.size
    progress.created_items = arrivals.items.created
    progress.missing += arrivals.items.missing - missing_before
    if arrivals.sources is not None:
        progress.created_sources = arrivals.sources.created
        progress.lacking = arrivals.sources.lacking


@dataclass(frozen=True)
class Batch:
    """Lines, the statements that write them together, and what they take to be there already."""

    lines: Sequence[Line]
    calls: Sequence[Call]
    giving: Sequence[Call]
    references: Sequence[Reference]


def prepare(database: Database, lines: Sequence[Line], clock: Clock) -> Batch:
    """Make the statements of some lines; this is work for the thread that reads."""
    whole = lines[0].plan if len(lines) == 1 else Plan()
    for line in lines if len(lines) > 1 else ():
        whole.merge(line.plan)
    calls = write_calls(database, whole, clock(), counting=True)
    return Batch(lines, calls, give_calls(whole, calls), whole.unresolved())


def _write_batch(database: Database, batch: Batch, clock: Clock, progress: Progress) -> None:
    """Write a batch without its bad lines; a line that needs a bad one is bad too."""
    while missing := set(find_missing(database, batch.references)):
        bad = {
            line.number: BadLine(line.number, f"block {reference}: not found")
            for line in batch.lines
            for reference in line.plan.unresolved()
            if reference in missing
        }
        batch = prepare(database, _leave_out(batch.lines, bad, progress), clock)
    try:
        _write(database, batch, progress)
    except CallerError as error:
        # The database does not say which row broke the batch.
        bad = _lines_of_unknown_storages(database, batch.lines)
        if not bad:  # a block was deleted meanwhile: whole lines, one by one
            bad = {line.number: BadLine(line.number, error.message) for line in batch.lines[:1]}
        good = _leave_out(batch.lines, bad, progress)
        _write_batch(database, prepare(database, good, clock), clock, progress)


def _leave_out(lines: Sequence[Line], bad: Mapping[int, BadLine], progress: Progress) -> list[Line]:
    progress.bad += bad.values()
    return [line for line in lines if line.number not in bad]


def _lines_of_unknown_storages(database: Database, lines: Sequence[Line]) -> dict[int, BadLine]:
    bad: dict[int, BadLine] = {}
    for line in lines:
        try:
            names = {row["storage"] for row in line.plan.blocks.values()} - {None}
            if names:
                refuse_unknown_storages(database, names)
        except Invalid as error:
            bad[line.number] = BadLine(line.number, error.message)
    return bad


def _write(database: Database, batch: Batch, progress: Progress) -> None:
    naming = naming_calls(name for line in batch.lines for name in files_of(line.plan))
    calls = [*log_made([*batch.calls, *batch.giving], action="import"), *naming]
    answers = database.atomic(calls)
    refuse_held(calls, answers)
    counted = Counter[Statement]()
    for call, rows in zip(batch.calls, answers, strict=False):  # they come first
        counted[call.statement] += count_of(rows)
    progress.created_blocks += counted[COUNT_BLOCKS] + counted[COUNT_LONG_BLOCK]
    progress.created_relations += counted[COUNT_RELATIONS]
    progress.missing += count_missing(database, batch.calls)
    progress.lines += sum(line.ends for line in batch.lines)
    progress.bytes += sum(line.size for line in batch.lines)
