"""Import and export: graphs as lines of JSON (NDJSON), one star form a line.

An export has one line for every block, in the order of ids, then one for every block that
relations leave, with the blocks named by digest. It says nothing of ids, so that it can go into any
base, and it says when rows were made, so that an import keeps that. Importing it into an empty
base and exporting again gives the same bytes.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import BigInteger, Integer, bindparam, select, tuple_

from inkcre.errors import CallerError, Invalid
from inkcre.infobase.blocks import BLOCK_COLUMNS
from inkcre.infobase.constructs import shown
from inkcre.infobase.forms import Star
from inkcre.infobase.graphs import (
    INSERT_BLOCKS,
    INSERT_RELATIONS,
    Plan,
    find_missing,
    plan_star,
    write_calls,
)
from inkcre.infobase.storages import refuse_unknown_storages
from inkcre.infobase.tables import blocks, relations
from inkcre.ports.components import Clock
from inkcre.ports.database import Database, Statement

BATCH_ROWS = 5_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch is written when it has this many rows or bytes: some tens of milliseconds of writing."""

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


def parse_line(number: int, content: bytes) -> Line | BadLine | None:
    """Turn one line into rows; None when it is blank."""
    if not content.strip():
        return None
    try:
        star = Star.model_validate(json.loads(content))
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


def import_lines(database: Database, lines: Iterable[bytes], clock: Clock) -> Iterator[Progress]:
    """Write lines of JSON in batches; yield the progress after each batch is committed.

    A bad line is noted and the rest goes on. While one batch is written, the next is read. What
    was there already is left alone, so an import that was cut off can be run again.

    Raises:
        SurroundingsError: the database went away; what was counted is committed.
    """
    progress = Progress()
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing: Future[None] | None = None
        for batch in _batches(lines, progress):
            if writing:
                writing.result()
                yield progress
            writing = writer.submit(_write_batch, database, batch, clock, progress)
        if writing:
            writing.result()
    yield progress


def _batches(lines: Iterable[bytes], progress: Progress) -> Iterator[list[Line]]:
    batch: list[Line] = []
    rows = size = 0
    for number, content in enumerate(lines, start=1):
        parsed = parse_line(
            number, content.removeprefix(b"\xef\xbb\xbf") if number == 1 else content
        )
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


def _write_batch(
    database: Database, batch: Sequence[Line], clock: Clock, progress: Progress
) -> None:
    good = _with_known_references(database, batch, progress)
    try:
        _write_lines(database, good, clock, progress)
    except CallerError:
        # Some line cannot be written; find it by writing them one by one.
        for line in good:
            try:
                _write_lines(database, [line], clock, progress)
            except CallerError as error:
                progress.bad.append(BadLine(line.number, _reason(database, line, error)))


def _with_known_references(
    database: Database, batch: Sequence[Line], progress: Progress
) -> list[Line]:
    """Leave out lines that refer to blocks that are neither there nor in the batch."""
    new = {digest for line in batch for digest in line.plan.blocks}
    references = dict.fromkeys(
        ref for line in batch for ref in line.plan.unresolved() if ref not in new
    )
    missing = set(find_missing(database, list(references)))
    if not missing:
        return list(batch)
    good = []
    for line in batch:
        unknown = [ref for ref in line.plan.unresolved() if ref in missing]
        if unknown:
            progress.bad.append(BadLine(line.number, f"block {unknown[0]}: not found"))
        else:
            good.append(line)
    return good


def _write_lines(
    database: Database, lines: Sequence[Line], clock: Clock, progress: Progress
) -> None:
    whole = Plan()
    for line in lines:
        whole.merge(line.plan)
    calls = write_calls(whole, clock())
    written = dict(zip((c.statement for c in calls), database.atomic(calls), strict=True))
    progress.created_blocks += len(written.get(INSERT_BLOCKS, []))
    progress.created_relations += len(written.get(INSERT_RELATIONS, []))
    progress.lines += len(lines)
    progress.bytes += sum(line.size for line in lines)


def _reason(database: Database, line: Line, error: CallerError) -> str:
    try:
        refuse_unknown_storages(database, {row["storage"] for row in line.plan.blocks.values()})
    except Invalid as invalid:
        return invalid.message
    return error.message


EXPORT_BLOCKS = Statement(
    select(*BLOCK_COLUMNS)
    .where(blocks.c.id > bindparam("after", type_=BigInteger))
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
        > tuple_(bindparam("after_from", type_=BigInteger), bindparam("after", type_=BigInteger))
    )
    .order_by(relations.c.from_, relations.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of relations by the block that they leave."""


def export_lines(database: Database) -> Iterator[bytes]:
    """Yield the base as lines of JSON, each with its line end."""
    after = 0
    while rows := database.read(EXPORT_BLOCKS(after=after, limit=PAGE)):
        for _, created_at, updated_at, storage, resolver, content in rows:
            yield _line(
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
        after = rows[-1][0]
    after_from = after = 0
    star: dict[str, Any] | None = None
    while rows := database.read(EXPORT_RELATIONS(after_from=after_from, after=after, limit=PAGE)):
        for _, _, from_digest, to_digest, created_at, updated_at, content in rows:
            if star is None or star["block"]["digest"] != from_digest:
                if star:
                    yield _line(star)
                star = {"block": {"digest": from_digest}, "out_relations": []}
            said = {"content": content, "created_at": created_at, "updated_at": updated_at}
            star["out_relations"].append(
                {"relation": said, "to_block": {"block": {"digest": to_digest}}}
            )
        after_from, after = rows[-1][0], rows[-1][1]
    if star:
        yield _line(star)


def _line(star: dict[str, Any]) -> bytes:
    return json.dumps(star, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
