"""The tables of extensions go along with a base: copied, exported, imported."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inkcre_sample.words import INSERT, SELECT, words
from sqlalchemy import select, update

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import Conflict
from inkcre.graph import graphs
from inkcre.graph.forms import parse_graph
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.schedules import list_schedules
from inkcre.jobs.tick import look
from inkcre.ports.database import Statement
from inkcre.process.purging import count_rows, find_belongings, purge_rows
from inkcre.sql import schema
from inkcre.sql.constructs import as_rfc3339
from inkcre.sql.lines import lines_of
from inkcre.sql.rows import Values
from inkcre.transfer.arrivals import Destination
from inkcre.transfer.copies.bases import compare_bases, copy_rows, plan_move
from inkcre.transfer.exports import export_lines
from inkcre.transfer.imports import Progress, import_lines
from inkcre.transfer.row_lines import row_lines
from inkcre.transfer.tables import list_tables
from tests.conftest import new_postgres_database, postgres_settings, sqlite_settings

MOMENTS = Values(select(as_rfc3339(words.c.said_at)), str)
SAID = "2026-11-24T12:00:00.000001Z"

Open = Callable[..., Components]


@pytest.fixture
def open_base(tmp_path: Path) -> Iterator[Open]:
    """Return what opens a base of a kind by its name, with the sample enabled unless it is not."""
    opened: list[Components] = []

    def open_base(name: str, *, enabled: bool = True) -> Components:
        overrides = {
            "storage.path": str(tmp_path / f"{name}-files"),
            "extensions.enabled": ["sample"] if enabled else [],
        }
        if name.startswith("pg"):
            settings = postgres_settings(new_postgres_database(), **overrides)
        else:
            settings = sqlite_settings(tmp_path / f"{name}.sqlite3", **overrides)
        base = build_components(settings)
        schema.migrate(base.database, lines_of(settings.application))
        opened.append(base)
        return base

    yield open_base
    for base in opened:
        base.database.close()


def write(base: Components, *contents: str) -> None:
    """Add blocks."""
    for content in contents:
        form = parse_graph({"block": {"resolver": "text", "content": content}})
        graphs.write_graph(base.database, form, base.clock())


def fill(base: Components) -> Components:
    """Add two blocks, and words about one of them, about none, and about one that is gone."""
    write(base, "one", "two")
    for word, block in (("of two", 2), ("of none", None), ("of nobody", 99), ("", 1)):
        base.database.atomic([INSERT(word=word, now=SAID, block_id=block)])
    return base


def read(base: Components) -> dict[str, int | None]:
    """Return the words, and the ids of blocks that they have."""
    return {found.word: found.block_id for found in SELECT.read(base.database)}


def move(source: Components, target: Components) -> list[str]:
    """Copy a base; return what was refused, or does not compare."""
    plan = plan_move(source, target)
    for _ in copy_rows(plan):
        pass
    found = list(compare_bases(plan))
    return [*plan.refused, *(said for one in found for said in one.named)]


@pytest.mark.parametrize(("here", "there"), [("a", "pg b"), ("pg a", "b")])
def test_copy_takes_rows_along(open_base: Open, here: str, there: str) -> None:
    """With ids where they are kept, and the moments; done again it adds nothing."""
    source, target = fill(open_base(here)), open_base(there)
    assert move(source, target) == []
    assert read(target) == {"of two": 2, "of none": None, "of nobody": 99, "": 1}
    assert set(MOMENTS.read(target.database)) == {SAID}
    assert move(source, target) == []


def test_ids_of_blocks_are_rewritten(open_base: Open) -> None:
    """Where the target has rows of its own; a block that is not there has none."""
    source, target = fill(open_base("a")), open_base("pg b")
    write(target, "its own", "another", "and one")
    assert move(source, target) == []
    assert read(target) == {"of two": 5, "of none": None, "of nobody": None, "": 4}


def test_row_that_is_another_is_told(open_base: Open) -> None:
    """It is not written over."""
    source, target = fill(open_base("a")), open_base("b")
    move(source, target)
    target.database.atomic(
        [Statement(update(words).where(words.c.word == "").values(block_id=2))()]
    )
    assert move(source, target) == ["sample_words : is there, and is another"]
    assert read(target)[""] == 2


def test_base_that_has_no_place_for_rows_is_told(open_base: Open) -> None:
    """The extension is enabled here only."""
    source, target = fill(open_base("a")), open_base("b", enabled=False)
    said = "table sample_words: its extension is not enabled in the target"
    assert move(source, target) == [said]


def exported(base: Components) -> list[bytes]:
    """Return a base as lines."""
    tables = list_tables(base.settings.application)
    return [*export_lines(base.database), *row_lines(base.database, tables)]


def imported(base: Components, lines: list[bytes]) -> Progress:
    """Import lines."""
    tables = list_tables(base.settings.application)
    *_, progress = import_lines(base.database, lines, base.clock, Destination(tables=tables))
    return progress


@pytest.mark.parametrize("there", ["b", "pg b"])
def test_export_is_imported_whole(open_base: Open, there: str) -> None:
    """Rows name blocks by digest, so that they go into any base; twice they add nothing."""
    lines, target = exported(fill(open_base("a"))), open_base(there)
    write(target, "its own")
    for _ in range(2):
        progress = imported(target, lines)
        assert (progress.bad, progress.lines) == ([], len(lines))
        assert read(target) == {"of two": 3, "of none": None, "of nobody": None, "": 2}
    assert set(MOMENTS.read(target.database)) == {SAID}


def test_bad_rows_are_bad_lines(open_base: Open) -> None:
    """Each is told with its number; the others are kept."""
    good = {"word": "good", "said_at": SAID, "block_id": None}
    rows = [
        {"row": {"table": "nobodys_words", "values": good}},
        {"row": {"table": "sample_words", "values": {"word": "x"}}},
        {"row": {"table": "sample_words", "values": {**good, "word": None}}},
        {"row": {"table": "sample_words", "values": {**good, "block_id": {"digest": "f" * 64}}}},
        {"row": {"table": "sample_words"}},
        {"row": {"table": "sample_words", "values": good}},
    ]
    base = open_base("a")
    progress = imported(base, [json.dumps(row).encode() + b"\n" for row in rows])
    said = {bad.number: bad.reason for bad in progress.bad}
    assert set(said) == {1, 2, 3, 4, 5}
    assert "the extension that has it is not enabled here" in said[1]
    assert "its columns are word, said_at, block_id" in said[2]
    assert "is not there" in said[4]
    assert read(base) == {"good": None}
    assert progress.lines == 1


def test_truncated_line_of_a_row_is_bad(open_base: Open) -> None:
    """As any other line."""
    progress = imported(open_base("a"), [b'{"row": {"table"\n', b'{"row":{"table"\n'])
    assert [bad.number for bad in progress.bad] == [1, 2]


@pytest.mark.parametrize("name", ["a", "pg a"])
def test_purge_takes_what_is_its_own(open_base: Open, name: str) -> None:
    """Its tables, its jobs and schedules, and nothing else."""
    base = fill(open_base(name))
    look(base, load_kinds(base.application))
    with pytest.raises(Conflict, match="is enabled"):
        find_belongings(base.settings, "sample")
    belongings = find_belongings(open_base("other", enabled=False).settings, "sample")
    assert count_rows(base.database, belongings) == {
        "sample_words": 4, "sample_schema": 1, "jobs of its kinds": 1, "schedules of its kinds": 1
    }  # fmt: skip
    purge_rows(base.database, belongings)
    assert count_rows(base.database, belongings) == {}
    assert len(list(export_lines(base.database))) == 2
    left, _ = list_schedules(base.database, limit=50)
    assert {schedule.kind for schedule in left} == {"sweep", "sweep files"}
