"""Jobs of kinds that nobody here runs: they end, and say what they need."""

from dataclasses import replace

from inkcre.context import Components
from inkcre.jobs.jobs import NewJob, enqueue, get_job, retry_job
from inkcre.jobs.kinds import JobKind, Kinds, NoPayload, Outcome
from inkcre.jobs.tick import look, tick
from inkcre.sections.extensions import ExtensionsSettings
from tests.jobs.conftest import Clock


def run(_: NoPayload) -> Outcome:
    """Do nothing."""
    return Outcome("done")


def kinds(*names: str) -> Kinds:
    """Return kinds of jobs, whose schedules have been seen to."""
    return Kinds({name: JobKind(name, NoPayload, run) for name in names}, are_scheduled=True)


def without(base: Components, *disabled: str) -> Components:
    """Return the same, with extensions that are left out."""
    section = ExtensionsSettings(disabled=disabled)
    return replace(base, settings=base.settings.model_copy(update={"extensions": section}))


def add(base: Components, kind: str) -> int:
    """Add a job that is due."""
    added = enqueue(base.database, NewJob(kind, NoPayload()), base.clock())
    assert added
    return added


def test_job_of_a_disabled_extension_fails_and_is_tried_again(base: Components) -> None:
    """It says which extension it needs; enabled again, it runs."""
    job = add(base, "weather.refresh")
    others = [add(base, kind) for kind in ("weathervane.turn", "collect", "weather")]
    look(without(base, "weather"), kinds("collect"))
    ended = get_job(base.database, job)
    assert ended.state == "failed"
    assert "extension weather is not enabled" in str(ended.error)
    assert {get_job(base.database, other).state for other in others} == {"pending"}
    retry_job(base.database, job, base.clock())
    tick(base, kinds("weather.refresh"), budget_seconds=5)
    assert get_job(base.database, job).state == "finished"


def test_job_that_is_not_due_waits(base: Components, clock: Clock) -> None:
    """The extension may be enabled again until then."""
    job = enqueue(base.database, NewJob("weather.refresh", NoPayload()), clock.pass_by(hours=1))
    clock.pass_by(hours=-1)
    assert job
    look(without(base, "weather"), kinds("collect"))
    assert get_job(base.database, job).state == "pending"


def test_job_of_an_unknown_kind_fails_when_nobody_takes_it(base: Components, clock: Clock) -> None:
    """A replica of another version may run it, and has ten minutes; every start looks."""
    job, known = add(base, "weather.refresh"), add(base, "collect")
    clock.pass_by(minutes=9)
    look(base, replace(kinds("collect"), are_scheduled=False))
    assert get_job(base.database, job).state == "pending"
    clock.pass_by(minutes=2)
    look(base, kinds("collect"))
    assert get_job(base.database, job).state == "pending"
    look(base, replace(kinds("collect"), are_scheduled=False))
    assert get_job(base.database, job).state == "failed"
    assert get_job(base.database, known).state == "pending"
