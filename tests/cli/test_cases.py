"""Lists of feeds and surroundings that programs refused or misread, by public reports."""

import json
from pathlib import Path

from tests.cases import lay_case, read_case
from tests.cli.conftest import Run

FEEDS = {
    "bare-doctype.opml": {"https://a.example/f": "A"},
    "blank-line.opml": {"https://a.example/f": "A"},
    "gb2312.opml": {"https://a.example/f": "中文"},
    "nbsp.opml": {"https://a.example/f": "A\xa0B"},
    "raw-ampersand.opml": {"https://a.example/f?a=1&b=2": "Q&A"},
    "schemes.opml": {
        "http://a.example/f": "A",
        "https://b.example/f": "B",
        "https://c.example/f": "C",
        "https://d.example/f": "D",
    },
}


def test_lists_of_feeds_are_taken_as_leniently_as_feeds(run: Run, tmp_path: Path) -> None:
    """Each feed by the address that is meant, under its name."""
    lay_case("opml-lenient", tmp_path)
    for name, feeds in FEEDS.items():
        environ = {"INKCRE_DATABASE__PATH": str(tmp_path / f"{name}.sqlite3")}
        done = run("sources", "import", name, **environ)
        assert done.returncode == 0, done.stderr
        listed = json.loads(run("sources", "list", "--format", "json", **environ).stdout)
        found = {one["config"]["url"]: one["nickname"] for one in listed["sources"]}
        assert found == feeds, name


def test_surroundings_of_kubernetes_are_no_settings(run: Run) -> None:
    """Its variables for a service called ``inkcre`` stand in nobody's way."""
    lines = read_case("settings-k8s/env.txt").decode().split()
    environ = dict(line.split("=", 1) for line in lines)
    assert run("config", "check", **environ).returncode == 0


def test_reference_in_a_dotenv_file_is_no_password(run: Run, tmp_path: Path) -> None:
    """It is refused with its line, not taken by the letter."""
    text = read_case("settings-dotenv-interpolation/dotenv.txt")
    (tmp_path / ".env").write_bytes(text)
    done = run("config", "check")
    assert done.returncode == 78
    assert "dotenv_reference" in done.stdout
    assert ".env:3:1" in done.stdout
