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
from tests.conftest import DRIVERS, ROOT, postgres_settings, sqlite_settings
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
import json
import sys
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
number, size = int(sys.argv[2]), 40 * 1024 * 1024

def write(content):
    return json.dumps({"block": {"resolver": "text", "content": content}}, ensure_ascii=False)

def lines():  # written beside, so that nothing of it is held
    with open("in.ndjson", "w", encoding="utf-8") as file:
        if number == 1:
            file.write(write("a" * size))
        else:
            room = size // number - 124
            file.write('{"block": {"resolver": "text", "content": "hub"}, "out_relations": [')
            for n in range(number):
                arc = '{"relation": {"content": "has"}, "to_block": ' + write(f"\U0001f600{n:08}" + "a" * room) + "}"
                file.write((", " if n else "") + arc)
            file.write("]}")
    forget_peak()
    return open("in.ndjson", "rb")

with lines() as file:
    size = Path("in.ndjson").stat().st_size
    before = peak_bytes()
    *_, progress = import_lines(base.database, file, base.clock)
assert (progress.lines, progress.missing, progress.bad) == (1, 0, []), progress
assert progress.created_blocks == (1 if number == 1 else number + 1)
print((peak_bytes() - before) / size)
"""


@pytest.mark.parametrize("blocks", [1, 200_000])
def test_long_line_takes_a_few_times_its_size(tmp_path: Path, blocks: int) -> None:
    """With one block it took twenty times as much, with many nine."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "base.sqlite3"), str(blocks)],
        cwd=tmp_path, env=clean_environ(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 4.2  # 4.0 and 2.1; what the interpreter takes beside varies


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


def wide(*wrong: int, length: int = 1200) -> bytes:
    """Write a star of 3,000 arcs in each direction; some of them make no sense."""
    arcs = [
        {
            "relation": {"content": "has"},
            "block": {"block": {"resolver": "text", "content": str(n)}},
        }
        for n in range(6000)
    ]
    for number in wrong:
        arcs[number]["relation"] = {"content": 7}
    ends = {"out_relations": ("to_block", arcs[:3000]), "in_relations": ("from_block", arcs[3000:])}
    star: dict[str, object] = {"block": {"resolver": "text", "content": "hub"}}
    for key, (end, some) in ends.items():
        star[key] = [{"relation": arc["relation"], end: arc["block"]} for arc in some]
    return json.dumps(star).encode()


@pytest.mark.parametrize("kind", ["sqlite", *DRIVERS])
def test_wide_star_is_read_and_written_in_parts(
    tmp_path: Path, kind: str, postgres_url: str
) -> None:
    """All of it comes, in its order, and once; what is wrong with one is told by its place."""
    base = build_components(
        sqlite_settings(tmp_path / "base.sqlite3")
        if kind == "sqlite"
        else postgres_settings(postgres_url, **{"database.driver": DRIVERS[kind]})
    )
    schema.migrate(base.database, LINES)
    for number, place in (
        (0, "out_relations.0"),
        (2999, "out_relations.2999"),
        (4500, "in_relations.1500"),
    ):
        *_, progress = import_lines(base.database, [wide(number, length=4)], base.clock)
        [bad] = progress.bad
        assert bad.reason.startswith(f"{place}.relation.content: ")
        assert progress.created_blocks == 0
    *_, progress = import_lines(base.database, [wide()], base.clock)
    assert (progress.created_blocks, progress.created_relations, progress.missing) == (
        6001,
        6000,
        0,
    )
    rows = [json.loads(line)["block"] for line in export_lines(base.database)]
    said = [row["content"].lstrip("0") or "0" for row in rows if "content" in row]
    assert said == ["hub", *map(str, range(6000))]
    *_, again = import_lines(base.database, [wide()], base.clock)
    assert (again.created_blocks, again.created_relations, again.missing) == (0, 0, 0)
    base.database.close()
