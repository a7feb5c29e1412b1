"""Extensions that settings enable: their tables, and what keeps one from being enabled."""

import json
import sys
from pathlib import Path

import pytest

from inkcre.core import INKCRE
from inkcre.sections.schema import Inspection, inspect_settings, load_settings
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.editor_schemas import build_schemas
from inkcre.settings.edits import set_settings
from inkcre.settings.explanations import explain_key, unknown_setting
from inkcre.settings.renderers import render_text
from tests.planted import Plants

SECRET = "planted-secret-of-weather-9f8e7d6c5b4a"


@pytest.fixture
def weather(plants: Plants) -> Plants:
    """Install one that needs a token, and one that needs nothing."""
    plants.extension("weather", token="")
    plants.extension("tides", settings=False)
    return plants


def write(folder: Path, text: str, name: str = "inkcre.toml") -> None:
    """Write a settings file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def look(
    folder: Path, text: str, environ: dict[str, str] | None = None, profile: str | None = None
) -> Inspection:
    """Inspect the settings of a file."""
    write(folder, text)
    return inspect_settings(profile, environ=environ or {}, folder=folder)


def only(found: Inspection) -> Diagnostic:
    """Return the only problem."""
    assert len(found.problems) == 1, render_text(found.problems, command="inkcre")
    return found.problems[0]


def lines(problem: Diagnostic) -> list[int]:
    """Return the lines that a problem points at."""
    return [label.place.line for label in problem.labels if label.place]


ENABLED = '[extensions]\nenabled = ["weather"]\n'


def test_table_of_an_enabled_one_is_a_table_like_ours(weather: Plants, tmp_path: Path) -> None:
    """Its values have types, origins, variables and masks."""
    write(tmp_path, ENABLED + '[extensions.weather]\ncity = "Bergen"\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "inkcre_extensions__weather__token").write_text(SECRET)
    environ = {
        "CREDENTIALS_DIRECTORY": str(secrets),
        "INKCRE_EXTENSIONS__WEATHER__TIMES": "7",
    }
    settings = load_settings(environ=environ, folder=tmp_path)
    from planted_weather.settings import PlantedSettings  # type: ignore[import-not-found]

    table = settings.section(PlantedSettings)
    assert (table.city, table.times) == ("Bergen", 7)
    assert table.token.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
    assert [part.name for part in settings.application.enabled] == ["weather"]
    assert "inkcre.toml:4" in settings.origins.of(("extensions", "weather", "city")).describe()


def test_value_is_wrong_where_it_stands(weather: Plants, tmp_path: Path) -> None:
    """The line, and the nearest key, as in our own tables; all at once."""
    text = ENABLED + '[extensions.weather]\ntimes = 0\ncty = "Bergen"\n'
    found = look(tmp_path, text, {"INKCRE_EXTENSIONS__WEATHER__TOKEN": SECRET})
    assert {(p.code, p.subject, *lines(p)) for p in found.problems} == {
        ("greater_than_equal", "extensions.weather.times", 4),
        ("extra_forbidden", "extensions.weather.cty", 5),
    }
    assert "did you mean `city`?" in render_text(found.problems, command="inkcre")
    assert SECRET not in render_text(found.problems, command="inkcre")


def test_required_value_is_asked_for_by_its_variable(weather: Plants, tmp_path: Path) -> None:
    """What the table needs is told although nobody wrote a table."""
    problem = only(look(tmp_path, ENABLED))
    assert (problem.code, problem.subject) == ("missing", "extensions.weather.token")
    assert "INKCRE_EXTENSIONS__WEATHER__TOKEN_FILE" in str(problem.help)


def test_unknown_name_is_told_with_the_nearest(weather: Plants, tmp_path: Path) -> None:
    """Where it stands, and what was meant."""
    problem = only(look(tmp_path, '[extensions]\nenabled = [\n  "tides",\n  "wether",\n]\n'))
    assert (problem.code, lines(problem)) == ("unknown_extension", [4])
    assert problem.help == "did you mean `weather`?"


def test_nonsense_is_told_where_nothing_is_installed(tmp_path: Path) -> None:
    """The next step is to install it."""
    problem = only(look(tmp_path, '[extensions]\nenabled = ["nonsense"]\n'))
    assert (problem.code, lines(problem)) == ("unknown_extension", [2])
    assert problem.help


def test_nothing_is_imported_that_is_not_enabled(plants: Plants, tmp_path: Path) -> None:
    """A package whose import fails is looked at by nobody."""
    plants.extension("tides", settings=False)
    plants.package(
        "planted_trap",
        {"__init__.py": "raise SystemExit('it was imported')"},
        points={"trap": "planted_trap:TRAP"},
    )
    found = look(tmp_path, '[extensions]\nenabled = ["tides"]\n')
    assert not found.problems
    assert "planted_trap" not in sys.modules
    assert "planted_tides" in sys.modules


def test_broken_one_is_named_with_what_it_raised(weather: Plants, tmp_path: Path) -> None:
    """With the line that enables it, and how to start without it; the others are looked at too."""
    weather.package(
        "planted_crash", {"__init__.py": "word = 1 / 0"}, points={"crash": "planted_crash:CRASH"}
    )
    found = look(tmp_path, '[extensions]\nenabled = ["crash", "weather", "nonsense"]\n')
    crash, nonsense, missing = sorted(found.problems, key=lambda problem: problem.code)
    assert (crash.code, missing.code) == ("broken_extension", "unknown_extension")
    assert nonsense.code == "missing"
    assert "ZeroDivisionError: division by zero" in crash.message
    assert "planted_crash/__init__.py:1" in crash.message
    assert "inkcre --without crash run" in str(crash.help)
    assert lines(crash) == [2]


@pytest.mark.parametrize(
    ("manifest", "code", "said"),
    [
        ("WRONG = 3", "bad_reference", "is a int, and no Extension"),
        ("OTHER = 3", "bad_reference", "has no WRONG"),
        ("WRONG = Extension(name='other', summary='')", "bad_reference", "is called other"),
        ("WRONG = Extension(name='wrong')", "broken_extension", "summary"),
        (
            "WRONG = Extension(name='wrong', summary='', settings='planted_wrong:Thawed')",
            "bad_reference",
            "can be changed",
        ),
        (
            "WRONG = Extension(name='wrong', summary='', settings='planted_wrong.nowhere:X')",
            "bad_reference",
            "no module planted_wrong.nowhere",
        ),
        (
            "WRONG = Extension(name='wrong', summary='', commands={'run': 'planted_wrong:x'})",
            "clash",
            "command run: the framework has it already",
        ),
        (
            "WRONG = Extension(name='wrong', summary='', source_types={'rss': 'planted_wrong:x'})",
            "clash",
            "source type rss: extension sources has it already",
        ),
    ],
)
def test_wrong_manifest_is_told(
    plants: Plants, tmp_path: Path, manifest: str, code: str, said: str
) -> None:
    """Each with the line that enables it."""
    head = (
        "from inkcre.framework import Extension, Section\n"
        "class Thawed(Section):\n    model_config = {'frozen': False}\n"
    )
    plants.package(
        "planted_wrong", {"__init__.py": head + manifest}, points={"wrong": "planted_wrong:WRONG"}
    )
    problem = only(look(tmp_path, '[extensions]\nenabled = ["wrong"]\n'))
    assert (problem.code, lines(problem)) == (code, [2])
    assert problem.subject == "extension wrong"
    assert said in problem.message


def test_two_that_claim_one_name_are_both_shown(plants: Plants, tmp_path: Path) -> None:
    """A command, here: with both lines."""
    plants.extension("one", settings=False, fields='commands={"shout": "x:y"}')
    plants.extension("two", settings=False, fields='commands={"shout": "x:y"}')
    problem = only(look(tmp_path, '[extensions]\nenabled = [\n  "one",\n  "two",\n]\n'))
    assert (problem.code, lines(problem)) == ("clash", [4, 3])


def test_name_that_is_given_twice_is_told(weather: Plants, tmp_path: Path) -> None:
    """Once is enough."""
    problem = only(look(tmp_path, '[extensions]\nenabled = ["tides", "tides"]\n'))
    assert problem.code == "repeated_extension"
    assert len(lines(problem)) == 2


@pytest.mark.parametrize(
    ("asked", "fits"), [(">=0.1,<1", True), (">=7", False), ("==0.0.1", False)]
)
def test_version_that_does_not_fit_is_told(
    plants: Plants, tmp_path: Path, asked: str, fits: bool
) -> None:
    """By what the package says that it needs."""
    plants.extension("tides", settings=False, requires=f"inkcre{asked}")
    found = look(tmp_path, '[extensions]\nenabled = ["tides"]\n')
    if fits:
        assert not found.problems
    else:
        problem = only(found)
        assert (problem.code, lines(problem)) == ("unfit_version", [2])
        assert asked.split(",", maxsplit=1)[0] in problem.message


def test_requirement_of_another_package_is_not_ours(plants: Plants, tmp_path: Path) -> None:
    """A name that only begins as ours does."""
    plants.extension("tides", settings=False, requires="inkcre-tools>=99")
    assert not look(tmp_path, '[extensions]\nenabled = ["tides"]\n').problems


def test_table_of_one_that_nothing_enables_is_told_with_both_lines(
    weather: Plants, tmp_path: Path
) -> None:
    """Where the table is, and where it is not enabled."""
    text = '[extensions]\nenabled = ["tides"]\n[extensions.weather]\ncity = "Bergen"\n'
    problem = only(look(tmp_path, text))
    assert (problem.code, problem.subject) == ("not_enabled", "extensions.weather")
    assert lines(problem) == [3, 2]
    assert "inkcre extensions enable weather" in str(problem.help)


def test_misspelt_table_is_told_with_the_nearest(weather: Plants, tmp_path: Path) -> None:
    """The token that is missing, and the table that was meant to have it."""
    text = ENABLED + f'[extensions.wether]\ntoken = "{SECRET}"\n'
    found = look(tmp_path, text)
    assert {problem.code for problem in found.problems} == {"missing", "not_enabled"}
    said = render_text(found.problems, command="inkcre")
    assert "did you mean `weather`?" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "text",
    [
        '[extensions]\ndisabled = ["weather"]\n',
        '[profiles.server.extensions]\nenabled = ["weather"]\n[extensions]\n',
        '[extensions]\nenabled = ["weather"]\ndisabled = ["weather"]\n',
    ],
    ids=["disabled", "of another profile", "both"],
)
def test_table_that_is_not_read_here_is_a_note(weather: Plants, tmp_path: Path, text: str) -> None:
    """It stays where it is, whatever it says."""
    found = look(tmp_path, text + f'[extensions.weather]\ntoken = "{SECRET}"\nnonsense = {{}}\n')
    assert not found.problems
    assert [(note.code, note.level) for note in found.notes] == [("idle_table", "note")]
    assert found.settings is not None
    assert not found.settings.application.enabled
    assert "planted_weather" not in sys.modules
    assert SECRET not in render_text(found.notes, command="inkcre")
    told = unknown_setting("extensions.weather.city", found.schema)
    assert (told.code, told.message) == (
        "not_enabled",
        "belongs to an extension that is not enabled here",
    )


def test_table_that_a_profiles_file_enables_is_a_note(weather: Plants, tmp_path: Path) -> None:
    """Of a profile that is not chosen."""
    write(tmp_path, 'extends = "dev"\n' + ENABLED, "profiles/mine.toml")
    text = '[extensions.weather]\ntoken = "x"\n'
    assert [note.code for note in look(tmp_path, text).notes] == ["idle_table"]
    assert not look(tmp_path, text, profile="mine").problems


def test_variables_of_one_that_is_left_out_are_not_read(weather: Plants, tmp_path: Path) -> None:
    """They are set where it runs with it."""
    environ = {
        "INKCRE_EXTENSIONS__DISABLED": '["weather"]',
        "INKCRE_EXTENSIONS__WEATHER__TOKEN": SECRET,
        "INKCRE_EXTENSIONS__WEATHER__DEEP__KEY": "x",
    }
    assert not look(tmp_path, ENABLED, environ).problems


def test_variables_of_one_that_nothing_enables_are_told(weather: Plants, tmp_path: Path) -> None:
    """With its name, and the command that enables it; the value is not shown."""
    problem = only(look(tmp_path, "", {"INKCRE_EXTENSIONS__WEATHER__TOKEN": SECRET}))
    assert (problem.code, problem.subject) == ("not_enabled", "extensions.weather")
    assert problem.labels[0].name == "INKCRE_EXTENSIONS__WEATHER__TOKEN"
    assert SECRET not in render_text([problem], command="inkcre")


def test_unknown_variable_of_an_enabled_one_is_told(weather: Plants, tmp_path: Path) -> None:
    """With the nearest."""
    environ = {"INKCRE_EXTENSIONS__TIDES__TOKEN": "x", "INKCRE_EXTENSIONS__WEATHER__TOKN": "x"}
    text = '[extensions]\nenabled = ["weather"]\ndisabled = ["tides"]\n'
    found = look(tmp_path, text, environ)
    assert {problem.code for problem in found.problems} == {"missing", "unknown_variable"}
    assert "INKCRE_EXTENSIONS__WEATHER__TOKEN" in render_text(found.problems, command="inkcre")


def test_explanation_schema_and_command_know_its_table(weather: Plants, tmp_path: Path) -> None:
    """What is said of a setting, what editors complete, what may be set."""
    found = look(tmp_path, ENABLED, {"INKCRE_EXTENSIONS__WEATHER__TOKEN": SECRET})
    explained = explain_key("extensions.weather.times", found)
    assert "How often." in str(explained)
    described = build_schemas(found.schema)["inkcre.schema.json"]
    tables = described["$defs"]["extensions"]["properties"]["weather"]["properties"]
    assert tables["city"]["description"] == "Where it looks."
    assert SECRET not in json.dumps(described)
    shown = {leaf.key: leaf for leaf in found.leaves()}
    assert SECRET not in str(shown["extensions.weather.token"])


def test_it_is_set_by_command(
    weather: Plants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file keeps what else is in it; a wrong value is refused."""
    write(tmp_path, "# mine\n" + ENABLED)
    monkeypatch.chdir(tmp_path)
    schema = inspect_settings(folder=tmp_path, environ={}).schema
    set_settings(schema, {"extensions.weather.city": "Oslo"})
    assert (tmp_path / "inkcre.toml").read_text() == (
        "# mine\n" + ENABLED + '\n[extensions.weather]\ncity = "Oslo"\n'
    )


def test_an_application_is_the_same_for_the_same_names(weather: Plants, tmp_path: Path) -> None:
    """So is its schema, which is made once."""
    environ = {"INKCRE_EXTENSIONS__WEATHER__TOKEN": "x"}
    first, second = (look(tmp_path, ENABLED, environ) for _ in range(2))
    assert first.schema is second.schema
    again = look(tmp_path, "", {})
    assert again.settings is not None
    assert again.settings.application is INKCRE
