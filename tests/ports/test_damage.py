"""An SQLite file of which some bytes have changed: what is wrong is told, the rest is read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.errors import DatabaseDamaged
from inkcre.graph.blocks import create_block, get_block, list_blocks
from inkcre.graph.forms import BlockForm
from inkcre.process.doctor import examine
from inkcre.sections.schema import inspect_settings
from tests.conftest import lay_sqlite_base, sqlite_settings

BLOCKS = 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a base of which a page in the middle of the blocks is overwritten."""
    path = tmp_path / "base.sqlite3"
    lay_sqlite_base(path)
    base = build_components(sqlite_settings(path, **{"storage.kind": "memory"}))
    for number in range(BLOCKS):
        form = BlockForm(resolver="text", content=f"{number:04} " + "x" * 400)
        create_block(base.database, form, now=base.clock())
    base.database.close()
    with closing(sqlite3.connect(path)) as connection:
        [(size,)] = connection.execute("PRAGMA page_size")
        [(root,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'blocks'")
    with path.open("r+b") as file:
        content = file.read()
        page = content.index(f"{BLOCKS // 2:04} xxx".encode()) // size
        assert page + 1 != root
        file.seek(page * size)
        file.write(b"\xff" * size)
    return path


def test_damage_is_told_and_the_rest_is_read(path: Path) -> None:
    """By a list that comes to it, and not by what lies before it."""
    database = build_components(sqlite_settings(path)).database
    assert (get_block(database, 3).content or "").startswith("0002 ")
    with pytest.raises(DatabaseDamaged) as caught:
        list_blocks(database, limit=BLOCKS)
    assert "inkcre restore" in (caught.value.hint or "")
    database.close()


@pytest.mark.parametrize("is_thorough", [False, True])
def test_doctor_finds_it(path: Path, is_thorough: bool) -> None:
    """In a look at each page."""
    found = inspect_settings("dev", overrides={"database.path": str(path)}, environ={})
    told = {probe.name: probe for probe in examine(found, is_thorough=is_thorough).probes}
    assert told["database"].status == "failed"
    assert "damaged" in told["database"].detail
    assert "inkcre restore" in (told["database"].help or "")
