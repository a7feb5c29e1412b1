"""Variables that are given are the whole surroundings: no file counts that nobody named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inkcre.app import create_app
from inkcre.sections.schema import load_settings
from inkcre.settings.report import SettingsError
from tests.conftest import ROOT

MEMORY = {"database.path": ":memory:"}
TITLE = "app.title"
OURS = "InKCre Core"
WORKS = {
    ".env": "INKCRE_APP__TITLE=theirs\n",
    "inkcre.toml": '[app]\ntitle = "theirs"\n[profiles.dev.app]\ntitle = "theirs"\n',
    "profiles/dev.toml": 'target = "process"\n[app]\ntitle = "theirs"\n[database]\nkind = "sqlite"\n',
}
"""Files that count where nothing is given."""

FAILS = {
    ".env": "INKCRE_NONSENSE=1\nno line\nINKCRE_CONFIG=gone.toml\nINKCRE_PROFILE=gone\n",
    "inkcre.toml": "profile = 'gone'\n[[[",
    "profiles/dev.toml": "[[[",
}
"""Files in which everything is wrong: whoever reads one says so."""


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which what a test lays out surrounds it."""
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


def lay_out(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize("files", [WORKS, FAILS], ids=["jobs.threads", "failing"])
@pytest.mark.parametrize("where", [".", ".."])
def test_no_file_of_the_working_folder_counts(
    around: Path, files: dict[str, str], where: str
) -> None:
    """Nor one above it; not for an application, and not for settings by themselves."""
    lay_out(around / where, files)
    app = create_app(profile="dev", overrides=MEMORY, environ={})
    assert app.title == OURS
    assert load_settings("dev", environ={}).app.title == OURS
    assert load_settings(environ={"INKCRE_HTTP__PORT": "5"}).app.title == OURS


def test_those_files_count_where_nothing_is_given(around: Path) -> None:
    """The same folder, as a process sees it."""
    for name, text in WORKS.items():
        lay_out(around, {name: text})
        assert create_app(profile="dev", overrides=MEMORY).title == "theirs", name
        (around / name).unlink()


def test_no_variable_of_the_process_counts(around: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a setting, nor what chooses a profile, a file, or a folder of secrets."""
    lay_out(around, {"other.toml": "[[[", "secrets/INKCRE_APP__TITLE": "theirs"})
    for name, value in {
        "INKCRE_APP__TITLE": "theirs", "INKCRE_NONSENSE": "1", "INKCRE_CONFIG": "other.toml",
        "INKCRE_PROFILE": "gone", "CF_WORKER": "true", "DB_CONN_STRING": "postgresql://u@h/d",
        "CREDENTIALS_DIRECTORY": str(around / "secrets"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert create_app(profile="dev", overrides=MEMORY, environ={}).title == OURS


SECRETS = """
mount -t tmpfs tmpfs /run && mkdir /run/secrets && printf theirs > /run/secrets/INKCRE_APP__TITLE
exec "$0" -c "$1"
"""
PROGRAM = """
from inkcre.sections.schema import load_settings
print(load_settings("dev").app.title, "|", load_settings("dev", environ={}).app.title)
"""


def test_secret_folder_of_the_machine_does_not_count(around: Path) -> None:
    """/run/secrets, which is there for this process alone; without variables it counts."""
    command = ["unshare", "--map-root-user", "--user", "--mount", "sh", "-c", SECRETS, sys.executable, PROGRAM]  # fmt: skip
    if os.geteuid() == 0:
        command[1:3] = []
    done = subprocess.run(
        command, cwd=around, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == f"theirs | {OURS}\n", done.stderr


def test_folder_that_is_named_counts(around: Path, tmp_path: Path) -> None:
    """With all that is a deployment's in it: inkcre.toml, .env, and profiles."""
    named = tmp_path / "named"
    named.mkdir()
    lay_out(around, FAILS)
    for name, text in WORKS.items():
        lay_out(named, {name: text})
        app = create_app(profile="dev", overrides=MEMORY, environ={}, folder=named)
        assert app.title == "theirs", name
        (named / name).unlink()
    lay_out(named, {"profiles/mine.toml": 'extends = "dev"\napp.title = "theirs"\n'})
    app = create_app(profile="mine", overrides=MEMORY, environ={}, folder=named)
    assert app.title == "theirs"


def test_file_that_the_variable_names_counts(around: Path, tmp_path: Path) -> None:
    """INKCRE_CONFIG, of the variables that are given: that file, profiles beside it, no .env."""
    lay_out(around, FAILS)
    named = tmp_path / "named"
    named.mkdir()
    lay_out(named, {"a.toml": '[app]\ntitle = "theirs"\n', ".env": "INKCRE_NONSENSE=1\n"})
    lay_out(named, {"profiles/mine.toml": 'extends = "dev"\nhttp.port = 5\n'})
    environ = {"INKCRE_CONFIG": str(named / "a.toml"), "INKCRE_PROFILE": "mine"}
    app = create_app(overrides=MEMORY, environ=environ)
    assert (app.title, app.state.settings.http.port) == ("theirs", 5)


def test_secret_folder_that_is_named_counts(around: Path) -> None:
    """By CREDENTIALS_DIRECTORY among the variables that are given."""
    lay_out(around, {"secrets/INKCRE_APP__TITLE": "theirs"})
    environ = {"CREDENTIALS_DIRECTORY": str(around / "secrets")}
    assert create_app(profile="dev", overrides=MEMORY, environ=environ).title == "theirs"


def test_profile_that_is_not_seen_is_told_how_to_be(around: Path) -> None:
    """It lies in the working folder, and nobody named that."""
    lay_out(around, {"profiles/mine.toml": 'extends = "dev"\n'})
    with pytest.raises(SettingsError, match="give `folder`, or INKCRE_CONFIG among the variables"):
        load_settings("mine", environ={})
