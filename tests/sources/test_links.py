"""Links, tags and attachments of Markdown: two grammars, and where they lead."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import hashlib
import time
import unicodedata
from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from inkcre.sources.documents.documents import read_markdown
from inkcre.sources.documents.markdown import Linked, read_links
from inkcre.sources.documents.references import (
    Files,
    Reference,
    Referent,
    address_reference,
    name_reference,
)
from tests.sources.conftest import add_source, collect, result_of
from tests.sources.test_folder import arcs, find

CAFE = unicodedata.normalize("NFD", "sub/Café.md")
DOCUMENTS = (
    "target.md", "sub/Dr. Who.md", "other/Dr.md", "sub/What now?.md", "sub/deep/note.md", "sub/A b.md", "sub/Foo (bar).md", CAFE,
    "a/same.md", "b/same.md", "b/c/same.md", "x/one.txt", "x/one.md", "v1.2/notes.v3.md", "page.html", "paper.pdf", "100%.md", "a%20b.md", "C#.md",
    "README.md", "sub/README.md",
)  # fmt: skip
OTHERS = (
    "img/pic.png",
    "b/pic.png",
    "Scan 1.PDF.zip",
    ".hidden.png",
    "photo.jpeg",
    "photo.jpeg.md",
)
FILES = Files(DOCUMENTS, {*DOCUMENTS, *OTHERS}, "//")


def lead(kind: str, said: str, key: str = "zz/here.md") -> str | None:
    """Return the key of the file that a link leads to."""
    reference = name_reference(said) if kind == "name" else address_reference(said)
    found = FILES.find(key, reference) if reference else None
    return found.key if found else None


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("target", "target.md"), ("Target.md", "target.md"), ("target|shown", "target.md"), (r"target\|shown", "target.md"), ("target#Head|x", "target.md"),
        ("target^block", "target.md"), ("target#^block", "target.md"), ("Dr. Who", "sub/Dr. Who.md"), ("Dr", "other/Dr.md"), ("What now?", "sub/What now?.md"),
        ("sub/deep/note", "sub/deep/note.md"), ("deep/note", "sub/deep/note.md"), ("deep/note.md", "sub/deep/note.md"), ("eep/note", None), ("/deep/note", None),
        ("/sub/deep/note", "sub/deep/note.md"), ("Café", CAFE), ("café", CAFE), ("notes.v3", "v1.2/notes.v3.md"), ("notes", None), ("v1.2/notes.v3", "v1.2/notes.v3.md"),
        ("100%", "100%.md"), ("a%20b", "a%20b.md"), ("A b", "sub/A b.md"), ("one", "x/one.md"), ("one.txt", "x/one.txt"), ("page", "page.html"), ("paper.pdf", "paper.pdf"),
        ("nowhere", None), ("#Heading", None), ("", None), ("|x", None), ("pic.png", "b/pic.png"), ("img/pic.png", "img/pic.png"), ("pic", None), (".hidden.png", None),
        ("photo.jpeg", "photo.jpeg"), ("photo", None), ("../target", "target.md"), ("./target", None), ("../../target", None), ("https://example.org", None),
    ],
)  # fmt: skip
def test_name_leads_to_the_note_of_that_name(said: str, key: str | None) -> None:
    """However it is composed and written large, wherever it lies; and to no other."""
    assert lead("name", said) == key


@pytest.mark.parametrize(
    ("here", "key"),
    [("a/x.md", "a/same.md"), ("b/x.md", "b/same.md"), ("b/c/x.md", "b/c/same.md"), ("b/c/d/x.md", "b/c/same.md"), ("b/z/x.md", "b/same.md"), ("x.md", "a/same.md"), ("q/x.md", "a/same.md")],
)  # fmt: skip
def test_of_several_the_nearest_is_meant(here: str, key: str) -> None:
    """Beside the note first; then by the steps between the folders."""
    assert lead("name", "same", here) == key
    assert lead("name", "b/same", here) == "b/same.md"


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("../sub/A%20b.md", "sub/A b.md"), ("../sub/A b.md", "sub/A b.md"), ("../sub/Foo%20(bar).md#x", "sub/Foo (bar).md"), ("/target.md", "target.md"), ("../target", "target.md"),
        ("../sub/What%20now%3F.md", "sub/What now?.md"), ("../sub/What%20now?.md", "sub/What now?.md"), ("../sub/Caf%C3%A9.md?x", CAFE), ("../100%25.md", "100%.md"),
        ("../a%2520b.md", "a%20b.md"), ("../C%23.md", "C#.md"), ("../TARGET.md", "target.md"), ("sub/deep/note.md", "sub/deep/note.md"), ("target.md", "target.md"),
        ("../img/pic.png", "img/pic.png"), ("#x", None), ("https://example.org/target.md", None), ("mailto:target.md", None), ("//host/target.md", None), ("../../etc/passwd", None),
        ("../sub/", None), ("?x", None), ("gone.md", None),
    ],
)  # fmt: skip
def test_address_is_relative_to_its_document(said: str, key: str | None) -> None:
    """Escaped as the web escapes; where nothing is there, by name, as Obsidian does."""
    assert lead("address", said) == key


def test_document_does_not_refer_to_itself() -> None:
    """Neither by name nor by address; names of odd bytes are found too."""
    assert lead("name", "target", "target.md") is None
    assert lead("address", "target.md", "target.md") is None
    odd = Files(("//a\\xff/b.md", "//a\\xff/c.md"), (), "//")
    assert odd.find("//a\\xff/c.md", Reference("b", "name")) == Referent(
        "//a\\xff/b.md", is_document=True
    )
    assert odd.find("//a\\xff/c.md", Reference("b.md", "address")) == Referent(
        "//a\\xff/b.md", is_document=True
    )


def said(body: str) -> tuple[list[str], list[str], list[str]]:
    """Return addresses, references and tags of a text."""
    linked = read_links(body)
    return linked.addresses, [target for target, _ in linked.references], linked.tags


@pytest.mark.parametrize(
    ("body", "addresses", "references"),
    [
        ("[x](<sub/A b.md>)", [], ["sub/A b.md"]), ("[x](sub/Foo%20(bar).md) [y](https://en.example/Foo_(bar))", ["https://en.example/Foo_(bar)"], ["sub/Foo%20(bar).md"]),
        ("[x][1], [2] and <https://auto.example/a>\n\n[1]: target.md\n[2]: <https://ref.example/> 'title'\n", ["https://ref.example/", "https://auto.example/a"], ["target.md"]),
        ("[unused]: https://x.example\n", [], []), ("[x](a.md 'a title') [y](b.md\n\"t\")", [], ["a.md", "b.md"]), (r"[a\]b](c.md) \[no](d.md)", [], ["c.md"]),
        ("[a [b] c](d.md) [*a* `]`](e.md)", [], ["d.md", "e.md"]), ("[x](&auml;.md)", [], ["ä.md"]), ("[x](HTTPS://x.example/Ä b)", [], []), ("[x](HTTPS://x.example/Ä)", ["HTTPS://x.example/Ä"], []),
        ("![alt](pic.png) ![w](https://x.example/i.png) [![i](i.png)](a.md)", [], ["pic.png", "a.md", "i.png"]), ("<a@b.example> [m](mailto:x) [h](#here) [e]()", [], []),
        ("```\n[[a]] [x](b.md)\n```\n~~~\n[[a]]\n~~~\n", [], []), ("    [[a]] in code\n", [], []), ("`[[a]]` ``[x](b.md) ` `` [[c]]", [], ["c"]), ("x <!-- [[a]] --> [[b]]", [], ["b"]),
        ("<a href='[[a]]'>x</a> <!-- [x](b.md) -->", [], []), ("- a\n  - b [[c]]\n\n> quote [[d]]\n", [], ["c", "d"]), ("| a |\n|---|\n| [[target\\|shown]] |\n", [], ["target"]),
        ("# Head [[a]]\n\nSetext [[b]]\n===\n", [], ["a", "b"]), ("![[pic.png|100]] ![[note#part]]", [], ["pic.png", "note"]), ("[[a]][[b]] [[]] [[ ]] [[c\nd]] [[e]", [], ["a", "b"]),
        (r"\[[a]] [[b", [], []), ("[[a|x [y](z.md)", [], ["z.md"]),
    ],
)  # fmt: skip
def test_links_are_those_of_commonmark_and_obsidian(
    body: str, addresses: list[str], references: list[str]
) -> None:
    """In text, and not in code, comments or HTML."""
    assert said(body)[:2] == (addresses, references)


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        ("#one two #three-4 #a/b #ünï #日本 #x_y #😀", ["one", "three-4", "a/b", "ünï", "日本", "x_y", "😀"]), ("#1984 #y1984 #12/3", ["y1984", "12/3"]),
        ("a#b https://x.example/#c C# #", []), ("`#code` \\#no\n```\n#code\n```\n", []), ("# Heading #tag\n\n## #\n", ["tag"]), ("line\n#next (#no) #yes, #end.", ["next", "yes", "end"]),
        ("[#inside](a.md) [x](#y)", []), ("[see #inside](a.md)", ["inside"]), ("[[a #b]]", []), ("- #item\n> #quote", ["item", "quote"]), ("#a/ #b", ["a", "b"]), ("##no", []),
    ],
)  # fmt: skip
def test_tags_are_those_of_obsidian(body: str, tags: list[str]) -> None:
    """Behind a blank, no numbers alone, nested, and not in code."""
    assert said(body)[2] == tags


def test_tags_in_text_are_as_those_in_front() -> None:
    """One relation for both, each once, whatever is written large."""
    document = read_markdown(b"---\ntags: [One, '#two']\n---\n#one #Two #Three #three", Path("/x"))
    assert [(name, getattr(node, "content", None)) for name, node in document.arcs] == [
        ("tags", "One"),
        ("tags", "#two"),
        ("tags", "Three"),
    ]


def test_front_matter_names_notes() -> None:
    """By wiki links, as properties of Obsidian do."""
    document = read_markdown(b'---\nup: "[[target]]"\nsee: ["[[A b|x]]", y]\n---\nx', Path("/x"))
    assert document.references == [Reference("target", "name"), Reference("A b", "name")]


def content_of(name: str) -> str:
    """Return what the block of an attachment has."""
    digest = hashlib.sha256(b"\x89PNG" + name.encode()).hexdigest()
    return f"sha256:{digest}"


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_vault_is_linked(base: Components, notes: Path) -> None:
    """The whole way: links, tags, and attachments, beside notes that say nothing."""
    for name, text in {
        "home.md": "see [[Dr. Who]], ![[pic.png|100]], ![x](img/other.png), [zip](img/a.zip) and #tag",
        "sub/Dr. Who.md": "doctor", "other/Dr.md": "a wrong doctor", CAFE: "cafe", "nfc.md": "see [[Café]] and [[pic.png]]", "code.md": "```\n[[home]]\n```",
    }.items():  # fmt: skip
        (notes / name).parent.mkdir(exist_ok=True)
        (notes / name).write_text(text)
    (notes / "img").mkdir()
    for name in ("pic.png", "other.png", "a.zip"):
        (notes / "img" / name).write_bytes(b"\x89PNG" + name.encode())
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == 9
    home, nfc, code = (
        find(base, text)
        for text in (
            (notes / "home.md").read_text(),
            "see [[Café]] and [[pic.png]]",
            "```\n[[home]]\n```",
        )
    )
    assert home
    assert nfc
    assert code
    said_of_home = arcs(base, home)
    assert said_of_home["links to"] == ["doctor"]
    assert sorted(said_of_home["attachment"]) == sorted(
        map(content_of, ("pic.png", "other.png", "a.zip"))
    )
    assert said_of_home["tags"] == ["tag"]
    assert arcs(base, nfc)["links to"] == ["cafe"]
    assert arcs(base, nfc)["attachment"] == [content_of("pic.png")]
    assert arcs(base, code) == {"path": ["code.md"]}
    (notes / "img" / "pic.png").unlink()
    assert result_of(collect(base, source_id))["updated"] == 2
    assert "attachment" not in arcs(base, nfc)


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_text_of_a_folder_is_utf8_or_says_what_it_is(
    base: Components, notes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it writes of encodings is text; what nobody can tell is left out, and told."""
    said_of_html = '# Größe\n\nWrite `<meta charset="iso-8859-1">` in old pages. Größe – “x”'
    (notes / "md.md").write_text(said_of_html)
    (notes / "txt.txt").write_text('Größe: <?xml version="1.0" encoding="windows-1251"?> Größe')
    (notes / "marked.txt").write_bytes("mit Marke: Größe".encode("utf-16"))
    (notes / "bom.md").write_bytes("\ufeff---\r\nid: 01\r\n---\r\nGröße".encode())
    (notes / "old.txt").write_bytes("Größe".encode("cp1252"))
    (notes / "page.html").write_bytes('<meta charset="latin1"><p>Größe – “x”'.encode("cp1252"))
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == 5
    texts = {block.content for block in list_blocks(base.database, limit=100)[0]}
    assert {
        said_of_html,
        'Größe: <?xml version="1.0" encoding="windows-1251"?> Größe',
        "mit Marke: Größe",
        "Größe",
        "Größe – “x”",
    } <= texts
    assert "old.txt: cannot be read: no text in UTF-8 (byte 2)" in caplog.text


PIECES = [
    '[](a "',
    "[a](",
    "[[",
    "[",
    "<a ",
    "![",
    "[x](<",
    "![[",
    "[a][",
    "#",
    "#a ",
    "`",
    "``a`",
    "\\",
    "<!--",
    "&",
    "](",
    "[a]: b\n",
    "> ",
    "- ",
    "    ",
    "a\n",
    "|",
    "[[a]] ",
    "<http://a",
]


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_markdown_ends(piece: str) -> None:
    """In time by its length, whatever is never closed."""
    began = time.process_time()
    linked = read_links(piece * (200_000 // len(piece)))
    assert isinstance(linked, Linked)
    assert time.process_time() - began < 30
