"""Types of sources: by name, by the former names, and of packages beside this one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.errors import Invalid
from inkcre.graph.blocks import list_blocks
from inkcre.sections.schema import load_settings
from inkcre.sources import registry
from inkcre.sources.registry import InstalledSourceTypes
from tests.conftest import ROOT
from tests.on_base import source_types
from tests.sources.conftest import add_source, collect, result_of

DOCUMENT = ROOT / "docs" / "sources.md"


@pytest.fixture
def types() -> InstalledSourceTypes:
    """Return the types of a process."""
    return InstalledSourceTypes(load_settings("dev", environ={}))


@pytest.fixture
def greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the package that the documentation shows."""
    _, _, shown = DOCUMENT.read_text().partition("```python\n")
    (tmp_path / "greeting_package.py").write_text(shown.partition("```")[0])
    information = tmp_path / "greeting_package-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: greeting_package\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(
        "[inkcre.sources]\ngreeting = greeting_package:GreetingSource\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()
    sys.modules.pop("greeting_package", None)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("rss", "rss"),
        ("extensions.rss.source", "rss"),
        ("app.business.sources.webpage", "webpage"),
        ("extensions.rss.source:Source", "rss"),
    ],
)
def test_former_names_lead_to_types(types: InstalledSourceTypes, name: str, found: str) -> None:
    """A part of the former import path is a type's name."""
    assert types.load(name).name == found


@pytest.mark.parametrize("name", ["", "os.path", "extensions.twitter.source", "rss/..", "RSS", "."])
def test_nothing_is_imported_by_a_former_name(types: InstalledSourceTypes, name: str) -> None:
    """What names no type is refused, with those that there are."""
    with pytest.raises(Invalid) as caught:
        types.load(name)
    assert "rss" in str(caught.value.hint)


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_type_of_another_package_collects(base: Components, greeting: None) -> None:
    """The documentation's example, installed: by its entry point, or by its module's path."""
    assert "greeting" in source_types(base).names()
    assert source_types(base).load("greeting_package").name == "greeting"
    source_id = add_source(base, "greeting", name="Ann")
    assert result_of(collect(base, source_id))["added"] == 1
    assert "Hello Ann" in {b.content for b in list_blocks(base.database, limit=10)[0]}
