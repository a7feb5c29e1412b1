"""Documents that cannot drift: what exists is described, and what is described exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from inkcre.errors import InkcreError
from inkcre.settings.schema import walk_leaves
from tests.conftest import ROOT
from tests.unit.test_errors import ABSTRACT, LOADED, descendants

DOCS = ROOT / "docs"
SETTINGS = DOCS / "settings.md"


LAYERS = [
    "## Layers",
    "",
    "Weakest first; a stronger one wins key by key, a list replaces a list, and a table whose `kind` changes",
    "is replaced whole.",
    "",
    "1. the defaults below",
    "2. the profile's file, after those that it `extends`",
    "3. `inkcre.toml`, looked for in the working folder and upwards (`INKCRE_CONFIG` names another)",
    "4. its table `[profiles.NAME]`",
    "5. `.env` beside it",
    "6. secret files: `/run/secrets`, `$CREDENTIALS_DIRECTORY`, `INKCRE_A__B_FILE`",
    "7. variables (`DB_CONN_STRING`, the former name, is below `INKCRE_DATABASE__URL`)",
    "8. what is given in code or by `--set`",
    "",
    "The profile is chosen by `--profile` or an argument, else `INKCRE_PROFILE`, else `profile` in `inkcre.toml`,",
    "else `CF_WORKER=true` (`workers`), else it is `dev`. Relative paths in files are relative to `inkcre.toml`.",
    "",
    "## Keys",
    "",
]


def to_toml(value: object) -> str:
    """Write a default the way a file would."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)).replace("'", '"') if isinstance(value, tuple) else str(value)


def render_settings() -> str:
    """Write the table of settings from the model."""
    lines = [
        "# Settings",
        "",
        "Written from the model by `WRITE_EXPECTED=1 make test ARGS=tests/unit/test_docs.py`. A key `a.b`",
        "stands in the table `[a]`; its variable is `INKCRE_A__B`, and a secret can also be read from the",
        "file that `INKCRE_A__B_FILE` names. `inkcre/settings/examples/` has an annotated example of each table.",
        "",
        *LAYERS,
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    for path, node in walk_leaves():
        default = node.info.default if node.info and not node.info.is_required() else None
        shown = "" if default is None else f"`{to_toml(default)}`"
        shown = "a secret" if node.is_secret else shown
        lines.append(f"| `{'.'.join(path)}` | {shown} | {node.description} |")
    return "\n".join(lines) + "\n"


def test_settings_page_is_the_model() -> None:
    """Every setting with its default and meaning."""
    import os

    if os.environ.get("WRITE_EXPECTED"):
        SETTINGS.write_text(render_settings())
    assert SETTINGS.read_text() == render_settings()


def test_every_error_code_is_described() -> None:
    """Codes of errors, and of problems with the settings that are ours."""
    assert LOADED
    text = (DOCS / "errors.md").read_text()
    codes = {k.code for k in descendants(InkcreError) if k.__name__ not in ABSTRACT}
    for path in (ROOT / "inkcre" / "settings").rglob("*.py"):
        codes |= set(re.findall(r'Diagnostic\(\s*"(\w+)"', path.read_text()))
        codes |= set(re.findall(r'PydanticCustomError\(\s*"(\w+)"', path.read_text()))
    for path in (ROOT / "inkcre" / "http").rglob("*.py"):
        codes |= set(
            re.findall(r'"(no_route|method_not_allowed|unforeseen|http)"', path.read_text())
        )
    assert len(codes) > 25
    for code in codes:
        assert f"`{code}`" in text, code


def test_every_command_is_described() -> None:
    """Each command has a row in the README."""
    readme = (ROOT / "README.md").read_text()
    from inkcre.cli.main import app

    for command in app.registered_commands:
        assert f"`inkcre {command.name}" in readme


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a document is to a file that is there."""
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_python_of_the_readme_runs(tmp_path: Path) -> None:
    """The example is copied by people, so it is run here."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_package_holds_what_it_needs(tmp_path: Path) -> None:
    """A built wheel has the profiles, the migrations, the examples and the type marker."""
    import zipfile

    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    installed = tmp_path / "installed"
    assert (installed / "inkcre/py.typed").exists()
    assert (installed / "inkcre/settings/examples/database.sqlite.toml").exists()
    program = (
        "from inkcre.app import create_app\nfrom fastapi.testclient import TestClient\n"
        "import inkcre; assert 'installed' in inkcre.__file__\n"
        "with TestClient(create_app(profile='dev', overrides={'database.path': 'x.sqlite3'})) as c:\n"
        "    assert c.get('/readyz').status_code == 200\n"
    )
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "empty", env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_lock_names_versions_and_hashes_and_no_registry() -> None:
    """Which registry serves the packages is the reader's business."""
    text = (ROOT / "requirements" / "locked.txt").read_text()
    pinned = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert len(pinned) > 40
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
