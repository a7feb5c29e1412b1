"""What is imported is declared, whatever installs it, and what is missing is named."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inkcre.packages import EXTRAS, explain_import, find_extra
from tests.conftest import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
GIVEN_BY_WORKERS = {"js", "pyodide", "_harness", "workers", "_workers_sdk_patch_loader"}
"""Modules of Cloudflare's runtime, of its SDK, and of the harness that stands in for it."""


OF_LATER_PYTHONS = {"compression"}
"""Modules of the standard library that the oldest Python has not; they are imported where there."""


def requirements(lines: list[str]) -> dict[str, Requirement]:
    """Read requirements; give them by the names of their packages."""
    read = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one for one in read}


DEPENDENCIES = requirements(PROJECT["project"]["dependencies"])
OPTIONAL = {
    extra: requirements(lines)
    for extra, lines in PROJECT["project"]["optional-dependencies"].items()
}
DECLARED = {**DEPENDENCIES, **{n: r for extra in OPTIONAL.values() for n, r in extra.items()}}


def imported(path: Path) -> set[str]:
    """Return the packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    names = {name.partition(".")[0] for name in found}
    return names - set(sys.stdlib_module_names) - OF_LATER_PYTHONS - {"inkcre"}


def files() -> Iterator[Path]:
    """Return every file that is installed with us."""
    yield from (ROOT / "inkcre").rglob("*.py")
    yield from (ROOT / "migrations").rglob("*.py")
    yield from (ROOT / "run.py", ROOT / "worker.py")


def test_everything_that_is_imported_is_declared() -> None:
    """By us, and not only by a package that we need: that one may do without it tomorrow."""
    owners = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in files()
        for module in imported(path) - GIVEN_BY_WORKERS
        if not {canonicalize_name(name) for name in owners[module]} & set(DECLARED)
    }
    assert not undeclared


@pytest.mark.parametrize(
    ("rooms", "extras"),
    [
        (
            ("app.py", "core.py", "http", "api", "settings", "sections", "ports", "edge/entry.py"),
            (),
        ),
        (("graph", "jobs", "transfer", "assembly"), ()),
        (("sql/tables.py", "sql/constructs.py", "sql/cursors.py", "sql/values.py"), ()),
        (("sources",), ("local", "pdf")),
        (("cli",), ("local",)),
        (("adapters/database",), ("postgres", "edge")),
        (("adapters/storage", "adapters/web"), ("local",)),
    ],
    ids=str,
)
def test_room_imports_what_its_extras_install(
    rooms: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    """What every installation runs needs no extra; what sources need is in the first of them."""
    owners = packages_distributions()
    allowed = set(DEPENDENCIES).union(*(OPTIONAL[extra] for extra in extras))
    allowed |= {"tomlkit"} if "settings" in rooms else set()  # only `config set` writes TOML
    for room in rooms:
        place = ROOT / "inkcre" / room
        for path in place.rglob("*.py") if place.is_dir() else [place]:
            for module in imported(path) - GIVEN_BY_WORKERS:
                assert {canonicalize_name(name) for name in owners[module]} & allowed, (
                    path,
                    module,
                )


def closure(names: set[str]) -> Iterator[tuple[str, Requirement]]:
    """Return what packages require of others, theirs included, as far as it is installed here."""
    waiting, seen = list(names), set(names)
    while waiting:
        name = waiting.pop()
        for line in distribution(name).requires or ():
            one = Requirement(line)
            if one.marker and not one.marker.evaluate({"extra": ""}):
                continue
            yield name, one
            if canonicalize_name(one.name) not in seen:
                seen.add(canonicalize_name(one.name))
                waiting.append(canonicalize_name(one.name))


def test_extras_that_old_pips_overlook_are_declared_by_us() -> None:
    """What only they bring would be missing, and nothing but a warning would say so.

    Names of extras are compared in one spelling (https://peps.python.org/pep-0685/) from pip 23.3
    on. Before, "html_clean" of lxml is unknown to it: lxml says "html-clean".
    """
    overlooked: dict[str, str] = {}
    for name, one in closure(set(DECLARED)):
        provided = distribution(one.name).metadata.get_all("Provides-Extra") or []
        for extra in one.extras - set(provided):
            for line in distribution(one.name).requires or ():
                brought = Requirement(line)
                wanted = {"extra": canonicalize_name(extra)}
                if brought.marker and brought.marker.evaluate(wanted):
                    overlooked[canonicalize_name(brought.name)] = f"{name} needs {one}"
    assert "lxml-html-clean" in overlooked  # once it is not, this test and the line for it can go
    assert not {n: why for n, why in overlooked.items() if n not in DECLARED}


def test_extras_are_those_of_the_project() -> None:
    """Those that an installation may lack, by the names in pyproject.toml."""
    assert {*EXTRAS, "testing"} == set(OPTIONAL)
    for name, packages in EXTRAS.items():
        assert sorted(OPTIONAL[name]) == sorted(packages)


LXML = (
    "lxml.html.clean module is now a separate project lxml_html_clean.\n"
    "Install lxml[html-clean] or lxml_html_clean directly."
)


@pytest.mark.parametrize(
    ("error", "said", "extra"),
    [
        (
            ModuleNotFoundError("No module named 'yaml'", name="yaml"),
            "yaml is not installed",
            "local",
        ),
        (
            ModuleNotFoundError("No module named 'pypdf.errors'", name="pypdf.errors"),
            "pypdf is not installed",
            "pdf",
        ),
        (ImportError(LXML), "now a separate project lxml_html_clean. Install lxml", "local"),
        (
            ImportError("cannot import name 'extract' from 'trafilatura'", name="trafilatura"),
            "cannot import name",
            "local",
        ),
        (ModuleNotFoundError("No module named 'theirs'", name="theirs"), "theirs is not", None),
        (ImportError(), "", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ImportError) else None,
)
def test_what_cannot_be_imported_is_named(error: ImportError, said: str, extra: str | None) -> None:
    """On one line, with who needs it and what installs it."""
    explained = explain_import(error, by="collect cannot run")
    assert explained.message.startswith("collect cannot run: ")
    assert said in explained.message
    assert "\n" not in explained.message
    assert explained.code == "not_installed"
    assert (explained.hint == f"run `pip install 'inkcre[{extra}]'`") is (extra is not None)


def test_package_is_found_by_any_of_its_names() -> None:
    """As it is imported, or as it is installed."""
    names = ("yaml", "PyYAML", "lxml_html_clean", "lxml-html-clean", "psycopg", "fastapi")
    assert [find_extra(name) for name in names] == [*["local"] * 4, "postgres", None]


def test_command_without_its_packages_says_what_to_install() -> None:
    """As `pip install inkcre`, without the extra, leaves it."""
    program = "import sys; sys.modules['typer'] = None; from inkcre.core import INKCRE; INKCRE.cli(['plan'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error[not_installed]: the command inkcre: typer is not installed",
        "  run `pip install 'inkcre[local]'`",
    ]


def test_the_package_runs_as_a_module() -> None:
    """``python -m inkcre`` is ``inkcre``."""
    command = [sys.executable, "-m", "inkcre", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == version("inkcre")
