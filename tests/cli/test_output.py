"""What commands write as JSON, held against its description; and times as people read them."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run, run_command
from tests.conftest import ROOT

ROW = re.compile(r"^\| `inkcre ([^`]+)` \| (.+) \|$", re.MULTILINE)
NAMES = re.compile(r"`(\w+)`")


def described() -> dict[str, str]:
    """Return what the page says of each command's document."""
    return dict(ROW.findall((ROOT / "docs/output.md").read_text()))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a base that has one of everything."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.md").write_text("a note")
    (folder / "é.txt").write_text("text")
    (folder / "inkcre.toml").write_text(f'[sources]\nfolders = ["{folder}"]\n')
    for words in (
        ["files", "put", "é.txt"],
        ["sources", "add", "folder", f"path={folder / 'notes'}", "--every", "1h"],
        ["sources", "collect", "1"],
        ["jobs", "run"],
    ):
        assert run_command(folder, *words).returncode == 0, words
    orphan = folder / "data/files/sha256+" / "ab+" / ("ab" + "0" * 62)
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_text("nobody's")
    os.utime(orphan, (0, 0))  # what is young may be about to have a block
    return folder


def ask(base: Path, command: str, **environ: str) -> dict[str, object]:
    """Return the document that a command writes, which is all that it writes."""
    done = run_command(base, *command.split(), "--format", "json", **environ)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def names_in(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the names that a document has, and those of the first of each of its rows."""
    for name, value in document.items():
        yield name
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from value[0]


@pytest.mark.parametrize("command", described())
def test_document_is_as_described(base: Path, command: str) -> None:
    """One document, of the names that the page has and no others."""
    said = set(NAMES.findall(described()[command]))
    names = set(names_in(ask(base, command)))
    assert names - {"errors", "warnings", "notes"} <= said
    if command not in ("config check", "extensions list"):  # which have no rows here
        assert names == said


@pytest.mark.parametrize("command", ["changes", "jobs list", "sources list", "files ls", "files orphans", "schedule list"])  # fmt: skip
def test_moments_are_utc_for_programs_and_local_for_people(base: Path, command: str) -> None:
    """With the zone's name, whatever it is called."""
    zone = {"TZ": "Asia/Kolkata"}
    document = ask(base, command, **zone)
    (rows,) = document.values()
    assert isinstance(rows, list)
    moments = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]+)"', json.dumps(rows))
    assert moments
    assert all(datetime.fromisoformat(moment).tzinfo == UTC for moment in moments)
    shown = run_command(base, *command.split(), **zone).stdout
    local = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d (\S+)", shown)
    assert set(local) == {"IST"}


def test_lists_of_a_missing_base_are_errors_in_json(run: Run) -> None:
    """On standard error; standard output has nothing."""
    for command in ("sources list", "jobs list", "files ls", "changes", "schedule list", "storage show", "migrate --check"):  # fmt: skip
        done = run(*command.split(), "--format", "json")
        assert (done.returncode, done.stdout) == (78, ""), command
        assert [e["code"] for e in json.loads(done.stderr)["errors"]] == ["no_base"]


def test_schema_that_is_behind_is_told_in_json(tmp_path: Path, postgres_url: str) -> None:
    """The document says by how much, and the status that it is."""
    words = ["migrate", "--check", "--format", "json", "-p", "server"]
    database = {"INKCRE_DATABASE__URL": postgres_url}
    assert run_command(tmp_path, *words[:1], *words[2:], **database).returncode == 0
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE inkcre_schema SET version_num = '0007'")
    done = run_command(tmp_path, *words, **database)
    assert done.returncode == 78
    document = json.loads(done.stdout)
    assert document["is_up_to_date"] is False
    assert document["parts"][1]["revision"] == "0007"
    assert json.loads(done.stderr)["errors"][0]["code"] == "schema_behind"


def test_secrets_of_sources_are_masked(run: Run) -> None:
    """As over HTTP."""
    secret = "whsec_" + "c2VjcmV0" * 4
    done = run("sources", "add", "inbox", f"secret={secret}")
    assert done.returncode == 0, done.stderr
    listed = run("sources", "list", "--format", "json").stdout
    assert secret not in listed
    assert json.loads(listed)["sources"][0]["config"]["secret"] == "**********"


def test_collect_sums_up_unless_it_is_asked_for_all(base: Path) -> None:
    """A collect of thousands is one line."""
    (base / "notes" / "b.md").write_text("another note")
    done = run_command(base, "sources", "collect", "1")
    assert re.fullmatch(r"source 1: \d+ blocks added or changed\n", done.stdout)
    (base / "notes" / "c.md").write_text("a third note")
    done = run_command(base, "sources", "collect", "1", "--verbose")
    assert "a third note" in done.stdout
    assert len(done.stdout.splitlines()) > 1
