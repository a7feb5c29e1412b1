"""Folders that readers of notes have taken wrong, by public reports, on each database."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import unicodedata
from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from tests.cases import lay_case
from tests.sources.conftest import add_source, collect
from tests.sources.test_folder import arcs

Said = dict[str, dict[str, list[str]]]


def collect_case(base: Components, notes: Path, case: str) -> tuple[dict[str, str], Said]:
    """Collect the folder of a case; return texts, and what leads where, by the notes' paths.

    A link to a note is its path.
    """
    lay_case(case, notes)
    assert collect(base, add_source(base, "folder", path=str(notes))).state == "finished"
    texts: dict[str, str] = {}
    said: Said = {}
    for block in list_blocks(base.database, limit=1000)[0]:
        around = arcs(base, block)
        for path in around.pop("path", ()):  # notes of one text are one block
            texts[path] = block.content or ""
            said[path] = around
    paths_of = {text: path for path, text in texts.items()}
    for around in said.values():
        if "links to" in around:
            around["links to"] = sorted(paths_of.get(end, end) for end in around["links to"])
    return texts, said


def test_front_matter_stays_as_it_is_written(base: Components, notes: Path) -> None:
    """No number, time or word is made of it, and what cannot be read costs itself alone."""
    texts, said = collect_case(base, notes, "folder-frontmatter")
    assert texts.keys() == {"values.md", "bad-date.md", "template.md", "empty.md"}
    assert {text.strip() for text in texts.values()} == {"body"}
    assert said["values.md"] == {
        "start": ["12:30"], "id": ["0123"], "country": ["no"], "ver": ["1.10"], "zip": ["01234"],
        "big": ["2024_01"], "title": ["My note"], "tags": ["a", "b"], "date": ["2025-02-30"],
    }  # fmt: skip


CASES = {
    "folder-mdlinks": {
        "spaces.md": ["sub/A b.md"],
        "paren.md": ["https://en.wiki.example/wiki/Foo_(bar)", "sub/Foo (bar).md"],
        "refl.md": ["https://auto.example/a", "https://ref.example/", "target.md"],
        "code.md": [],
    },
    "folder-wikilinks": {
        "a-dot.md": ["sub/Dr. Who.md"],
        "a-q.md": ["sub/What now?.md"],
        "zz/vaultabs.md": ["sub/deep/note.md"],
        "table.md": ["target.md"],
        "nfc.md": ["sub/Café.md"],
    },
}


@pytest.mark.parametrize("case", CASES)
def test_links_lead_to_the_notes_that_are_meant(base: Components, notes: Path, case: str) -> None:
    """By CommonMark where Markdown is meant, by Obsidian where a wiki is."""
    _, said = collect_case(base, notes, case)
    for path, ends in CASES[case].items():
        found = [unicodedata.normalize("NFC", end) for end in said[path].get("links to", [])]
        assert found == ends, path


def test_text_that_writes_of_encodings_is_in_its_own(base: Components, notes: Path) -> None:
    """A file of UTF-8 is that, whatever its words say."""
    texts, _ = collect_case(base, notes, "folder-utf8-charset-words")
    assert "Größe – “x”" in texts["md-charset.md"]
    assert texts["txt-charset.txt"].startswith("Größe: <?xml")
    assert texts["txt-charset.txt"].rstrip().endswith("Größe")
