"""The public face: what it has, that it is described, and that it does not change in silence."""

import ast
import dataclasses
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from inkcre import framework
from inkcre.extension import Extension
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "framework.md").read_text()
SURFACE = ROOT / "tests" / "golden" / "framework.txt"
SAYS = "The changelog says: "
UNSAID = "(write here the line of CHANGELOG.md that tells of the change)"


def describe(name: str) -> list[str]:
    """Write what a public name is called with, and what it has that is public."""
    thing = getattr(framework, name)
    if not isinstance(thing, type):
        return [f"{name}{_parameters(thing) if inspect.isfunction(thing) else ''}"]
    lines = [f"{name}({', '.join(base.__name__ for base in thing.__bases__)})"]
    if dataclasses.is_dataclass(thing):
        lines += [f"    {field.name}" for field in dataclasses.fields(thing) if field.init]
    for key, value in sorted(vars(thing).items()):
        if key[0] != "_" and inspect.isfunction(value):
            lines.append(f"    {key}{_parameters(value)}")
        elif key[0] != "_" and isinstance(value, (property, classmethod, staticmethod)):
            lines.append(f"    {key}")
    return lines


def _parameters(function: Callable[..., object]) -> str:
    # Not the annotations: each version of Python writes them in its own way.
    told = [
        f"{name}=…"
        if parameter.default is not parameter.empty
        else str(parameter).partition(":")[0]
        for name, parameter in inspect.signature(function).parameters.items()
    ]
    return f"({', '.join(told)})"


def surface() -> str:
    """Write the whole face."""
    lines = [line for name in sorted(framework.PLACES) for line in describe(name)]
    return "\n".join(lines) + "\n"


def test_surface_changes_with_a_line_in_the_changelog() -> None:
    """Whoever changes it renders it anew (WRITE_EXPECTED=1), and writes what they say of it."""
    head, _, known = SURFACE.read_text().partition("\n") if SURFACE.exists() else ("", "", "")
    now = surface()
    if os.environ.get("WRITE_EXPECTED") and known != now:
        SURFACE.write_text(f"{SAYS}{UNSAID}\n{now}")
        head, known = f"{SAYS}{UNSAID}", now
    assert known == now
    assert head.startswith(SAYS)
    assert head.removeprefix(SAYS) in (ROOT / "CHANGELOG.md").read_text()


def test_what_is_run_is_what_type_checkers_read() -> None:
    """Each name is looked up where the import above it says."""
    imported: dict[str, str] = {}
    for node in ast.walk(ast.parse(inspect.getsource(framework))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inkcre"):
            imported |= {a.asname or a.name: f"{node.module}:{a.name}" for a in node.names}
    imported["Job"] = imported.pop("JobKind")
    imported["Schedule"] = imported.pop("OwnSchedule")
    del imported["load_reference"]
    assert imported == framework.PLACES


@pytest.mark.parametrize("name", framework.PLACES)
def test_public_name_is_there_and_described(name: str) -> None:
    """In the document, by its name."""
    assert getattr(framework, name) is not None
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`", DOCUMENT) or re.search(rf"\b{name}\(", DOCUMENT)


def test_every_field_of_a_part_is_described() -> None:
    """In the table of the document, and no other."""
    table = DOCUMENT.partition("## A part: `Extension`")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(described) == sorted(field.name for field in dataclasses.fields(Extension))


def test_naming_an_application_imports_nothing_of_it() -> None:
    """Neither of the framework what runs it."""
    program = (
        "import sys\nsys.path.insert(0, 'examples/links')\nimport links\n"
        "heavy = {'fastapi', 'pydantic', 'sqlalchemy', 'typer', 'uvicorn', 'alembic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "print(sorted(m for m in sys.modules if m.startswith('links')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['links']\n"


def test_unknown_name_is_no_attribute() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Hooks'"):
        framework.Hooks  # noqa: B018
