"""What is said about settings: effective values, explanations, differences, checks."""

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from inkcre.assembly.compare import compare_profiles, render_difference
from inkcre.assembly.plan import plan_inspection, render_plan
from inkcre.sections.rules.checks import CHECKS, check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.settings import Settings
from inkcre.settings.descriptions import describe_values
from inkcre.settings.explanations import Explanation, explain_key, render_explanation
from inkcre.settings.leaves import json_value, list_leaves, reveal
from inkcre.settings.masks import MASK, mask
from inkcre.settings.origins import Layer
from inkcre.settings.report import SettingsError
from inkcre.settings.toml_values import toml_settings
from tests.schemas import SCHEMA
from tests.settings.cases import inspect_here as inspect_settings
from tests.settings.cases import load_here as load_settings

URL = "postgresql://inkcre:hunter2@localhost/inkcre"
SERVER = {"INKCRE_DATABASE__URL": URL}


def explain(key: str, profile: str = "dev", **environ: str) -> Explanation:
    """Explain a setting."""
    explanation = explain_key(key, inspect_settings(profile, environ=environ))
    assert isinstance(explanation, Explanation)
    return explanation


def plain(settings: Settings) -> Any:
    """Return settings as data, secrets and all."""

    def dump(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: dump(inner) for key, inner in value.items()}
        return reveal(value)

    return dump(settings.model_dump())


@pytest.mark.parametrize("profile", ["dev", "server", "workers"])
def test_leaves_are_the_settings(profile: str) -> None:
    """Each leaf in force has the value that the settings have, and no leaf is left out."""
    settings = load_settings(profile, environ=SERVER if profile == "server" else {})
    leaves = list_leaves(settings.origins, settings)
    tree: dict[str, Any] = {}
    for leaf in leaves:
        table = tree
        for key in leaf.path[:-1]:
            table = table.setdefault(key, {})
        table[leaf.path[-1]] = reveal(leaf.value)
    expected = plain(settings)
    if profile != "workers":
        assert expected.pop("bindings") == {}
    assert tree == expected


@pytest.mark.parametrize("profile", ["dev", "server", "workers"])
def test_toml_of_the_settings_loads_to_the_same(profile: str, tmp_path: Path) -> None:
    """A file written by show, in another folder, with the same secrets."""
    environ = SERVER if profile == "server" else {}
    awkward = {"app.title": 'a"b\\\n\u2028é', "http.cors.allow_origins": ["https://a.example", "'"]}
    overrides = {**awkward, "storage": {"kind": "s3", "bucket": "bbb", "access_key_id": "s"}}
    settings = load_settings(
        profile, environ=environ, overrides=awkward if profile == "workers" else overrides
    )
    text = toml_settings(SCHEMA, list_leaves(settings.origins, settings))
    assert "hunter2" not in text
    (tmp_path / "other").mkdir()
    (tmp_path / "other/inkcre.toml").write_text(text)
    secret = {} if profile == "workers" else {"INKCRE_STORAGE__ACCESS_KEY_ID": "s"}
    again = load_settings(environ={**environ, **secret}, folder=tmp_path / "other")
    assert plain(again) == plain(settings)
    if profile == "server":
        assert "# url is a secret: set INKCRE_DATABASE__URL" in text
    tomllib.loads(text)


def test_toml_of_wrong_settings_is_what_was_written() -> None:
    """Also what TOML cannot say is mentioned."""
    found = inspect_settings("dev", environ={}, overrides={"http.port": "six", "app.docs": [None]})
    text = toml_settings(SCHEMA, found.leaves())
    assert 'port = "six"' in text
    assert "# docs has a value that TOML cannot say" in text


def test_json_has_no_text_for_what_is_none() -> None:
    """Whoever reads it finds null, true and numbers, and not their names."""
    settings = load_settings("dev", environ={})
    leaves = list_leaves(settings.origins, settings)
    values = [json_value(leaf.value, leaf.node) for leaf in leaves if leaf.value is None]
    assert values
    assert set(values) == {None}
    assert json_value([None, True, 5, 0.5], leaves[0].node) == [None, True, 5, 0.5]


def test_explanation_has_every_definition_in_order() -> None:
    """What holds, and what it hides, the default last."""
    Path("inkcre.toml").write_text("[http]\nport = 1\n[profiles.dev.http]\nport = 2\n")
    Path(".env").write_text("INKCRE_HTTP__PORT=3\n")
    found = explain("http.port", INKCRE_HTTP__PORT="4")
    assert found.holds
    assert (found.holds.value, found.holds.place) == ("4", "INKCRE_HTTP__PORT")
    assert [(h.value, h.place) for h in found.hides] == [
        ("3", ".env:1 (INKCRE_HTTP__PORT)"),
        ("2", "inkcre.toml:4:1"),
        ("1", "inkcre.toml:2:1"),
        ("8000", "default"),
    ]
    assert (found.type, found.allowed) == ("a whole number", "at least 0, at most 65535")
    assert found.variables == ("INKCRE_HTTP__PORT",)
    text = render_explanation(found)
    assert text.splitlines()[0] == "http.port = 4"
    assert "hides     3  from .env:1 (INKCRE_HTTP__PORT) (.env)" in text


def test_explanation_of_a_kind_has_all_kinds_and_all_rules() -> None:
    """The default is the section's, not the kind's own."""
    found = explain("database.kind")
    assert found.allowed == '"sqlite", "postgres", "hyperdrive", "d1"'
    assert found.default == "sqlite"
    assert any("workers" in rule and "no disk" in rule for rule in found.rules)
    assert any(rule.startswith("INK204") for rule in found.rules)


def test_explanation_of_a_binding_has_its_rules() -> None:
    """Whatever the binding is called."""
    found = explain(
        "bindings.FILES.type", "workers", INKCRE_BINDINGS__FILES__TYPE="r2",
        INKCRE_BINDINGS__FILES__NAME="files",
    )  # fmt: skip
    assert [rule.partition(":")[0] for rule in found.rules] == ["INK208", "INK209"]


def test_id_of_a_resource_is_shown() -> None:
    """It is there to be compared, and looks like a secret; what is no id of theirs may be one."""
    id_, secret = "9f8b3c1d7e2a4605b1c8d9e0f7a6b5c4", "9f8b3c1d7e2a4605b1c8d9e0f7a6b5c4d"
    assert mask(id_) == mask(secret) == MASK
    for value, shown in ((id_, id_), (secret, MASK)):
        environ = {"INKCRE_BINDINGS__KV__TYPE": "kv", "INKCRE_BINDINGS__KV__ID": value}
        found = explain("bindings.KV.id", "workers", **environ)
        assert found.holds
        assert found.holds.value.strip('"') == shown
        settings = inspect_settings("workers", environ=environ)
        [leaf] = [leaf for leaf in settings.leaves() if leaf.path == ("bindings", "KV", "id")]
        assert json_value(leaf.value, leaf.node) == shown


def test_explanation_of_a_secret_shows_none() -> None:
    """Neither the value that holds nor those behind it."""
    Path("inkcre.toml").write_text(f"[profiles.server.database]\nurl = '{URL}'\n")
    found = explain("database.url", "server", **SERVER)
    assert found.variables == ("INKCRE_DATABASE__URL", "INKCRE_DATABASE__URL_FILE")
    assert [h.value for h in found.hides] == ["********"]
    assert "hunter2" not in render_explanation(found) + str(found.as_json()) + repr(found)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("database.pool.size", 'belongs to database.kind = "postgres" or "hyperdrive"'),
        (
            "database.binding",
            'belongs to database.kind = "hyperdrive" or "d1", and that is "sqlite"',
        ),
        ("bindings.KV.id", "there is no table [bindings.KV] here"),
    ],
)
def test_explanation_of_what_is_not_in_force_says_why(key: str, why: str) -> None:
    """The table on the way that has another kind, or is not there."""
    found = explain(key)
    assert found.holds is None
    assert why in (found.not_in_force or "")
    assert "(not in force)" in render_explanation(found)


def test_explanation_works_on_settings_that_are_wrong() -> None:
    """The value is as it was written."""
    found = explain("http.port", INKCRE_HTTP__PORT="six", INKCRE_NONSENSE="1")
    assert found.holds
    assert found.holds.value == "six"


def test_table_is_explained_by_what_is_in_it() -> None:
    """Its settings, with their places."""
    table = explain_key("storage", inspect_settings("dev", environ={}))
    text = render_explanation(table)
    assert text.splitlines()[0] == "[storage]  Where files are kept."
    assert "storage.kind = filesystem" in text
    settings = table.as_json()["settings"]
    assert isinstance(settings, list)
    assert settings[0]["key"] == "storage.kind"


def test_unknown_key_has_its_nearest_names() -> None:
    """Status 78, and up to three names."""
    with pytest.raises(SettingsError) as caught:
        explain("databse.pool.sise")
    assert "did you mean database.pool.size" in str(caught.value)
    assert caught.value.exit_status == 78


def test_every_setting_can_be_explained() -> None:
    """Of every kind, on every profile, in force or not."""
    for profile in ("dev", "server", "workers"):
        found = inspect_settings(profile, environ={})
        for path, node in SCHEMA.root.walk_leaves():
            explanation = explain_key(".".join(path), found)
            assert isinstance(explanation, Explanation)
            assert explanation.holds or explanation.not_in_force
            assert explanation.description
            assert explanation.type == describe_values(node).type or explanation.holds


def test_difference_is_in_values_and_in_assembly() -> None:
    """What each profile has that the other has not, and where it comes from."""
    first, second = (inspect_settings(name, environ=SERVER) for name in ("workers", "server"))
    difference = compare_profiles(first, second)
    values = {change.what: change for change in difference.values}
    assert (values["storage.kind"].first, values["storage.kind"].second) == ("r2", "filesystem")
    assert values["database.pool.size"].first is None
    assert values["database.url"].second == "********"
    assembly = {change.what: (change.first, change.second) for change in difference.assembly}
    assert assembly["database: can_migrate"] == ("false", "true")
    assert assembly["storage"] == ("r2", "filesystem")
    text = render_difference(difference)
    assert text.startswith("--- workers\n+++ server\n")
    assert "hunter2" not in text + str(difference.as_json())


def test_no_difference_is_said() -> None:
    """A profile and itself."""
    found = inspect_settings("dev", environ={})
    assert "no difference" in render_difference(compare_profiles(found, found))


def test_origins_are_written_without_values() -> None:
    """In a traceback, or in the log of somebody who prints them."""
    settings = load_settings("server", environ=SERVER)
    definition = settings.origins.winners["database", "url"]
    assert "hunter2" in str(definition.value)
    for shown in (settings.origins, definition, Layer("environment", (definition,))):
        assert "hunter2" not in repr(shown)


def test_difference_of_two_secrets_shows_neither() -> None:
    """They are not the same, and that is all."""
    first, second = (
        inspect_settings("server", environ={"INKCRE_DATABASE__URL": f"{URL}{n}"}) for n in "ab"
    )
    (change,) = compare_profiles(first, second).values
    assert (change.first, change.second) == ("********", "******** (another)")


def test_difference_works_on_settings_that_are_wrong() -> None:
    """A secret that is missing is a note."""
    first, second = (inspect_settings(name, environ={}) for name in ("dev", "server"))
    (note,) = compare_profiles(first, second).notes
    assert note == "profile server has 1 problem: `inkcre config check --profile server`"


def test_plan_works_on_settings_that_are_wrong() -> None:
    """A kind that does not exist has no adapter."""
    found = inspect_settings("dev", environ={}, overrides={"storage.kind": "disk", "database": 5})
    plan = plan_inspection(found)
    assert plan.ports[1].missing == "this version has no adapter for it"
    assert "storage: disk" in render_plan(plan)


def check(profile: str, *, deploy: bool = False, **arguments: Any) -> list[str]:
    """Return the ids of what the checks find."""
    found = inspect_settings(profile, **{"environ": {}, **arguments})
    facts = Facts(is_deploying=deploy, connection_limit=20)
    return [problem.code for problem in check_settings(found, facts)]


def test_profiles_of_the_package_pass_their_checks() -> None:
    """Without deploying nothing is found; deployed, only what the user must decide."""
    assert check("dev") == check("workers") == check("server", environ=SERVER) == []
    assert check("server", environ=SERVER, deploy=True) == ["INK202", "INK205"]
    assert check("workers", deploy=True) == ["INK202", "INK210", "INK210"]
    assert check("dev", deploy=True) == ["INK202", "INK213"]


def test_silenced_check_is_not_reported() -> None:
    """By its id, in any layer."""
    overrides = {"checks.silence": ["INK202", "INK205"]}
    assert check("server", environ=SERVER, deploy=True, overrides=overrides) == []


def test_written_secret_is_an_error_where_it_is_deployed() -> None:
    """And a warning on the laptop."""
    Path("inkcre.toml").write_text(f"[profiles.server.database]\nurl = '{URL}'\n")
    found = inspect_settings("server", environ={})
    levels = [
        problem.level
        for facts in (Facts(), Facts(is_deploying=True))
        for problem in check_settings(found, facts)
        if problem.code == "INK101"
    ]
    assert levels == ["warning", "error"]


def test_former_name_is_told_from_a_file_of_that_name() -> None:
    """A file that a _FILE variable names may be called anything."""
    Path("db_conn_string").write_text(URL)
    environ = {"INKCRE_DATABASE__URL_FILE": str(Path("db_conn_string").absolute())}
    assert "INK103" not in check("server", environ=environ)
    assert "INK103" in check("server", environ={"CREDENTIALS_DIRECTORY": str(Path.cwd())})


def test_processes_are_counted_by_uvicorns_variable_too() -> None:
    """Several workers of one machine are several processes."""
    assert "INK204" in check("dev", deploy=True, environ={"WEB_CONCURRENCY": "4"})
    assert "INK204" not in check("dev", deploy=True, environ={"WEB_CONCURRENCY": "x"})


def test_pool_is_measured_against_what_the_database_takes() -> None:
    """All replicas together; nothing is said when the database could not be asked."""
    environ = {**SERVER, "INKCRE_APP__REPLICAS": "3"}
    assert "INK211" in check("server", deploy=True, environ=environ)
    static = {**environ, "INKCRE_DATABASE__POOL__KIND": "static"}
    assert "INK211" not in check("server", deploy=True, environ=static)
    found = inspect_settings("server", environ=environ)
    said = [p.code for p in check_settings(found, Facts(is_deploying=True))]
    assert "INK211" not in said


def test_missing_secret_is_said_once_with_its_command() -> None:
    """The check says more than the settings' own error, and replaces it."""
    found = inspect_settings("server", environ={})
    problems = check_settings(found, Facts(is_deploying=True))
    about = [p for p in problems if p.subject == "database.url"]
    assert [p.code for p in about] == ["INK212"]
    assert about[0].help == "run `export INKCRE_DATABASE__URL=…`"


def test_checks_work_on_settings_that_are_wrong() -> None:
    """Whatever is wrong, the rest is checked."""
    wrong = {"http.cors.allow_origins": 5, "app.replicas": "x", "checks.silence": 7, "bindings": []}
    assert "INK213" in check("dev", deploy=True, overrides=wrong)
    assert check("wrokers", deploy=True) == ["unknown_profile"]


def test_ids_are_unique_and_sorted() -> None:
    """An id is never given twice."""
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    known = {".".join(path) for path, _ in SCHEMA.root.walk_leaves()}
    assert {path for check in CHECKS for path in check.paths} <= known


def test_values_are_shown_in_tomls_words() -> None:
    """A date, a list, a truth."""
    settings = load_settings("dev", environ={}, overrides={"checks.silence": ["INK202"]})
    shown = {leaf.key: leaf.show() for leaf in list_leaves(settings.origins, settings)}
    assert shown["workers.compatibility_date"] == datetime.date(2026, 9, 8).isoformat()
    assert shown["checks.silence"] == '["INK202"]'
    assert shown["app.docs"] == "true"
    assert shown["workers.limits.cpu_ms"] == "(not set)"
    assert reveal(SecretStr("x")) == "x"
