"""The annotated examples: sample, documentation and test input at once."""

import tomllib
from pathlib import Path

import pytest

import inkcre.sections
from inkcre.sections.schema import load_settings
from inkcre.settings.nodes import Node
from tests.schemas import SCHEMA

EXAMPLES = sorted((Path(inkcre.sections.__file__).parent / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_loads(path: Path, tmp_path: Path) -> None:
    """Each example is a whole, valid file on the target that it is for."""
    data = tomllib.loads(path.read_text())
    is_edge = any(
        kind in path.name for kind in ("hyperdrive", "d1", "r2", ".kv", "fetch", "cron-trigger")
    )
    profile = "workers" if is_edge else "dev"
    (tmp_path / "inkcre.toml").write_text(path.read_text())
    settings = load_settings(profile, environ={}, folder=tmp_path)
    for section in data:
        assert hasattr(settings, section)


def required_lines() -> list[tuple[str, str]]:
    """List each example's file and the keys that it has to show."""
    found: list[tuple[str, str]] = []
    for name, node in SCHEMA.root.children().items():
        if node.is_leaf:
            found.append(("top.toml", name))
        variants = node.item.variants if node.item else node.variants
        for kind, keys in variants.items():
            file = f"{name}.{kind}.toml" if kind else f"{name}.toml"
            found += [(file, key) for key in leaf_keys(keys)]
    return found


def leaf_keys(keys: "dict[str, Node] | object") -> list[str]:
    """List the leaves of a table, and of the tables in it in their default kind."""
    assert isinstance(keys, dict)
    found: list[str] = []
    for key, node in keys.items():
        if node.is_leaf:
            found.append(key)
        else:
            found += leaf_keys(node.children(node.default_tag))
    return found


@pytest.mark.parametrize(("file", "key"), required_lines())
def test_example_has_a_line_for_every_field(file: str, key: str) -> None:
    """A field without a line and a comment above it fails here."""
    (path,) = [path for path in EXAMPLES if path.name == file]
    lines = path.read_text().splitlines()
    at = [n for n, line in enumerate(lines) if line.startswith((f"{key} =", f"# {key} ="))]
    assert at, f"{file} does not show {key}"
    assert lines[at[0] - 1].startswith("# ")
