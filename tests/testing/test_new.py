"""``inkcre extensions new``: what it writes passes the kit, beside the built wheel of inkcre."""

import functools
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from inkcre.cli.extensions_new import require_version
from inkcre.core import INKCRE
from tests.cli.conftest import Run, clean_environ, run_command
from tests.conftest import ROOT, SERVER_VARIABLE

RUN = "from inkcre.core import INKCRE; INKCRE.cli()"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs ``inkcre`` in an empty folder."""
    return functools.partial(run_command, tmp_path)


def python(
    folder: Path, *arguments: str, path: list[Path], **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with what is installed there found first."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=clean_environ(PYTHONPATH=":".join(map(str, path)), **environ),
        capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip


def build_wheel(package: Path, to: Path) -> None:
    """Build a package's wheel, and lay it out as installing it does."""
    built = to.parent / f"built-{to.name}-{package.name}"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    done = subprocess.run(
        command, cwd=package, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(to)


@pytest.mark.timeout(400)
def test_new_package_passes_the_kit(tmp_path: Path) -> None:
    """Written by the built wheel, built itself, and tested with nothing else: short of the soak."""
    installed = tmp_path / "installed"
    build_wheel(ROOT, installed)
    written = python(tmp_path, "-c", RUN, "extensions", "new", "weather", path=[installed])
    assert written.returncode == 0, written.stderr
    assert written.stdout == "wrote weather: 10 files; README.md tells the rest\n"
    build_wheel(tmp_path / "weather", installed)
    tests = tmp_path / "tests"
    (tmp_path / "weather" / "tests").rename(tests)
    pytest_ = ("-m", "pytest", "-p", "no:cacheprovider", "-rs")
    url = os.environ[SERVER_VARIABLE].replace("NAME", "postgres")
    done = python(tests, *pytest_, path=[installed], TEST_INKCRE_POSTGRES_URL=url)
    assert done.returncode == 0, done.stdout
    assert "15 passed" in done.stdout, done.stdout
    # Said, and not passed over, where nobody has given it a PostgreSQL.
    done = python(tests, *pytest_, "-k", "migrations-postgres", path=[installed])
    assert "1 skipped" in done.stdout, done.stdout
    assert "not run: no PostgreSQL was given; set TEST_INKCRE_POSTGRES_URL" in done.stdout


def test_new_package_is_as_it_should_be(run: Run, tmp_path: Path) -> None:
    """Its name everywhere, its entry point, and which versions of inkcre it takes."""
    assert run("extensions", "new", "my_tides", "--out", "packages/tides").returncode == 0
    folder = tmp_path / "packages" / "tides"
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    assert {"my_tides/__init__.py", "my_tides/versions/0001_entries.py", "README.md"} <= set(files)
    for path in files.values():
        assert "{{" not in path.read_text(), path
        assert "weather" not in path.read_text(), path
    project = tomllib.loads(files["pyproject.toml"].read_text())["project"]
    assert project["name"] == "inkcre-my-tides"
    assert project["entry-points"] == {INKCRE.group: {"my_tides": "my_tides:MY_TIDES"}}
    assert re.fullmatch(r"inkcre>=\d+\.\d+,<\d+(\.\d+)?", project["dependencies"][0])


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ("0.1.0", "inkcre>=0.1,<0.2"),
        ("0.9.3.dev1", "inkcre>=0.9,<0.10"),
        ("2.4.1", "inkcre>=2.4,<3"),
    ],
)
def test_package_takes_versions_up_to_the_next_that_may_differ(version: str, asked: str) -> None:
    """A minor one until 1.0, a major one from then on."""
    assert require_version(version) == asked


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Weather", "its name cannot be one"),
        ("my-weather", "its name cannot be one"),
        ("../weather", "its name cannot be one"),
        ("class", "is a word of Python's"),
        ("list", "is a word of Python's"),
        ("json", "is the name of a module"),
        ("tests", "is the name of a module"),
        ("inkcre", "is the name of a module"),
        ("fastapi", "is the name of a package"),
        ("core", "is a name of InKCre Core's own"),
        ("database", "is a name of InKCre Core's own"),
        ("enabled", "is a name of InKCre Core's own"),
        ("rss", "is a name of InKCre Core's own"),
        ("import", "is a word of Python's"),
        ("doctor", "is a name of InKCre Core's own"),
        ("blocks", "is a name of InKCre Core's own"),
        ("heartbeat", "is a name of InKCre Core's own"),
    ],
)
def test_name_that_cannot_be_is_refused(run: Run, tmp_path: Path, name: str, said: str) -> None:
    """With the next step, and nothing written."""
    refused = run("extensions", "new", name)
    assert refused.returncode == 78
    assert f"error[unfit_name]: extension {name}: {said}" in refused.stderr
    assert "help: " in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_folder_that_exists_stays(run: Run, tmp_path: Path) -> None:
    """Be it empty, or a file."""
    (tmp_path / "weather").mkdir()
    (tmp_path / "tides").write_text("mine")
    for arguments in (["weather"], ["tides"], ["storms", "--out", "weather"]):
        refused = run("extensions", "new", *arguments)
        assert refused.returncode == 78
        assert "is there already, and stays as it is" in refused.stderr
    assert list((tmp_path / "weather").iterdir()) == []
    assert (tmp_path / "tides").read_text() == "mine"
