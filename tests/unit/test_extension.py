"""Records of parts: what one brings is found where it is used, and what one says wrongly is told."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
import typer
from fastapi.testclient import TestClient
from inkcre_sample import SAMPLE as PART

from inkcre.app import create_app
from inkcre.application import Application, Clash
from inkcre.assembly.plan import plan_assembly
from inkcre.cli.main import add_commands, build_command
from inkcre.context import Components
from inkcre.core import INKCRE
from inkcre.errors import BadReference
from inkcre.extension import Adapter, Extension, load_reference
from inkcre.framework import NoPayload, Outcome, Payload, Router, Schedule
from inkcre.framework import Settings as Lent
from inkcre.http.router import SCOPE
from inkcre.jobs.housekeeping import schedule_own
from inkcre.jobs.kinds import JobKind, load_kinds
from inkcre.jobs.tick import tick
from inkcre.lending import NotLent
from inkcre.process.doctor import examine
from inkcre.process.examination import Probe
from inkcre.sections.schema import inspect_settings, load_settings, schema_of
from inkcre.settings.editor_schemas import build_schemas
from inkcre.settings.report import SettingsError
from tests.conftest import new_postgres_database
from tests.unit.sample_part import SampleSettings

HERE = "tests.unit.sample_part"
COMMANDS = "tests.unit.sample_commands"
SAMPLE = replace(PART, migrations=None)  # what it keeps is tested where it is enabled


def made_of(*parts: Extension) -> Application:
    """Return an application of some parts."""
    return Application("sample", "SAMPLE_", "sample.toml", parts)


MEMORY = {"database.path": ":memory:", "storage.kind": "memory", "scheduler.kind": "off"}


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Name each database that a process may have."""
    return str(request.param)


@pytest.fixture
def client(dialect: str) -> Iterator[TestClient]:
    """Return a client of InKCre with the sample part."""
    overrides: dict[str, object] = {
        **MEMORY,
        "database.migrate_on_start": True,
        "keyvalue.kind": "shelf",
        "sample.word": "hello",
    }
    if dialect == "postgresql":
        del overrides["database.path"]
        overrides |= {"database.kind": "postgres", "database.url": new_postgres_database()}
    application = made_of(*INKCRE.extensions, SAMPLE)
    app = create_app(profile="dev", overrides=overrides, environ={}, application=application)
    with TestClient(app) as client:
        yield client


def test_part_of_each_sort_is_found_where_it_is_used(client: TestClient, dialect: str) -> None:
    """Its route and model, its job, its type of sources, its resolver."""
    lent = {"database": dialect, "keyvalue": "Shelf", "word": "hello"}
    assert client.get("/sample").json() == lent
    described = client.get("/openapi.json").json()
    assert "/sample" in described["paths"]
    assert "Described" in described["components"]["schemas"]
    assert "sample" in [one["type"] for one in client.get("/sources/types").json()]
    source = client.post("/sources", json={"type": "sample"}).json()["id"]
    assert [b["content"] for b in client.get(f"/source/{source}/collect").json()] == ["of a sample"]
    block = client.post("/blocks?organize=true", json={"resolver": "sample", "content": "x"}).json()
    related = client.get(f"/relations/by_block/{block['id']}").json()
    assert [relation["content"] for relation in related] == ["is like"]
    assert "sample.count" in client.app.state.kinds.by_name  # type: ignore[attr-defined]


def test_own_schedule_is_a_row_and_its_job_is_run(client: TestClient) -> None:
    """Once, however often somebody ticks; a job is lent what it names."""
    app: Any = client.app
    for _ in range(2):
        app.state.kinds.are_scheduled = False  # as of another process
        tick(app.state.components, app.state.kinds, budget_seconds=10)
    found = [s for s in client.get("/schedules").json()["schedules"] if s["kind"] == "sample.count"]
    assert [schedule["every"] for schedule in found] == ["1h"]
    [job] = client.get("/jobs", params={"kind": "sample.count"}).json()["jobs"]
    assert job["result"] == {"counted": "hello", "id": job["id"]}


def test_schedule_that_another_version_made_is_made_anew(client: TestClient) -> None:
    """One that comes at other times now; those of sources stay."""
    app: Any = client.app
    database, now = app.state.components.database, datetime.now(UTC)
    schedule_own(database, [Schedule("sample.count", cron="0 7 * * *")], now, "UTC")
    schedule_own(database, [Schedule("sample.count", every="2h")], now, "UTC")
    found = [s for s in client.get("/schedules").json()["schedules"] if s["kind"] == "sample.count"]
    assert [(schedule["cron"], schedule["every"]) for schedule in found] == [(None, "2h")]


def test_part_brings_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function is one command, a group several; one is lent a base, with options of which."""
    monkeypatch.chdir(tmp_path)
    application = made_of(*INKCRE.extensions, SAMPLE)
    for typed, said in (
        (["shout", "shout"], "SAMPLE\n"),
        (["migrate", "--profile", "dev"], "is up to date"),
        (["whisper", "2", "--set", "sample.word=hush,"], "hush,hush, sqlite\n"),
    ):
        with pytest.raises(SystemExit) as ended:
            application.cli(typed)
        assert not ended.value.code
        assert said in capsys.readouterr().out


def test_part_is_asked_by_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a base that is there; without one it is not tried."""
    monkeypatch.chdir(tmp_path)
    application = made_of(*INKCRE.extensions, SAMPLE)

    def examine_sample() -> Probe:
        found = inspect_settings("dev", application=application)
        return {probe.name: probe for probe in examine(found).probes}["sample"]

    assert examine_sample().status == "skipped"
    with pytest.raises(SystemExit):
        application.cli(["migrate"])
    assert (examine_sample().status, examine_sample().detail) == ("ok", "sample: True")


def test_rule_of_a_part_is_told_with_its_line(tmp_path: Path) -> None:
    """As the framework's own, and so is a wrong key in its table."""
    application = made_of(*INKCRE.extensions, SAMPLE)
    (tmp_path / "sample.toml").write_text('[sample]\nword = "hush"\nlod = true\n')
    with pytest.raises(SettingsError) as caught:
        load_settings("dev", application=application, environ={}, folder=tmp_path)
    assert '"hush" cannot run on target "process": a sample speaks' in str(caught.value)
    assert "sample.toml:2:8" in str(caught.value)
    assert "did you mean `loud`?" in str(caught.value)


def test_plan_and_schema_know_the_parts(tmp_path: Path) -> None:
    """Which there are, the kind that one brings, and what can be set of it."""
    application = made_of(*INKCRE.extensions, SAMPLE)
    overrides = {**MEMORY, "keyvalue.kind": "shelf"}
    settings = load_settings("dev", application=application, overrides=overrides, environ={})
    plan = plan_assembly(settings)
    assert plan.parts == ("core", "sources", "folders", "sample")
    assert [port.kind for port in plan.ports if port.port == "keyvalue"] == ["shelf"]
    described = build_schemas(schema_of(application))["sample.schema.json"]
    assert described["$defs"]["sample"]["properties"]["word"]["default"] == "sample"
    kinds = [kind["title"] for kind in described["$defs"]["keyvalue"]["anyOf"]]
    assert 'kind = "shelf"' in kinds
    assert "$.unknown" not in described


def test_scope_of_a_route_is_kept(client: TestClient) -> None:
    """For those who will ask who may call it: as it says, else by its method."""
    scopes = {
        (method, route.path): getattr(route.endpoint, SCOPE, None)
        for route in cast("Any", client.app).routes
        for method in getattr(route, "methods", None) or ()
    }
    assert scopes[("GET", "/sample")] == "admin"
    assert (scopes[("GET", "/blocks")], scopes[("POST", "/blocks")]) == ("read", "write")


class Foreign(Protocol):
    """Something that nobody lends."""


def ask(engine: Foreign) -> dict[str, str]:
    """Ask for what nobody lends."""
    return {"engine": str(engine)}


def ask_section(settings: Lent[SampleSettings]) -> Outcome:
    """Ask for a section that the application has not."""
    return Outcome({"word": settings.word})


ASKING = f"{__name__}.ask"
UNKNOWN = f"{ASKING}: parameter engine: Foreign is not lent to anybody"


def test_route_that_asks_for_what_nobody_lends_is_refused() -> None:
    """When it is added, which is when its module is imported, naming the parameter."""
    with pytest.raises(NotLent) as caught:
        Router().get("/ask")(ask)
    assert caught.value.message == UNKNOWN
    assert "Database" in str(caught.value.hint)


def test_components_are_lent_to_nobody_else() -> None:
    """Whoever has them reaches everything; a route of ours runs a job while somebody waits."""
    router = Router()

    def peek(context: Components) -> None:
        """Reach everything."""

    with pytest.raises(NotLent, match="parameter context: Components is not lent to anybody"):
        router.get("/peek")(peek)


def test_job_that_asks_for_what_nobody_lends_is_refused() -> None:
    """As a route."""
    with pytest.raises(NotLent) as caught:
        JobKind("ask", NoPayload, ask)  # type: ignore[arg-type]
    assert caught.value.message == UNKNOWN


def test_command_that_asks_for_what_nobody_lends_is_refused() -> None:
    """As a route."""
    mine = Extension("mine", "Mine", commands={"ask": f"{__name__}:ask"})
    with pytest.raises(NotLent) as caught:
        build_command(made_of(mine))
    assert caught.value.message == UNKNOWN


def test_probe_that_asks_for_what_nobody_lends_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a route."""
    monkeypatch.chdir(tmp_path)
    mine = Extension("mine", "Mine", probes={"ask": f"{__name__}:ask"})
    found = inspect_settings("dev", application=made_of(mine))
    with pytest.raises(NotLent) as caught:
        examine(found)
    assert caught.value.message == UNKNOWN


ASK_SECTION = JobKind("ask section", NoPayload, ask_section)


def test_section_that_the_application_has_not_is_refused() -> None:
    """When it is assembled, naming the parameter and the section."""
    asking = Extension("asking", "Asks", jobs=(f"{__name__}:ASK_SECTION",))
    with pytest.raises(NotLent, match="parameter settings: SampleSettings is no section of sample"):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=made_of(asking))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Extension("http", "", settings=f"{HERE}:SampleSettings"), "table [http]: the framework has it already"),
        (Extension("profiles", "", settings=f"{HERE}:SampleSettings"), "table [profiles]: the framework has it already"),
        (Extension("mine", "", settings=f"{HERE}:Described"), "is no Section"),
        (Extension("mine", "", settings=f"{HERE}:Thawed"), "can be changed, or takes any key"),
        (Extension("mine", "", rules=(f"{HERE}:COUNT",)), "and no Constraint"),
        (Extension("mine", "", adapters={"shelf": {}, "desk": {"a": Adapter("a:b", "a:b")}}), "there is no port"),
        (Extension("mine", "", adapters={"keyvalue": {"kv": Adapter(f"{HERE}:ShelfSettings", "a:b")}}), 'has no kind = "kv"'),
        (Extension("mine", "", adapters={"keyvalue": {"memory": Adapter("inkcre.sections.keyvalue:MemoryKeyValueSettings", "a:b")}}), "keyvalue.kind memory: the framework has it already"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_a_parts_are_refused(part: Extension, said: str) -> None:
    """Before any file is read; both who has it and who wants it are named."""
    with pytest.raises((BadReference, Clash)) as caught:
        load_settings("dev", application=made_of(part), environ={})
    assert f"extension {part.name}" in str(caught.value)
    assert said in str(caught.value)


def test_section_that_is_named_without_settings_is_refused() -> None:
    """FastAPI would take it from the request, and anybody could set what the settings say."""

    def ask_openly(settings: SampleSettings) -> dict[str, str]:
        return {"word": settings.word}

    with pytest.raises(NotLent, match="parameter settings: SampleSettings is a section") as caught:
        Router().get("/ask")(ask_openly)
    assert caught.value.hint == "write Settings[SampleSettings]"


def test_scope_that_does_not_exist_is_refused() -> None:
    """Nobody could ever be allowed it."""
    with pytest.raises(BadReference, match='there is no scope "boss"'):
        Router().get("/ask", scope=cast("Any", "boss"))(answer)


def answer() -> dict[str, str]:
    """Answer nothing."""
    return {}


def make_two_of_one_path() -> Router:
    """Make a router whose second route nobody would ever reach."""
    router = Router()
    for _ in range(2):
        router.get("/twice")(answer)
    return router


TWICE = make_two_of_one_path()


def test_two_routes_of_one_path_in_one_router_are_refused() -> None:
    """As those of two parts."""
    part = Extension("mine", "Mine", routers=(f"{__name__}:TWICE",))
    with pytest.raises(Clash, match="route GET /twice"):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=made_of(part))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"routers": "mine.http:router"}, "routers: is no tuple"),
        ({"jobs": (ASK_SECTION,)}, "jobs: has a JobKind, and no text"),
        ({"commands": {"count": ask}}, "commands: has a function, and no text"),
        ({"name": "Guest-Book"}, "its name cannot be one"),
    ],
)
def test_record_that_cannot_be_meant_is_refused(fields: dict[str, Any], said: str) -> None:
    """When it is made, by its field."""
    with pytest.raises(BadReference) as caught:
        Extension(**{"name": "mine", "summary": "Mine", **fields})
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "fields", [{"name": "Guest Book"}, {"prefix": "guests"}, {"filename": "guests.yaml"}]
)
def test_application_that_cannot_be_meant_is_refused(fields: dict[str, Any]) -> None:
    """With what could be."""
    with pytest.raises(BadReference, match="cannot be"):
        Application(**{"name": "a", "prefix": "A_", "filename": "a.toml", **fields}, extensions=())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Schedule("mine"), "has either cron or every"),
        (lambda: Schedule("mine", cron="0 3 * *"), "schedule of mine: cron"),
        (lambda: Schedule("mine", every="soon"), "schedule of mine: every"),
        (lambda: JobKind("mine", cast("Any", dict), ask_section), "is no payload"),
        (
            lambda: JobKind("mine", NoPayload, lambda payload: None),
            "parameter payload: has no type",
        ),
    ],
)
def test_job_or_schedule_that_makes_no_sense_is_refused(
    make: Callable[[], object], said: str
) -> None:
    """When it is made."""
    with pytest.raises((BadReference, NotLent)) as caught:
        make()
    assert said in caught.value.message


class Words(Payload):
    """What a job is to be given."""

    word: str


def say(payload: Words) -> Outcome:
    """Say a word."""
    return Outcome({"said": payload.word})


SAY = JobKind("say", Words, say)
SAY_NOTHING = Schedule("say", every="1h")


def test_schedule_without_what_its_job_needs_is_refused() -> None:
    """It would fail each time it is due."""
    part = Extension(
        "mine", "Mine", jobs=(f"{__name__}:SAY",), schedules=(f"{__name__}:SAY_NOTHING",)
    )
    with pytest.raises(BadReference, match=r'schedule of "say": payload\.word: field required'):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=made_of(part))


def test_schedule_of_a_kind_that_nobody_brings_is_refused() -> None:
    """It would fail each time it is due."""
    part = replace(SAMPLE, jobs=())
    with pytest.raises(BadReference, match="no part brings such a kind"):
        create_app(
            profile="dev",
            overrides=MEMORY,
            environ={},
            application=made_of(*INKCRE.extensions, part),
        )


def test_part_is_left_out_where_it_does_not_run() -> None:
    """Of what it brings nothing is looked up there."""
    broken = Extension("broken", "", jobs=("nowhere.at.all:JOB",), targets=("process",))
    application = made_of(*INKCRE.extensions, broken)
    assert "collect" in load_kinds(application.on("workers")).by_name
    with pytest.raises(BadReference, match="extension broken"):
        load_kinds(application.on("process"))


def test_naming_a_part_imports_nothing() -> None:
    """The records of the base and of the framework, too."""
    program = (
        "import sys, inkcre.core\n"
        "print(sorted(m for m in sys.modules if m.startswith('inkcre')))\n"
        "assert not {'fastapi', 'pydantic', 'sqlalchemy', 'typer'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    modules = ["", ".application", ".builtin", ".core", ".errors", ".extension"]
    assert done.stdout == f"{[f'inkcre{module}' for module in modules]}\n"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("inkcre.nowhere:X", "there is no module inkcre.nowhere"),
        ("nowhere.at.all:X", "there is no module nowhere"),
        ("inkcre.jobs.cleanup:NOTHING", "the module has no NOTHING"),
        ("inkcre.jobs.cleanup", "names no attribute; write package.module:attribute"),
        ("inkcre.jobs.runner:logger", "is a Logger, and no JobKind"),
    ],
)
def test_reference_that_names_nothing_of_its_sort_is_told(reference: str, said: str) -> None:
    """With who names it, and what."""
    with pytest.raises(BadReference) as caught:
        load_reference(reference, JobKind, of=SAMPLE)
    assert str(caught.value) == f"extension sample: {reference}: {said}"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Extension("mine", "", models=(f"{HERE}:SAMPLE",)), "and no ModelMetaclass"),
        (Extension("mine", "", routers=(f"{HERE}:COUNT",)), "and no APIRouter"),
        (Extension("mine", "", jobs=(f"{HERE}:router",)), "and no JobKind"),
        (Extension("mine", "", resolvers=(f"{HERE}:router",)), "and no Resolver"),
        (Extension("mine", "", custody=f"{HERE}:router"), "and no Custody"),
    ],
)
def test_part_that_brings_another_sort_of_thing_is_refused(part: Extension, said: str) -> None:
    """At assembly, whatever the sort: nothing that a part names is left out in silence."""
    with pytest.raises(BadReference, match=rf"extension mine: .*{said}"):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=made_of(part))


def test_command_that_cannot_be_called_is_refused() -> None:
    """With whose it is, and its name."""
    part = Extension("mine", "", commands={"count": f"{HERE}:COUNT"})
    with pytest.raises(BadReference, match="extension mine: command count: is a JobKind"):
        add_commands(typer.Typer(), made_of(part))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Extension("core", ""), "extension core: name core: extension core has it already"),
        (
            Extension("mine", "", commands={"import": "a:b"}),
            "extension mine: command import: extension core has it already",
        ),
        (
            Extension("mine", "", source_types={"rss": "a:b"}),
            "extension mine: source type rss: extension sources has it already",
        ),
        (Extension("mine", "", custody="a:b"), "extension mine: custody: extension core has it already"),
    ],
)  # fmt: skip
def test_parts_that_bring_something_of_one_name_are_refused(other: Extension, said: str) -> None:
    """Both are named, and nothing was imported."""
    with pytest.raises(Clash) as caught:
        made_of(*INKCRE.extensions, other)
    assert str(caught.value) == said


ALONE = replace(
    SAMPLE, name="again", commands={}, source_types={}, adapters={}, probes={}, schedules=()
)
"""What the sample brings whose names stand in what is referred to."""


def test_routes_jobs_and_resolvers_of_one_name_are_refused() -> None:
    """What they are called stands in what is referred to, so it is told at assembly."""
    twice = replace(ALONE, resolvers=())
    application = made_of(*INKCRE.extensions, SAMPLE, twice)
    with pytest.raises(
        Clash,
        match=r"extension again: jobs: .*: job sample\.count: extension sample: jobs: .* has it",
    ):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=application)
    resolvers = replace(ALONE, routers=(), jobs=())
    application = made_of(*INKCRE.extensions, SAMPLE, resolvers)
    with pytest.raises(
        Clash, match=r"extension again: .*: resolver sample: extension sample: .* has it"
    ):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=application)
    routes = replace(twice, jobs=())
    application = made_of(*INKCRE.extensions, SAMPLE, routes)
    with pytest.raises(
        Clash, match=r"extension again: .*: route GET /sample: extension sample: .* has it"
    ):
        create_app(profile="dev", overrides=MEMORY, environ={}, application=application)
