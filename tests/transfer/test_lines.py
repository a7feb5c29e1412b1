"""Lines of sources, items and files: which are taken, which are bad, and what is left out of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from inkcre.app import create_app
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import Misconfigured
from inkcre.graph.blocks import delete_block
from inkcre.graph.files.files import add_file
from inkcre.graph.forms import parse_graph, parse_star
from inkcre.graph.graphs import write_graph
from inkcre.graph.stars import star, text
from inkcre.jobs.schedules import ScheduleForm
from inkcre.sources.base import Item
from inkcre.sources.forms import SourceForm
from inkcre.sources.instances import open_source
from inkcre.sources.rows import Source
from inkcre.sources.sources import list_sources
from inkcre.transfer.copies.files import find_key
from inkcre.transfer.imports import import_lines
from tests.cli.conftest import run_command
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.jobs.conftest import Clock
from tests.on_base import add_items, create_source, source_types
from tests.transfer.canonical import describe, read_table
from tests.transfer.exchange import export_base, import_base

SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
AT = "2026-11-24T12:00:00.000001Z"
NAME = f"inbox {AT}"
DIGEST = "d" * 64

Open = Callable[..., Components]


@pytest.fixture
def open_base(tmp_path: Path) -> Iterator[Open]:
    """Return what opens a base by its name."""
    opened: list[Components] = []

    def open_base(name: str, *, kind: str = "filesystem") -> Components:
        path = tmp_path / f"{name}.sqlite3"
        if not path.exists():
            lay_sqlite_base(path)
        told = {"storage.kind": kind}
        if kind == "filesystem":
            told["storage.path"] = str(tmp_path / f"{name}-files")
        base = build_components(sqlite_settings(path, **told))
        opened.append(base)
        return base

    yield open_base
    for base in opened:
        base.database.close()


def sources_of(base: Components) -> list[Source]:
    """Return the sources of a base, oldest first."""
    return list_sources(base.database, limit=100)[0][::-1]


def line(kind: str, **said: Any) -> bytes:
    """Write a line."""
    return json.dumps({kind: said}).encode() + b"\n"


def source(**said: Any) -> bytes:
    """Write a line of an inbox."""
    return line("source", **{"name": NAME, "type": "inbox", "created_at": AT, **said})


def item(**said: Any) -> bytes:
    """Write a line of an item whose block was deleted."""
    return line("item", **{"source": NAME, "key": "a", "block": None, "written": DIGEST, **said})


BAD = (
    (source(created_at=None), "source.created_at: is needed"),
    (source(created_at="yesterday"), "source.created_at: "),
    (source(config={"secret": "short"}), "source.config.secret: "),
    (source(config={"nonsense": 1}), "source.config.nonsense: "),
    (source(config=[]), "source.config: "),
    (source(schedule={"every": "15m", "cron": "0 7 * * *"}), "a schedule has either cron or every"),
    (source(schedule={"cron": "0 7 31 2 *"}), "a day that never comes"),
    (source(state={"much": float("nan")}), "no source as JSON"),
    (source(id=7), "source.id: "),
    (b'{"source": {"name"\n', "no source as JSON"),
    (item(source="inbox of nobody"), 'source "inbox of nobody": no line above says what it is'),
    (item(block={"digest": DIGEST}), f"block {DIGEST}: not found"),
    (item(block={"digest": "d"}), "item.block.digest: "),
    (line("item", source=NAME, key="a", block=None), "item.written: is needed"),
    (item(arcs=[{"content": "tag", "to_": {"digest": DIGEST}}]), "its relation is needed"),
    (item(arcs=[{"content": "tag", "to_": {"key": "b"}}]), "its relation is needed"),
    (item(arcs=[{"content": "tag", "to_": {}}]), "an end has either digest or key"),
    (
        item(arcs=[{"content": "tag", "from_": {"digest": DIGEST}, "to_": {"digest": "e" * 64}}]),
        f'relation "tag" of {DIGEST} and {"e" * 64}: not found',
    ),
    (item(missing_since="2026-11-24T12:00:00"), "item.missing_since: "),
    (item(key="nul \x00"), "item.key: "),
    (b'{"item": []}\n', "item: "),
)


@pytest.mark.parametrize(("content", "said"), BAD, ids=range(len(BAD)))
def test_what_makes_no_sense_is_a_bad_line(open_base: Open, content: bytes, said: str) -> None:
    """Told with its number; the lines around it are taken."""
    base = open_base("a")
    progress = import_base(base, [source(), content, item(key="good")])
    [bad] = progress.bad
    assert bad.number == 2
    assert said in bad.reason
    assert (progress.created_sources, progress.created_items, progress.lines) == (1, 1, 2)


def test_lines_without_a_place_are_bad(open_base: Open) -> None:
    """Who takes stars only says so, and items have no source then."""
    base = open_base("a")
    *_, progress = import_lines(base.database, [source(), item()], base.clock)
    assert [bad.reason for bad in progress.bad] == [
        "sources are not taken here", f'source "{NAME}": no line above says what it is'
    ]  # fmt: skip


def test_line_by_hand_needs_little(open_base: Open) -> None:
    """A feed with a pace is due at once; the same feed twice is one source, whoever has added it."""
    base = open_base("a")
    there = create_source(base, SourceForm(type="rss", config={"url": "http://a.example/"}))
    feeds = [
        line("source", name=name, type="rss", config={"url": f"http://{name}.example/"}, schedule={"every": "15m"})
        for name in "ab"
    ]  # fmt: skip
    for created in (1, 0):
        assert import_base(base, feeds).created_sources == created
    kept, new = sources_of(base)
    assert (kept.id, kept.schedule) == (there.id, None)
    assert new.schedule
    assert (new.schedule.every, new.schedule.next_run_at) == ("15m", new.created_at)


def test_sources_of_one_moment_stay_apart(open_base: Open) -> None:
    """Two inboxes that nothing but their order tells apart, each with items; twice they are two."""
    first, second = open_base("a"), open_base("b")
    clock = Clock()
    for number in (1, 2):
        at_once = replace(first, clock=clock)
        made = create_source(at_once, SourceForm(type="inbox"))
        add_items(first, made.id, [Item("a", star(text(f"of {number}")))])
    lines = export_base(first)
    for created in (2, 0):
        assert import_base(second, lines).created_sources == created
        assert describe(second) == describe(first)
    assert import_base(second, [*lines, *lines]).created_sources == 0


def test_what_is_there_stays_what_it_is(open_base: Open) -> None:
    """A source that was edited in both bases, and an item that is another here."""
    first, second = open_base("a"), open_base("b")
    made = create_source(first, SourceForm(type="inbox", schedule=ScheduleForm(every="15m")))
    add_items(first, made.id, [Item("a", star(text("one"), [("tag", text("t"))]))])
    import_base(second, export_base(first))
    [there] = sources_of(second)
    add_items(second, there.id, [Item("a", star(text("another"), [("tag", text("u"))]))])
    before = describe(second)
    progress = import_base(second, export_base(first))
    assert (progress.bad, progress.created_sources, progress.created_items) == ([], 0, 0)
    now = describe(second)
    for name in ("sources", "schedules", "source_items", "sayings"):
        assert now[name] == before[name]


def test_blocks_that_are_gone_stay_two(open_base: Open) -> None:
    """An item that named two blocks by their ids, which somebody has deleted, says two things still."""
    first, second = open_base("a"), open_base("b")
    made = create_source(first, SourceForm(type="inbox"))
    ids = [
        write_graph(first.database, parse_graph({"block": {"resolver": "text", "content": one}}), first.clock()).blocks[0].id
        for one in ("one", "other")
    ]  # fmt: skip
    arcs = [{"relation": {"content": "near"}, "to_block": {"block": {"id": id_}}} for id_ in ids]
    form = {"block": {"resolver": "text", "content": "said"}, "out_relations": arcs}
    add_items(first, made.id, [Item("a", parse_star(form))])
    for id_ in ids:
        delete_block(first.database, id_)
    lines = export_base(first)
    assert import_base(second, lines).bad == []
    assert describe(second) == describe(first)
    assert export_base(second) == lines


def test_given_and_brought_in_one_file_is_given(open_base: Open) -> None:
    """Whatever comes first, in one batch and in two."""
    block = {"resolver": "text", "content": "said twice"}
    brought = {"block": {**block, "is_given": False}}
    for number, blocks in enumerate(([brought, {"block": block}], [{"block": block}, brought])):
        base = open_base(str(number))
        import_base(base, [json.dumps(one).encode() for one in blocks])
        assert [row["is_given"] for row in read_table(base, "blocks")] == [1]
    base = open_base("2")
    import_base(base, [source(), json.dumps(brought).encode()])
    assert [row["is_given"] for row in read_table(base, "blocks")] == [0]
    import_base(base, [item(), json.dumps({"block": block}).encode()])
    import_base(base, [source(), item(), json.dumps({"block": block}).encode()])
    assert [row["is_given"] for row in read_table(base, "blocks")] == [1]


def test_requests_do_not_say_what_is_given(open_base: Open) -> None:
    """That is the server's: what a request says is given."""
    base = open_base("a")
    with TestClient(create_app(base.settings)) as client:
        body = {"block": {"resolver": "text", "content": "x", "is_given": False}}
        refused = client.put("/graph", json=body)
        assert refused.status_code == 422
        assert "block.is_given" in refused.text


def test_secrets_stay_behind(open_base: Open) -> None:
    """A base that has not got them takes nothing from anybody until they are there."""
    first, second = open_base("a"), open_base("b")
    form = SourceForm(type="inbox", config={"secret": SECRET}, nickname="mine")
    made = create_source(first, form)
    lines = export_base(first, has_secrets=False)
    assert SECRET.encode() not in b"".join(lines)
    progress = import_base(second, lines)
    assert progress.bad == []
    [said] = progress.lacking
    assert "came without secret; run `inkcre sources edit 1 secret=" in said
    assert export_base(second, has_secrets=False) == lines
    [there] = sources_of(second)
    with pytest.raises(Misconfigured, match=r"config\.secret: was left out of the export"):
        open_source(
            there, second.database, source_types(second), second.web, second.clock,
            check=lambda: None,
        )  # fmt: skip
    note = {"items": [{"key": "a", "star": {"block": {"resolver": "text", "content": "x"}}}]}
    with TestClient(create_app(second.settings)) as client:
        assert client.post(f"/sources/{there.id}/items", json=note).status_code == 503
        assert client.post(f"/hooks/{there.id}", json=note).status_code == 503
        patch = {"config": {"secret": SECRET}}
        assert client.patch(f"/sources/{there.id}", json=patch).status_code == 200
        assert client.post(f"/sources/{there.id}/items", json=note).status_code == 403
    assert import_base(first, lines).lacking == []
    assert sources_of(first)[0].config == made.config


def test_secrets_come_along_when_asked_for(open_base: Open) -> None:
    """As they are."""
    first, second = open_base("a"), open_base("b")
    made = create_source(first, SourceForm(type="inbox", config={"secret": SECRET}))
    progress = import_base(second, export_base(first, has_secrets=True))
    assert progress.lacking == []
    assert sources_of(second)[0].config == made.config


def test_commands_tell_of_secrets_and_sources(tmp_path: Path) -> None:
    """What is in the file, what is not, and what the new base lacks."""
    run = partial(run_command, tmp_path)
    assert run("sources", "add", "inbox", f"secret={SECRET}", "--name", "mine").returncode == 0
    done = run("export", "open.ndjson")
    assert done.returncode == 0, done.stderr
    assert "1 sources, 0 items; 0 missing" in done.stderr
    assert "without secret; --secrets writes that too" in done.stderr
    assert SECRET not in (tmp_path / "open.ndjson").read_text()
    done = run("export", "whole.ndjson", "--secrets")
    assert "whole.ndjson: has the secrets of 1 sources; keep it" in done.stderr
    assert SECRET in (tmp_path / "whole.ndjson").read_text()
    other = ("--set", "database.path=other.sqlite3", "--set", "storage.path=other")
    done = run("import", "open.ndjson", *other)
    assert done.returncode == 0, done.stderr
    assert "open.ndjson: 1 new sources, 0 new items" in done.stdout
    assert "source 1 (inbox): came without secret" in done.stderr
    assert "without secret, which its export left out" in run("sources", "list", *other).stdout
    assert "0 new sources" not in run("import", "open.ndjson", *other).stdout


def test_type_of_another_storage_comes_along(open_base: Open) -> None:
    """Where one keeps types, and it is another than everybody tells by the content."""
    first, second = open_base("a", kind="memory"), open_base("b", kind="memory")
    names = []
    for content in (b"plain", b"told otherwise"):
        block, _ = add_file(
            first.database, first.storage, [content], name=None, now=first.clock(),
            tenure=first.tenure,
        )  # fmt: skip
        names.append(find_key(block.content))
    first.storage.put(names[1], b"told otherwise", content_type="text/x-log")
    lines = export_base(first)
    assert [b"media_type" in one for one in lines if one.startswith(b'{"file"')].count(True) == 1
    assert import_base(second, lines).bad == []
    found = [second.storage.head(name).content_type for name in names]
    assert found == ["text/plain; charset=utf-8", "text/x-log"]
    assert export_base(second) == lines
