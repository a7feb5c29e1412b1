"""A collect that is killed -9 before any of its statements: nothing is lost, nothing is there twice."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.sources.forms import SourceForm
from inkcre.sources.on_demand import collect_now
from inkcre.sql import schema
from tests.conftest import ROOT, postgres_settings, sqlite_settings
from tests.jobs.conftest import quiet
from tests.lengths import is_whole, rounds
from tests.lines import LINES
from tests.on_base import create_source
from tests.pages import Pages, serve_pages

FEEDS = ROOT / "tests" / "data" / "feeds" / "valid"
EVERY_PAIR = list(product(("sqlite", "postgres"), ("rss", "folder")))
EVERY = rounds(2, whole=1)
"""A collect is killed before one of so many statements."""

EACH_ONCE = [("sqlite", "folder"), ("postgres", "rss")]


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "type_"), EVERY_PAIR if is_whole() else EACH_ONCE)
def test_base_is_as_if_nobody_had_been_killed(
    request: pytest.FixtureRequest, tmp_path: Path, pages: Pages, kind: str, type_: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A feed's later edition; a folder with edits, a rename and a deletion."""
    notes = tmp_path / "notes"
    notes.mkdir()
    config = {
        "web.private_hosts": ["127.0.0.1"],
        "storage.path": str(tmp_path / "files"),
        "sources.folders": [str(notes)],
    }
    place = (
        str(tmp_path / "base.sqlite3")
        if kind == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    load = sqlite_settings if kind == "sqlite" else postgres_settings
    context = build_components(load(place, **config))
    schema.migrate(context.database, LINES)
    quiet(context.database)
    form, change = _make_source(type_, pages, notes)
    source_id = create_source(context, SourceForm(**form)).id
    collect_now(context, source_id, full=False)
    change()
    context.database.close()

    program = [sys.executable, "-m", "tests.processes.killed_collect"]
    done = subprocess.run(
        [*program, kind, place, str(source_id), json.dumps(config), str(EVERY)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    *killed, whole = [json.loads(line) for line in done.stdout.splitlines()]
    with capsys.disabled():
        print(f"\n{type_} on {kind}: killed before each of {len(killed)} statements")
    assert len(killed) >= 15 // EVERY
    assert whole["unfinished"] == []
    for number, base in enumerate(killed, start=1):
        assert base == whole, f"killed before statement {1 + EVERY * (number - 1)}"


def _make_source(type_: str, pages: Pages, notes: Path) -> tuple[dict[str, Any], Any]:
    if type_ == "rss":
        url = pages.put("/feed", (FEEDS / "peps-1.rss").read_bytes())
        form = {"type": "rss", "config": {"url": url}}
        return form, lambda: pages.put("/feed", (FEEDS / "peps-2.rss").read_bytes())
    for name in ("a", "b", "c", "d"):
        (notes / f"{name}.md").write_text(f"---\ntag: {name}\n---\nto [[a]] and [[b]]: {name}")

    def change() -> None:
        (notes / "a.md").write_text("---\ntag: new\n---\nto [[b]] only")
        (notes / "b.md").rename(notes / "e.md")
        (notes / "c.md").unlink()
        (notes / "f.md").write_text("to [[e]]")

    return {"type": "folder", "config": {"path": str(notes)}}, change
