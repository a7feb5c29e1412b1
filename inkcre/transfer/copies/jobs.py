"""Copying jobs that wait. What has ended is history of the base in which it was done.

A job is known by its dedupe key. One without gets a key when it is copied, of its id and its time;
so a copy that is run again does not add it again, also when it has been done in the target.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    insert,
    literal,
    or_,
    select,
    union_all,
)

from inkcre.graph.files.sweep_job import SWEEP_FILES
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.jobs import source_lane
from inkcre.ports.database import Statement
from inkcre.sources.collect import COLLECT, ORGANIZE
from inkcre.sql.constructs import IGNORE_TWINS, json_rows, moment, shown
from inkcre.sql.tables import jobs
from inkcre.transfer.copies.ids import NOBODY, find_block_ids
from inkcre.transfer.copies.parts import (
    CopiedRow,
    Move,
    Part,
    as_rows,
    find_rows,
    pick,
    read_pages,
)

COPIED = "copied:"
"""What the dedupe key of a job that had none begins with, when it is copied."""

SCHEDULED = "schedule:"
"""What the dedupe key of a schedule's job begins with. It names the schedule by id, and has done
its work when the job is there."""

_COPIED = re.compile(rf"{COPIED}(\d+):(.+)")

READ_WAITING = Statement(
    select(
        jobs.c.id,
        shown(jobs.c.created_at),
        jobs.c.kind,
        jobs.c.payload,
        jobs.c.state,
        jobs.c.attempts,
        shown(jobs.c.run_at),
        shown(jobs.c.claimable_at),
        jobs.c.lane,
        jobs.c.error,
        jobs.c.dedupe_key,
        jobs.c.source_id,
    )
    .where(
        jobs.c.id > bindparam("after_id", type_=BigInteger),
        jobs.c.claimable_at.is_not(None),
        or_(jobs.c.state == "pending", jobs.c.state == "running"),
    )
    .order_by(jobs.c.id)
    .limit(bindparam("limit", type_=Integer))
)
"""Read a page of the jobs that have not ended."""

READ_NAMES = (
    "id", "created_at", "kind", "payload", "state", "attempts", "run_at", "claimable_at", "lane",
    "error", "dedupe_key", "source_id",
)  # fmt: skip
ADD_NAMES = (
    "created_at", "kind", "payload", "attempts", "run_at", "claimable_at", "lane", "error",
    "dedupe_key", "source_id", "first_id", "first_created_at",
)  # fmt: skip
_given = json_rows(
    "jobs", ord=BigInteger(), created_at=Text(), kind=Text(), payload=Text(),
    attempts=BigInteger(), run_at=Text(), claimable_at=Text(), lane=Text(), error=Text(),
    dedupe_key=Text(), source_id=BigInteger(), first_id=BigInteger(), first_created_at=Text(),
)  # fmt: skip


def _is_first(given: Any) -> ColumnElement[bool]:
    """Tell whether a job is the one that another was copied from: a base may come back."""
    return and_(
        jobs.c.id == given.c.first_id,
        jobs.c.dedupe_key.is_(None),
        jobs.c.kind == given.c.kind,
        shown(jobs.c.created_at) == given.c.first_created_at,
    )


ADD_JOBS = Statement(
    insert(jobs).from_select(
        [
            "created_at", "kind", "payload", "state", "attempts", "run_at", "claimable_at", "lane",
            "error", "dedupe_key", "source_id",
        ],
        select(
            moment(_given.c.created_at),
            _given.c.kind,
            _given.c.payload,
            literal("pending", Text),
            _given.c.attempts,
            moment(_given.c.run_at),
            moment(_given.c.claimable_at),
            _given.c.lane,
            _given.c.error,
            _given.c.dedupe_key,
            _given.c.source_id,
        )
        .where(~exists().where(_is_first(_given)))
        .order_by(_given.c.ord)
        .suffix_with(IGNORE_TWINS),
    ),
    counts=True,
)  # fmt: skip
"""Add jobs that are not there, nor have been there and ended."""

_keys = json_rows(
    "keys", ord=BigInteger(), dedupe_key=Text(), kind=Text(), first_id=BigInteger(),
    first_created_at=Text(),
)  # fmt: skip
FIND_NAMES = ("kind", "payload", "source_id")


def _jobs_by(condition: ColumnElement[bool]) -> Select[Any]:
    return select(_keys.c.ord, jobs.c.kind, jobs.c.payload, jobs.c.source_id).select_from(
        _keys.join(jobs, condition)
    )


# Each way along its own index, whatever a planner makes of an OR.
FIND_JOBS = Statement(
    union_all(_jobs_by(jobs.c.dedupe_key == _keys.c.dedupe_key), _jobs_by(_is_first(_keys)))
)
"""Read jobs by dedupe key, or by where they come from; they may have ended."""


def _keep(_: Move, payloads: Sequence[str]) -> list[str]:
    """Give payloads that name nothing by id."""
    return list(payloads)


def _rename_block(move: Move, payloads: Sequence[str]) -> list[str]:
    """Give payloads that name a block, by its id in the target."""
    said = [json.loads(payload) for payload in payloads]
    ids = find_block_ids(move, {one["block_id"] for one in said})
    return [json.dumps({**one, "block_id": ids[one["block_id"]]}) for one in said]


RENAME: Mapping[str, Callable[[Move, Sequence[str]], list[str]]] = {
    COLLECT.name: _keep,
    ORGANIZE.name: _rename_block,
    SWEEP.name: _keep,
    SWEEP_FILES.name: _keep,
}
"""How the payloads of each kind of ours are rewritten for a base with other ids."""


def _read_jobs(move: Move) -> Iterator[list[CopiedRow]]:
    for page in read_pages(move.source.database, READ_WAITING, READ_NAMES, {"id": 0}):
        rows = [_as_waiting(row) for row in page]
        yield rows if move.keeps_ids else list(_rename(move, rows))


def _as_waiting(row: CopiedRow) -> CopiedRow:
    """Let a job wait: whoever runs it in the source does not run it in the target."""
    if row["state"] == "running":
        row["claimable_at"] = row["run_at"]
    key = row["dedupe_key"]
    if key is None or key.startswith(SCHEDULED):
        row["dedupe_key"] = f"{COPIED}{row['id']}:{row['created_at']}"
    first = _COPIED.fullmatch(row["dedupe_key"])
    row["first_id"] = int(first[1]) if first else None
    row["first_created_at"] = first[2] if first else None
    return row


def _rename(move: Move, rows: Sequence[CopiedRow]) -> Iterator[CopiedRow]:
    """Rewrite what names sources and blocks; what nobody here can rewrite is refused."""
    payloads: dict[int, str] = {}
    for kind, rename in RENAME.items():
        mine = [row for row in rows if row["kind"] == kind]
        renamed = rename(move, [row["payload"] for row in mine])
        payloads |= {row["id"]: payload for row, payload in zip(mine, renamed, strict=True)}
    for row in rows:
        if row["id"] not in payloads:
            said = (
                f"job {row['id']} ({row['kind']}): the target has rows of its own, so ids change,"
                " and what this kind names by id is not known"
            )
            if said not in move.refused:
                move.refused.append(said)
            continue
        row["payload"] = payloads[row["id"]]
        if row["source_id"] is not None:
            _rename_source(row, move.source_ids.get(row["source_id"], NOBODY))
        yield row


def _rename_source(row: CopiedRow, there: int) -> None:
    here = row["source_id"]
    if row["lane"] == source_lane(here):
        row["lane"] = source_lane(there)
    organizes = f"{ORGANIZE.name}:{here}:"
    if row["dedupe_key"].startswith(organizes):
        row["dedupe_key"] = f"{ORGANIZE.name}:{there}:{row['dedupe_key'].removeprefix(organizes)}"
    row["source_id"] = there


def _add_jobs(move: Move, page: list[CopiedRow]) -> int:
    [[(added,)]] = move.target.database.atomic([ADD_JOBS(jobs=as_rows(pick(page, *ADD_NAMES)))])
    return int(added)


def _find_jobs(move: Move, page: list[CopiedRow]) -> Mapping[int, CopiedRow]:
    keys = pick(page, "dedupe_key", "kind", "first_id", "first_created_at")
    return find_rows(move.target.database, FIND_JOBS, FIND_NAMES, keys)


JOBS = Part(
    "waiting jobs",
    _read_jobs,
    _add_jobs,
    _find_jobs,
    lambda _, __: FIND_NAMES,
    lambda row: f"job {row['id']} ({row['kind']})",
)
