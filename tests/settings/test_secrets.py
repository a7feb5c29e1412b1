"""Secrets planted where they do not belong, in every layer, and everything that speaks of settings."""

import contextlib
import io
import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkcre.app import create_app
from inkcre.core import INKCRE
from inkcre.errors import InkcreError
from inkcre.sections.schema import inspect_settings
from tests.schemas import SCHEMA
from tests.settings.cases import lay_out
from tests.settings.test_layering import everything_said

MARK = "hunter2planted"
SECRETS = {
    "address": f"postgresql://a:{MARK}@h/d",
    "user": f"https://{MARK}@h",
    "unescaped": f"postgresql://a:p@/{MARK}@h/d",
    "options": f"postgresql://h/d?password={MARK}",
    "bare": f"a:{MARK}@h",
    "pem": f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----",
    "cut": f"-----BEGIN PRIVATE KEY-----\\n{MARK}",
    "prefixed": f"ghp_{MARK}",
    "web": f"eyJhbGciOiJIUzI1NiJ9.{MARK}",
    "random": f"{MARK}9fB86d0Q81K884c7d659a2feaa0c5Z5a",
}
KEYS = [
    ".".join(path)
    for path, node in SCHEMA.root.walk_leaves()
    if "NAME" not in path and path not in {("profile",), ("target",)}
]
COMMANDS = [
    "config show", "config show --origins", "config show --format toml", "config show --format json --origins",
    "config explain database.path", "config explain app.title --format json", "config explain http",
    "config explain bindings --format json", "config explain SECRET", "config explain SECRET --format json",
    "config check", "config check --deploy", "config check --format json", "config check --deploy --format github",
    "config diff dev workers", "config diff mine dev --format json", "config diff dev SECRET",
    "config set http.port 81", "config set app.title x", "config set SECRET x", "config set http.port SECRET",
    "config set database.url SECRET", "config set http.cors.allow_origins SECRET", "config unset app.title", "config unset SECRET",
    "plan", "plan --format json", "plan --profile SECRET", "doctor", "doctor --format json", "profiles", "profiles --format json",
    "profiles new SECRET --extends dev", "profiles new other --extends SECRET", "explain SECRET", "migrate --check",
    "migrate --check SECRET", "config SECRET", "SECRET", "run --set SECRET", "run --set http.port=x --set http.host=SECRET",
    "config show --set SECRET=1", "config check --set SECRET", "run --profile SECRET", "config show --format SECRET",
    "files ls --set http.port=SECRET", "export --set logging.level=SECRET", "sources list --set http=SECRET",
]  # fmt: skip


@dataclass
class Planted:
    """A folder's files, variables and overrides with a secret in them."""

    files: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    assignments: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)


def quote(text: str) -> str:
    """Write a text, or a key, as TOML does."""
    return json.dumps(text)


def toml_plants(secret: str) -> dict[str, str]:
    """Return files that a person may write by mistake."""
    s = quote(secret)
    plants = {
        "profile is a table": f'[profile.server.database]\nurl = {s}\npassword = "{MARK}"',
        "profile in one line": f'profile = {{server = {{database = {{url = {s}, password = "{MARK}"}}}}}}',
        "profile is a list": f"profile = [{s}]",
        "profile": f"profile = {s}",
        "name of a profile": f"[profile.{s}]\na = 1",
        "key": f"{s} = 1",
        "table": f"[{s}]\na = 1",
        "table of a section": f"[http.{s}]\na = 1",
        "key of a section": f'[http]\n{s} = 1\n{s[:-1]}x" = {s}',
        "misspelt section": f"[databse]\nurl = {s}",
        "misspelt key": f"[database]\nurll = {s}",
        "section is a value": f"http = {s}",
        "section is a list": f"database = [{s}]",
        "inline table": f"http = {{ {s} = {s}, prot = {s} }}",
        "name of a binding": f'[bindings.{s}]\ntype = "r2"\nbucket = {s}',
        "type of a binding": f"[bindings.KV]\ntype = {s}",
        "escaped key": f'"postgresql\\u003a//a:{MARK}@h" = 1',
        "escaped value": f'[http]\nhost = "postgresql\\u003a\\u002f/a:{MARK}\\u0040h"',
        "cut off": f"[app]\ntitle = {s[:-1]}\nx = 1",
        "of several lines": f'[app]\ntitle = ["""postgresql://a:\n{MARK}@h"""]',
        "silenced check": f"[checks]\nsilence = [{s}]",
        "extends": f"extends = {s}",
        "extends is a table": f'extends = {{a = {s}, b = "{MARK}"}}',
        "description": f"description = {s}",
    }
    for key in KEYS:
        table, _, name = key.rpartition(".")
        plants[key] = f"[{table}]\n{name} = {s}"
        plants[f"{key} is a list"] = f"[{table}]\n{name} = [{s}, 5]"
    return plants


MINE = {"profiles/mine.toml": 'extends = "dev"\n'}
CHOOSING = {"INKCRE_PROFILE": "mine"}


def in_config(shape: str, secret: str) -> Planted:
    """Put it into inkcre.toml."""
    return Planted({**MINE, "inkcre.toml": toml_plants(secret)[shape]})


def in_profile(shape: str, secret: str) -> Planted:
    """Put it into a profile's file."""
    text = toml_plants(secret)[shape]
    extends = "" if text.startswith("extends") else 'extends = "dev"\n'
    return Planted({"profiles/mine.toml": extends + text}, CHOOSING)


def in_overlay(shape: str, secret: str) -> Planted:
    """Put it into a profile's table."""
    text = toml_plants(secret)[shape]
    is_table = text.startswith("[")
    text = "[profiles.mine." + text[1:] if is_table else f"[profiles.mine]\n{text}"
    return Planted({**MINE, "inkcre.toml": text}, CHOOSING)


def named(shape: str, secret: str) -> tuple[str, str]:
    """Return a variable: of a setting, of none, of a secret; and a text, a list, or a table."""
    values = [secret, json.dumps([secret]), json.dumps({secret: secret})]
    name = SCHEMA.variable_name(tuple(shape.split("."))) if shape in KEYS else "INKCRE_HTPP__PORT"
    if shape == "key" and "=" not in secret:  # which no variable's name has
        name = f"INKCRE_{secret}"
    return "INKCRE_PROFILE" if shape.startswith("profile") else name, values[len(shape) % 3]


def in_variable(shape: str, secret: str) -> Planted:
    """Put it into a variable, or its name."""
    return Planted(MINE, dict([named(shape, secret)]))


def in_file_variable(shape: str, secret: str) -> Planted:
    """Put it where the name of a secret's file, or of the settings' file, is meant."""
    name, _ = named(shape, secret)
    config = {"INKCRE_CONFIG": secret} if shape == "database.url" else {}
    return Planted(MINE, {f"{name}_FILE": secret, **config})


def in_dotenv(shape: str, secret: str) -> Planted:
    """Put it into .env."""
    name, value = named(shape, secret)
    name = "INKCRE_X" if shape == "key" else name
    return Planted({**MINE, ".env": f"{name}={quote(value)}\n"})


def in_secret_file(shape: str, secret: str) -> Planted:
    """Put it into a folder of secrets."""
    name, value = named(shape, secret)
    name = "INKCRE_X" if "/" in name else name  # which no file's name has
    return Planted({**MINE, f"run/{name}": value}, {"CREDENTIALS_DIRECTORY": "run"})


def in_assignment(shape: str, secret: str) -> Planted:
    """Return it to --set, on either side."""
    _, value = named(shape, secret)
    key = shape if shape in KEYS else (secret if len(shape) % 2 else f"http.{secret}")
    return Planted(MINE, {}, (f"{key}={value}",))


def in_override(shape: str, secret: str) -> Planted:
    """Return it in code, on either side."""
    key = shape if shape in KEYS else (secret if len(shape) % 2 else "http")
    return Planted(MINE, {}, (), {key: [secret] if len(shape) % 3 else {secret: secret}})


LAYERS: Mapping[str, Callable[[str, str], Planted]] = {
    "inkcre.toml": in_config, "profile": in_profile, "overlay": in_overlay, "environ": in_variable,
    "file variable": in_file_variable, ".env": in_dotenv, "secret file": in_secret_file,
    "--set": in_assignment, "override": in_override,
}  # fmt: skip
SHAPES = list(toml_plants(""))


@contextlib.contextmanager
def surrounded(planted: Planted, folder: Path) -> Iterator[None]:
    """Work in a folder with the files, under the variables."""
    for name, text in planted.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **planted.environ}
    with contextlib.chdir(folder), mock.patch.dict(os.environ, environ, clear=True):
        yield


def run(command: str, secret: str, assignments: tuple[str, ...] = ()) -> str:
    """Run a command in this process; give all that it wrote, a traceback as well."""
    words = [word.replace("SECRET", secret) for word in command.split()]
    takes = words[:1] in (["plan"], ["doctor"], ["migrate"]) or words[:2] in (
        ["config", "show"],
        ["config", "check"],
    )
    for assignment in assignments if takes else ():
        words += ["--set", assignment]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            INKCRE.cli(words)
        except SystemExit:
            pass
        except Exception:  # noqa: BLE001 - whatever it is, its traceback is read as well
            traceback.print_exc()
    return said.getvalue()


def start(planted: Planted) -> str:
    """Make the application; give the traceback of what refuses it, chain and all."""
    try:
        create_app(overrides=planted.overrides)
    except InkcreError as error:
        return "".join(traceback.format_exception(error)) + repr(error) + str(error.__context__)
    return ""


def examine(planted: Planted, folder: Path) -> str:
    """Make every report in this process: those that commands make, and the overrides' own."""
    found = inspect_settings(overrides=planted.overrides, assignments=planted.assignments)
    if found.profile not in found.profiles:
        return "".join(str(problem.as_json()) for problem in found.problems) + repr(found)
    other = inspect_settings("dev", environ={}, folder=folder.parent)
    return everything_said(found, other)


def is_told(said: str) -> bool:
    """Whether the secret is there, in any case of letters."""
    return MARK in said.lower()


def tell(said: str) -> str:
    """Return the lines that have it, for whoever reads the failure."""
    return "\n".join(line for line in said.splitlines() if is_told(line))


PAIRS = [
    *((layer, "app.title") for layer in LAYERS),
    ("inkcre.toml", "profile is a table"), ("profile", "table of a section"), ("overlay", "storage.path"),
    ("environ", "key"), (".env", "http.cors.allow_origins"), ("--set", "key"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape"), PAIRS)
def test_no_command_tells_a_misplaced_secret(layer: str, shape: str, tmp_path: Path) -> None:
    """Every command in every format, for an address; the secret is also in the command itself."""
    planted = LAYERS[layer](shape, SECRETS["address"])
    with surrounded(planted, tmp_path):
        for command in COMMANDS:
            said = run(command, SECRETS["address"], planted.assignments)
            assert not is_told(said), (command, tell(said))
            assert "Traceback" not in said, (command, said)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    layer=st.sampled_from(list(LAYERS)),
    shape=st.sampled_from(SHAPES),
    form=st.sampled_from(list(SECRETS)),
    command=st.sampled_from(COMMANDS),
)
def test_nothing_tells_a_secret_wherever_it_was_planted(
    layer: str, shape: str, form: str, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any form, in any place of any layer: no report, no command, no traceback of the start has it."""
    planted = LAYERS[layer](shape, SECRETS[form])
    folder = tmp_path_factory.mktemp("planted")
    with surrounded(planted, folder):
        said = (
            examine(planted, folder)
            + start(planted)
            + run(command, SECRETS[form], planted.assignments)
        )
    assert not is_told(said), tell(said)
    assert "Traceback" not in said or "SettingsError" in said


def test_application_that_starts_logs_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A title that is an address: the log at its most talkative does not have it."""
    text = f'[app]\ntitle = "postgresql://a:{MARK}@h/d"\n[logging]\nlevel = "debug"\n'
    with surrounded(Planted({"inkcre.toml": text}), tmp_path), TestClient(create_app()) as client:
        assert client.get("/livez").status_code == 200
    assert MARK not in caplog.text


def test_artifact_with_a_secret_is_not_built(tmp_path: Path) -> None:
    """What is written into it may be read by whoever deploys it."""
    text = f'[app]\ntitle = "postgresql://a:{MARK}@h/d"\n'
    with surrounded(Planted({"inkcre.toml": text}), tmp_path):
        said = run("build --profile workers", "") + run("build --profile workers --format json", "")
    assert "INK106" in said
    assert not is_told(said)
    assert not (tmp_path / "build").exists()


def test_profile_that_is_a_table_names_the_line_and_what_was_meant(tmp_path: Path) -> None:
    """Also where a variable chooses another profile: what the table says would be passed over."""
    text = f'[app]\ntitle = "x"\n[profile.server.database]\nurl = "postgresql://a:{MARK}@h/d"\n'
    case = lay_out({"inkcre.toml": text, "environ": "INKCRE_PROFILE=dev"}, tmp_path)
    (problem,) = case.inspect(tmp_path).problems
    assert problem.message == "a table where a name is expected"
    assert problem.help == "did you mean `profiles`? Write [profiles.server.database]"
    assert [label.place and label.place.line for label in problem.labels] == [3]
