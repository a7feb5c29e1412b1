"""A base in memory has its files in memory, unless the user says where else: that cannot be meant."""

from pathlib import Path
from typing import Any

import pytest

from inkcre.app import create_app
from inkcre.sections.schema import Inspection, inspect_settings
from inkcre.settings.explanations import explain_key, render_explanation
from inkcre.settings.renderers import render_text

MEMORY = {"database.path": ":memory:"}


def inspect(
    folder: Path,
    profile: str = "dev",
    overrides: dict[str, Any] = MEMORY,
    environ: dict[str, str] | None = None,
) -> Inspection:
    """Look at the settings of a folder."""
    return inspect_settings(profile, overrides=overrides, environ=environ or {}, folder=folder)


def kind_of(found: Inspection) -> str:
    """Return the kind of storage that was chosen, of settings that are right."""
    assert found.settings is not None, render_text(found.problems, command="inkcre")
    return found.settings.storage.kind


def codes_of(found: Inspection) -> list[str]:
    """Return the codes of all problems."""
    return [problem.code for problem in found.problems]


OWN_PROFILES = {
    "bare": 'target = "process"\n[database]\nkind = "sqlite"\n',
    "child": 'extends = "dev"\n',
    "replicas": 'extends = "server"\n[database]\nkind = "sqlite"\n',
}


@pytest.mark.parametrize("profile", ["dev", *OWN_PROFILES])
def test_what_nobody_chose_gives_way(profile: str, tmp_path: Path) -> None:
    """The model's default, a packaged profile, and one that a profile of one's own extends."""
    (tmp_path / "profiles").mkdir()
    for name, text in OWN_PROFILES.items():
        (tmp_path / "profiles" / f"{name}.toml").write_text(text)
    found = inspect(tmp_path, profile)
    assert kind_of(found) == "memory"
    assert not [leaf for leaf in found.leaves() if leaf.key == "storage.path"]


SAYS_MEMORY = {
    "override": {},
    "variable": {"INKCRE_DATABASE__PATH": ":memory:"},
    ".env": {".env": "INKCRE_DATABASE__PATH=:memory:\n"},
    "inkcre.toml": {"inkcre.toml": '[database]\npath = ":memory:"\n'},
    "its overlay": {"inkcre.toml": '[profiles.dev.database]\npath = ":memory:"\n'},
    "profile": {
        "profiles/dev.toml": 'target = "process"\n[database]\nkind = "sqlite"\npath = ":memory:"\n'
    },
}


@pytest.mark.parametrize("layer", SAYS_MEMORY)
def test_it_gives_way_whoever_keeps_the_base_in_memory(layer: str, tmp_path: Path) -> None:
    """In each layer; and what chose the storage is the line that chose the base."""
    files = {k: v for k, v in SAYS_MEMORY[layer].items() if not k.startswith("INKCRE_")}
    environ = {k: v for k, v in SAYS_MEMORY[layer].items() if k.startswith("INKCRE_")}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = inspect(tmp_path, overrides=MEMORY if layer == "override" else {}, environ=environ)
    assert kind_of(found) == "memory"
    places = [
        found.origins.of(path).describe() for path in (("storage", "kind"), ("database", "path"))
    ]
    assert places[0] == places[1]


def test_explanation_tells_what_it_follows_and_what_it_hides(tmp_path: Path) -> None:
    """The place of the base, why, and the profile's own line."""
    said = render_explanation(explain_key("storage.kind", inspect(tmp_path)))
    assert "storage.kind = memory" in said
    assert "from      override database.path (the base is in memory)" in said
    assert "hides     filesystem  from " in said
    assert "profiles/dev.toml" in said


NAMES_ANOTHER = {
    "inkcre.toml": ({"inkcre.toml": '[storage]\nkind = "filesystem"\n'}, "inkcre.toml:2:8"),
    "only its path": ({"inkcre.toml": '[storage]\npath = "data/files"\n'}, "inkcre.toml:2:8"),
    "its overlay": (
        {"inkcre.toml": '[profiles.dev]\nstorage.path = "x"\n'},
        "inkcre.toml:2:16",
    ),
    ".env": ({".env": "\nINKCRE_STORAGE__PATH=real\n"}, ".env:2:1"),
    "variable": ({"INKCRE_STORAGE__PATH": "real"}, "INKCRE_STORAGE__PATH"),
    "variable as JSON": ({"INKCRE_STORAGE": '{"kind": "s3", "bucket": "real"}'}, "INKCRE_STORAGE"),
    "own profile": (
        {
            "profiles/dev.toml": 'target = "process"\n[database]\nkind = "sqlite"\n'
            '[storage]\nkind = "filesystem"\n'
        },
        "profiles/dev.toml:5:8",
    ),
}


@pytest.mark.parametrize("layer", NAMES_ANOTHER)
def test_what_the_user_named_is_an_error_with_both_lines(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that keeps the base in memory, and the one that keeps files elsewhere."""
    monkeypatch.chdir(tmp_path)
    parts, place = NAMES_ANOTHER[layer]
    for name, text in parts.items():
        if not name.startswith("INKCRE_"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    environ = {k: v for k, v in parts.items() if k.startswith("INKCRE_")}
    found = inspect(tmp_path, environ=environ)
    assert codes_of(found) == ["base_in_memory"]
    said = render_text(found.problems, command="inkcre")
    assert "override database.path" in said
    assert place in said
    assert 'storage.kind = "memory"' in said


def test_named_in_code_is_an_error_too(tmp_path: Path) -> None:
    """An override is what the user says, whatever it repeats."""
    for more in ({"storage.kind": "filesystem"}, {"storage": {"kind": "s3", "bucket": "real"}}):
        assert codes_of(inspect(tmp_path, overrides={**MEMORY, **more})) == ["base_in_memory"]


def test_memory_named_by_the_user_is_what_it_says(tmp_path: Path) -> None:
    """Also above a place that the same user named in a weaker layer."""
    (tmp_path / "inkcre.toml").write_text('[storage]\nkind = "s3"\nbucket = "real"\n')
    found = inspect(tmp_path, overrides={**MEMORY, "storage.kind": "memory"})
    assert kind_of(found) == "memory"
    assert found.origins.of(("storage", "kind")).describe() == "override storage.kind"


def test_word_for_memory_may_come_as_a_path(tmp_path: Path) -> None:
    """Code that hands over paths means the same by it, and no file of that name."""
    found = inspect(tmp_path, overrides={"database.path": Path(":memory:")})
    assert kind_of(found) == "memory"
    assert found.settings is not None
    assert found.settings.database.path == ":memory:"  # type: ignore[union-attr]


def test_base_in_a_file_keeps_its_files_where_the_profile_says(tmp_path: Path) -> None:
    """Nothing gives way there, not even for a file whose name is nearly that word."""
    for path in ("data/x.sqlite3", "./:memory:", ":memory:/x"):
        assert kind_of(inspect(tmp_path, overrides={"database.path": path})) == "filesystem"
    url = {"database.url": "postgresql://h/d"}
    assert kind_of(inspect(tmp_path, "server", overrides=url)) == "filesystem"


def test_what_a_target_forbids_is_said_once(tmp_path: Path) -> None:
    """SQLite on Workers is one mistake, and not two."""
    overrides = {**MEMORY, "database.kind": "sqlite"}
    found = inspect(tmp_path, "workers", overrides=overrides)
    assert codes_of(found) == ["forbidden_on_target"]


def test_app_in_memory_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is uploaded to it is gone with it."""
    from fastapi.testclient import TestClient

    monkeypatch.chdir(tmp_path)
    with TestClient(create_app(profile="dev", overrides=MEMORY, environ={})) as client:
        assert client.post("/files?name=a.txt", content=b"a").status_code == 201
    assert list(tmp_path.iterdir()) == []
