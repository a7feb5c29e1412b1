"""The distribution: what it says of itself, and its tables."""

import configparser
import logging
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from inkcre_telegram.messages import keep_message
from inkcre_telegram.settings import TelegramSettings
from inkcre_telegram.tables import metadata
from inkcre_telegram.updates import Update
from sqlalchemy import select

from inkcre.app import create_app
from inkcre.assembly.assembly import build_components, build_database
from inkcre.context import Components
from inkcre.graph.tables import blocks
from inkcre.ports.database import Migratable
from inkcre.sql.ddl import complete
from inkcre.sql.rows import Values
from inkcre.transfer.copies.bases import compare_bases, copy_rows, plan_move
from tests.conftest import ROOT
from tests.telegram.bot_api import BotApi, Json
from tests.telegram.conftest import Chat, keep, message_of
from tests.telegram.homes import INSTALLED, load

FOLDER = ROOT / "extensions" / "telegram"
PACKAGE = FOLDER / "inkcre_telegram"
PLANTED = INSTALLED / "inkcre_telegram-0.1.0.dist-info"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]


def test_tests_have_it_installed_as_it_is() -> None:
    """The entry point that tests go by is the package's own."""
    planted = configparser.ConfigParser()
    planted.read(PLANTED / "entry_points.txt")
    assert {section: dict(planted[section]) for section in planted.sections()} == PROJECT[
        "entry-points"
    ]


def test_wheel_has_its_migrations(tmp_path: Path) -> None:
    """And the record that the entry point names."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {str(path.relative_to(FOLDER)) for path in PACKAGE.rglob("*.py")}
    assert ours <= names


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_migrated_tables_are_the_declared_ones(kind: str, tmp_path: Path, bot_api: BotApi) -> None:
    """On both dialects."""
    database = build_database(load(kind, tmp_path, bot_api))
    assert isinstance(database, Migratable)
    engine = database.migration_engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, type_, _: (
                    type_ != "table" or str(name) in metadata.tables
                ),
            },
        )
        differences = compare_metadata(context, complete(metadata))
    engine.dispose()
    database.close()
    assert differences == []


def test_page_describes_every_setting() -> None:
    """With its default, and every error that settings may earn; its links lead somewhere."""
    page = (FOLDER / "README.md").read_text()
    for name, field in TelegramSettings.model_fields.items():
        default = {None: "", (): "`[]`"}.get(field.default, f"`{field.default}`")
        assert f"| `{name}` | {default} |".replace("|  |", "| |") in page, name
    for code in ("bot_token", "webhook_secret", "unauthorized"):
        assert f"`{code}`" in page
    for target in re.findall(r"\]\((?!http)([^)#]+)", page):
        assert (FOLDER / target).exists(), target


def test_dropped_message_is_told_without_its_text(
    tmp_path: Path, bot_api: BotApi, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """By the chat's id, which whoever sets the bot up looks for."""
    caplog.set_level(logging.INFO)
    update = chat.update("text")
    message_of(update)["chat"]["id"] = 5
    settings = load("sqlite", tmp_path, bot_api, **{"scheduler.kind": "off"})
    with TestClient(create_app(settings)) as client:
        assert not keep(client, update)
        [told] = [record for record in caplog.records if record.name == "inkcre.telegram"]
        assert told.getMessage() == "dropped a message: chat 5 is not in extensions.telegram.chats"
        assert "The minutes" not in caplog.text
        route = client.get("/openapi.json").json()["paths"]["/telegram/webhook"]["post"]
        assert {"200", "401", "422"} <= set(route["responses"])


def test_modules_stay_small() -> None:
    """As the house's own: it is as much of it as anything."""
    lines = {path.name: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > 250} == {}


def test_importing_it_loads_nothing_of_processes() -> None:
    """The record alone loads nothing of its own; the parts of a Worker load no tools."""
    program = (
        "import sys; import inkcre_telegram;"
        "print([m for m in sys.modules if m.startswith('inkcre_telegram.')]);"
        "import inkcre_telegram.http, inkcre_telegram.jobs, inkcre_telegram.tables;"
        "print({'typer', 'alembic', 'uvicorn', 'httpcore2'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "set()"]


def bring(base: Components, update: Json) -> bool:
    """Take an update."""
    read = Update.model_validate(update)
    assert read.any_message
    return keep_message(base.database, read.any_message, read.update_id, base.clock())


def test_copy_of_a_base_goes_on(tmp_path: Path, bot_api: BotApi, chat: Chat) -> None:
    """Though its sources have other ids: edits change the blocks, and nothing is kept twice."""
    first, reply, edit = (chat.update(name) for name in ("text", "reply", "edited"))
    bases = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        bases.append(build_components(load("sqlite", tmp_path / name, bot_api)))
    here, there = bases
    for update in (first, reply):
        assert bring(here, update)
    assert bring(there, Chat().update("text"))  # another source is there first
    move = plan_move(here, there)
    assert [*copy_rows(move)]
    assert [compared for compared in compare_bases(move) if compared.bad] == []
    assert not bring(there, first)
    assert bring(there, edit)
    texts = Values(select(blocks.c.content).order_by(blocks.c.id), str).read(there.database)
    assert message_of(edit)["text"] in texts
    assert message_of(first)["text"] not in texts
    for base in bases:
        base.database.close()
