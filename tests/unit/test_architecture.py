"""What docs/architecture.md says of the house is so."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text()
MAX_MODULES = 12

WALKS = {
    title: re.findall(r"^\d+\. `(inkcre\.[\w.]+)`", body, re.MULTILINE)
    for title, body in re.findall(r"^### (.+)\n((?:.*\n)*?)(?=^#|\Z)", TEXT, re.MULTILINE)
}


def source_of(module: str) -> str:
    """Return the text of a module."""
    spec = importlib.util.find_spec(module)
    assert spec, module
    assert spec.origin, module
    return Path(spec.origin).read_text()


def room_of(module: str) -> str:
    """Name the room that a module is in."""
    return module.split(".")[1]


def test_every_room_is_described() -> None:
    """And what is described is there."""
    packages = {path.parent.name + "/" for path in (ROOT / "inkcre").glob("*/__init__.py")}
    modules = {path.name for path in (ROOT / "inkcre").glob("*.py")} - {
        "__init__.py",
        "__main__.py",
    }
    table = TEXT.partition("## Rooms")[2].partition("## Three walks")[0]
    described = set(re.findall(r"`([a-z]+(?:/|\.py))`", table))
    assert (
        described - {"types/", "items/", "pages/", "documents/", "files/", "rules/"}
        == packages | modules
    )


@pytest.mark.parametrize("title", WALKS)
def test_walk_is_short_and_enters_no_room_twice(title: str) -> None:
    """At most twelve modules, each named by one above it, or chosen by the assembly's table."""
    walk = WALKS[title]
    assert 5 <= len(walk) <= MAX_MODULES
    rooms = [room_of(module) for module in walk]
    entered = [room for number, room in enumerate(rooms) if rooms[number - 1 : number] != [room]]
    assert len(entered) == len(set(entered)), entered
    for number, module in enumerate(walk[1:], 1):
        above = "".join(map(source_of, walk[:number]))
        is_named = module in above or f"{module.rpartition('.')[0]} import" in above
        assert is_named or room_of(module) in ("adapters", "sources"), module


def test_three_walks_are_told() -> None:
    """Of a setting, a request and a schedule."""
    assert len(WALKS) == 3


LIBRARIES = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.partition("## Written by hand, and why")[2].splitlines()
    if "`inkcre/" in line
]


@pytest.mark.parametrize("row", LIBRARIES, ids=lambda row: row[0].strip("| "))
def test_what_is_said_of_libraries_is_so(row: list[str]) -> None:
    """The module is there, it imports what was taken, and what was not taken nobody needs."""
    _, where, libraries, *_, decision = row
    (path,) = re.findall(r"`(inkcre/[\w/]+\.py)`", where)
    names = re.findall(r"`([\w-]+)`", libraries)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = sum(project["optional-dependencies"].values(), project["dependencies"])
    needed = {Requirement(line).name for line in lines}
    assert names
    if decision.startswith("**library**"):
        assert set(names) <= needed
        module = {"markdown-it-py": "markdown_it"}.get(names[0], names[0])
        assert re.search(rf"(?:from|import) {module}\b", (ROOT / path).read_text())
    else:
        assert decision.startswith("**by hand**")
        assert not set(names) & needed
        assert (ROOT / path).is_file()


def test_ten_things_were_compared() -> None:
    """A row that is written another way is not overlooked."""
    assert len(LIBRARIES) == 10
