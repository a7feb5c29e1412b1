"""A source that is deleted leaves no schedule behind, whoever is at work beside that."""

from typing import Any

import pytest

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.jobs.jobs import get_job
from inkcre.jobs.schedules import ScheduleForm, list_schedules
from inkcre.ports.database import Statement
from inkcre.sources.edits import edit_source
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.removals import delete_source
from inkcre.sources.sources import DELETE_SOURCE
from tests.jobs.conftest import Clock
from tests.on_base import create_source, enqueue_collect, source_types
from tests.sources.conftest import run_jobs
from tests.sources.test_items import Between

HOURLY = ScheduleForm(every="1h")


def add_scheduled(base: Components) -> int:
    """Add a source that is collected every hour."""
    return create_source(base, SourceForm(type="inbox", schedule=HOURLY)).id


def scheduled(base: Components) -> list[int]:
    """Return of which sources the schedules are; the housekeeping's come by themselves."""
    found, _ = list_schedules(base.database, limit=100)
    return [each.source_id for each in found if each.source_id is not None]


def test_source_that_is_deleted_takes_its_schedule_along(base: Components) -> None:
    """In one batch, and no other one; one that is not there takes nothing."""
    first, second = add_scheduled(base), add_scheduled(base)
    delete_source(base.database, first)
    assert scheduled(base) == [second]
    with pytest.raises(NotFound):
        delete_source(base.database, first)
    assert scheduled(base) == [second]


def test_edit_of_a_source_that_is_deleted_meanwhile_schedules_nothing(base: Components) -> None:
    """It is found to be gone."""
    source_id = add_scheduled(base)
    database: Any = Between(base.database, lambda: delete_source(base.database, source_id))
    with pytest.raises(NotFound):
        edit_source(
            database, source_types(base), source_id, SourceEdit(schedule=HOURLY),
            clock=base.clock, timezone="UTC",
        )  # fmt: skip
    assert scheduled(base) == []


def test_schedule_without_its_source_goes_when_it_is_due(base: Components, clock: Clock) -> None:
    """A process of a version before, which a foreign key did that for, may still run beside."""
    source_id = add_scheduled(base)
    job = enqueue_collect(base, source_id, full=False)
    without_its_schedule: list[Statement] = [DELETE_SOURCE]
    base.database.atomic([statement(id=source_id) for statement in without_its_schedule])
    assert scheduled(base) == [source_id]
    run_jobs(base)
    assert get_job(base.database, job.id).state == "failed"
    assert scheduled(base) == []
