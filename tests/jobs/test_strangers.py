"""What another version has written: it is left to it, and says what it needs."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Text, insert, literal, null, update

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import Misconfigured
from inkcre.jobs import due
from inkcre.jobs.jobs import NewJob, enqueue, get_job, list_jobs, retry_job
from inkcre.jobs.kinds import JobKind, Kinds, NoPayload, Outcome, Payload, load_kinds
from inkcre.jobs.schedules import list_schedules
from inkcre.jobs.strangers import count_left
from inkcre.jobs.tick import look, tick
from inkcre.ports.database import Statement
from inkcre.process.probes import require_known
from inkcre.sections.extensions import ExtensionsSettings
from inkcre.sql.constructs import timestamp
from inkcre.sql.lines import lines_of
from inkcre.sql.schema import migrate
from inkcre.sql.tables import jobs, schedules
from inkcre.sql.timestamps import format_timestamp
from tests.conftest import ROOT, new_postgres_database, postgres_settings, sqlite_settings
from tests.jobs.conftest import START, Clock

BASES = ROOT / "tests" / "data" / "bases"


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
    """A replica of another version may run it, and has a week; every start looks."""
    job, known = add(base, "weather.refresh"), add(base, "collect")
    clock.pass_by(days=6, hours=23)
    look(base, replace(kinds("collect"), are_scheduled=False))
    assert get_job(base.database, job).state == "pending"
    clock.pass_by(hours=2)
    look(base, kinds("collect"))
    assert get_job(base.database, job).state == "pending"
    look(base, replace(kinds("collect"), are_scheduled=False))
    assert get_job(base.database, job).state == "failed"
    assert get_job(base.database, known).state == "pending"


def test_schedule_of_a_disabled_extension_is_no_illness(base: Components) -> None:
    """It brings nothing, and waits for its extension to be enabled again."""
    add_schedule(base, "weather.refresh")
    left_out = without(base, "weather")
    assert look(left_out, kinds("collect")).enqueued == 0
    assert require_known(left_out) == "nothing waits for another version"
    with pytest.raises(Misconfigured, match="nobody here runs weather"):
        require_known(base)


class Old(Payload):
    """What a version takes."""

    name: str = "ann"


class New(Old):
    """What the version to come takes."""

    language: str = "en"


def greet(payload: Old) -> Outcome:
    """Do nothing."""
    return Outcome(payload.name)


def welcome(payload: New) -> Outcome:
    """Do nothing in a language."""
    return Outcome(payload.language)


def version(payload: type[Old], run: Callable[..., Outcome]) -> Kinds:
    """Return the kinds of one version."""
    return Kinds({"greet": JobKind("greet", payload, run)}, are_scheduled=True)


def test_payload_of_a_version_to_come_is_left_to_it(
    base: Components, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The version of before says so once, and the new one does it at its first attempt but one."""
    old, new = version(Old, greet), version(New, welcome)
    job_id = enqueue(base.database, NewJob("greet", New(language="de")), clock())
    assert job_id
    for _ in range(3):
        assert tick(base, old, budget_seconds=5)[1] == 1
        left = get_job(base.database, job_id)
        assert (left.state, left.attempts) == ("pending", 1)
        assert left.error == (
            "payload: language: Extra inputs are not permitted (written by another version)"
        )
        assert tick(base, old, budget_seconds=5)[1] == 0
        clock.now = datetime.fromisoformat(left.run_at)
    assert caplog.text.count("greet is left to another version") == 1
    assert count_left(base.database, ["greet"], clock()) == {"greet": 1}
    tick(base, new, budget_seconds=5)
    done = get_job(base.database, job_id)
    assert (done.state, done.result, done.error) == ("finished", "de", None)
    assert count_left(base.database, ["greet"], clock()) == {}


def test_payload_that_nobody_reads_fails_after_a_week(base: Components, clock: Clock) -> None:
    """It is looked at now and then, and ever more seldom, until then."""
    job_id = enqueue(base.database, NewJob("greet", New()), clock())
    assert job_id
    looks, old = 0, version(Old, greet)
    while (job := get_job(base.database, job_id)).state == "pending":
        clock.now = max(clock.now, datetime.fromisoformat(job.run_at))
        tick(base, old, budget_seconds=5)
        looks += 1
    assert timedelta(days=7) <= clock.now - START <= timedelta(days=7, hours=1)
    assert 7 * 24 <= looks <= 7 * 24 * 2 + 30
    assert job.state == "failed"
    assert str(job.error).endswith("(written by another version)")


@pytest.mark.parametrize("text", ["", "{", "no JSON", "{} {}"])
def test_payload_that_is_no_json_fails_at_once(base: Components, text: str) -> None:
    """It is no version's."""
    job_id, other = add(base, "greet"), add(base, "greet")
    changed = update(jobs).where(jobs.c.id == job_id).values(payload=text)
    base.database.atomic([Statement(changed)()])
    tick(base, version(Old, greet), budget_seconds=5)
    ended = get_job(base.database, job_id)
    assert (ended.state, ended.attempts, ended.error) == ("failed", 1, "payload: is no JSON")
    assert ended.payload == {"not_json": text}
    listed, _ = list_jobs(base.database, {}, limit=10)
    assert [(job.id, job.state) for job in listed] == [(other, "finished"), (job_id, "failed")]


def add_schedule(base: Components, kind: str, **more: object) -> None:
    """Add a schedule that is due each minute, and was due a minute ago."""
    then = format_timestamp(base.clock() - timedelta(minutes=1))
    times = {"created_at": then, "updated_at": then, "next_run_at": then, "last_due_at": then}
    row = {"kind": kind, "payload": "{}", "source_id": None, "cron": "* * * * *", **more}
    values = {
        name: timestamp(literal(value, Text))
        if name in times
        else null()
        if value is None
        else value
        for name, value in (row | times).items()
    }
    base.database.atomic([Statement(insert(schedules).values(**values))()])


def test_schedules_of_a_version_to_come_are_left_to_it(
    base: Components, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """By kind, by a key of the payload, by zone: they stay due, others go on, and it is said once."""
    add_schedule(base, "weather.refresh")
    add_schedule(base, "greet", payload='{"language":"de"}', source_id=7)
    add_schedule(base, "greet", timezone="Mars/Olympus_Mons", source_id=8)
    add_schedule(base, "greet", source_id=9)
    old = version(Old, greet)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due, "AT_ONCE", 2)  # those that are left do not keep others from being seen
        found = look(base, old)
        assert found.enqueued == 1
        assert found.lag_seconds == 60
        assert list(found.left.values()) == [
            "nobody here runs weather.refresh",
            "payload: language: Extra inputs are not permitted (written by another version)",
            'the time zone "Mars/Olympus_Mons" is not known here',
        ]
        clock.pass_by(minutes=1)
        assert look(base, old).left == found.left
    assert caplog.text.count("is left to another version") == 3
    left = due.find_left(base.database, clock(), "UTC", old.find_strange)
    assert left == found.left
    new = version(New, welcome)
    new.by_name["weather.refresh"] = JobKind("weather.refresh", NoPayload, run)
    assert list(look(base, new).left) == [list(found.left)[2]]
    waiting, _ = list_jobs(base.database, {}, limit=10)
    # Of the one that both know the second job waits for the first.
    assert sorted((job.kind, job.source_id) for job in waiting) == [
        ("greet", 7), ("greet", 9), ("weather.refresh", None),
    ]  # fmt: skip


@pytest.mark.parametrize("pair", ["sqlite", "postgres"])
@pytest.mark.parametrize("revision", ["0004", "0005", "0006"])
def test_bases_of_former_versions_have_nothing_strange(
    pair: str, revision: str, tmp_path: Path
) -> None:
    """This version knows every job and schedule of theirs; one more key, and it leaves the row."""
    base = open_former(pair, revision, tmp_path)
    try:
        known = load_kinds(base.application)
        found, _ = list_jobs(base.database, {}, limit=100)
        assert found
        assert all(known.find_strange(job.kind, json.dumps(job.payload)) is None for job in found)
        assert find_left(base, known) == {}
        assert count_left(base.database, known.by_name, base.clock()) == {}
        number, _ = list_schedules(base.database, limit=100)
        for table in (jobs, schedules):
            changed = update(table).values(payload='{"of_a_version_to_come":1}')
            base.database.atomic([Statement(changed)()])
        assert sorted(find_left(base, known)) == sorted(each.id for each in number)
        with pytest.raises(Misconfigured, match="left to another version: schedule"):
            require_known(base)
        before = [each.next_run_at for each in number]
        look(base, Kinds(known.by_name, are_scheduled=True))
        after = [each.next_run_at for each in list_schedules(base.database, limit=100)[0]]
        assert after == before
        assert len(list_jobs(base.database, {}, limit=100)[0]) == len(found)
    finally:
        base.database.close()


def find_left(base: Components, known: Kinds) -> Mapping[int, str]:
    """Return what is left of the schedules."""
    return due.find_left(base.database, base.clock(), "UTC", known.find_strange)


def open_former(pair: str, revision: str, folder: Path) -> Components:
    """Restore the frozen base of a former version, and bring its schema up to date."""
    files = {"storage.path": str(folder / "files")}
    if pair == "sqlite":
        path = shutil.copy(BASES / f"{revision}.sqlite3", folder / "base.sqlite3")
        settings = sqlite_settings(Path(path), **files)
    else:
        url = new_postgres_database()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute((BASES / f"{revision}.postgres.sql").read_bytes())
        settings = postgres_settings(url, **files)
    base = build_components(settings)
    migrate(base.database, lines_of(base.application))
    return base
