"""Import and export: graphs as lines of JSON (NDJSON), one star form a line.

An export has one line for every block, in the order of ids, then one for every block that
relations leave, with the blocks named by digest. It says nothing of ids, so that it can go into any
base, and it says when rows were made, so that an import keeps that. Importing it into an empty
base and exporting again gives the same bytes.
"""

import gc
import json
import sys
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import BigInteger, Integer, bindparam, func, select, tuple_

from inkcre.errors import CallerError, Invalid
from inkcre.graph.blocks import BLOCK_COLUMNS
from inkcre.graph.file_notes import naming_calls, refuse_held
from inkcre.graph.files.files import OpenShelf
from inkcre.graph.forms import parse_star
from inkcre.graph.graphs import (
    COUNT_BLOCKS,
    COUNT_RELATIONS,
    files_of,
    find_missing,
    write_calls,
)
from inkcre.graph.plans import Plan, Reference, plan_star
from inkcre.graph.storages import refuse_unknown_storages
from inkcre.graph.tables import blocks, relations
from inkcre.infobase.copies.filelines import BEGINNING, ArrivingFile, WrongPart
from inkcre.infobase.copies.imports import count_missing
from inkcre.ports.clock import Clock
from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.constructs import shown

BATCH_ROWS = 10_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch is written when it has this many rows or bytes: about a tenth of a second of writing."""

BATCHES_AHEAD = 2
"""How many batches are ready or being written while the next one is read."""

MAX_LINE_BYTES = 256 * 1024 * 1024

PAGE = 2_000


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
        star = parse_star(json.loads(content))
        return Line(number, plan_star(star), len(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return BadLine(number, f"{where}: {first['msg']}")
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
    database: Database, lines: Iterable[bytes], clock: Clock, shelf: OpenShelf | None = None
) -> Iterator[Progress]:
    """Write lines of JSON in batches; yield the progress after each batch is committed.

    A bad line is noted and the rest goes on. While one batch is written, the next is read. What
    was there already is left alone, so an import that was cut off can be run again. Behind each
    batch its rows are looked for. Files go to what ``shelf`` opens; without it their lines are bad.

    Raises:
        SurroundingsError: the database went away; what was counted is committed.
    """
    progress = Progress()
    with _tuned_interpreter(), ThreadPoolExecutor(max_workers=1) as writer:
        # Batches are kept here until they are written, so that this thread and not the writer,
        # which is the slower one, spends the time of taking them apart.
        writing: deque[tuple[Future[None], Batch]] = deque()
        for lines_read in _batches(lines, progress):
            if isinstance(lines_read, ArrivingFile):
                while writing:  # the blocks that name it come before it
                    writing.popleft()[0].result()
                _keep_file(shelf, lines_read, progress)
                yield progress
                continue
            batch = prepare(lines_read, clock)
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


def _batches(lines: Iterable[bytes], progress: Progress) -> Iterator[list[Line] | ArrivingFile]:
    batch: list[Line] = []
    rows = size = 0
    numbered = iter(enumerate(lines, start=1))
    for number, content in numbered:
        if content.startswith(BEGINNING):
            if batch:
                yield batch
                batch, rows, size = [], 0, 0
            yield ArrivingFile(number, content, numbered)
            continue
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
    references: Sequence[Reference]


def prepare(lines: Sequence[Line], clock: Clock) -> Batch:
    """Make the statements of some lines; this is work for the thread that reads."""
    whole = Plan()
    for line in lines:
        whole.merge(line.plan)
    return Batch(lines, write_calls(whole, clock(), counting=True), whole.unresolved())


def _write_batch(database: Database, batch: Batch, clock: Clock, progress: Progress) -> None:
    """Write a batch without its bad lines; a line that needs a bad one is bad too."""
    while missing := set(find_missing(database, batch.references)):
        bad = {
            line.number: BadLine(line.number, f"block {reference}: not found")
            for line in batch.lines
            for reference in line.plan.unresolved()
            if reference in missing
        }
        batch = prepare(_leave_out(batch.lines, bad, progress), clock)
    try:
        _write(database, batch, progress)
    except CallerError as error:
        bad = _lines_of_unknown_storages(database, batch.lines)
        if not bad:  # a block was deleted meanwhile: whole lines, one by one
            bad = {line.number: BadLine(line.number, error.message) for line in batch.lines[:1]}
        good = _leave_out(batch.lines, bad, progress)
        _write_batch(database, prepare(good, clock), clock, progress)


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
    answers = database.atomic([*batch.calls, *naming])
    written, named = answers[: len(batch.calls)], answers[len(batch.calls) :]
    refuse_held(naming, named)
    counted = {
        call.statement: int(rows[0][0]) for call, rows in zip(batch.calls, written, strict=True)
    }
    progress.created_blocks += counted.get(COUNT_BLOCKS, 0)
    progress.created_relations += counted.get(COUNT_RELATIONS, 0)
    progress.missing += count_missing(database, batch.calls)
    progress.lines += len(batch.lines)
    progress.bytes += sum(line.size for line in batch.lines)


_last = bindparam("last", type_=BigInteger)

SELECT_LAST = Statement(
    select(
        select(func.max(blocks.c.id)).scalar_subquery(),
        select(func.max(relations.c.id)).scalar_subquery(),
    )
)
"""Read the last block's id and the last relation's."""

EXPORT_BLOCKS = Statement(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id > bindparam("after", type_=BigInteger), blocks.c.id <= _last)
    .order_by(blocks.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of blocks in the order of ids."""

_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
EXPORT_RELATIONS = Statement(
    select(
        relations.c.from_,
        relations.c.id,
        _from.c.digest,
        _to.c.digest,
        shown(relations.c.created_at),
        shown(relations.c.updated_at),
        relations.c.content,
    )
    .select_from(
        relations.join(_from, _from.c.id == relations.c.from_).join(
            _to, _to.c.id == relations.c.to_
        )
    )
    .where(
        tuple_(relations.c.from_, relations.c.id)
        > tuple_(bindparam("after_from", type_=BigInteger), bindparam("after", type_=BigInteger)),
        relations.c.from_ <= _last,
        relations.c.to_ <= _last,
        relations.c.id <= bindparam("last_relation", type_=BigInteger),
    )
    .order_by(relations.c.from_, relations.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of relations by the block that they leave."""


@dataclass(frozen=True)
class Extent:
    """How far a base goes that is exported: what is added meanwhile lies behind it."""

    last_block: int
    last_relation: int


def find_extent(database: Database) -> Extent:
    """Look how far a base goes now."""
    ((last_block, last_relation),) = database.read(SELECT_LAST())
    return Extent(last_block or 0, last_relation or 0)


def export_lines(database: Database, extent: Extent | None = None) -> Iterator[bytes]:
    """Yield the base as lines of JSON, each with its line end.

    Blocks that are added meanwhile are left out, with their relations. A block that is edited
    meanwhile may miss its relations when the lines are imported: export a base at rest.
    """
    extent = extent or find_extent(database)
    after = 0
    while rows := database.read(EXPORT_BLOCKS(after=after, last=extent.last_block, limit=PAGE)):
        yield from map(_block_line, rows)
        after = rows[-1][0]
    yield from _export_relations(database, extent)


def _block_line(row: Row) -> bytes:
    _, created_at, updated_at, storage, resolver, content = row
    return _line(
        {
            "block": {
                "resolver": resolver,
                **({"storage": storage} if storage is not None else {}),
                "content": content,
                "created_at": created_at,
                "updated_at": updated_at,
            }
        }
    )


def _relation_pages(database: Database, extent: Extent) -> Iterator[list[Row]]:
    after_from = after = 0
    while rows := database.read(
        EXPORT_RELATIONS(
            after_from=after_from,
            after=after,
            last=extent.last_block,
            last_relation=extent.last_relation,
            limit=PAGE,
        )
    ):
        yield rows
        after_from, after = rows[-1][0], rows[-1][1]


def _export_relations(database: Database, extent: Extent) -> Iterator[bytes]:
    star: dict[str, Any] | None = None
    for rows in _relation_pages(database, extent):
        for _, _, from_digest, to_digest, created_at, updated_at, content in rows:
            if star is None or star["block"]["digest"] != from_digest:
                if star:
                    yield _line(star)
                star = {"block": {"digest": from_digest}, "out_relations": []}
            said = {"content": content, "created_at": created_at, "updated_at": updated_at}
            star["out_relations"].append(
                {"relation": said, "to_block": {"block": {"digest": to_digest}}}
            )
    if star:
        yield _line(star)


def _line(star: dict[str, Any]) -> bytes:
    return json.dumps(star, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
