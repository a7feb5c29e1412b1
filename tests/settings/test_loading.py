"""Layers, profiles, origins, secrets: what the loader makes of files and variables."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest

from inkcre.sections.settings import Settings
from inkcre.settings.nodes import KeyPath
from inkcre.settings.renderers import render_json
from inkcre.settings.report import SettingsError
from tests.settings.cases import inspect_here as inspect_settings
from tests.settings.cases import load_here as load_settings

PORT: KeyPath = ("http", "port")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> Path:
    """Write a file, folders and all."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_each_layer_is_stronger_than_the_one_before(folder: Path) -> None:
    """Defaults, profile, its child, inkcre.toml, its overlay, .env, secret file, variable, override."""
    arguments: dict[str, Any] = {"environ": {}}
    steps: list[tuple[str, int]] = []

    def port() -> tuple[int, str]:
        settings = load_settings(**arguments)
        return settings.http.port, settings.origins.of(PORT).describe()

    assert port() == (8000, "default")
    write("profiles/base.toml", 'extends = "dev"\n[http]\nport = 1\n')
    write("profiles/mine.toml", 'extends = "base"\n')
    arguments["profile"] = "mine"
    steps.append(("profiles/base.toml:3:1", 1))
    assert port() == (1, "profiles/base.toml:3:1")
    write("profiles/mine.toml", 'extends = "base"\nhttp.port = 2\n')
    assert port() == (2, "profiles/mine.toml:2:1")
    write("inkcre.toml", "http = { port = 3 }\n")
    assert port() == (3, "inkcre.toml:1:10")
    write("inkcre.toml", "http = { port = 3 }\n[profiles.mine.http]\nport = 4\n")
    assert port() == (4, "inkcre.toml:3:1")
    write(".env", "\n# here\nINKCRE_HTTP__PORT=5\n")
    assert port() == (5, ".env:3 (INKCRE_HTTP__PORT)")
    write("credentials/INKCRE_HTTP__PORT", "6\n")
    arguments["environ"] = {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}
    assert port() == (6, "credentials/INKCRE_HTTP__PORT")
    arguments["environ"]["INKCRE_HTTP__PORT"] = "7"
    assert port() == (7, "INKCRE_HTTP__PORT")
    arguments["overrides"] = {"http.port": 8}
    assert port() == (8, "override http.port")
    weaker = [d.origin.describe() for d in load_settings(**arguments).origins.weaker(PORT)]
    assert weaker == [
        "INKCRE_HTTP__PORT",
        "credentials/INKCRE_HTTP__PORT",
        ".env:3 (INKCRE_HTTP__PORT)",
        "inkcre.toml:3:1",
        "inkcre.toml:1:10",
        "profiles/mine.toml:2:1",
        "profiles/base.toml:3:1",
    ]


@pytest.mark.parametrize(
    ("argument", "environ", "config", "expected", "origin"),
    [
        (None, {}, "", "dev", "default"),
        (None, {"CF_WORKER": "true"}, "", "workers", "CF_WORKER"),
        (None, {"CF_WORKER": "false"}, "", "dev", "default"),
        (None, {"CF_WORKER": "true"}, 'profile = "dev"', "dev", "inkcre.toml:1:1"),
        (None, {"INKCRE_PROFILE": "workers"}, 'profile = "dev"', "workers", "INKCRE_PROFILE"),
        ("dev", {"INKCRE_PROFILE": "workers"}, "", "dev", "override profile"),
    ],
)
def test_profile_is_chosen_by_the_strongest(
    argument: str | None, environ: dict[str, str], config: str, expected: str, origin: str
) -> None:
    """Argument, INKCRE_PROFILE, inkcre.toml, CF_WORKER, dev; and the settings know which."""
    if config:
        write("inkcre.toml", config)
    settings = load_settings(argument, environ=environ)
    assert settings.profile == expected
    assert settings.origins.of(("profile",)).describe() == origin


def test_profile_may_be_chosen_in_dotenv() -> None:
    """A .env file stands in for the environment, also there."""
    write(".env", "\nINKCRE_PROFILE=workers\n")
    settings = load_settings(environ={})
    assert settings.profile == "workers"
    assert settings.origins.of(("profile",)).describe() == ".env:2 (INKCRE_PROFILE)"
    write(".env", "CF_WORKER=true\n")
    origins = load_settings(environ={}).origins
    assert origins.of(("profile",)).describe() == ".env:1 (CF_WORKER)"
    write(".env", "INKCRE_PROFILE=workers\n")
    assert load_settings(environ={"INKCRE_PROFILE": "dev"}).profile == "dev"


def test_profile_of_the_users_own_hides_the_packages() -> None:
    """profiles/ beside inkcre.toml is searched first."""
    write("profiles/dev.toml", "[http]\nport = 1234\n")
    assert load_settings(environ={}).http.port == 1234


def test_config_is_found_upwards_and_its_paths_are_its_own(folder: Path) -> None:
    """inkcre.toml counts for the folders below it; a relative path in it is relative to it."""
    write("inkcre.toml", '[database]\npath = "mine.sqlite3"\n')
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    settings = load_settings(environ={}, folder=inner)
    assert settings.database.path == folder / "mine.sqlite3"  # type: ignore[union-attr]
    assert settings.storage.path == folder / "data/files"  # type: ignore[union-attr]


def test_path_in_a_variable_is_relative_to_the_working_folder(folder: Path) -> None:
    """As in a shell; absolute paths and ~ are themselves."""
    write("inkcre.toml", "")
    inner = folder / "inner"
    inner.mkdir()
    environ = {"INKCRE_DATABASE__PATH": "x.sqlite3"}
    settings = load_settings(environ=environ, folder=inner)
    assert settings.database.path == inner / "x.sqlite3"  # type: ignore[union-attr]
    environ = {"INKCRE_DATABASE__PATH": "/abs/x.sqlite3"}
    assert str(load_settings(environ=environ).database.path) == "/abs/x.sqlite3"  # type: ignore[union-attr]


def test_memory_is_not_a_path() -> None:
    """:memory: stays what it is."""
    settings = load_settings(overrides={"database.path": ":memory:"}, environ={})
    assert settings.database.path == ":memory:"  # type: ignore[union-attr]


def test_config_is_named_by_variable(folder: Path) -> None:
    """INKCRE_CONFIG names another file; its folder is the base."""
    write("other/settings.toml", '[database]\npath = "y"\n')
    settings = load_settings(environ={"INKCRE_CONFIG": "other/settings.toml"})
    assert settings.database.path == folder / "other/y"  # type: ignore[union-attr]


def test_former_database_variable_means_postgres() -> None:
    """DB_CONN_STRING sets the address under its own name, and with it the kind."""
    settings = load_settings(environ={"DB_CONN_STRING": "postgresql://u:p@h/d"})
    assert settings.database.kind == "postgres"
    assert settings.origins.of(("database", "url")).describe() == "DB_CONN_STRING"
    environ = {"DB_CONN_STRING": "postgresql://u:p@h/d", "INKCRE_DATABASE__URL": "postgresql://b/d"}
    settings = load_settings(environ=environ)
    assert settings.origins.of(("database", "url")).describe() == "INKCRE_DATABASE__URL"


def test_lists_and_tables_come_out_of_variables() -> None:
    """A list or a table is written as JSON; a table merges with what else sets it."""
    environ = {
        "INKCRE_HTTP__CORS__ALLOW_ORIGINS": '["https://a.example"]',
        "INKCRE_HTTP": '{"port": 1234}',
        "INKCRE_BINDINGS__MY_KV__TYPE": "kv",
        "INKCRE_BINDINGS__MY_KV__ID": "12",
    }
    settings = load_settings(environ=environ)
    assert settings.http.cors.allow_origins == ("https://a.example",)
    assert settings.http.port == 1234
    assert settings.bindings["MY_KV"].model_dump() == {"type": "kv", "id": "12"}


def test_assignments_are_read_like_variables() -> None:
    """--set key=text takes the same text as the variable of the key."""
    assignments = ["http.port=9", 'http.cors.allow_origins=["https://a.example"]', "app.title=a=b"]
    settings = load_settings(assignments=assignments, environ={})
    assert (settings.http.port, settings.app.title) == (9, "a=b")
    assert settings.http.cors.allow_origins == ("https://a.example",)
    assert settings.origins.of(("app", "title")).describe() == "override --set app.title"


@pytest.mark.parametrize(
    ("base", "stronger", "expected"),
    [
        # a value over a value, a list over a list
        ({"http.port": 1}, {"http.port": 2}, {"http": {"port": 2}}),
        ({"checks.silence": ["INK101", "INK102"]}, {"checks.silence": ["INK103"]},
         {"checks": {"silence": ("INK103",)}}),
        # tables merge by key
        ({"http.port": 1}, {"http.host": "h"}, {"http": {"port": 1, "host": "h"}}),
        ({"http.cors.max_age_seconds": 5}, {"http.cors.allow_origins": ["x"]},
         {"http": {"cors": {"max_age_seconds": 5, "allow_origins": ("x",)}}}),
        # a tagged table of the same kind merges by key
        ({"scheduler.kind": "apscheduler", "scheduler.tick_seconds": 5},
         {"scheduler.kind": "apscheduler", "scheduler.timezone": "Europe/Berlin"},
         {"scheduler": {"tick_seconds": 5, "timezone": "Europe/Berlin"}}),
        # a tagged table of another kind is replaced whole
        ({"scheduler.kind": "apscheduler", "scheduler.tick_seconds": 5},
         {"scheduler.kind": "off"}, {"scheduler": {"kind": "off"}}),
        ({"storage.kind": "filesystem", "storage.path": "/x"},
         {"storage": {"kind": "s3", "bucket": "bbb"}}, {"storage": {"kind": "s3", "bucket": "bbb"}}),
        # a kind that is the default counts as a kind
        ({"storage.path": "/x"}, {"storage.kind": "memory"}, {"storage": {"kind": "memory"}}),
        ({"database": {"kind": "postgres", "url": "postgresql://h/d", "pool": {"size": 3}}},
         {"database.pool.kind": "null"}, {"database": {"pool": {"kind": "null"}}}),
        ({"database": {"kind": "postgres", "url": "postgresql://h/d", "pool": {"kind": "null"}}},
         {"database.pool.size": 3, "database.pool.kind": "queue"}, {"database": {"pool": {"size": 3}}}),
    ],
)  # fmt: skip
def test_merge_follows_its_table(
    base: dict[str, Any], stronger: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What holds when two layers meet, for each kind of value."""
    write("inkcre.toml", to_toml(base))
    settings = load_settings(overrides=stronger, environ={})
    assert_contains(settings, expected)


def to_toml(values: dict[str, Any]) -> str:
    """Write dotted keys as TOML."""

    def write_value(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k} = {write_value(v)}" for k, v in value.items()) + "}"
        return json.dumps(value)

    return "".join(f"{key} = {write_value(value)}\n" for key, value in values.items())


def assert_contains(settings: Any, expected: dict[str, Any]) -> None:
    """Check nested values."""
    for key, value in expected.items():
        actual = getattr(settings, key)
        if isinstance(value, dict):
            assert_contains(actual, value)
        else:
            assert actual == value


def test_replaced_kind_leaves_its_definitions_as_shadowed() -> None:
    """What the other kind had is not in force, and is not forgotten."""
    write("inkcre.toml", '[scheduler]\nkind = "apscheduler"\ntick_seconds = 5\n')
    origins = load_settings(overrides={"scheduler.kind": "off"}, environ={}).origins
    shadowed = origins.weaker(("scheduler", "tick_seconds"))
    assert [d.origin.describe() for d in shadowed] == ["inkcre.toml:3:1"]


def test_every_problem_is_reported_at_once() -> None:
    """One run finds all there is to mend."""
    write("inkcre.toml", "[http]\nport = 'x'\nprot = 1\n[app]\ndocs = 5\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={"INKCRE_NONSENSE": "1"})
    subjects = [d.subject for d in caught.value.diagnostics]
    assert subjects == ["INKCRE_NONSENSE", "app.docs", "http.port", "http.prot"]
    assert caught.value.exit_status == 78


def test_report_is_json_for_machines() -> None:
    """The same problems, with file, line and column."""
    write("inkcre.toml", "[http]\nport = 'x'\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    (problem,) = json.loads(render_json(caught.value.diagnostics))["errors"]
    assert problem["places"] == [{"source": "inkcre.toml", "line": 2, "column": 8}]
    assert (problem["code"], problem["subject"]) == ("int_parsing", "http.port")


SECRET = "hunter2-and-more"


def test_secret_is_masked_by_type() -> None:
    """Neither str nor repr nor JSON of the settings shows it; asking for it does."""
    url = f"postgresql://u:{SECRET}@h/d"
    settings = load_settings("server", environ={"INKCRE_DATABASE__URL": url})
    shown = [
        str(settings),
        repr(settings),
        settings.model_dump_json(),
        repr(settings.origins),
    ]
    assert not any(SECRET in text for text in shown)
    assert settings.database.url.get_secret_value() == url  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        ("[database]\nurl = 'nonsense SECRET'", {}),
        ("[database]\nurl = ['SECRET']", {}),
        ("[database]\nurll = 'SECRET'", {}),
        ("database = 'SECRET'", {}),
        ("database = ['SECRET']", {}),
        ("database = {kind='postgres', url='postgresql://SECRET', pool='x'}", {}),
        ("database = {kind='nope', url='postgresql://SECRET'}", {}),
        ("[database]\nurl = 'SECRET", {}),
        ("[database]\nurl = SECRET", {}),
        ("SECRET", {}),
        ("database = {kind='postgres', pool={size=1}, connect_timeout_seconds='SECRET'", {}),
        ("url 'postgresql://u:SECRET@h/d?sslmode=require'", {}),
        ("url: 'postgresql://u:SECRET@h/d?a=b'", {}),
        ("[x SECRET = 1", {}),
        ("storage = {kind='s3', secret_access_key='SECRET'}", {}),
        ("[storage]\nkind='s3'\nbucket='b'\nsecret_access_key='SECRET'", {}),
        ("", {"INKCRE_DATABASE__URL": "SECRET"}),
        ("", {"INKCRE_DATABASE__URLL": "SECRET"}),
        ("", {"INKCRE_DATABASE": "SECRET"}),
        ("", {"INKCRE_DATABASE": '{"url": "SECRET", "x": 1}'}),
        ("", {"DB_CONN_STRING": "SECRET"}),
    ],
)
def test_no_report_shows_a_secret(toml: str, environ: dict[str, str]) -> None:
    """Whatever is wrong around a secret, the report does not have it, in text or in JSON."""
    write("inkcre.toml", toml.replace("SECRET", SECRET))
    environ = {k: v.replace("SECRET", SECRET) for k, v in environ.items()}
    with pytest.raises(SettingsError) as caught:
        load_settings("server", environ=environ)
    error = caught.value
    assert SECRET not in str(error)
    assert SECRET not in render_json(error.diagnostics)
    assert SECRET not in repr(error)


def test_secret_is_read_from_a_file(folder: Path) -> None:
    """INKCRE_X_FILE names it, white space around it is dropped, and the origin is the file."""
    path = write("secret", " postgresql://u:p@h/d\n")
    settings = load_settings("server", environ={"INKCRE_DATABASE__URL_FILE": str(path)})
    assert settings.database.url.get_secret_value() == "postgresql://u:p@h/d"  # type: ignore[union-attr]
    described = settings.origins.of(("database", "url")).describe()
    assert described == f"{path} (via INKCRE_DATABASE__URL_FILE)"


def test_secret_folder_is_read_by_name(folder: Path) -> None:
    """Files whose names are ours count, in any case; others are somebody else's."""
    write("run/inkcre_database__url", "postgresql://h/d")
    write("run/other_secret", "x")
    environ = {"CREDENTIALS_DIRECTORY": str(folder / "run")}
    settings = load_settings("server", environ=environ)
    assert settings.origins.of(("database", "url")).describe() == "run/inkcre_database__url"


def test_secret_link_that_leaves_its_folder_is_refused(folder: Path) -> None:
    """A link inside the folder is followed, one out of it is not."""
    write("run/..data/value", "postgresql://h/d")
    (folder / "run/inkcre_database__url").symlink_to("..data/value")
    environ = {"CREDENTIALS_DIRECTORY": str(folder / "run")}
    load_settings("server", environ=environ)
    write("outside", "postgresql://h/d")
    (folder / "run/inkcre_database__url").unlink()
    (folder / "run/inkcre_database__url").symlink_to("../outside")
    with pytest.raises(SettingsError, match="link that leaves"):
        load_settings("server", environ=environ)


@pytest.mark.parametrize(
    ("content", "fact"),
    [(b"\xff\xfe", "not UTF-8"), (b"x" * 70_000, "larger than")],
)
def test_unusable_secret_file_is_said(folder: Path, content: bytes, fact: str) -> None:
    """Not text, or not a secret's size."""
    (folder / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match=fact):
        load_settings("server", environ={"INKCRE_DATABASE__URL_FILE": "secret"})


@pytest.mark.parametrize(
    ("content", "fact"),
    [(b"\xff\xfe", "not UTF-8"), (b"#" * 2_000_000, "larger than"), (b"a=" + b"[" * 5000, "deep")],
)
def test_unusable_settings_file_is_said(folder: Path, content: bytes, fact: str) -> None:
    """Not text, not a settings file's size, or nested without end."""
    (folder / "inkcre.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=fact):
        load_settings(environ={})


def test_settings_file_may_not_be_a_folder(folder: Path) -> None:
    """A folder of that name is a mistake, not an absence."""
    (folder / "inkcre.toml").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings(environ={})


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Go on as a user who may do little, if the tests run as one who may do everything."""
    if os.geteuid() != 0:
        yield
        return
    for parent in folder.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_file_that_may_not_be_read_is_said(folder: Path) -> None:
    """The settings file, a secret's file, the profiles' folder: each is one diagnostic."""
    write("inkcre.toml", "[http]\nport = 1\n").chmod(0)
    write("secret", "postgresql://h/d").chmod(0)
    write("profiles/mine.toml", 'extends = "server"\n').parent.chmod(0)
    environ = {"INKCRE_DATABASE__URL_FILE": str(folder / "secret")}
    folder.chmod(0o755)
    with as_nobody(folder):
        found = inspect_settings("server", environ=environ, folder=folder)
    assert [(p.code, p.message) for p in found.problems] == [
        ("unreadable_file", "cannot be read: permission denied"),
        ("unreadable_file", "cannot be read: permission denied"),
        ("unreadable_secret", "cannot be read: permission denied"),
    ]
    (folder / "profiles").chmod(0o755)


def test_folder_that_may_not_be_searched_hides_what_is_in_it(folder: Path) -> None:
    """What cannot even be looked for is not there, and is no traceback."""
    inner = folder / "closed" / "inner"
    inner.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "closed").chmod(0)
    with as_nobody(folder):
        found = inspect_settings("dev", environ={}, folder=inner)
    assert found.problems == ()
    (folder / "closed").chmod(0o755)


def test_settings_are_immutable() -> None:
    """No leaf and no section can be set."""
    settings = load_settings(environ={})
    with pytest.raises(pydantic.ValidationError):
        setattr(settings, "profile", "other")
    with pytest.raises(pydantic.ValidationError):
        setattr(settings.http, "port", 1)


def test_settings_read_nothing_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class looks at no variable and no file: only the loader does."""
    monkeypatch.setenv("INKCRE_HTTP__PORT", "1")
    write(".env", "INKCRE_HTTP__PORT=2")
    assert Settings().http.port == 8000


def test_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the process's own variables count."""
    monkeypatch.setenv("INKCRE_HTTP__PORT", "1")
    assert load_settings().http.port == 1


def test_environment_is_not_read_on_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the variables are the Worker's own, and are passed in."""
    monkeypatch.setenv("INKCRE_HTTP__PORT", "1")
    monkeypatch.setattr("sys.platform", "emscripten")
    assert load_settings().http.port == 8000


def test_three_profiles_come_with_the_package() -> None:
    """Dev and workers need nothing; server needs an address."""
    assert load_settings("dev", environ={}).target == "process"
    assert load_settings("workers", environ={}).target == "workers"
    environ = {"INKCRE_DATABASE__URL": "postgresql://h/d"}
    server = load_settings("server", environ=environ)
    assert server.database.kind == "postgres"
    assert server.origins.lineage == ("server",)


@pytest.mark.parametrize(
    "environ",
    [
        {"INKCRE_DATABASE__KIND": "postgres", "INKCRE_DATABASE__URL_FILE": "secret"},
        {"inkcre_database__kind": "postgres", "inkcre_database__url_file": "secret"},
    ],
)
def test_kind_from_a_variable_keeps_the_secret_from_a_file(environ: dict[str, str]) -> None:
    """A key that only the new kind has was meant for it, though it stands in a weaker layer."""
    write("secret", "postgresql://h/d")
    settings = load_settings("dev", environ=environ)
    assert settings.database.url.get_secret_value() == "postgresql://h/d"  # type: ignore[union-attr]


def test_profile_is_chosen_by_a_variable_in_any_case() -> None:
    """As every other variable is."""
    assert load_settings(environ={"inkcre_profile": "workers"}).profile == "workers"
    write("other.toml", "[http]\nport = 5\n")
    assert load_settings(environ={"inkcre_config": "other.toml"}).http.port == 5


def test_secret_in_a_variable_loses_the_end_of_its_line() -> None:
    """As one in a file does."""
    settings = load_settings("server", environ={"INKCRE_DATABASE__URL": " postgresql://h/d\n"})
    assert settings.database.url.get_secret_value() == "postgresql://h/d"  # type: ignore[union-attr]


def test_override_of_a_binding_keeps_its_name() -> None:
    """Small letters and underscores, which no variable can say."""
    write("inkcre.toml", '[bindings.my__kv]\ntype = "kv"\n')
    settings = load_settings(assignments=["bindings.my__kv.id=abc"], environ={})
    assert settings.bindings["my__kv"].id == "abc"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("toml", "environ", "code"),
    [
        ("self = 1", {}, "extra_forbidden"),
        (f"[http]\nport = 1{'0' * 5000}", {}, "toml_syntax"),
        (f"[http]\nport = 0x{'f' * 5000}", {}, "toml_syntax"),
        (f"[app]\ntitle = {'[' * 300}{']' * 300}", {}, "toml_syntax"),
        (f"{'.'.join('a' * 3000)} = 1", {}, "toml_syntax"),
        ('[database]\npath = "a\\u0000b"', {}, "control_character"),
        ("", {"INKCRE_CONFIG": "a\0b"}, "control_character"),
        ("", {"INKCRE_STORAGE__SECRET_ACCESS_KEY_FILE": "a\0b"}, "control_character"),
    ],
)
def test_extremes_are_diagnostics(toml: str, environ: dict[str, str], code: str) -> None:
    """Long numbers, deep nesting, NUL: no traceback here, nor in what is made of it."""
    write("inkcre.toml", toml)
    found = inspect_settings("dev", environ=environ)
    assert code in [problem.code for problem in found.problems]
    assert [leaf.show() for leaf in found.leaves()]


@pytest.mark.parametrize(
    "text",
    [
        '[storage]\nsecret_access_key = """\nabc\nSECRET=',
        '[storage]\nsecret_access_key = """\nabc\nSECRET==',
        '[storage]\nsecret_access_key = """\nabc\n[SECRET',
        '[storage]\nsecret_access_key = """abc\\\nSECRET = \\q',
        "SECRET = = 1",
        "[SECRET",
        "a.SECRET = = 1",
    ],
)
def test_no_line_that_is_not_toml_shows_a_secret(text: str) -> None:
    """The last line of an unfinished text may look like a key."""
    write("inkcre.toml", text.replace("SECRET", "hunter2"))
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    assert "hunter2" not in str(caught.value)
    write("inkcre.toml", "[http]\nport = = 1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    assert " 2 | port = ********" in str(caught.value)
