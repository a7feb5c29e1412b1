"""Import: lines of JSON (NDJSON), one star form a line, written in batches."""

import gc
import json
import sys
from codecs import BOM_UTF8
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice

from pydantic import ValidationError

from inkcre.errors import CallerError, Invalid
from inkcre.graph.change_log import log_made
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.files.files import OpenShelf
from inkcre.graph.forms import parse_star
from inkcre.graph.graph_rows import (
    COUNT_BLOCKS,
    COUNT_RELATIONS,
    files_of,
    find_missing,
    give_calls,
    write_calls,
)
from inkcre.graph.long_rows import COUNT_LONG_BLOCK
from inkcre.graph.plans import Plan, Reference, plan_star
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Statement
from inkcre.sql.rows import count_of
from inkcre.transfer.file_lines import BEGINNING, ArrivingFile, WrongPart
from inkcre.transfer.missing import count_missing
from inkcre.transfer.row_lines import BEGINNING as ROW
from inkcre.transfer.row_lines import ArrivingRows
from inkcre.transfer.tables import PAGE, KeptTable
from inkcre.wording import say_fault

BATCH_ROWS = 10_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch is written when it has this many rows or bytes: about a tenth of a second of writing."""

BATCHES_AHEAD = 2
"""How many batches are ready or being written while the next one is read."""

MAX_LINE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One line of an import and the plan that it became."""

    number: int
    plan: Plan
    size: int


@dataclass(frozen=True)
class BadLine:
    """A line that was not imported, and why."""

    number: int
    reason: str


@dataclass
class Progress:
    """How far an import has come: what is counted here is committed."""

    lines: int = 0
    created_blocks: int = 0
    created_relations: int = 0
    bytes: int = 0
    bad: list[BadLine] = field(default_factory=list)
    files: int = 0
    missing: int = 0
    """How many blocks and relations were looked for behind each batch, and not found."""


def parse_line(number: int, content: bytes) -> Line | BadLine | None:
    """Turn one line into rows; None when it is blank."""
    if not content.strip():
        return None
    try:
        # Decoded here: json.loads takes UTF-16 too, by the first bytes of each line.
        star = parse_star(json.loads(content.decode()))
        return Line(number, plan_star(star), len(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return BadLine(number, f"{where}: {say_fault(first)}")
    except Invalid as error:
        return BadLine(number, error.message)
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8 text")
    except RecursionError:
        return BadLine(number, "nested too deeply")
    except json.JSONDecodeError as error:
        return BadLine(number, f"not JSON: {error.msg} at column {error.colno}")
    except OverflowError:
        return BadLine(number, "a time is outside of the years 1 to 9999 in UTC")
    except ValueError:
        return BadLine(number, "a number is too long")


def import_lines(
    database: Database,
    lines: Iterable[bytes],
    clock: Clock,
    shelf: OpenShelf | None = None,
    tables: Sequence[KeptTable] = (),
) -> Iterator[Progress]:
    """Write lines of JSON in batches; yield the progress after each batch is committed.

    A bad line is noted and the rest goes on. While one batch is written, the next is read. What
    was there already is left alone, so an import that was cut off can be run again. Behind each
    batch its rows are looked for. Files go to what ``shelf`` opens; without it their lines are bad.
    Rows of extensions go into ``tables``; of another table they are bad.

    Raises:
        SurroundingsError: the database went away; what was counted is committed.
    """
    progress = Progress()
    with _tuned_interpreter(), ThreadPoolExecutor(max_workers=1) as writer:
        # Batches are kept here until they are written, so that this thread and not the writer,
        # which is the slower one, spends the time of taking them apart.
        writing: deque[tuple[Future[None], Batch]] = deque()
        for lines_read in _batches(lines, progress):
            if isinstance(lines_read, (ArrivingFile, ArrivingRows)):
                while writing:  # the blocks that name it, or that it names, come before it
                    writing.popleft()[0].result()
                if isinstance(lines_read, ArrivingFile):
                    _keep_file(shelf, lines_read, progress)
                else:
                    _keep_rows(database, tables, lines_read, progress)
                yield progress
                continue
            batch = prepare(database, lines_read, clock)
            if len(writing) == BATCHES_AHEAD:
                written, _ = writing.popleft()
                written.result()
                yield progress
            future = writer.submit(_write_batch, database, batch, clock, progress)
            writing.append((future, batch))
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


def _keep_file(shelf: OpenShelf | None, file: ArrivingFile, progress: Progress) -> None:
    try:
        if shelf is None:
            raise WrongPart("files are not taken here")
        file.keep(shelf())
    except WrongPart as error:
        progress.bad.append(BadLine(file.number, str(error)))
        return
    progress.files += 1
    progress.lines += file.lines
    progress.bytes += file.size


def _keep_rows(
    database: Database, tables: Sequence[KeptTable], rows: ArrivingRows, progress: Progress
) -> None:
    bad = rows.keep(database, {table.name: table for table in tables})
    progress.bad += [BadLine(number, bad[number]) for number in sorted(bad)]
    progress.lines += len(rows.lines) - len(bad)
    progress.bytes += rows.size


def _batches(
    lines: Iterable[bytes], progress: Progress
) -> Iterator[list[Line] | ArrivingFile | ArrivingRows]:
    numbered = enumerate(lines, start=1)
    for is_row, following in groupby(numbered, key=lambda one: one[1].startswith(ROW)):
        if not is_row:
            yield from _star_batches(following, progress)
            continue
        while some := list(islice(following, PAGE)):
            yield ArrivingRows(some)


def _star_batches(
    numbered: Iterator[tuple[int, bytes]], progress: Progress
) -> Iterator[list[Line] | ArrivingFile]:
    batch: list[Line] = []
    rows = size = 0
    for number, content in numbered:
        if content.startswith(BEGINNING):
            if batch:
                yield batch
                batch, rows, size = [], 0, 0
            yield ArrivingFile(number, content, numbered)
            continue
        # Editors on Windows put the mark before the first line.
        parsed = parse_line(number, content.removeprefix(BOM_UTF8) if number == 1 else content)
        if isinstance(parsed, BadLine):
            progress.bad.append(parsed)
        elif parsed:
            batch.append(parsed)
            rows += len(parsed.plan.blocks) + len(parsed.plan.relations)
            size += parsed.size
        if rows >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, rows, size = [], 0, 0
    if batch:
        yield batch


@dataclass(frozen=True)
class Batch:
    """Lines, the statements that write them together, and what they take to be there already."""

    lines: Sequence[Line]
    calls: Sequence[Call]
    giving: Sequence[Call]
    references: Sequence[Reference]


def prepare(database: Database, lines: Sequence[Line], clock: Clock) -> Batch:
    """Make the statements of some lines; this is work for the thread that reads."""
    whole = Plan()
    for line in lines:
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
    progress.lines += len(batch.lines)
    progress.bytes += sum(line.size for line in batch.lines)
