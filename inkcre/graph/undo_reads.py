"""Reading what undoing goes by: the changes themselves, and what has become of it all since."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Integer, Text, bindparam, func, select

from inkcre.errors import ChangeForgotten, NotFound
from inkcre.graph.change_log import BEGIN, JOB_DIGITS
from inkcre.graph.changes import (
    CHANGE_COLUMNS,
    ENTRIES,
    IS_OF_GRAPH,
    SELECT_FORGOTTEN,
    GraphChange,
)
from inkcre.graph.graph_rows import SELECT_KNOWN
from inkcre.graph.tables import changes
from inkcre.graph.undo_plans import (
    BlockEntry,
    Planner,
    UndoFacts,
    UndoPlan,
    UndoTarget,
    blocks_in,
    digest_of,
)
from inkcre.graph.undo_rows import (
    SELECT_AROUND,
    SELECT_BLOCK_SAYERS,
    SELECT_RELATION_SAYERS,
    SELECT_SAME,
    SELECT_SEEN,
    SELECT_SEEN_RELATIONS,
    Sayer,
    SeenBlock,
    SeenRelation,
)
from inkcre.ports.database import Database
from inkcre.sql.parameters import read_over
from inkcre.sql.rows import Json, Query

PAGE = 500
"""How many changes are read at once, of those that came later."""

BATCH_DIGITS = 32
"""How long a batch's token is behind its job's number."""


@dataclass(frozen=True)
class LoggedChange(GraphChange):
    """A change, and the token of its batch."""

    batch: str | None


SELECT_LOGGED = Query(
    select(*CHANGE_COLUMNS, changes.c.batch).where(
        changes.c.id == bindparam("id", type_=BigInteger)
    ),
    LoggedChange,
)
"""Read one change."""

_job = bindparam("job", type_=Text)
SELECT_OF_JOB = Query(
    select(*CHANGE_COLUMNS, changes.c.batch)
    .where(
        # By the unique key's index: a token is written in hexadecimal digits.
        changes.c.batch >= _job,
        changes.c.batch < bindparam("behind", type_=Text),
        func.length(changes.c.batch) == JOB_DIGITS + BATCH_DIGITS,
        IS_OF_GRAPH,
    )
    .order_by(changes.c.id),
    LoggedChange,
)
"""Read the changes of one job, oldest first."""


@dataclass(frozen=True)
class _Later:
    id: int
    changed: tuple[Json, ...] | None = field(metadata=ENTRIES)
    deleted: tuple[Json, ...] | None = field(metadata=ENTRIES)


SELECT_LATER = Query(
    select(changes.c.id, changes.c.changed, changes.c.deleted)
    # All of them, and not only those with former rows: it goes along the key then.
    .where(changes.c.id > bindparam("after", type_=BigInteger))
    .order_by(changes.c.id)
    .limit(bindparam("limit", type_=Integer)),
    _Later,
)
"""Read what later changes have changed and deleted."""


def read_changes(database: Database, change_id: int, keep_days: int) -> Sequence[LoggedChange]:
    """Return a change, and those of the same job, oldest first."""
    found = SELECT_LOGGED.read_first(database, id=change_id)
    # Asked behind it: what is forgotten meanwhile is missing from what was read.
    forgotten = SELECT_FORGOTTEN.read_first(database)
    if forgotten is not None and 0 < change_id <= forgotten:
        raise ChangeForgotten(
            f"change {change_id}: is no longer known; changes are kept for {keep_days} days",
            hint="to keep them longer, set core.changes_keep_days",
        )
    if found is None or found.action == BEGIN:
        raise NotFound(f"change {change_id}: not found", hint="`inkcre changes` lists them")
    batch = found.batch
    if batch is None or len(batch) != JOB_DIGITS + BATCH_DIGITS:
        return [found]
    job = batch[:JOB_DIGITS]
    # Behind all hexadecimal digits.
    return SELECT_OF_JOB.read(database, job=job, behind=f"{job}g")


def make_plan(database: Database, target: UndoTarget, has_file: Callable[[str], bool]) -> UndoPlan:
    """Look at what is there now, and decide."""
    planner = Planner(target, _read_facts(database, target, has_file))
    planner.plan_blocks()
    triples = [planner.triple_of(entry) for entry in planner.absent_relations()]
    ends = _read_blocks(database, {end for triple in triples for end in triple[:2]})
    wanted = ({"from_": from_, "to_": to_, "content": said} for from_, to_, said in triples)
    same = read_over(SELECT_SAME, "same", wanted, database)
    return planner.plan_relations(
        ends, {(each.from_, each.to_, each.content): each.id for each in same}
    )


def _read_facts(
    database: Database, target: UndoTarget, has_file: Callable[[str], bool]
) -> UndoFacts:
    seen = _read_blocks(database, target.made_blocks | target.blocks.keys())
    made = sorted(target.made_blocks & seen.keys())
    relations: dict[int, SeenRelation] = {}
    for query, ids in (
        (SELECT_SEEN_RELATIONS, target.made_relations | target.relations.keys()),
        (SELECT_AROUND, made),
    ):
        found = read_over(query, "wanted", _by_id(ids), database)
        relations.update((each.id, each) for each in found)
    digests = ({"digest": digest_of(entry)} for entry in target.blocks.values())
    known = read_over(SELECT_KNOWN, "wanted", digests, database)
    files = {e["content"] for e in target.blocks.values() if e["storage"] == "file"}
    return UndoFacts(
        blocks=seen,
        relations=relations,
        later=_read_later(database, target),
        by_digest={block.digest: block.id for block in known},
        block_sayers=_read_sayers(database, SELECT_BLOCK_SAYERS, made),
        relation_sayers=_read_sayers(database, SELECT_RELATION_SAYERS, relations),
        missing_files={content for content in files if not has_file(content)},
    )


def _read_blocks(database: Database, ids: Iterable[int]) -> dict[int, SeenBlock]:
    return {each.id: each for each in read_over(SELECT_SEEN, "wanted", _by_id(ids), database)}


def _read_sayers(
    database: Database, query: Query[Sayer], ids: Iterable[int]
) -> dict[int, set[int]]:
    sayers: dict[int, set[int]] = {}
    for each in read_over(query, "wanted", _by_id(ids), database):
        sayers.setdefault(each.id, set()).add(each.source_id)
    return sayers


def _read_later(database: Database, target: UndoTarget) -> dict[int, tuple[int, BlockEntry]]:
    """Return which blocks of a change later ones were at: the first of each, and what it was."""
    own, asked = set(target.ids), target.last_at
    later: dict[int, tuple[int, BlockEntry]] = {}
    after = min(own)
    while True:
        page = SELECT_LATER.read(database, after=after, limit=PAGE)
        for change in page:
            for said in (change.changed, change.deleted):
                for entry in blocks_in(said):
                    if change.id not in own and change.id > asked.get(entry["id"], change.id):
                        later.setdefault(entry["id"], (change.id, entry))
        if len(page) < PAGE:
            return later
        after = page[-1].id


def _by_id(ids: Iterable[int]) -> Iterator[dict[str, object]]:
    return ({"id": id_} for id_ in ids)
