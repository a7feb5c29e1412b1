"""``inkcre extensions``: list, check, enable, disable, purge; and commands that extensions bring."""

import functools
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run, run_command
from tests.conftest import ROOT, new_postgres_database
from tests.planted import Plants

COMMANDS = {
    "tell.py": """
        from inkcre.framework import Settings
        from planted_weather.settings import PlantedSettings

        def tell(settings: Settings[PlantedSettings]) -> None:
            '''Tell the weather.'''
            print(f"rain in {settings.city}")
    """
}


@pytest.fixture
def ext(plants: Plants, tmp_path: Path) -> Run:
    """Return what runs ``inkcre`` where extensions are installed: the sample, and planted ones."""
    plants.extension(
        "weather", fields='commands={"weather": "planted_weather.tell:tell"}', files=COMMANDS
    )
    plants.package(
        "planted_crash", {"__init__.py": "word = 1 / 0"}, points={"crash": "planted_crash:CRASH"}
    )
    path = os.pathsep.join([str(plants.folder), str(ROOT / "tests" / "packages"), str(ROOT)])
    folder = tmp_path / "base"
    folder.mkdir()
    return functools.partial(run_command, folder, PYTHONPATH=path)


def test_life_of_an_extension(ext: Run, tmp_path: Path) -> None:
    """Found, enabled with comments kept, checked, used, disabled, purged, and enabled again."""
    config = tmp_path / "base" / "inkcre.toml"
    config.write_text("# mine\n[extensions]\nenabled = [\n  # of the family\n]\n")
    listed = json.loads(ext("extensions", "list", "--format", "json").stdout)["extensions"]
    assert {(one["name"], one["state"]) for one in listed} == {
        ("crash", "installed"), ("sample", "installed"), ("weather", "installed")
    }  # fmt: skip
    assert ext("extensions", "enable", "sample", "word", "hello").stdout == "changed inkcre.toml\n"
    assert config.read_text() == (
        '# mine\n[extensions]\n# of the family\nenabled = ["sample"]\n'
        '\n[extensions.sample]\nword = "hello"\n'
    )
    assert (
        "sample  enabled"
        in " ".join(ext("extensions", "list").stdout.split("  ")).replace("   ", "  ")
        or "inkcre.toml:4:" in ext("extensions", "list").stdout
    )
    assert ext("extensions", "check").stdout.endswith("(sample)\n")
    assert "schema of sample: nothing -> 0001" in ext("migrate").stdout
    planned = ext("plan").stdout
    assert "extension sample: One of each sort  (enabled by inkcre.toml:4:12)" in planned
    assert "commands: shout, whisper" in planned
    refused = ext("extensions", "purge", "sample", "--yes")
    assert (refused.returncode, "is enabled" in refused.stderr) == (1, True)
    ext("extensions", "disable", "sample")
    assert 'enabled = []\ndisabled = ["sample"]' in config.read_text()
    checked = ext("config", "check")
    assert checked.returncode == 0
    assert "note[idle_table]: extensions.sample" in checked.stdout
    asked = ext("extensions", "purge", "sample", stdin="n\n")
    assert "sample_schema: 1 row\n" in asked.stdout
    assert asked.returncode == 1
    purged = ext("extensions", "purge", "sample", "--yes")
    assert purged.stdout.endswith("nothing of it is left in this base\n")
    base = sqlite3.connect(tmp_path / "base" / "data" / "inkcre.sqlite3")
    tables = {name for (name,) in base.execute("SELECT name FROM sqlite_schema")}
    base.close()
    assert not {name for name in tables if name.startswith("sample")}
    assert "blocks" in tables
    assert ext("extensions", "enable", "sample").returncode == 0
    behind = ext("migrate", "--check")
    assert (behind.returncode, "sample is at nothing" in behind.stderr) == (78, True)
    assert "schema of sample: nothing -> 0001" in ext("migrate").stdout


def test_command_of_an_extension_runs(ext: Run) -> None:
    """With its settings, by whatever profile enables it, and in the help."""
    city = {"INKCRE_EXTENSIONS__WEATHER__CITY": "Bergen"}
    on = {"INKCRE_EXTENSIONS__ENABLED": '["weather"]', **city}
    assert ext("weather", **on).stdout == "rain in Bergen\n"
    assert "Tell the weather." in ext("--help", **on).stdout
    unknown = ext("weather")
    assert (unknown.returncode, "No such command" in unknown.stderr) == (2, True)
    folder = Path(ext.args[0])  # type: ignore[attr-defined]
    (folder / "inkcre.toml").write_text('[profiles.server.extensions]\nenabled = ["weather"]\n')
    server = {"INKCRE_DATABASE__URL": new_postgres_database(), **city}
    assert ext("weather", "--profile", "server", **server).stdout == "rain in Bergen\n"


def test_broken_command_is_told_to_who_runs_it(ext: Run, plants: Plants) -> None:
    """The help shows the others."""
    plants.extension(
        "tides",
        settings=False,
        fields='commands={"tides": "planted_tides.tell:tell", "moon": "planted_tides.nowhere:x"}',
        files={"tell.py": "word = 1 / 0\n"},
    )
    on = {"INKCRE_EXTENSIONS__ENABLED": '["weather", "tides"]'}
    shown = ext("--help", **on)
    assert (shown.returncode, "Tell the weather." in shown.stdout) == (0, True)
    for name, said in (("tides", "ZeroDivisionError"), ("moon", "no module planted_tides.nowhere")):
        refused = ext(name, **on)
        assert refused.returncode == 78
        assert "extension tides: " in refused.stderr
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr


def test_table_of_another_profile_is_known_to_editors(ext: Run, tmp_path: Path) -> None:
    """Whatever profile enables it; and it is set for that profile only."""
    folder = tmp_path / "base"
    ext("init")
    enabled = ext("extensions", "enable", "weather", "--profile", "server")
    assert enabled.stdout.splitlines()[0] == "changed inkcre.toml"
    described = json.loads((folder / ".inkcre" / "inkcre.schema.json").read_text())
    assert "weather" in described["$defs"]["extensions"]["properties"]
    checked = ext("config", "check")
    assert (checked.returncode, "INK105" in checked.stdout) == (0, False)
    refused = ext("config", "set", "extensions.weather.city", "Oslo")
    assert (refused.returncode, "unknown key" in refused.stderr) == (78, True)
    server = ["--profile", "server"]
    assert ext("config", "set", "extensions.weather.city", "Oslo", *server).returncode == 0
    compared = ext("config", "diff", "dev", "server").stdout
    assert "  extensions.weather.city\n" in compared
    explained = ext("config", "explain", "extensions.weather.city", *server)
    assert "extensions.weather.city = Oslo" in explained.stdout


def test_rows_stay_while_it_is_disabled(ext: Run, tmp_path: Path) -> None:
    """Enabled again it goes on with them."""
    ext("extensions", "enable", "sample")
    ext("migrate")
    path = tmp_path / "base" / "data" / "inkcre.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("INSERT INTO sample_words VALUES ('one', '2026-11-24T12:00:00.000000Z', NULL)")
    ext("extensions", "disable", "sample")
    assert ext("migrate").stdout == "schema is up to date: framework at 0004, core at 0008\n"
    ext("extensions", "enable", "sample")
    assert ext("migrate", "--check").returncode == 0
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT word FROM sample_words").fetchall() == [("one",)]


def test_broken_one_is_left_out_by_hand(ext: Run) -> None:
    """It refuses everything, is named, and everything goes on without it."""
    on = {"INKCRE_EXTENSIONS__ENABLED": '["weather", "crash"]'}
    refused = ext("run", **on)
    assert refused.returncode == 78
    assert (
        "error[broken_extension]: extension crash: is broken: ZeroDivisionError" in refused.stderr
    )
    assert "Traceback" not in refused.stderr
    assert ext("--without", "crash", "weather", **on).stdout == "rain in Riga\n"
    assert ext("--without", "crash", "extensions", "check", **on).returncode == 0
    states = {
        one["name"]: one["state"]
        for one in json.loads(ext("extensions", "list", "--format", "json", **on).stdout)[
            "extensions"
        ]
    }
    assert states == {"crash": "refused", "sample": "installed", "weather": "enabled"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["enable", "wether"], "did you mean `weather`?"),
        (["enable", "crash"], "ZeroDivisionError"),
        (["enable", "sample", "wrod", "x"], "did you mean extensions.sample.word "),
        (["enable", "sample", "loud", "maybe"], "write true or false"),
        (["disable", "weather"], "nothing enables it"),
        (["purge", "nonsense"], "no installed package has it"),
    ],
)
def test_mistake_changes_nothing(ext: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    """It is told in one error, with what to do."""
    config = tmp_path / "base" / "inkcre.toml"
    config.write_text("# mine\n")
    done = ext("extensions", *arguments)
    assert done.returncode == 78
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert config.read_text() == "# mine\n"


def test_sql_that_purges_is_written_for_those_who_run_it(ext: Run) -> None:
    """For D1, what wrangler remembers as well."""
    d1 = ["--set", "database.kind=d1", "--set", "bindings.DB.type=d1"]
    written = ext("extensions", "purge", "sample", "--sql", "--profile", "workers", *d1)
    assert written.stderr == ""
    assert written.stdout.splitlines() == [
        "DELETE FROM jobs WHERE jobs.kind IN ('sample.count');",
        "DELETE FROM schedules WHERE schedules.kind IN ('sample.count');",
        "DROP TABLE IF EXISTS sample_words;",
        "DROP TABLE IF EXISTS sample_schema;",
        "DELETE FROM d1_migrations WHERE substr(name, 1, 13) = '10000_sample_';",
    ]
