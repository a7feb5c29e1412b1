"""Import and export of real input, across databases, and through a kill."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from inkcre.assembly.assembly import build_components
from inkcre.graph import graphs
from inkcre.graph.forms import parse_graph
from inkcre.sql import schema
from inkcre.transfer import exports, imports
from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.conftest import PEPS, new_postgres_database, postgres_settings, sqlite_settings
from tests.lines import LINES


def export(settings: object) -> bytes:
    """Export a base into bytes."""
    database = build_components(settings).database  # type: ignore[arg-type]
    content = b"".join(exports.export_lines(database))
    database.close()
    return content


def import_(settings: object, content: bytes) -> imports.Progress:
    """Import bytes into a base."""
    context = build_components(settings)  # type: ignore[arg-type]
    schema.migrate(context.database, LINES)
    *_, progress = imports.import_lines(
        context.database, content.splitlines(keepends=True), context.clock
    )
    context.database.close()
    return progress


def test_real_input_goes_round_through_both_databases(tmp_path: Path) -> None:
    """Into SQLite, out, into PostgreSQL, out, into SQLite, out: three exports of the same bytes."""
    first = sqlite_settings(tmp_path / "a.sqlite3")
    progress = import_(first, PEPS.read_bytes())
    lines = PEPS.read_text().splitlines()
    assert (progress.lines, progress.bad) == (len(lines), [])
    assert import_(first, PEPS.read_bytes()).created_blocks == 0
    exported = export(first)
    second = postgres_settings(new_postgres_database())
    assert import_(second, exported).bad == []
    assert export(second) == exported
    third = sqlite_settings(tmp_path / "b.sqlite3")
    import_(third, export(second))
    assert export(third) == exported
    contents = {json.loads(line)["block"]["content"] for line in lines}
    kept = {json.loads(line)["block"].get("content") for line in exported.splitlines()}
    assert contents <= kept


def test_export_keeps_awkward_text_and_times(tmp_path: Path) -> None:
    """Line separators, controls, wide characters, and times to the microsecond."""
    star = {
        "block": {
            "resolver": "text",
            "content": 'a\u2028b\x01\x1f\x7f\r\n\t\\"\N{GRINNING FACE}',
            "created_at": "2001-02-03T04:05:06.000007+02:00",
        }
    }
    first, second = (sqlite_settings(tmp_path / f"{n}.sqlite3") for n in "ab")
    import_(first, json.dumps(star).encode())
    exported = export(first)
    assert json.loads(exported)["block"]["created_at"] == "2001-02-03T02:05:06.000007Z"
    assert json.loads(exported)["block"]["content"] == star["block"]["content"]
    target = postgres_settings(new_postgres_database())
    import_(target, exported)
    import_(second, export(target))
    assert export(second) == exported


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_export_of_a_base_that_grows_can_be_imported(kind: str, tmp_path: Path) -> None:
    """Blocks that are added while an export goes on are left out with their relations."""
    first = sqlite_settings(tmp_path / "a.sqlite3")
    settings = first if kind == "sqlite" else postgres_settings(new_postgres_database())
    import_(settings, PEPS.read_bytes())
    before = export(settings)
    context = build_components(settings)
    lines = exports.export_lines(context.database)
    head = next(lines)
    late = {"resolver": "text", "content": "late"}
    star = {
        "block": {"id": 1},
        "out_relations": [{"relation": {"content": "late"}, "to_block": {"block": late}}],
        "in_relations": [{"relation": {"content": "late"}, "from_block": {"block": late}}],
    }
    graphs.write_graph(context.database, parse_graph(star), context.clock())
    assert head + b"".join(lines) == before
    context.database.close()
    assert import_(sqlite_settings(tmp_path / "b.sqlite3"), before).bad == []


def test_progress_counts_what_is_committed(tmp_path: Path) -> None:
    """After every batch the base holds what the progress says."""
    context = build_components(sqlite_settings(tmp_path / "base.sqlite3"))
    schema.migrate(context.database, LINES)
    lines = [
        json.dumps({"block": {"resolver": "text", "content": f"{n}"}}).encode()
        for n in range(50_000)
    ]
    counts = []
    for progress in imports.import_lines(context.database, lines, context.clock):
        counts.append(progress.created_blocks)  # read first: the writer goes on meanwhile
        assert sum(1 for _ in exports.export_lines(context.database)) >= counts[-1]
    assert counts[-1] == 50_000
    assert len(counts) > 2
    context.database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_import_loses_nothing_and_is_completed(kind: str, tmp_path: Path, run: Run) -> None:
    """Killed with -9 in the middle, what was acknowledged is there, and whole lines only.

    A second run completes it to the base of an import that was never killed.
    """
    count = 30_000
    with (tmp_path / "in.ndjson").open("w") as file:
        for number in range(count):
            arc = {"resolver": "text", "content": f"arc {number % 1000}"}
            star = {
                "block": {"resolver": "text", "content": f"block {number}"},
                "out_relations": [{"relation": {"content": "to"}, "to_block": {"block": arc}}],
            }
            file.write(json.dumps(star) + "\n")
    if kind == "postgres":
        url = new_postgres_database()
        options = ["--profile", "server", "--set", f"database.url={url}"]
        settings = postgres_settings(url)
    else:
        options = ["--set", f"database.path={tmp_path / 'base.sqlite3'}"]
        settings = sqlite_settings(tmp_path / "base.sqlite3")
    run("migrate", *options)
    reader, writer = os.openpty()  # on a terminal the import shows its progress
    process = subprocess.Popen(
        [COMMAND, "import", "in.ndjson", *options],
        cwd=tmp_path, env=clean_environ(TERM="xterm"), stdout=subprocess.DEVNULL, stderr=writer,
    )  # fmt: skip
    os.close(writer)
    acknowledged = kill_in_the_middle(process, reader)
    if kind == "postgres":
        wait_for_the_server(settings.database.url.get_secret_value())
    database = build_components(settings).database
    left = [json.loads(line) for line in exports.export_lines(database)]
    database.close()
    blocks = [line["block"]["content"] for line in left if "content" in line["block"]]
    stars = [line for line in left if "out_relations" in line]
    lines_written = sum(1 for content in blocks if content.startswith("block"))
    assert acknowledged <= lines_written < count
    assert len(stars) == lines_written, "a line is written whole or not at all"
    done = run("import", "in.ndjson", *options)
    assert done.returncode == 0, done.stderr
    assert f"{count} lines, {count + 1000 - len(blocks)} new blocks" in done.stdout
    database = build_components(settings).database
    assert sum(1 for _ in exports.export_lines(database)) == count + 1000 + count
    database.close()


def wait_for_the_server(url: str) -> None:
    """Wait until the server has noticed that its client is dead, one way or the other."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + 30
        while connection.execute(others).fetchone() != (0,) and time.monotonic() < deadline:
            time.sleep(0.05)


def kill_in_the_middle(process: subprocess.Popen[bytes], terminal: int) -> int:
    """Wait for the first lines to be acknowledged, kill, and give how many were."""
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        shown += os.read(terminal, 65_536)
        counts = [int(n) for n in re.findall(rb"(\d+) lines", shown)]
        if any(counts):
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait(60) == -signal.SIGKILL
    os.close(terminal)
    return max(int(n) for n in re.findall(rb"(\d+) lines", shown))
