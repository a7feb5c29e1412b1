"""Undoing a change: all is again as it was before.

What it deleted is there again, what it changed is what it was, what it made is gone.

What was built on it since is not lost: then nothing is written, and each thing is named. What the
batches of one job have done is undone together. Undoing is itself one change, in one batch, and so
it can be undone. What comes back was brought back by a person: it is given, unless an item still
says it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from inkcre.errors import BuiltOn, Conflict, Unavailable
from inkcre.graph.blocks import ATTEMPTS
from inkcre.graph.change_log import new_batch, room_for_former
from inkcre.graph.file_notes import let_go_call, naming_calls, refuse_held
from inkcre.graph.undo_plans import UNDO, BlockEntry, UndoPlan, UndoTarget, digest_of
from inkcre.graph.undo_reads import make_plan, read_changes
from inkcre.graph.undo_rows import (
    ADD_BACK,
    ADD_RELATIONS_BACK,
    DELETE_GONE,
    DELETE_LONE_RELATIONS,
    EXPECT_ALONE,
    EXPECT_SEEN,
    EXPECT_SEEN_RELATIONS,
    FREE_DIGESTS,
    HOLD_SEEN,
    HOLD_SEEN_RELATIONS,
    LOG_BACK,
    LOG_GOING,
    LOG_LONE_RELATIONS,
    LOG_REVERTED,
    REUNITE,
    REVERT,
    WITHHOLD_GONE,
    WITHHOLD_LONE,
)
from inkcre.ports.database import Call, Database
from inkcre.sql.parameters import as_parameter, calls_over, write_json


@dataclass(frozen=True)
class Undone:
    """What undoing a change has done, or would do."""

    ids: list[int]
    """The changes that were undone together, oldest first."""

    plan: UndoPlan


def undo_change(
    database: Database,
    change_id: int,
    *,
    keep_days: int,
    has_file: Callable[[str], bool],
    is_trial: bool = False,
) -> Undone:
    """Bring a change back, and with it the others of its job.

    Args:
        database: where it was made.
        change_id: its number.
        keep_days: how long changes are known, for what is said of one that is not.
        has_file: tells of a block's content, ``sha256:…``, whether its file is there.
        is_trial: whether nothing is written.

    Raises:
        NotFound: no change has this number.
        ChangeForgotten: it is no longer known.
        BuiltOn: something was built on it since, or nothing of it is left; nothing was written.
        Unavailable: somebody else keeps changing what it was about, or a file is just being swept.
    """
    target = UndoTarget.of(read_changes(database, change_id, keep_days))
    for _ in range(ATTEMPTS):
        plan = make_plan(database, target, has_file)
        refuse(change_id, plan)
        if is_trial:
            return Undone(target.ids, plan)
        calls = list(_calls(database, plan))
        try:
            answers = database.atomic(calls)
        except Conflict:
            continue  # somebody was faster: look again
        refuse_held(calls, answers)
        return Undone(target.ids, plan)
    raise Unavailable(f"change {change_id}: somebody else keeps changing what it was about")


def refuse(change_id: int, plan: UndoPlan) -> None:
    """Raise if a change cannot be undone.

    Raises:
        BuiltOn: as it says.
    """
    if plan.reasons:
        raise BuiltOn(
            f"change {change_id}: cannot be undone; nothing was written",
            reasons=plan.reasons,
            hint="undo first what came later (`inkcre changes`), or mend it by hand",
        )
    if plan.is_empty:
        raise BuiltOn(
            f"change {change_id}: nothing of it is left to be undone; nothing was written",
            reasons=[],
        )


def _calls(database: Database, plan: UndoPlan) -> Iterator[Call]:
    """Yield what undoes, in the order of one batch."""
    log = {"action": UNDO, "actor": None, "batch": new_batch()}
    room = {**log, "room": room_for_former(database)}
    gone, lone = list(_by_id(plan.gone)), list(_by_id(plan.lone))
    yield from _holding(database, plan, log)
    ids = [_as_spans(entry["id"] for entry in each) for each in (plan.back, plan.relations_back)]
    yield LOG_BACK(blocks=ids[0], relations=ids[1], **log)
    reverted = [_as_row(entry) for entry in plan.reverted]
    back = [_as_row(entry) for entry in plan.back]
    # In front of what changes and deletes: notes and log are made of what the rows say so far.
    if letting_go := [*plan.gone, *(entry["id"] for entry in plan.reverted)]:
        yield let_go_call(letting_go)
    yield from calls_over(LOG_REVERTED, "back", reverted, database, **room)
    yield from calls_over(LOG_GOING, "gone", gone, database, **room)
    yield from calls_over(LOG_LONE_RELATIONS, "lone", lone, database, **room)
    yield from calls_over(WITHHOLD_GONE, "gone", gone, database)
    yield from calls_over(WITHHOLD_LONE, "lone", lone, database)
    yield from calls_over(DELETE_LONE_RELATIONS, "lone", lone, database)
    yield from calls_over(DELETE_GONE, "gone", gone, database)
    yield from calls_over(FREE_DIGESTS, "back", reverted, database)
    yield from calls_over(REVERT, "back", reverted, database)
    yield from calls_over(ADD_BACK, "back", back, database)
    yield from calls_over(ADD_RELATIONS_BACK, "relations", plan.relations_back, database)
    found = ({"digest": digest} for digest in plan.returning)
    yield from calls_over(REUNITE, "found", found, database)
    yield from naming_calls(
        entry["content"] for entry in [*plan.reverted, *plan.back] if entry["storage"] == "file"
    )


def _holding(database: Database, plan: UndoPlan, log: Mapping[str, object]) -> Iterator[Call]:
    """Yield what holds all that is changed, and breaks the batch unless it is what was seen."""
    rows = [vars(each) for each in plan.seen]
    arcs = [{"id": each.id, "is_given": each.is_given} for each in plan.seen_relations]
    yield from calls_over(HOLD_SEEN, "seen", rows, database)
    yield from calls_over(HOLD_SEEN_RELATIONS, "seen_relations", arcs, database)
    yield from calls_over(EXPECT_SEEN, "seen", rows, database, **log)
    yield from calls_over(EXPECT_SEEN_RELATIONS, "seen_relations", arcs, database, **log)
    known = as_parameter(_by_id(plan.around))
    yield from calls_over(EXPECT_ALONE, "gone", _by_id(plan.gone), database, known=known, **log)


def _as_row(entry: BlockEntry) -> dict[str, object]:
    return {**entry, "digest": digest_of(entry)}


def _as_spans(ids: Iterable[int]) -> str | None:
    """Write ids as the log does: pairs of a first and a last one; None for none."""
    spans: list[list[int]] = []
    for id_ in sorted(ids):
        if spans and spans[-1][1] == id_ - 1:
            spans[-1][1] = id_
        else:
            spans.append([id_, id_])
    return write_json(spans) if spans else None


def _by_id(ids: Iterable[int]) -> Iterator[dict[str, object]]:
    return ({"id": id_} for id_ in ids)
