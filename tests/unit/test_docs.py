"""Documents that cannot drift: what exists is described, and what is described exists."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from inkcre.cli.explanations import read_explanations
from inkcre.cli.main import build_command
from inkcre.core import INKCRE
from inkcre.errors import InkcreError
from inkcre.sections.rules.checks import CHECKS
from inkcre.settings.descriptions import describe_meaning, describe_values
from inkcre.settings.leaves import show_value
from inkcre.settings.nodes import KeyPath, Node
from tests.conftest import ROOT
from tests.schemas import SCHEMA
from tests.unit.test_errors import ABSTRACT, LOADED, descendants

DOCS = ROOT / "docs"
CONFIGURATION = DOCS / "configuration.md"


BEGIN, END = "<!-- from the model: begin -->\n", "<!-- from the model: end -->\n"


def show_default(node: Node) -> str:
    """Write a default the way a file would."""
    default = node.info.default if node.info and not node.info.is_required() else None
    if node.is_secret or default is None:
        return ""
    return f"`{show_value(default, node)}`" if show_value(default, node) else ""


def describe(path: KeyPath, node: Node) -> str:
    """Tell what a setting may be."""
    parent = SCHEMA.root.find(path[:-1])
    is_tag = parent is not None and parent.tag == path[-1]
    values = describe_values(node, parent.variants if parent and is_tag else ())
    said = f"{values.type}: {values.allowed}" if values.allowed else values.type
    return said.replace("|", "\\|")


def render_tables() -> str:
    """Write the tables of settings from the model, one a section."""
    lines: list[str] = []
    section = None
    for path, node in SCHEMA.root.walk_leaves():
        if path[0] != section and len(path) > 1:
            section = path[0]
            top = SCHEMA.root.find(path[:1])
            name = f"[{section}.NAME]" if top and top.item else f"[{section}]"
            lines += ["", f"### `{name}`", "", top.description if top else "", ""]
            lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        elif not lines:
            lines += ["### Above all tables", ""]
            lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        parent = SCHEMA.root.find(path[:-1])
        owners = parent.owners(path[-1]) if parent and parent.tag else []
        is_of_all = parent is None or len(owners) in (0, len(parent.variants))
        only = "" if is_of_all else f" Only {' and '.join(f'`{owner}`' for owner in owners)}."
        meaning = describe_meaning(node, parent, path[-1]) + only
        row = (f"`{'.'.join(path)}`", describe(path, node), show_default(node), meaning)
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines).lstrip("\n") + "\n"


def test_tables_of_the_configuration_page_are_the_model() -> None:
    """Every setting with its type, default and meaning; to write them, run with WRITE_EXPECTED=1."""
    text = CONFIGURATION.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    expected = f"{head}{BEGIN}\n{render_tables()}\n{END}{tail}"
    if os.environ.get("WRITE_EXPECTED"):
        CONFIGURATION.write_text(expected)
    assert CONFIGURATION.read_text() == expected


def test_every_check_is_described() -> None:
    """By its id and its title, in the table of checks."""
    text = (DOCS / "errors.md").read_text()
    for check in CHECKS:
        assert f"| `{check.id}` | {check.level} | {check.title} |" in text


def files_in(*rooms: str) -> Iterator[Path]:
    """Yield the modules of some rooms."""
    for room in rooms:
        yield from (ROOT / "inkcre" / room).rglob("*.py")


def test_every_error_code_is_described() -> None:
    """Codes of errors, and of problems with the settings that are ours."""
    assert LOADED
    text = (DOCS / "errors.md").read_text()
    codes = {k.code for k in descendants(InkcreError) if k.__name__ not in ABSTRACT}
    for path in files_in("settings", "sections"):
        codes |= set(re.findall(r'Diagnostic\(\s*"(\w+)"', path.read_text()))
        codes |= set(re.findall(r'(?:PydanticCustomError|Fault)\(\s*"(\w+)"', path.read_text()))
    for path in files_in("http", "api"):
        codes |= set(
            re.findall(r'"(no_route|method_not_allowed|unforeseen|http)"', path.read_text())
        )
    assert len(codes) > 25
    for code in codes:
        assert f"`{code}`" in text, code


def test_every_code_over_http_is_explained() -> None:
    """By `inkcre explain`, as the page says; and those of problems that are no error of ours too."""
    text = (DOCS / "errors.md").read_text().partition("## In the rows of jobs")[0]
    codes = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert {"no_route", "http", "cross_site", "unforeseen", "unknown_coding"} <= codes
    assert codes <= read_explanations().keys()


def test_every_command_is_described() -> None:
    """Each command, and each command of a group, has a row in the README."""
    readme = (ROOT / "README.md").read_text()
    command = build_command(INKCRE)
    names = [str(command.name) for command in command.registered_commands]
    for group in command.registered_groups:
        assert group.typer_instance
        names += [f"{group.name} {c.name}" for c in group.typer_instance.registered_commands]
    assert len(names) > 15
    for name in names:
        assert f"`inkcre {name}" in readme, name


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a document is to a file that is there."""
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_application_of_the_page_on_serving_runs() -> None:
    """The mounted application that is shown there is started and answers."""
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "serving.md").read_text(), re.DOTALL)
    made: dict[str, Any] = {}
    exec(compile(code, "serving.md", "exec"), made)
    with TestClient(made["mine"]) as client:
        assert client.get("/ink/readyz").json() == {"status": "ok"}


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
    assert (installed / "inkcre/sections/examples/database.sqlite.toml").exists()
    assert len(list((installed / "inkcre/explanations").glob("*.md"))) == 3
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
