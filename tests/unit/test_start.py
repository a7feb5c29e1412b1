"""What is wrong with an extension that settings enable refuses the start, with its line."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import pytest
from fastapi.testclient import TestClient

from inkcre.app import create_app
from inkcre.core import INKCRE
from inkcre.errors import InkcreError, SchemaBehind
from inkcre.extension import Extension
from inkcre.process.extensions import check_parts
from inkcre.sections.schema import load_settings
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.report import SettingsError
from tests.planted import Plants

HEAD = """
from typing import Annotated
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Column, Table, Text
from inkcre.framework import *
from inkcre.framework import Database, Job, Migrations, NoPayload, Router, Schedule, new_metadata
from pathlib import Path
router = Router()
"""


def start(folder: Path, enabled: str) -> list[Diagnostic]:
    """Make the application with what a file enables; return what is wrong."""
    (folder / "inkcre.toml").write_text(f"[extensions]\nenabled = [\n{indent(enabled, '  ')}\n]\n")
    settings = load_settings("dev", environ={}, folder=folder)
    with pytest.raises(SettingsError) as caught:
        create_app(settings)
    with pytest.raises(SettingsError) as checked:
        check_parts(settings)
    assert checked.value.diagnostics == caught.value.diagnostics
    return list(caught.value.diagnostics)


def lines(problem: Diagnostic) -> list[int]:
    """Return the lines that a problem points at."""
    return [label.place.line for label in problem.labels if label.place]


WRONG = {
    "module that raises": ('routers=("planted_bad.parts:router",)', "1 / 0", "ZeroDivisionError"),
    "attribute that is missing": ('routers=("planted_bad.parts:rooter",)', "", "no rooter"),
    "other sort of thing": ('jobs=("planted_bad.parts:router",)', "", "and no JobKind"),
    "package that is missing": (
        'routers=("planted_bad.parts:router",)',
        "import nowhere",
        "nowhere",
    ),
    "route of the base": (
        'routers=("planted_bad.parts:router",)',
        """
        @router.get("/blocks")
        def blocks() -> dict[str, int]: return {}
        """,
        "route GET /blocks: extension core: routers",
    ),
    "route without a model": (
        'routers=("planted_bad.parts:router",)',
        """
        @router.get("/bad")
        def bad(): return {}
        """,
        "route GET /bad: nothing says what it answers",
    ),
    "job of another": (
        'jobs=("planted_bad.parts:JOB",)',
        """
        def run(_: NoPayload) -> None: pass
        JOB = Job("collect", NoPayload, run)
        """,
        "job collect: extension sources: jobs",
    ),
    "schedule of no job": (
        'schedules=("planted_bad.parts:HOURLY",)',
        'HOURLY = Schedule("bad.job", every="1h")',
        "no part brings such a kind of jobs",
    ),
    "table of another": (
        'migrations="planted_bad.parts:KEPT"',
        """
        metadata = new_metadata()
        Table("blocks_too", metadata, Column("id", Text, primary_key=True))
        KEPT = Migrations(Path(__file__).parent, metadata, "bad_schema", "0001")
        """,
        "table blocks_too: its name does not begin with bad_",
    ),
    "target": ('targets=("workers",)', "", "does not run on target process"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_fault_is_told_with_its_line(plants: Plants, tmp_path: Path, wrong: str) -> None:
    """Beside one that is sound, which is not blamed; and `extensions check` tells the same."""
    fields, body, said = WRONG[wrong]
    plants.extension("sound", settings=False)
    plants.extension("bad", settings=False, fields=fields, files={"parts.py": HEAD + dedent(body)})
    [problem] = start(tmp_path, '"sound",\n"bad",')
    assert problem.subject == "extension bad"
    assert said in problem.message
    assert lines(problem)[0] == 4


def test_all_faults_are_told_at_once(plants: Plants, tmp_path: Path) -> None:
    """One error for each that is wrong; of two with one route the second, with both lines."""
    route = HEAD + '@router.get("/same")\ndef same() -> dict[str, int]: return {}\n'
    for name in ("one", "two"):
        fields = f'routers=("planted_{name}.parts:router",)'
        plants.extension(name, settings=False, fields=fields, files={"parts.py": route})
    plants.extension("bad", settings=False, fields='routers=("planted_bad.parts:router",)')
    problems = start(tmp_path, '"one",\n"bad",\n"two",')
    assert [(problem.subject, lines(problem)) for problem in problems] == [
        ("extension bad", [4]),
        ("extension two", [5, 3]),
    ]


def test_fault_of_an_own_part_is_blamed_on_nobody(plants: Plants, tmp_path: Path) -> None:
    """It is raised as it is, whatever is enabled."""
    plants.extension("sound", settings=False)
    own = Extension(name="own", summary="Wrong itself", routers=("inkcre.http.jobs:rooter",))
    application = replace(INKCRE, extensions=(*INKCRE.extensions, own))
    overrides = {"extensions.enabled": ["sound"]}
    settings = load_settings("dev", application=application, overrides=overrides, environ={})
    with pytest.raises(InkcreError, match=r"extension own: routers: inkcre\.http\.jobs:rooter"):
        create_app(settings)


def test_schema_of_an_extension_is_asked_for(tmp_path: Path) -> None:
    """Enabled on a base that has not been migrated since, it is told by name."""
    overrides: dict[str, object] = {
        "database.path": str(tmp_path / "base.sqlite3"),
        "scheduler.kind": "off",
    }
    with TestClient(create_app(profile="dev", overrides=overrides, environ={})) as client:
        assert client.get("/readyz").status_code == 200
    overrides |= {"extensions.enabled": ["sample"], "database.migrate_on_start": False}
    app = create_app(profile="dev", overrides=overrides, environ={})
    with pytest.raises(SchemaBehind, match="the schema of sample is at nothing"), TestClient(app):
        pass
    answer = TestClient(app).get("/readyz")
    assert answer.status_code == 503
    assert "the schema of sample is at nothing" in answer.json()["reasons"][0]["detail"]
