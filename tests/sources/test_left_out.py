"""What a collect could not take is counted and told, by the job, by the source and in its list."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkcre.commands.source_options import line_of
from inkcre.context import Components
from inkcre.errors import TooLarge
from inkcre.sources.edits import edit_source
from inkcre.sources.forms import SourceEdit
from inkcre.sources.masks import mask
from inkcre.sources.sources import get_source
from tests.on_base import source_types
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of
from tests.sources.test_folder import find


def feed_of(count: int) -> bytes:
    """Return a feed of so many entries."""
    entries = "".join(f"<item><guid>{n}</guid><title>{n}</title></item>" for n in range(count))
    return f"<rss version='2.0'><channel><title>t</title>{entries}</channel></rss>".encode()


def test_entries_beyond_the_most_are_counted(
    base: Components, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told until a collect finds fewer, also while the server says nothing has changed."""
    monkeypatch.setattr("inkcre.sources.types.feeds.MAX_ENTRIES", 10)

    def answer(headers: dict[str, str], write: Any) -> None:
        if headers.get("if-none-match"):
            write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        else:
            content = feed_of(60)
            head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {len(content)}\r\n\r\n'
            write(head.encode() + content)

    pages.answers["/many"] = answer
    source_id = add_source(base, "rss", url=f"{pages.url}/many")
    result = result_of(collect(base, source_id))
    assert (result["added"], result["left_out"]) == (11, {"too many": 50})
    assert result_of(collect(base, source_id))["left_out"] == {"too many": 50}
    assert get_source(base.database, source_id).left_out == {"too many": 50}
    pages.put("/many", feed_of(9))
    assert "left_out" not in result_of(collect(base, source_id, full=True))
    assert get_source(base.database, source_id).left_out == {}


def test_files_that_are_not_taken_are_counted_by_reason(
    base: Components, notes: Path, tmp_path: Path
) -> None:
    """Too large, unreadable, empty, links; a job's result and the source's line say so alike."""
    (notes / "good.md").write_text("good")
    (notes / "large.md").write_text("x" * 2000)
    (notes / "empty.md").write_text(" \n")
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 nothing else")
    (notes / "away.md").symlink_to(tmp_path / "elsewhere.md")
    (notes / "folder").symlink_to(tmp_path)
    (notes / "other.bin").symlink_to(tmp_path / "elsewhere.md")
    source_id = add_source(base, "folder", path=str(notes), max_bytes=1000)
    counts = {"empty": 1, "link": 2, "too large": 1, "unreadable": 1}
    result = result_of(collect(base, source_id))
    assert (result["added"], result["unchanged"], result["left_out"]) == (1, 0, counts)
    source = get_source(base.database, source_id)
    assert source.left_out == counts
    assert line_of(source).endswith("(left out: 1 empty, 2 link, 1 too large, 1 unreadable)")


def test_links_beyond_the_most_are_counted(base: Components, notes: Path) -> None:
    """A note that links to more others than are kept is taken, and the rest told."""
    for number in range(510):
        (notes / f"n{number}.md").write_text(f"note {number}")
    (notes / "hub.md").write_text("".join(f"[[n{number}]]\n" for number in range(510)))
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["left_out"] == {"too many parts": 10}


class Refusing:
    """A database that finds out only by trying that a value is too large for it."""

    def __init__(self, database: Any, most: int) -> None:
        self._database, self._most = database, most
        self.capabilities = database.capabilities

    def read(self, call: Any) -> Any:
        return self._database.read(call)

    def atomic(self, calls: Any) -> Any:
        if any("y" * self._most in str(value) for c in calls for value in c.parameters.values()):
            raise TooLarge("database: a value is too large")
        return self._database.atomic(calls)


def test_item_that_the_database_refuses_costs_no_other(base: Components, notes: Path) -> None:
    """The others of its batch are written, and it is counted."""
    for name, text in {"a": "a", "b": "y" * 500, "c": "c"}.items():
        (notes / f"{name}.md").write_text(text)
    database: Any = Refusing(base.database, 500)
    strict = replace(base, database=database)
    source_id = add_source(strict, "folder", path=str(notes))
    result = result_of(collect(strict, source_id))
    assert (result["added"], result["left_out"]) == (2, {"too large": 1})
    assert find(base, "a")
    assert find(base, "c")


def test_edits_keep_what_is_told_and_it_stands_in_one_place(base: Components, notes: Path) -> None:
    """A new name loses nothing; what a source remembers for itself does not repeat it."""
    (notes / "empty.md").write_text("")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    types = source_types(base)
    edit_source(
        base.database, types, source_id, SourceEdit(nickname="mine"), clock=base.clock,
        timezone="UTC",
    )  # fmt: skip
    shown = mask(get_source(base.database, source_id), types.load("folder"))
    assert shown.left_out == {"empty": 1}
    assert "left_out" not in shown.state
