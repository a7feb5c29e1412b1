"""Rows of new jobs: whoever adds some selects them by these columns, and all insert them alike."""

from sqlalchemy import Insert, Integer, Select, Text, bindparam, insert, literal, select

from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, Expression, timestamp
from inkcre.sql.tables import jobs

_now = timestamp(bindparam("now", type_=Text))

NEW_COLUMNS = (
    "created_at", "state", "attempts", "kind", "payload", "run_at", "claimable_at", "serial_key",
    "idempotency_key", "source_id",
)  # fmt: skip


def pending(
    *,
    kind: Expression,
    payload: Expression,
    run_at: Expression,
    serial_key: Expression,
    idempotency_key: Expression,
    source_id: Expression,
) -> Select[*tuple[object, ...]]:
    """Select rows for ``NEW_COLUMNS``; the caller says where from."""
    return select(
        _now, literal("pending", Text), literal(0, Integer), kind, payload, run_at, run_at,
        serial_key, idempotency_key, source_id,
    )  # fmt: skip


def insert_jobs(new: Select[*tuple[object, ...]]) -> Insert:
    """Insert what ``pending`` selects, but for jobs whose idempotency keys are there already."""
    # An idempotency key stays with the row of an ended job, so that the same cause brings no second
    # one until it is forgotten.
    return insert(jobs).from_select(NEW_COLUMNS, new.suffix_with(ON_CONFLICT_DO_NOTHING))
