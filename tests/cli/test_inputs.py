"""What an import reads: compressed, in another encoding, damaged, and very long."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inkcre.assembly.assembly import build_components
from inkcre.sql import schema
from inkcre.transfer.exports import export_lines
from inkcre.transfer.imports import import_lines
from tests.cli.conftest import COMMAND, Run, clean_environ
from tests.conftest import ROOT, postgres_settings, sqlite_settings
from tests.lines import LINES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NOTES = "".join(
    json.dumps({"block": {"resolver": "text", "content": f"note {number} é"}}, ensure_ascii=False) + "\n"
    for number in range(500)
)  # fmt: skip
PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd.compress}


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("is_piped", [True, False])
def test_compressed_lines_are_read(tmp_path: Path, ending: str, is_piped: bool) -> None:
    """Whatever the file is called, and from standard input; two parts behind each other too."""
    half = NOTES.index("\n", len(NOTES) // 2) + 1
    packed = b"".join(PACK[ending](part.encode()) for part in (NOTES[:half], NOTES[half:]))
    (tmp_path / "notes").write_bytes(packed)
    words = [COMMAND, "import", "-" if is_piped else "notes"]
    given = packed if is_piped else b""
    done = subprocess.run(words, cwd=tmp_path, env=clean_environ(), input=given, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"500 lines, 500 new blocks" in done.stdout


@pytest.mark.parametrize("ending", PACK)
def test_compressed_file_that_is_cut_off_is_one_error(
    run: Run, tmp_path: Path, ending: str
) -> None:
    """What came before it is there, and it can be imported again."""
    packed = PACK[ending](NOTES.encode())
    (tmp_path / "notes").write_bytes(packed[: len(packed) // 2])
    done = run("import", "notes")
    assert done.returncode == 66
    assert done.stderr.startswith("error[unreadable_input]: notes: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_encodings_are_refused_whole(run: Run, tmp_path: Path, encoding: str) -> None:
    """Every second line of UTF-16 was taken."""
    (tmp_path / "notes").write_bytes(NOTES.encode(encoding))
    done = run("import", "notes")
    assert done.returncode == 66
    assert "error[unreadable_input]: notes: is UTF-16 or UTF-32, and not UTF-8\n" in done.stderr
    assert "iconv" in done.stderr
    (tmp_path / "one").write_bytes(NOTES.encode("latin-1"))
    done = run("import", "one")
    assert (done.returncode, "one:1: not UTF-8 text" in done.stderr) == (1, True)


def test_mark_of_utf_8_is_no_part_of_the_text(run: Run, tmp_path: Path) -> None:
    """As editors on Windows write it."""
    (tmp_path / "notes").write_bytes(NOTES.encode("utf-8-sig"))
    assert "500 lines, 500 new blocks" in run("import", "notes").stdout


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_long_block_is_one_among_others(tmp_path: Path, kind: str, postgres_url: str) -> None:
    """In its place, given, with its times; the second time it is there already."""
    settings = (
        sqlite_settings(tmp_path / "base.sqlite3")
        if kind == "sqlite"
        else postgres_settings(postgres_url)
    )
    base = build_components(settings)
    schema.migrate(base.database, LINES)
    contents = ["before", "é" * 300_000, "between", "x" * 400_000, "after"]
    lines = [
        json.dumps(
            {"block": {"resolver": "text", "content": one, "created_at": "2001-02-03T04:05:06Z"}}
        ).encode()
        for one in contents
    ]
    *_, progress = import_lines(base.database, lines, base.clock)
    assert (progress.created_blocks, progress.missing, progress.bad) == (5, 0, [])
    exported = b"".join(export_lines(base.database))
    rows = [json.loads(line)["block"] for line in exported.splitlines()]
    assert [row["content"] for row in rows] == contents
    assert {row["created_at"] for row in rows} == {"2001-02-03T04:05:06.000000Z"}
    *_, again = import_lines(base.database, lines, base.clock)
    assert (again.created_blocks, again.missing, again.bad) == (0, 0, [])
    base.database.close()


PROGRAM = """
import sys
from collections.abc import Callable
from pathlib import Path
from inkcre.assembly.assembly import build_components
from inkcre.sql import schema
from inkcre.transfer.imports import import_lines
from tests.conftest import sqlite_settings
from tests.lines import LINES
from tests.memory import forget_peak, peak_bytes

base = build_components(sqlite_settings(Path(sys.argv[1])))
schema.migrate(base.database, LINES)
small = b'{"block": {"resolver": "text", "content": "small"}}'
*_, progress = import_lines(base.database, [small], base.clock)
size = 40 * 1024 * 1024
lines = (b'{"block": {"resolver": "text", "content": "' + b"a" * size + b'"}}' for _ in "1")
forget_peak()
before = peak_bytes()
*_, progress = import_lines(base.database, lines, base.clock)
assert (progress.lines, progress.created_blocks, progress.missing) == (1, 1, 0), progress
print((peak_bytes() - before) / size)
*_, again = import_lines(base.database, [small, b'{"block": {"resolver": "text", "content": "' + b"a" * size + b'"}}'], base.clock)
assert (again.created_blocks, again.missing) == (0, 0), again
"""


def test_long_line_takes_a_few_times_its_size(tmp_path: Path) -> None:
    """It took twenty."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "base.sqlite3")],
        cwd=ROOT, env=clean_environ(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5


@pytest.mark.parametrize("packed", [False, True])
def test_bookmarks_are_imported_once(run: Run, tmp_path: Path, packed: bool) -> None:
    """Known by how they begin; what is no page is counted, and again adds nothing."""
    content = (ROOT / "tests" / "data" / "bookmarks" / "chrome.html").read_bytes()
    (tmp_path / "marks").write_bytes(gzip.compress(content) if packed else content)
    done = run("import", "marks")
    assert done.returncode == 0, done.stderr
    first, left_out, compared = done.stdout.splitlines()
    assert first.startswith("marks: 3 bookmarks, 9 new blocks, 8 new relations, 0 bad lines (")
    assert left_out == "left out: 1 chrome:, 1 javascript:"
    assert compared == "compared: all blocks and relations of 3 bookmarks; 0 missing"
    assert "3 bookmarks, 0 new blocks, 0 new relations" in run("import", "marks").stdout


def test_bookmarks_are_no_list_of_feeds(run: Run) -> None:
    """Who asks for that is told what to ask for."""
    done = run("sources", "import", str(ROOT / "tests" / "data" / "bookmarks" / "safari.html"))
    assert done.returncode != 0
    assert "add them with `inkcre import " in done.stderr
