"""Bookmarks of browsers: what becomes of them, however they are written."""
# ruff: noqa: RUF001 - dashes as people write them

import json
from collections import Counter

import pytest

from inkcre.transfer.bookmarks import bookmark_lines, is_bookmarks
from inkcre.transfer.line_batches import Line, parse_line
from tests.conftest import ROOT

BOOKMARKS = ROOT / "tests" / "data" / "bookmarks"
HEAD = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n"
Said = dict[str, str | list[str]]


def read(content: bytes) -> tuple[dict[str, Said], dict[str, int]]:
    """Return what is said of each address, and what was left out."""
    left_out = Counter[str]()
    found: dict[str, Said] = {}
    for line in bookmark_lines(content, left_out):
        assert isinstance(parse_line(1, line), Line)
        form = json.loads(line)
        block = form["block"]
        assert (block["resolver"], block["storage"]) == ("webpage", "url")
        said: Said = found.setdefault(block["content"], {})
        if "created_at" in block:
            said["created_at"] = block["created_at"]
        for arc in form["out_relations"]:
            name, what = arc["relation"]["content"], arc["to_block"]["block"]["content"]
            said[name] = [*said.get(name, []), what] if name == "tags" else what
    return found, dict(left_out)


def read_text(text: str) -> tuple[dict[str, Said], dict[str, int]]:
    """Read a file that has no more than these."""
    return read(f"{HEAD}{text}".encode())


EXPECTED: dict[str, tuple[dict[str, Said], dict[str, int]]] = {
    "chrome": (
        {
            "https://example.org/?a=1&b=2": {
                "title": "Ask & answer – café", "folder": "Bookmarks bar", "added": "2023-11-14",
                "created_at": "2023-11-14T22:13:21Z",
            },
            "https://docs.example.org/3/": {
                "title": "The docs", "folder": "Bookmarks bar/Dev/Python", "added": "2023-11-14",
                "created_at": "2023-11-14T22:13:24Z",
            },
            "https://example.org/after": {
                "folder": "Bookmarks bar/Dev", "added": "2023-11-14",
                "created_at": "2023-11-14T22:13:26Z",
            },
        },
        {"javascript:": 1, "chrome:": 1},
    ),
    "firefox": (
        {
            "https://example.com/long": {
                "title": "A long read", "folder": "Reading", "added": "2023-07-22",
                "description": "About telescopes & ships,\nand what came of them",
                "tags": ["later", "history of science"], "created_at": "2023-07-22T04:26:42Z",
            },
            "https://example.com/feed": {
                "title": "News", "added": "2023-07-22", "created_at": "2023-07-22T04:26:46Z",
            },
        },
        {"place:": 1, "about:": 1, "data:": 1},
    ),
    "safari": (
        {
            "https://www.example.net/": {"title": "Beispiel – für alle", "folder": "Favorites"},
            "https://www.example.net/later": {"title": "Later", "folder": "Reading List"},
            "https://www.example.net/top": {"title": "Top"},
        },
        {},
    ),
    "karakeep": (
        {
            "https://example.org/one": {
                "title": "One <b> thing", "tags": ["ai", "self hosting"], "added": "2024-03-09",
                "created_at": "2024-03-09T16:00:00Z",
            },
            "https://example.org/two": {
                "title": "https://example.org/two", "added": "2024-03-09",
                "created_at": "2024-03-09T16:00:01Z",
            },
        },
        {},
    ),
    "raindrop": (
        {
            "https://example.org/soup": {
                "title": "Soup", "folder": "Recipes", "description": "With lentils",
                "tags": ["soup", "winter"], "added": "2024-07-03",
                "created_at": "2024-07-03T09:46:41Z",
            },
            "https://example.org/two": {
                "title": "Two, again", "folder": "Unsorted", "added": "2024-07-03",
                "created_at": "2024-07-03T09:46:42Z",
            },
        },
        {"file:": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("browser", EXPECTED)
def test_each_browser_is_read(browser: str) -> None:
    """Titles, folders, times, tags and descriptions; what is no address is counted by its scheme."""
    content = (BOOKMARKS / f"{browser}.html").read_bytes()
    assert is_bookmarks(content[:512])
    assert read(content) == EXPECTED[browser]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1252"])
def test_encodings_are_those_of_pages(encoding: str) -> None:
    """By a mark, or by what the file says of itself."""
    said = '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252">\n'
    text = f"{HEAD}{said if encoding == 'windows-1252' else ''}<DT><A HREF='http://a.example/'>Größe</A>"
    content = text.encode(encoding)
    assert is_bookmarks(content[:512])
    assert read(content)[0] == {"http://a.example/": {"title": "Größe"}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<DT><A HREF=http://a.example/>a<DT><A HREF='http://b.example/'>b", {"http://a.example/": {"title": "a"}, "http://b.example/": {"title": "b"}}),
        ('<dt><a href="http://a.example/"><b>bold</b> one\n two</a>', {"http://a.example/": {"title": "bold one two"}}),
        ('<DT><H3>F</H3><DL><p><DT><A HREF="http://a.example/">a</A>', {"http://a.example/": {"title": "a", "folder": "F"}}),
        ('</DL></DL></DL><DT><A HREF="http://a.example/">a</A>', {"http://a.example/": {"title": "a"}}),
        ('<DT><H3>F<DL><DT><A HREF="http://a.example/">a</A><DD>d<br>e</DL><DT><A HREF="http://b.example/">b', {"http://a.example/": {"title": "a", "folder": "F", "description": "d\ne"}, "http://b.example/": {"title": "b"}}),
        ('<DT><A HREF="http://a.example/" TAGS=" x , ,y," ADD_DATE="0">1 < 2 &lt; 3</A>', {"http://a.example/": {"title": "1 < 2 < 3", "tags": ["x", "y"]}}),
        ('<DT><A HREF="http://a.example/" ADD_DATE="soon">a</A><!-- <A HREF="http://b.example/">', {"http://a.example/": {"title": "a"}}),
        ('<DT><A HREF=" HTTP://a.example/b c \n">a\x00</A>', {"http://a.example/b%20c": {"title": "a"}}),
        ('<DT><A HREF="http://a.example/" ADD_DATE="1700000000123">', {"http://a.example/": {"added": "2023-11-14", "created_at": "2023-11-14T22:13:20Z"}}),
        ('<DT><H3></H3><DL><DT><H3>G</H3><DL><DT><A HREF="http://a.example/">', {"http://a.example/": {"folder": "G"}}),
        ('<DT><H3>F</H3><DT><A HREF="http://a.example/">a<', {"http://a.example/": {"title": "a<"}}),
    ],
)  # fmt: skip
def test_what_is_written_badly_costs_no_other(text: str, found: dict[str, Said]) -> None:
    """Nothing has to be closed, quoted, or there."""
    assert read_text(text) == (found, {})


def test_what_has_no_address_is_counted() -> None:
    """By its scheme, or without any."""
    text = "<DT><A>x</A><DT><A HREF=''>y</A><DT><A HREF='/z'>z</A><DT><A HREF='mailto:a@b.example'>m</A>"
    assert read_text(text) == ({}, {"without an address": 3, "mailto:": 1})


def test_large_files_are_read_in_time_of_their_length() -> None:
    """Also one that opens whatever it can and closes nothing."""
    text = "".join(f"<DT><A HREF='http://a.example/{n}' ICON='{'x' * 500}'>" for n in range(20_000))
    assert len(read_text(text)[0]) == 20_000
    read_text("<DL><DT><H3>" * 3000 + "<" * 100_000)


@pytest.mark.parametrize("head", [b"", b'{"block": {}}', b"<!DOCTYPE html><title>Pocket</title>"])
def test_other_files_are_none(head: bytes) -> None:
    """By the beginning alone."""
    assert not is_bookmarks(head)
