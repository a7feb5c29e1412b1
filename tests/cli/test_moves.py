"""Moves: a whole base in another place, and nothing that was left behind."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph import graphs
from inkcre.graph.blocks import delete_block
from inkcre.graph.files import files
from inkcre.graph.forms import parse_graph
from inkcre.graph.stars import star, text
from inkcre.jobs import jobs
from inkcre.jobs.schedules import ScheduleForm
from inkcre.ports.keyvalue import ValueKey
from inkcre.sources.absence import MARK_MISSING
from inkcre.sources.base import Item
from inkcre.sources.forms import SourceForm
from inkcre.sources.on_demand import collect_now
from inkcre.sources.rows import Source
from inkcre.sources.sources import list_sources
from inkcre.sql import schema
from inkcre.transfer import exports
from inkcre.transfer.copies.tables import COPIED
from inkcre.transfer.losses import Losses
from tests.cli.conftest import Run
from tests.cli.test_files import copy
from tests.conftest import new_postgres_database, postgres_settings, sqlite_settings
from tests.lines import LINES, METADATA
from tests.on_base import add_items, create_source, enqueue_collect
from tests.pages import Pages, serve_pages

SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
FEED = """<rss version="2.0"><channel><title>Birds</title><link>http://birds.example/</link>{}</channel></rss>"""
ENTRY = "<item><guid>{0}</guid><title>{1}</title><description>about {1}</description></item>"


def feed(**entries: str) -> bytes:
    """Write a feed of titles by their ids."""
    return FEED.format("".join(ENTRY.format(*one) for one in entries.items())).encode()


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


class Places:
    """Bases by name, on either database, each with a folder of its own for files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._urls: dict[str, str] = {}
        self._opened: list[Components] = []

    def options(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the profile and the settings of a base; one that begins with "pg" is a server's."""
        common = {
            "storage.path": str(self._folder / f"{name}-files"),
            "web.private_hosts": '["127.0.0.1"]',
            "sources.folders": json.dumps([str(self._folder)]),
            "keyvalue.kind": "database",
        }
        if name.startswith("pg"):
            if name not in self._urls:
                self._urls[name] = new_postgres_database()
                self.open(name)
            return "server", {"database.url": self._urls[name], **common}
        return "dev", {"database.path": str(self._folder / f"{name}.sqlite3"), **common}

    def open(self, name: str) -> Components:
        """Open a base, with its schema."""
        kind = sqlite_settings if not name.startswith("pg") else postgres_settings
        place = (
            self._folder / f"{name}.sqlite3"
            if kind is sqlite_settings
            else self._urls.setdefault(name, new_postgres_database())
        )
        context = build_components(
            kind(
                place,  # type: ignore[arg-type]
                **{
                    "storage.path": str(self._folder / f"{name}-files"),
                    "web.private_hosts": ["127.0.0.1"],
                    "sources.folders": [str(self._folder)],
                    "keyvalue.kind": "database",
                    "cache.enabled": False,
                },
            )
        )
        schema.migrate(context.database, LINES)
        self._opened.append(context)
        return context

    def close(self) -> None:
        """Close them all."""
        for context in self._opened:
            context.database.close()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Return bases by name."""
    made = Places(tmp_path)
    yield made
    made.close()


def fill(context: Components, folder: Path, pages: Pages) -> None:
    """Fill a base with everything that one can have."""
    notes = folder / "notes"
    notes.mkdir()
    for number in range(5):
        (notes / f"{number}.md").write_text(f"note {number}, see [[{(number + 1) % 5}]]")
    pages.put("/feed", feed(a="Wren", b="Robin", c="Owl"), etag='"1"')
    for form in (
        {"type": "inbox", "config": {}},  # deleted below: ids have gaps
        {"type": "folder", "config": {"path": str(notes)}, "schedule": {"every": "15m"}},
        {
            "type": "rss",
            "config": {"url": f"{pages.url}/feed"},
            "schedule": {"cron": "0 7 * * mon-fri", "timezone": "Europe/Berlin"},
        },
        {"type": "inbox", "nickname": "my hook", "config": {"secret": SECRET}},
    ):
        create_source(context, SourceForm.model_validate(form))
    from inkcre.sources.removals import delete_source

    delete_source(context.database, 1)
    for source_id in (2, 3):
        collect_now(context, source_id, full=False)
    by_hand = {
        "block": {"resolver": "text", "content": "by hand"},
        "out_relations": [
            {
                "relation": {"content": "of"},
                "to_block": {"block": {"resolver": "text", "content": "mine"}},
            }
        ],
    }
    graphs.write_graph(context.database, parse_graph(by_hand), context.clock())
    delete_block(context.database, block_of(context, "note 3"))
    away = json.dumps([{"source": 2, "key": "4.md"}])
    context.database.atomic([MARK_MISSING(keys=away, now="2026-11-20T07:00:00.123456Z")])
    reference = {
        "block": {"id": block_of(context, "by hand")},
        "out_relations": [
            {
                "relation": {"content": "tagged"},
                "to_block": {"block": {"resolver": "text", "content": "tag"}},
            }
        ],
    }
    add_items(context, 4, [Item("said", star(text("said"))), Item("by id", parse_star(reference))])
    enqueue_collect(context, 3, full=True)
    files.add_file(
        context.database, context.storage, [b"x" * 3_000_000], name="large.bin", now=context.clock()
    )
    files.add_file(
        context.database, context.storage, [b"small"], name="small.txt", now=context.clock()
    )
    context.keyvalue.put(ValueKey("kept"), bytes(range(256)))
    context.keyvalue.put(ValueKey("for a while"), b"soon gone", ttl_seconds=3600)


def parse_star(form: dict[str, Any]) -> Any:
    """Make a star of its form."""
    from inkcre.graph.forms import parse_star

    return parse_star(form)


def contents(context: Components) -> list[str]:
    """Return what the blocks of a base say, in order."""
    lines = [json.loads(line) for line in exports.export_lines(context.database)]
    return [line["block"]["content"] for line in lines if "content" in line["block"]]


def block_of(context: Components, beginning: str) -> int:
    """Return the id of the block that begins so."""
    from sqlalchemy import select

    from inkcre.graph.tables import blocks
    from inkcre.sql.rows import Values

    (found,) = Values(
        select(blocks.c.id).where(blocks.c.content.startswith(beginning, autoescape=True)), int
    ).read(context.database)
    return found


def without_schedule_id(source: Source) -> Source:
    """Return a source whose schedule may have another id."""
    return replace(source, schedule=source.schedule and replace(source.schedule, id=0))


def test_move_brings_everything(places: Places, tmp_path: Path, run: Run, pages: Pages) -> None:
    """SQLite to PostgreSQL and back; a collect in each new place adds nothing and edits in place.

    What somebody had deleted stays deleted, the hook has its address and its secret, what waited
    waits, and values and files are there.
    """
    names = ("first", "pg", "second")
    first = places.open("first")
    fill(first, tmp_path, pages)
    said = contents(first)
    for before, name in pairwise(names):
        done = copy(run, *places.options(before), *places.options(name))
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith(" 0 missing; 0 files missing\n")
        moved = places.open(name)
        assert contents(moved) == said
        kept, _ = list_sources(first.database, limit=100)
        there, _ = list_sources(moved.database, limit=100)
        assert list(map(without_schedule_id, there)) == list(map(without_schedule_id, kept))
        waiting, _ = jobs.list_jobs(moved.database, {"state": "pending"}, limit=100)
        assert [(job.kind, job.payload, job.source_id) for job in waiting] == [
            ("collect", {"full": True}, 3)
        ]
        assert moved.keyvalue.get(ValueKey("kept")) == bytes(range(256))
        assert moved.keyvalue.get(ValueKey("for a while")) == b"soon gone"
    for name in ("pg", "second"):
        moved = places.open(name)
        for source_id in (2, 3):
            assert collect_now(moved, source_id, full=False) == []
        assert contents(moved) == said
    (tmp_path / "notes" / "1.md").write_text("note 1, corrected, see [[2]]")
    pages.put("/feed", feed(a="Wren", b="Robin, corrected", c="Owl"), etag='"2"')
    for name in names:
        moved = places.open(name)
        for source_id in (2, 3):
            assert len(collect_now(moved, source_id, full=False)) == 1
        assert sum(1 for one in contents(moved) if "note 1" in one) == 1
        assert sum(1 for one in contents(moved) if "Robin" in one and one.startswith("{")) == 1
        assert not any("note 3" in one for one in contents(moved))
    assert contents(places.open("pg")) == contents(first) == contents(places.open("second"))


def test_ids_are_kept_in_an_empty_base(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """Those of blocks, relations and sources; and none that the first base has ever given is given again."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    block = graphs.write_graph(
        first.database,
        parse_graph({"block": {"resolver": "text", "content": "last"}}),
        first.clock(),
    )
    last = block.blocks[0].id
    delete_block(first.database, last)
    for name in ("pg", "second"):
        assert copy(run, *places.options("first"), *places.options(name)).returncode == 0
        moved = places.open(name)
        for table in ("blocks", "relations", "sources"):
            assert rows_of(moved, table) == rows_of(first, table)
        new = graphs.write_graph(
            moved.database,
            parse_graph({"block": {"resolver": "text", "content": "new"}}),
            moved.clock(),
        )
        assert new.blocks[0].id > last
        assert create_source(moved, SourceForm(type="inbox")).id == 5


def rows_of(context: Components, name: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table, times as text."""
    from sqlalchemy import select

    from inkcre.ports.database import Statement
    from inkcre.sql.constructs import as_rfc3339
    from inkcre.sql.tables import Timestamp

    [table] = [m.tables[name] for m in METADATA if name in m.tables]
    columns = [as_rfc3339(c) if c.type is Timestamp else c for c in table.columns]
    return context.database.read(Statement(select(*columns).order_by(*table.primary_key.columns))())


def comparable(context: Components, name: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table, but the ids of items, which a second try to add them uses up."""
    rows = rows_of(context, name)
    return sorted((row[1:] for row in rows), key=repr) if name == "source_items" else rows


@pytest.mark.parametrize("kind", ["other", "pg"])
def test_copy_into_a_base_with_its_own_things_overwrites_nothing(
    places: Places, tmp_path: Path, run: Run, pages: Pages, kind: str
) -> None:
    """Ids are others there, and whatever names sources and blocks by id is rewritten."""
    first, other = places.open("first"), places.open(kind)
    fill(first, tmp_path, pages)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "mine.md").write_text("mine")
    for number in range(3):
        create_source(other, SourceForm(type="inbox", nickname=f"of the other {number}"))
    create_source(
        other,
        SourceForm(
            type="folder",
            config={"path": str(tmp_path / "theirs")},
            schedule=ScheduleForm(every="1h"),
        ),
    )
    collect_now(other, 4, full=False)
    enqueue_collect(other, 4, full=True)
    other.keyvalue.put(ValueKey("of the other"), b"stays")
    theirs = {
        name: rows_of(other, name)
        for name in ("blocks", "relations", "sources", "schedules", "jobs")
    }
    organize_by_hand(first)
    done = copy(run, *places.options("first"), *places.options(kind))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ids are others" in done.stdout
    for name, rows in theirs.items():
        # Theirs is given too now, as the last column says, where the copy gives it.
        end = -1 if name in {"blocks", "relations"} else None
        now = rows_of(other, name)[: len(rows)]
        assert [row[:end] for row in now] == [row[:end] for row in rows]
    there, _ = list_sources(other.database, limit=100)
    ids = {source.nickname or source.type: source.id for source in there if source.id > 4}
    assert ids == {"folder": 5, "rss": 6, "my hook": 7}
    for source_id in (5, 6):
        assert collect_now(other, source_id, full=False) == []
    (tmp_path / "notes" / "1.md").write_text("note 1, corrected, see [[2]]")
    assert len(collect_now(other, 5, full=False)) == 1
    assert sum(1 for one in contents(other) if one.startswith("note 1")) == 1
    waiting, _ = jobs.list_jobs(other.database, {"state": "pending"}, limit=100)
    payloads = {(job.kind, job.source_id): job.payload for job in waiting}
    assert payloads[("collect", 6)] == {"full": True}
    assert payloads[("organize", 6)] == {"block_id": block_of(other, "by hand")}
    # An item whose block was named by id: the same star, with the id that it has there, is known.
    reference = {
        "block": {"id": block_of(other, "by hand")},
        "out_relations": [
            {
                "relation": {"content": "tagged"},
                "to_block": {"block": {"resolver": "text", "content": "tag"}},
            }
        ],
    }
    assert (
        add_items(
            other, 7, [Item("by id", parse_star(reference)), Item("said", star(text("said")))]
        ).unchanged
        == 2
    )
    before = {
        name: rows_of(other, name)
        for name in ("blocks", "sources", "source_items", "schedules", "jobs")
    }
    done = copy(run, *places.options("first"), *places.options(kind))
    assert {name: len(rows_of(other, name)) for name in before} | {"blocks": 0} == {
        name: len(rows) for name, rows in before.items()
    } | {"blocks": 0}
    assert rows_of(other, "source_items") == before["source_items"]
    assert rows_of(other, "jobs") == before["jobs"]


def organize_by_hand(context: Components) -> None:
    """Add a job that names a block by its id, as a source does."""
    from inkcre.sources.organize import OrganizePayload

    payload = OrganizePayload(block_id=block_of(context, "by hand"))
    new = jobs.NewJob("organize", payload, idempotency_key="organize:3:abc", source_id=3)
    assert jobs.enqueue(context.database, new, context.clock())


def test_block_of_both_bases_is_no_items_own(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """What somebody wrote in the target stays when a copied item of the same words changes; and the other way."""
    first, other = places.open("first"), places.open("other")
    fill(first, tmp_path, pages)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "one.md").write_text("mine")
    create_source(other, SourceForm(type="folder", config={"path": str(tmp_path / "theirs")}))
    collect_now(other, 1, full=False)
    graphs.write_graph(
        other.database,
        parse_graph({"block": {"resolver": "text", "content": "note 0, see [[1]]"}}),
        other.clock(),
    )
    assert copy(run, *places.options("first"), *places.options("other")).returncode == 0
    (tmp_path / "notes" / "0.md").write_text("note 0, rewritten")
    (tmp_path / "theirs" / "one.md").write_text("mine, rewritten")
    for source in list_sources(other.database, limit=100)[0]:
        if source.type == "folder":
            collect_now(other, source.id, full=False)
    assert {"note 0, see [[1]]", "note 0, rewritten", "mine", "mine, rewritten"} <= set(
        contents(other)
    )


@pytest.mark.parametrize("kind", ["second", "pg"])
def test_copy_goes_on_wherever_it_was_cut_off(
    places: Places, tmp_path: Path, pages: Pages, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off behind any of its batches, the second run gives the base of a copy that was never cut off."""
    from inkcre.transfer.copies import parts
    from inkcre.transfer.copies.bases import compare_bases, copy_rows, plan_move

    first = places.open("first")
    fill(first, tmp_path, pages)
    monkeypatch.setattr(parts.read_pages, "__kwdefaults__", {"limit": 4})
    whole = sum(1 for _ in copy_rows(plan_move(first, places.open(f"{kind} whole"))))
    tables = ("blocks", "relations", "sources", "source_items", "schedules", "keyvalues")
    wanted = {name: comparable(places.open(f"{kind} whole"), name) for name in tables}
    assert whole > 20
    for cut in range(1, whole, 3):
        target = places.open(f"{kind} {cut}")
        for _ in zip(range(cut), copy_rows(plan_move(first, target)), strict=False):
            pass
        move = plan_move(first, target)
        assert move.keeps_ids
        for _ in copy_rows(move):
            pass
        for name in tables:
            assert comparable(target, name) == wanted[name], (cut, name)
        assert [found.bad for found in compare_bases(move)] == [0] * len(COPIED)
        target.database.close()


def test_job_comes_once_and_comes_back(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """Not again when it has been done there; nor into the base that it came from."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    assert copy(run, *places.options("first"), *places.options("second")).returncode == 0
    assert copy(run, *places.options("second"), *places.options("first")).returncode == 0
    assert len(jobs.list_jobs(first.database, {"state": "pending"}, limit=9)[0]) == 1
    second = places.open("second")
    (job,) = jobs.list_jobs(second.database, {"state": "pending"}, limit=9)[0]
    jobs.cancel_job(second.database, job.id, second.clock())
    assert copy(run, *places.options("first"), *places.options("second")).returncode == 0
    assert jobs.list_jobs(second.database, {"state": "pending"}, limit=9)[0] == []


def test_what_cannot_be_taken_fails(places: Places, run: Run) -> None:
    """A job of a kind of others into a base with other ids, and values where nobody looks for them: named."""
    from inkcre.jobs.kinds import NoPayload

    first, other = places.open("first"), places.open("other")
    jobs.enqueue(first.database, jobs.NewJob("send letters", NoPayload()), first.clock())
    first.keyvalue.put(ValueKey("kept"), b"for good")
    profile, settings = places.options("second")
    done = copy(run, *places.options("first"), profile, {**settings, "keyvalue.kind": "memory"})
    assert done.returncode == 1
    assert "values: 1 are kept for good" in done.stderr
    graphs.write_graph(
        other.database,
        parse_graph({"block": {"resolver": "text", "content": "mine"}}),
        other.clock(),
    )
    done = copy(run, *places.options("first"), *places.options("other"))
    assert done.returncode == 1
    assert "job 1 (send letters): the target has rows of its own" in done.stderr
    done = copy(run, *places.options("first"), *places.options("third"))
    assert done.returncode == 0, done.stderr
    assert "1 new waiting jobs" in done.stdout


def test_row_that_is_missing_or_another_is_told(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """In any table: what the target says otherwise is named, and the command fails."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    assert copy(run, *places.options("first"), *places.options("second")).returncode == 0
    spoilt = {
        "sources": "UPDATE sources SET state = '{}', config = '{\"url\": \"http://other.example/\"}', updated_at = '2030' WHERE id = 3",
        "items": "UPDATE source_items SET stamp = 'x' WHERE key = '2.md'",
        "missing items": "UPDATE source_items SET missing_since = '2030' WHERE key = '1.md'",
        "schedules": "UPDATE schedules SET timezone = 'UTC' WHERE source_id = 3",
        "values": "UPDATE keyvalues SET value = x'00' WHERE key = 'kept'",
        "storages": "UPDATE storages SET type = 'x'",
    }
    for name, statement in spoilt.items():
        path = tmp_path / "second.sqlite3"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(statement)
        connection.close()
        done = copy(run, *places.options("first"), *places.options("second"))
        assert done.returncode == 1, name
        assert "is there, and is another" in done.stderr, name
        assert " differ, 0 missing; 0 files missing" in done.stdout, name


def test_every_table_is_copied_or_left_out(places: Places) -> None:
    """With the reason; a table that is in neither list would be left behind in silence."""
    from inkcre.transfer import tally
    from inkcre.transfer.copies.bases import PARTS
    from inkcre.transfer.copies.tables import COPIED, LEFT_OUT

    connection = sqlite3.connect(places.options("first")[1]["database.path"])
    places.open("first")
    made = {
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    }
    connection.close()
    assert {name for one in METADATA for name in one.tables} <= made
    assert made == {*COPIED, *LEFT_OUT}
    assert not set(COPIED) & set(LEFT_OUT)
    assert tuple(PARTS) == COPIED
    assert all(LEFT_OUT.values())
    held = {"storages", "blocks", "relations", "sources", "source_items", "sayings", "schedules"}
    assert len(tally.LEFT_OUT) == len(set(COPIED) - held)


READING = (
    ["export", "out.ndjson"], ["export", "-"], ["sources", "list"], ["sources", "export", "feeds.opml"],
    ["sources", "collect", "1"], ["sources", "rm", "1"], ["jobs", "list"], ["jobs", "show", "1"], ["jobs", "run"],
    ["jobs", "retry", "1"], ["jobs", "cancel", "1"], ["files", "ls"], ["files", "get", "1", "x"], ["files", "rm", "1"],
    ["files", "sweep"], ["files", "sweep", "--dry-run"], ["migrate", "--check"],
    ["data", "copy", "--from", "dev", "--to", "dev", "--set-to", "database.path=b.sqlite3", "--set-to", "storage.path=b"],
)  # fmt: skip


CASES = [("absent", command) for command in READING]
CASES += [(state, command) for state in ("empty", "foreign") for command in READING[:4]]


@pytest.mark.parametrize(("state", "command"), CASES, ids=str)
def test_what_only_reads_makes_no_base(
    run: Run, tmp_path: Path, command: list[str], state: str
) -> None:
    """An error that names the path and the profile; no file is made, and none is changed."""
    place = tmp_path / "data" / "inkcre.sqlite3"
    if state != "absent":
        place.parent.mkdir()
        place.write_bytes(b"")
    if state == "foreign":
        connection = sqlite3.connect(place)
        connection.execute("CREATE TABLE notes (text)")
        connection.commit()
        connection.close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = run(*command)
    assert done.returncode == 78
    assert (
        "error[no_base]: database.path: there is no base at data/inkcre.sqlite3, of profile dev"
        in done.stderr
    )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_no_base_on_a_server_is_said(run: Run) -> None:
    """With the name of its database, and without its address."""
    url = new_postgres_database()
    done = run("export", "-", "--profile", "server", INKCRE_DATABASE__URL=url)
    name = url.partition("?")[0].rpartition("/")[2]
    assert done.returncode == 78
    assert (
        f'error[no_base]: database.url: there is no base in "{name}", of profile server'
        in done.stderr
    )


def test_export_of_nothing_replaces_nothing(run: Run, tmp_path: Path) -> None:
    """Unless it is told to; what holds nothing itself may be replaced."""
    backup = tmp_path / "all.ndjson"
    backup.write_text('{"block":{"resolver":"text","content":"valuable"}}\n')
    run("migrate")
    done = run("export", "all.ndjson")
    assert done.returncode == 78
    assert "error[nothing_to_export]: all.ndjson: holds something" in done.stderr
    assert "valuable" in backup.read_text()
    assert run("export", "all.ndjson", "--force").returncode == 0
    assert backup.read_bytes() == b""
    assert run("export", "all.ndjson").returncode == 0
    feeds = tmp_path / "feeds.opml"
    assert run("sources", "export", "feeds.opml").returncode == 0
    assert run("sources", "export", "feeds.opml").returncode == 0
    feeds.write_text(
        '<opml version="2.0"><body><outline type="rss" xmlUrl="http://birds.example/"/></body></opml>'
    )
    done = run("sources", "export", "feeds.opml")
    assert "error[nothing_to_export]" in done.stderr
    assert "birds" in feeds.read_text()
    assert run("sources", "export", "feeds.opml", "--force").returncode == 0


def test_import_of_feeds_names_what_it_leaves_out(run: Run, tmp_path: Path) -> None:
    """A line each, behind how many there are."""
    (tmp_path / "feeds.opml").write_text(
        '\n<opml><body><outline xmlUrl="feed://a.example/f?a=1&b=2" text="A&nbsp;B"/>'
        '<outline xmlUrl="gopher://b.example" text="B"/><outline type="rss" text="C"/></body></opml>'
    )
    done = run("sources", "import", "feeds.opml")
    assert done.stdout.splitlines()[-3:] == [
        "feeds.opml: 1 feeds, 1 new, 0 there already",
        "left out: B: gopher://b.example is no address of the web",
        "left out: C: has no address",
    ]
    assert "A\xa0B" in run("sources", "list").stdout


def test_export_says_what_it_does_not_hold(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """Everything that a copy takes along and an export does not, by number."""
    fill(places.open("first"), tmp_path, pages)
    profile, settings = places.options("first")
    options = [
        "--profile",
        profile,
        *[part for key, value in settings.items() for part in ("--set", f"{key}={value}")],
    ]
    done = run("export", "all.ndjson", *options)
    assert done.returncode == 0, done.stderr
    assert "not in it: 1 waiting jobs, 1 values, 2 files; --files writes files too" in done.stderr
    assert " 0 missing" in done.stderr
    done = run("export", "all.ndjson", "--files", *options)
    assert "2 files; 0 missing" in done.stderr
    assert "not in it: 1 waiting jobs, 1 values; `inkcre" in done.stderr


@pytest.mark.parametrize("kind", ["second", "pg"])
def test_export_with_files_is_imported_whole(
    places: Places, tmp_path: Path, run: Run, pages: Pages, kind: str
) -> None:
    """Blocks, relations and files, byte for byte, through standard streams too."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    files.add_file(first.database, first.storage, [b""], name="empty", now=first.clock())
    files.add_file(
        first.database, first.storage, [bytes(768 * 1024)], name="one part", now=first.clock()
    )

    def options(name: str) -> list[str]:
        profile, settings = places.options(name)
        return [
            "--profile",
            profile,
            *[part for key, value in settings.items() for part in ("--set", f"{key}={value}")],
        ]

    exported = run("export", "-", "--files", *options("first"))
    assert exported.returncode == 0, exported.stderr
    done = run("import", "-", *options(kind), stdin=exported.stdout)
    assert done.returncode == 0, done.stderr
    assert "4 files; 0 missing" in done.stdout
    again = run("export", "-", "--files", *options(kind))
    assert again.stdout == exported.stdout
    assert "4 files; 0 missing" in run("import", "-", *options(kind), stdin=exported.stdout).stdout
    moved = places.open(kind)
    for full in (False, True):
        for source_id in (1, 2):
            assert collect_now(moved, source_id, full=full) == []
    pages.put("/feed", feed(a="Wren", b="Robin, corrected", c="Owl"), etag='"2"')
    assert len(collect_now(moved, 2, full=False)) == 1
    assert sum(1 for one in contents(moved) if "Robin" in one and one.startswith("{")) == 1


def test_damaged_file_lines_are_bad_lines(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """A part that is missing, twice or changed: nothing is kept under its name, and the line is named."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    profile, settings = places.options("first")
    options = [
        "--profile",
        profile,
        *[part for key, value in settings.items() for part in ("--set", f"{key}={value}")],
    ]
    lines = run("export", "-", "--files", *options).stdout.splitlines(keepends=True)
    parts = [number for number, line in enumerate(lines) if line.startswith('{"file"')]
    (large,) = [
        parts[i : i + 4] for i in range(len(parts)) if '"part":1,"parts":4' in lines[parts[i]]
    ]
    changed = lines[large[1]].replace("eHh4", "eXl5", 1)
    for number, spoilt in enumerate((
        [*lines[: large[1]], *lines[large[2] :]],
        [*lines[: large[2]], lines[large[1]], *lines[large[2] :]],
        [*lines[: large[1]], changed, *lines[large[2] :]],
        lines[: large[2]],
        [*lines[: large[0]], '{"file":{}}\n', *lines[large[0] :]],
    )):  # fmt: skip
        profile, settings = places.options(f"other {number}")
        done = run(
            "import",
            "-",
            *[part for key, value in settings.items() for part in ("--set", f"{key}={value}")],
            stdin="".join(spoilt),
        )
        assert done.returncode == 1, number
        assert "-:" in done.stderr, number
        other = places.open(f"other {number}")
        for info in other.storage.list(files.FILES).files:
            assert (
                hashlib.sha256(other.storage.get(info.key).read()).hexdigest()
                == info.key.rpartition("/")[2]
            )


def arguments(places: Places, name: str) -> list[str]:
    """Return the options by which a command uses a base."""
    profile, settings = places.options(name)
    context = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return ["--profile", profile, *context]


def lose(path: Path, content: str) -> None:
    """Have a database lose a block as soon as it is written."""
    connection = sqlite3.connect(path, isolation_level=None)
    condition = f"WHEN new.content LIKE '{content}%'"
    connection.execute(
        f"CREATE TRIGGER lose AFTER INSERT ON blocks {condition} BEGIN DELETE FROM blocks WHERE id = new.id; END"
    )
    connection.close()


def test_row_that_does_not_stay_is_missed(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """By a copy and by an import, which both fail; an item whose block is not there is not said to be deleted."""
    first = places.open("first")
    fill(first, tmp_path, pages)
    second = places.open("second")
    lose(tmp_path / "second.sqlite3", "note 2")
    done = copy(run, *places.options("first"), *places.options("second"))
    assert done.returncode == 1
    lost = block_of(first, "note 2")
    assert f"block {lost}: is not there" in done.stderr
    assert "item 2.md of source 2: is not there" in done.stderr
    # The block, two relations, the item, and what it says.
    assert " 7 missing; 0 files missing" in done.stdout, done.stdout
    assert all(row[1] != "2.md" for row in rows_of(second, "source_items"))
    places.open("third")
    lose(tmp_path / "third.sqlite3", "alone")
    lines = "".join(
        json.dumps({"block": {"resolver": "text", "content": content}}) + "\n"
        for content in ("alone", "other")
    )
    done = run("import", "-", *arguments(places, "third"), stdin=lines)
    assert done.returncode == 1
    assert done.stdout.endswith("compared: all blocks and relations of 2 lines; 1 missing\n")


def test_base_that_changes_is_not_exported_over_a_former_one(tmp_path: Path) -> None:
    """What was written is compared with what the base says then; the former file stays."""
    from inkcre.commands import data

    def line(content: str) -> bytes:
        return json.dumps({"block": {"resolver": "text", "content": content}}).encode() + b"\n"

    former = tmp_path / "all.ndjson"
    former.write_text("former")
    with pytest.raises(data.BaseChanged, match="blocks: 1 exported, 2 in the base now"):
        data._write(
            str(former),
            iter([line("a")]),
            lambda _: iter([line("a"), line("b")]),
            Losses(),
            may_replace=False,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["all.ndjson"]
    assert former.read_text() == "former"


def test_what_nobody_names_is_not_copied(places: Places, tmp_path: Path, run: Run) -> None:
    """A file whose block was deleted, or that is another base's, stays where it is."""
    first = places.open("first")
    block, _ = files.add_file(
        first.database, first.storage, [b"let go"], name=None, now=first.clock()
    )
    files.add_file(first.database, first.storage, [b"kept"], name=None, now=first.clock())
    delete_block(first.database, block.id)
    done = copy(run, *places.options("first"), *places.options("second"))
    assert "files: 1 seen, 1 copied, 0 damaged" in done.stdout
    assert len(places.open("second").storage.list(files.FILES).files) == 1


def test_former_export_is_one_that_import_takes(
    places: Places, tmp_path: Path, run: Run, pages: Pages
) -> None:
    """What was one before stars had others behind them is one still: it has no ids and no files."""
    fill(places.open("first"), tmp_path, pages)
    whole = run("export", "-", "--files", *arguments(places, "first")).stdout.splitlines()
    plain = run("export", "-", *arguments(places, "first")).stdout.splitlines()
    assert [line for line in whole if not line.startswith('{"file"')] == plain
    stars = [line for line in plain if line.startswith('{"block"')]
    assert stars == [
        line.decode().rstrip("\n") for line in exports.export_lines(places.open("first").database)
    ]
    former = "\n".join(stars).replace(',"is_given":false', "")
    done = run("import", "-", *arguments(places, "second"), stdin=former)
    assert done.returncode == 0, done.stderr
    assert {row[-1] for row in rows_of(places.open("second"), "blocks")} == {1}
