"""The schemas, as the language servers of two TOML editors apply them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inkcre.sections.schema import inspect_settings
from inkcre.settings.editor_schemas import build_schemas, render_schemas
from inkcre.settings.profiles import package_profiles
from inkcre.settings.templates import refresh_schemas, write_new_config
from tests.schemas import SCHEMA
from tests.settings.test_broken import CASES, read_case
from tests.settings.test_examples import EXAMPLES

FOLDER = Path(__file__).parents[1] / "golden" / "schemas"
BIN = Path(sys.executable).parent
EDITORS = {"taplo": ["check"], "tombi": ["lint", "--offline"]}


def squiggles(editor: str, path: Path) -> str:
    """Return what an editor would underline in a file; empty when nothing."""
    done = subprocess.run(
        [str(BIN / editor), *EDITORS[editor], path.name],
        cwd=path.parent, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "RUST_LOG": "error", "NO_COLOR": "1", "HOME": str(path.parent)},
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def write_config(text: str, folder: Path) -> Path:
    """Write an inkcre.toml that names the schema."""
    refresh_schemas(SCHEMA, folder)
    path = folder / "inkcre.toml"
    path.write_text(f"#:schema .inkcre/inkcre.schema.json\n{text}")
    return path


def test_schemas_are_as_they_were_read() -> None:
    """To write them anew, run with WRITE_EXPECTED=1, and read the difference."""
    rendered = render_schemas(SCHEMA)
    if os.environ.get("WRITE_EXPECTED"):
        for name, text in rendered.items():
            (FOLDER / name).write_bytes(text)
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.json")} == rendered


@pytest.mark.parametrize("editor", EDITORS)
def test_good_files_are_not_underlined(editor: str, tmp_path: Path) -> None:
    """The file that init writes, every example, every profile of the package."""
    write_new_config(SCHEMA, tmp_path)
    assert squiggles(editor, tmp_path / "inkcre.toml") == ""
    for number, example in enumerate(EXAMPLES):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert squiggles(editor, write_config(example.read_text(), folder)) == "", example.name
    (tmp_path / "profiles").mkdir()
    for profile in package_profiles().glob("*.toml"):
        copy = tmp_path / "profiles" / profile.name
        line = "#:schema ../.inkcre/profile.schema.json\n"
        copy.write_text(line + profile.read_text().partition("\n")[2])
        assert squiggles(editor, copy) == "", profile.name


BAD = {
    "unknown section": "[htpp]\nport = 1\n",
    "unknown key": "[http]\nprot = 1\n",
    "unknown key below": "[http.cors]\norigins = []\n",
    "wrong type": '[http]\nport = "six"\n',
    "out of range": "[http]\nport = 70000\n",
    "more than": "[database]\nkind = 'postgres'\nstatement_timeout_seconds = 0\n",
    "not one of the words": '[logging]\nlevel = "loud"\n',
    "unknown kind": '[database]\nkind = "mysql"\n',
    "key of another kind": '[database]\nkind = "sqlite"\nbinding = "DB"\n',
    "value for a table": "http = 5\n",
    "pattern": '[checks]\nsilence = ["INK1"]\n',
    "list": '[extensions]\nenabled = "mine"\n',
    "unknown type of binding": '[bindings.X]\ntype = "s3"\n',
    "key of another binding": '[bindings.X]\ntype = "ai"\nbucket = "b"\n',
    "in a profile": "[profiles.dev.http]\nport = true\n",
    "a profile in a profile": '[profiles.dev]\nprofile = "server"\n',
    "address": '[database]\nkind = "postgres"\nurl = "mysql://h/d"\n',
}


@pytest.mark.parametrize("editor", EDITORS)
@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_underlined(editor: str, name: str, tmp_path: Path) -> None:
    """Each kind of mistake that stands in one file."""
    assert squiggles(editor, write_config(BAD[name], tmp_path)) != ""


def test_editor_underlines_nothing_that_loads(tmp_path: Path) -> None:
    """What is no error in inkcre.toml under any profile is none in the editor."""
    environ = {"INKCRE_DATABASE__URL": "postgresql://h/d"}
    accepted = 0
    for number, case in enumerate(CASES):
        text = read_case(case).get("inkcre.toml", "")
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "inkcre.toml").write_text(text)
        inspections = [
            inspect_settings("dev", environ={}, folder=folder),
            inspect_settings("server", environ=environ, folder=folder),
            inspect_settings("workers", environ={}, folder=folder),
        ]
        if not any(found.problems for found in inspections):
            accepted += 1
            assert squiggles("tombi", write_config(text, folder)) == "", case.name
    assert accepted > 10


def test_every_setting_of_the_schema_is_described() -> None:
    """Editors show it on hover."""

    def check(schema: dict[str, object]) -> None:
        properties = schema.get("properties", {})
        assert isinstance(properties, dict)
        for name, inner in properties.items():
            if "$ref" not in inner:
                assert inner.get("description"), name
                check(inner)
        for branch in schema.get("anyOf", []):  # type: ignore[attr-defined]
            check(branch)

    for schema in build_schemas(SCHEMA).values():
        check(schema)
        for table in schema["$defs"].values():
            check(table)
        json.dumps(schema)
