"""New files: they load, they say everything, they replace nothing."""

import re
import tomllib
from pathlib import Path

import pytest

from inkcre.settings.files import CannotWrite
from inkcre.settings.report import SettingsError
from inkcre.settings.templates import refresh_schemas, write_new_config, write_new_profile
from tests.schemas import SCHEMA
from tests.settings.cases import inspect_here as inspect_settings
from tests.settings.cases import load_here as load_settings


def test_new_config_loads_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Everything in it is a comment."""
    bare = load_settings(environ={}).model_dump(exclude={"profile"})
    written = write_new_config(SCHEMA, tmp_path)
    assert [p.name for p in written] == [
        "inkcre.toml",
        "inkcre.schema.json",
        "profile.schema.json",
    ]
    assert tomllib.loads(Path("inkcre.toml").read_text()) == {}
    assert load_settings(environ={}).model_dump(exclude={"profile"}) == bare
    assert load_settings(environ={"CF_WORKER": "true"}).profile == "workers"


def test_new_config_can_be_uncommented_line_by_line(tmp_path: Path) -> None:
    """Uncommented whole, it is TOML, loads, and sets every setting of the default kinds."""
    write_new_config(SCHEMA, tmp_path)
    text = Path("inkcre.toml").read_text()
    start = text.index("# What the application calls itself")
    settings = re.sub(r"^# (\[|\w+ = )", r"\1", text[start:], flags=re.MULTILINE)
    Path("inkcre.toml").write_text(f'profile = "dev"\n{settings}')
    found = inspect_settings(environ={})
    assert found.problems == ()
    shown = {leaf.key for leaf in found.leaves() if leaf.origin.layer == "inkcre.toml"}
    missing = {leaf.key for leaf in found.leaves()} - shown - {"profile", "target"}
    assert missing == {"storage.claim", "workers.limits.cpu_ms"}  # without a default to show
    for path, node in SCHEMA.root.walk_leaves():
        if len(path) > 1 and ".".join(path) in shown:
            assert node.description in text


def test_new_config_is_never_written_over_another(tmp_path: Path) -> None:
    """One that is there stays, byte for byte; nothing is written where one file cannot be."""
    (tmp_path / ".inkcre").write_text("")
    with pytest.raises(CannotWrite, match="file exists"):
        write_new_config(SCHEMA, tmp_path)
    assert not Path("inkcre.toml").exists()
    Path("inkcre.toml").write_text("# mine\n")
    with pytest.raises(CannotWrite, match="is there already"):
        write_new_config(SCHEMA, tmp_path)
    assert Path("inkcre.toml").read_text() == "# mine\n"


def test_new_profile_can_be_chosen_at_once() -> None:
    """It extends its parent, and lies beside inkcre.toml."""
    write_new_profile("staging", "workers", inspect_settings(environ={}))
    settings = load_settings("staging", environ={})
    assert settings.origins.lineage == ("staging", "workers")
    first = Path("profiles/staging.toml").read_text().splitlines()[0]
    assert first == "#:schema ../.inkcre/profile.schema.json"
    assert (Path("profiles") / first.split()[1]).resolve().exists()
    for name in ("staging", "dev"):
        with pytest.raises(CannotWrite, match="is there already"):
            write_new_profile(name, "workers", inspect_settings(environ={}))


@pytest.mark.parametrize(
    ("name", "extends", "code"),
    [
        ("Staging", "dev", "profile_name"),
        ("../x", "dev", "profile_name"),
        ("", "dev", "profile_name"),
        ("x", "srver", "unknown_profile"),
    ],
)
def test_impossible_profile_is_refused(name: str, extends: str, code: str) -> None:
    """Nothing is written."""
    with pytest.raises(SettingsError) as caught:
        write_new_profile(name, extends, inspect_settings(environ={}))
    assert [problem.code for problem in caught.value.diagnostics] == [code]
    assert list(Path().iterdir()) == []


def test_unknown_parent_is_told_with_those_that_there_are() -> None:
    """And the nearest of them."""
    with pytest.raises(SettingsError) as caught:
        write_new_profile("x", "srver", inspect_settings(environ={}))
    [problem] = caught.value.diagnostics
    assert problem.notes == ("profiles: dev, server, workers",)
    assert problem.help == "did you mean `server`?"


def test_schemas_are_written_where_they_differ(tmp_path: Path) -> None:
    """A second time there is nothing to do."""
    assert len(refresh_schemas(SCHEMA, tmp_path)) == 2
    assert refresh_schemas(SCHEMA, tmp_path) == []
    (tmp_path / ".inkcre/inkcre.schema.json").write_text("{}")
    assert [p.name for p in refresh_schemas(SCHEMA, tmp_path)] == ["inkcre.schema.json"]
