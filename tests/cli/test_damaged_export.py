"""An export of an SQLite base of which pages have changed: all that can be read, and what cannot."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.graph import graphs
from inkcre.graph.files import files
from inkcre.graph.forms import parse_graph
from inkcre.sources.forms import SourceForm
from inkcre.sources.on_demand import collect_now
from tests.cli.conftest import Run, run_command
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.on_base import create_source

STARS = 400
NOTES = 120
BASE = ("--set", "database.path=base.sqlite3", "--set", "storage.path=files")
NEW = ("--set", "database.path=new.sqlite3", "--set", "storage.path=new-files")

Page = Callable[[sqlite3.Connection], int]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a base of stars, and of notes that a source has brought; its export."""
    tmp_path = tmp_path_factory.mktemp("whole")
    lay_sqlite_base(tmp_path / "base.sqlite3")
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(NOTES):
        text = f"# Note {number}\n\n{'ink ' * 60}\n[[note-{number - 1}]]\n"
        (notes / f"note-{number}.md").write_text(text)
    told = {"storage.path": str(tmp_path / "files"), "sources.folders": [str(notes)]}
    base = build_components(sqlite_settings(tmp_path / "base.sqlite3", **told))
    for number in range(STARS):
        arc = {"resolver": "text", "content": f"topic {number % 7}"}
        star = {
            "block": {"resolver": "text", "content": f"word {number} " + "x" * 300},
            "out_relations": [{"relation": {"content": "about"}, "to_block": {"block": arc}}],
        }
        graphs.write_graph(base.database, parse_graph(star), base.clock())
    source = create_source(base, SourceForm(type="folder", config={"path": str(notes)}))
    collect_now(base, source.id, full=False)
    base.database.close()
    with closing(sqlite3.connect(tmp_path / "base.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert run_command(tmp_path, "export", "whole.ndjson", *BASE).returncode == 0
    return tmp_path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Return a folder of the test's own with the base and its export."""
    for name in ("base.sqlite3", "whole.ndjson"):
        shutil.copy(whole / name, tmp_path)
    return tmp_path


def leaves_of(connection: sqlite3.Connection, name: str) -> list[int]:
    """Return the pages of a table or an index that have its rows, in order.

    https://www.sqlite.org/fileformat2.html#b_tree_pages
    """
    [(size,)] = connection.execute("PRAGMA page_size")
    [(root,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    content = Path(path).read_bytes()

    def walk(number: int) -> Iterator[int]:
        start = (number - 1) * size
        page = content[start : start + size]
        if page[0] in (13, 10):
            yield number
            return
        for cell in range(int.from_bytes(page[3:5])):
            place = int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell])
            yield from walk(int.from_bytes(page[place : place + 4]))
        yield from walk(int.from_bytes(page[8:12]))

    return list(walk(root))


def leaf(name: str, part: float) -> Page:
    """Choose a leaf of a table or an index."""

    def choose(connection: sqlite3.Connection) -> int:
        leaves = leaves_of(connection, name)
        return leaves[int(part * (len(leaves) - 1))]

    return choose


def root(name: str) -> Page:
    """Choose the uppermost page of a table or an index."""

    def choose(connection: sqlite3.Connection) -> int:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        [(page,)] = connection.execute(query, (name,))
        return int(page)

    return choose


def overwrite(path: Path, pages: list[Page], filling: bytes = b"\xff") -> None:
    """Have other bytes in pages of a base."""
    with closing(sqlite3.connect(path)) as connection:
        numbers = [choose(connection) for choose in pages]
        [(size,)] = connection.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        for number in numbers:
            file.seek((number - 1) * size)
            file.write(filling * size)


INDEX = "ix_relations_from__id"
DAMAGES: dict[str, tuple[list[Page], str]] = {
    "a page of blocks": ([leaf("blocks", 0.5)], "blocks: "),
    "the ends of blocks": ([leaf("blocks", 0), leaf("blocks", 1)], "blocks: "),
    "several pages": (
        [leaf("blocks", 0.3), leaf("blocks", 0.7), leaf("relations", 0.5)], "relations: ",
    ),
    "the last page of relations": ([leaf("relations", 1)], "relations: "),
    "an index": ([root(INDEX)], "relations: their index could not be read"),
    "all relations": ([root("relations")], "relations: "),
    "a page of items": ([leaf("source_items", 0.5)], "items: "),
    "a page of what items say": ([leaf("sayings", 0.5)], "items: "),
    "all sources": ([root("sources")], "sources: 1 could not be read: 1"),
}  # fmt: skip
"""Pages, and the beginning of what is said of them."""


def blocks_in(path: Path) -> list[str]:
    """Return the contents of an export's blocks."""
    said = (json.loads(line) for line in path.read_text().splitlines())
    return [s["block"]["content"] for s in said if "content" in s.get("block", {})]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_can_be_read_is_exported_and_imports(folder: Path, run: Run, damage: str) -> None:
    """It says what is missing, ends with 65, and a new base takes each line."""
    pages, said = DAMAGES[damage]
    filling = b"\x00" if len(damage) % 2 else b"\xff"
    overwrite(folder / "base.sqlite3", pages, filling)
    done = run("export", "rest.ndjson", *BASE)
    assert done.returncode == 65, done.stderr
    assert "error[partly_read]: rest.ndjson: has what could be read" in done.stderr
    assert f"\n{said}" in done.stderr
    whole, rest = blocks_in(folder / "whole.ndjson"), blocks_in(folder / "rest.ndjson")
    assert len(set(rest)) == len(rest)
    assert set(rest) <= set(whole)
    lost = len(whole) - len(rest)
    assert lost == 0 if "blocks: " not in done.stderr else 0 < lost < 50
    taken = run("import", "rest.ndjson", *NEW)
    assert taken.returncode == 0, taken.stderr
    assert " 0 bad lines" in taken.stdout
    with closing(sqlite3.connect(folder / "new.sqlite3")) as connection:
        there = [content for (content,) in connection.execute("SELECT content FROM blocks")]
    assert sorted(there) == sorted(rest)


def test_files_are_found_past_their_index(folder: Path, run: Run) -> None:
    """Each once, though it is by the index that they are found."""
    told = {"storage.path": str(folder / "files")}
    base = build_components(sqlite_settings(folder / "base.sqlite3", **told))
    for number in range(5):
        content = b"file %d" % number
        files.add_file(base.database, base.storage, [content], name=None, now=base.clock())
    base.database.close()
    overwrite(folder / "base.sqlite3", [root("ix_blocks_storage_id")])
    done = run("export", "rest.ndjson", "--files", *BASE)
    assert done.returncode == 65, done.stderr
    assert "5 files; 0 missing" in done.stderr
    assert "\nfiles: their index could not be read" in done.stderr
    taken = run("import", "rest.ndjson", *NEW)
    assert taken.returncode == 0, taken.stderr
    assert "5 files; 0 missing" in taken.stdout


PLANTED = {
    "UPDATE blocks SET content = CAST(x'ff41' AS TEXT) WHERE id = 7": "blocks: 1 could not be read: 7",
    "UPDATE blocks SET content = x'41' WHERE id = 7": "blocks: 1 could not be read: 7",
    "UPDATE relations SET content = x'41' WHERE id = 7": "relations: 1 could not be read: 7",
    "UPDATE source_items SET arcs = '[no' WHERE id = 7": "items: 1 could not be read: 7",
    "UPDATE sources SET state = '[no'": "sources: 1 could not be read: 1",
}


@pytest.mark.parametrize("statement", PLANTED)
def test_row_that_makes_no_sense_is_left_out(folder: Path, run: Run, statement: str) -> None:
    """What SQLite gives without a word is read by what it is to be."""
    with closing(sqlite3.connect(folder / "base.sqlite3", isolation_level=None)) as connection:
        connection.execute(statement)
    done = run("export", "rest.ndjson", *BASE)
    assert done.returncode == 65, done.stderr
    assert f"\n{PLANTED[statement]}\n" in done.stderr
    assert run("import", "rest.ndjson", *NEW).returncode == 0


def test_block_that_says_something_else_is_left_out(folder: Path, run: Run) -> None:
    """Nothing but its digest tells that a letter has changed; its relations go with it."""
    path = folder / "base.sqlite3"
    content = path.read_bytes()
    place = content.index(b"word 77 xxx")
    path.write_bytes(content[: place + 20] + b"y" + content[place + 21 :])
    done = run("export", "rest.ndjson", *BASE)
    assert done.returncode == 65
    assert "\nblocks: 1 could not be read: " in done.stderr
    assert "\nrelations: 1 could not be read: " in done.stderr
    assert run("import", "rest.ndjson", *NEW).returncode == 0


def test_export_of_before_is_not_replaced_by_less(folder: Path, run: Run) -> None:
    """Unless it is told to; another file is written."""
    former = (folder / "whole.ndjson").read_bytes()
    overwrite(folder / "base.sqlite3", [leaf("blocks", 0.5)])
    refused = run("export", "whole.ndjson", *BASE)
    assert refused.returncode == 65
    assert "whole.ndjson: stays as it is" in refused.stderr
    assert (folder / "whole.ndjson").read_bytes() == former
    assert run("export", "whole.ndjson", "--force", *BASE).returncode == 65
    assert (folder / "whole.ndjson").read_bytes() != former
