"""Folders: what is in them, and what becomes of it."""

import os
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from inkcre.context import Components
from inkcre.errors import Invalid, Unsupported
from inkcre.graph.blocks import create_block, delete_block, edit_block, list_blocks
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm
from inkcre.graph.records import Block
from inkcre.graph.relations import create_relation, list_relations
from inkcre.sections.schema import load_settings
from inkcre.settings.report import SettingsError
from tests.sources.conftest import add_source, collect, result_of


def find(base: Components, content: str) -> Block | None:
    """Return the block of text with a content."""
    blocks, _ = list_blocks(base.database, limit=1000)
    return next((block for block in blocks if block.content == content), None)


def arcs(base: Components, block: Block) -> dict[str, list[str]]:
    """Return what leaves a block: contents by relation."""
    relations, _ = list_relations(base.database, block.id, direction="out", limit=1000)
    blocks = {b.id: b.content for b in list_blocks(base.database, limit=1000)[0]}
    found: dict[str, list[str]] = {}
    for relation in relations:
        found.setdefault(relation.content, []).append(blocks[relation.to_])
    return found


def write(folder: Path, **files: str) -> None:
    """Write Markdown files by their names."""
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text)


def test_files_become_blocks(base: Components, notes: Path) -> None:
    """Text, Markdown with what is in front of it, HTML, PDF; hidden and other files are passed over."""
    from pypdf import PdfWriter

    (notes / "sub").mkdir()
    (notes / ".hidden.md").write_text("hidden")
    (notes / ".git").mkdir()
    (notes / ".git" / "x.md").write_text("hidden")
    (notes / "data.bin").write_bytes(b"\0\1")
    (notes / "empty.txt").write_text("  \n")
    (notes / "plain.txt").write_text("plain text")
    (notes / "sub" / "toml.md").write_text('+++\ntitle = "T"\n+++\nin toml')
    (notes / "note.md").write_text(
        "---\ntitle: A note\ntags: [one, two]\ndate: 2026-11-24\nnested: {a: 1}\n---\n\n"
        "See [the web](https://example.org/a) and ![image](https://example.org/i.png)."
    )
    (notes / "page.html").write_text(
        f"<title>A page</title><body><p>{'Some text, for a reader. ' * 30}</p></body>"
    )
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    stream = BytesIO()
    writer.write(stream)
    (notes / "paper.pdf").write_bytes(stream.getvalue())
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    source_id = add_source(base, "folder", path=str(notes))
    job = collect(base, source_id)
    assert job.state == "finished", job
    plain = find(base, "plain text")
    assert plain
    assert arcs(base, plain) == {"path": ["plain.txt"]}
    note = find(
        base, "See [the web](https://example.org/a) and ![image](https://example.org/i.png)."
    )
    assert note
    assert arcs(base, note) == {
        "path": ["note.md"], "title": ["A note"], "tags": ["one", "two"], "date": ["2026-11-24"],
        "links to": ["https://example.org/a"],
    }  # fmt: skip
    toml = find(base, "in toml")
    assert toml
    assert arcs(base, toml) == {"path": ["sub/toml.md"], "title": ["T"]}
    assert find(base, "hidden") is None
    assert result_of(job)["added"] == 4  # a blank page has no text, a broken file neither
    again = result_of(collect(base, source_id))
    assert (again["added"], again["updated"], again["deleted"]) == (0, 0, 0)


def test_pdf_text_is_read_once(
    base: Components, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes seconds, so a file of the same bytes is not read again."""
    import pypdf

    (notes / "a.pdf").write_bytes(PDF)
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == 1
    assert find(base, "Hello PDF")
    monkeypatch.setattr(pypdf, "PdfReader", None)
    again = result_of(collect(base, source_id))
    assert again == {"added": 0, "updated": 0, "unchanged": 1, "deleted": 0}


def test_links_between_files_are_relations(base: Components, notes: Path) -> None:
    """By path or by name, whichever file comes first; a file that comes later is linked then."""
    (notes / "sub").mkdir()
    write(
        notes,
        a="to [b](sub/b.md), [[c]], [d](later.md) and [out](../../etc/passwd)",
        c="to [a](a.md#x)",
    )
    write(notes / "sub", b="back to [a](../a.md?x) and [[A|the first]]")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    a = find(base, "to [b](sub/b.md), [[c]], [d](later.md) and [out](../../etc/passwd)")
    assert a
    assert sorted(arcs(base, a)["links to"]) == [
        "back to [a](../a.md?x) and [[A|the first]]",
        "to [a](a.md#x)",
    ]
    write(notes, later="the last")
    assert result_of(collect(base, source_id))["added"] == 1
    assert "the last" in arcs(base, a)["links to"]
    write(notes, a="to [b](sub/b.md)")
    collect(base, source_id)
    edited = find(base, "to [b](sub/b.md)")
    assert edited
    assert edited.id == a.id
    assert arcs(base, edited)["links to"] == ["back to [a](../a.md?x) and [[A|the first]]"]


def test_edits_and_deletions_are_followed(base: Components, notes: Path) -> None:
    """In place, so that what was attached stays; what is gone is gone."""
    write(notes, a="first", b="other")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    first = find(base, "first")
    assert first
    note, _ = create_block(base.database, BlockForm(resolver="text", content="mine"), base.clock())
    create_relation(
        base.database,
        RelationForm(from_=note.id, to_=first.id, content="about"),
        base.clock(),
    )
    write(notes, a="second")
    (notes / "b.md").unlink()
    result = result_of(collect(base, source_id))
    assert result == {"added": 0, "updated": 1, "unchanged": 0, "deleted": 1}
    second = find(base, "second")
    assert second
    assert second.id == first.id
    assert arcs(base, note) == {"about": ["second"]}
    assert find(base, "other") is None
    assert find(base, "first") is None


def test_file_that_moves_keeps_its_block(base: Components, notes: Path) -> None:
    """A rename is a new name for the same block, which later edits still follow in place."""
    write(notes, old="text")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    before = find(base, "text")
    assert before
    (notes / "old.md").rename(notes / "new.md")
    collect(base, source_id)
    moved = find(base, "text")
    assert moved
    assert moved.id == before.id
    assert arcs(base, moved)["path"] == ["new.md"]
    write(notes, new="edited")
    collect(base, source_id)
    assert find(base, "text") is None
    edited = find(base, "edited")
    assert edited
    assert edited.id == before.id


def test_files_that_swap_their_contents_keep_both(base: Components, notes: Path) -> None:
    """Each has the other's content now, and nothing is lost."""
    write(notes, a="one", b="two")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    write(notes, a="two", b="one")
    collect(base, source_id)
    one, two = find(base, "one"), find(base, "two")
    assert one
    assert two
    assert arcs(base, one)["path"] == ["b.md"]
    assert arcs(base, two)["path"] == ["a.md"]
    again = result_of(collect(base, source_id))
    assert (again["added"], again["updated"]) == (0, 0)


def test_what_people_made_or_changed_is_left_alone(base: Components, notes: Path) -> None:
    """Their block is not edited, nor deleted with the file that says the same."""
    mine, _ = create_block(base.database, BlockForm(resolver="text", content="same"), base.clock())
    write(notes, a="same", b="theirs")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    theirs = find(base, "theirs")
    assert theirs
    edit_block(base.database, theirs.id, BlockEdit(content="changed by hand"), base.clock())
    write(notes, a="other", b="theirs, edited")
    collect(base, source_id)
    assert find(base, "same") == mine
    assert find(base, "changed by hand")
    assert find(base, "other")
    assert find(base, "theirs, edited")
    (notes / "a.md").unlink()
    (notes / "b.md").unlink()
    write(notes, c="so that something is left")
    collect(base, source_id)
    assert find(base, "same")
    assert find(base, "changed by hand")
    assert find(base, "other") is None
    assert find(base, "theirs, edited") is None


def test_block_that_somebody_deleted_stays_away(base: Components, notes: Path) -> None:
    """Until it is asked for by its own word; the file itself is not touched."""
    write(notes, a="unwanted", b="wanted")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    unwanted = find(base, "unwanted")
    assert unwanted
    delete_block(base.database, unwanted.id)
    collect(base, source_id)
    assert find(base, "unwanted") is None
    collect(base, source_id, full=True)
    assert find(base, "unwanted") is None
    collect(base, source_id, restore=True)
    assert find(base, "unwanted")


def test_empty_place_of_a_full_folder_deletes_nothing(base: Components, notes: Path) -> None:
    """A disk that is not mounted looks like that; who means it says so."""
    write(notes, a="text")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    (notes / "a.md").unlink()
    result = result_of(collect(base, source_id, full=True))
    assert (result["deleted"], result["missing"]) == (0, 1)
    assert find(base, "text")
    assert result_of(collect(base, source_id, forget=True))["deleted"] == 1
    assert find(base, "text") is None


def test_folder_that_is_gone_fails_and_deletes_nothing(base: Components, notes: Path) -> None:
    """The job says so."""
    (notes / "sub").mkdir()
    write(notes / "sub", a="text")
    source_id = add_source(base, "folder", path=str(notes / "sub"))
    collect(base, source_id)
    (notes / "sub" / "a.md").unlink()
    (notes / "sub").rmdir()
    job = collect(base, source_id)
    assert job.state == "failed"
    assert "no such file" in str(job.error)
    assert find(base, "text")


def test_only_named_folders_are_read(base: Components, notes: Path, tmp_path: Path) -> None:
    """No path, and no link, leads out of them."""
    (tmp_path / "secret.md").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.md").write_text("secret too")
    for path in ("/etc", str(tmp_path), str(notes / ".."), str(notes / "../outside"), "~root"):
        with pytest.raises((Invalid, ValidationError)):
            add_source(base, "folder", path=path)
    (notes / "link.md").symlink_to(tmp_path / "secret.md")
    (notes / "folder").symlink_to(tmp_path / "outside")
    (notes / "out").symlink_to(tmp_path / "outside")
    with pytest.raises(Invalid):
        add_source(base, "folder", path=str(notes / "out"))
    write(notes, real="text")
    source_id = add_source(base, "folder", path=str(notes))
    assert result_of(collect(base, source_id))["added"] == 1
    assert find(base, "secret") is None
    assert find(base, "secret too") is None


def test_folders_are_for_processes() -> None:
    """A constraint says so of the setting, and the type of itself."""
    from inkcre.sources.registry import InstalledSourceTypes

    with pytest.raises(SettingsError) as caught:
        load_settings("workers", overrides={"sources.folders": ["/notes"]}, environ={})
    assert "there is no disk" in str(caught.value)
    types = InstalledSourceTypes(load_settings("workers", environ={}))
    assert "folder" not in types.names()
    with pytest.raises(Unsupported):
        types.load("folder")
    with pytest.raises(Unsupported) as unset:
        InstalledSourceTypes(load_settings("dev", environ={})).load("folder")
    assert "sources.folders" in str(unset.value)


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 40>>stream
BT /F1 24 Tf 20 100 Td (Hello PDF) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
xref
0 6
0000000000 65535 f
trailer<</Size 6/Root 1 0 R>>
startxref
0
%%EOF
"""


def test_odd_file_does_not_keep_others_from_being_read(base: Components, notes: Path) -> None:
    """Whatever its parser makes of it: it is passed over, or read as it is."""
    odd = {
        "int": '---\na: !!int ""\n---\nx', "bool": "---\na: !!bool x\n---\nx",
        "time": "---\na: !!timestamp x\n---\nx", "toml": f"+++\na = {'9' * 5000}\n+++\nx",
    }  # fmt: skip
    for name, content in odd.items():
        (notes / f"{name}.md").write_text(content)
    for name in ("undefined", "idna", "unicode_escape"):
        (notes / f"{name}.html").write_text(f"<meta charset={name}><p>text \\ud800")
    (notes / "base.html").write_text("<base href='http://['><p>text<a href='a.md'>a</a>")
    bomb = "- &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"- &{chr(98 + n)} !!pairs [x: *{chr(97 + n)}, x: *{chr(97 + n)}]\n" for n in range(12)
    )
    (notes / "bomb.md").write_text(f"---\na:\n{bomb}---\nbomb")
    os.mkfifo(notes / "pipe.md")
    (notes / "good.md").write_text("good")
    source_id = add_source(base, "folder", path=str(notes))
    job = collect(base, source_id)
    assert job.state == "finished", job
    assert find(base, "good")
    blocks, _ = list_blocks(base.database, limit=1000)
    assert max(len(block.content) for block in blocks) < 1000 + 5000


def test_file_that_is_empty_for_a_moment_keeps_its_block(base: Components, notes: Path) -> None:
    """Editors empty a file before they write it."""
    write(notes, a="text", b="other")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    before = find(base, "text")
    assert before
    write(notes, a="")
    assert result_of(collect(base, source_id))["deleted"] == 0
    write(notes, a="new text")
    collect(base, source_id)
    after = find(base, "new text")
    assert after
    assert after.id == before.id


def test_file_with_a_long_path_that_is_empty_for_a_moment_is_there(
    base: Components, notes: Path
) -> None:
    """Its key is kept as a digest, and is known all the same."""
    deep = notes / ("d" * 200) / ("e" * 200) / ("f" * 150)
    deep.mkdir(parents=True)
    write(deep, a="a note in the deep")
    write(notes, b="another")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    write(deep, a="")
    result = result_of(collect(base, source_id))
    assert (result["unchanged"], result["deleted"]) == (2, 0)
    assert "missing" not in result
    assert find(base, "a note in the deep")


def test_folder_that_cannot_be_listed_says_so(base: Components, notes: Path) -> None:
    """Also when its name is no text: the job has failed, and the threads go on."""
    sub = os.fsencode(notes) + b"/sub\xff"
    Path(os.fsdecode(sub)).mkdir()
    write(notes, a="text")
    source_id = add_source(base, "folder", path=str(notes))
    walk = os.walk

    def refuse(top: Any, onerror: Any) -> Any:
        onerror(PermissionError(13, "Permission denied", os.fsdecode(sub)))
        return walk(top)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "walk", refuse)
        job = collect(base, source_id)
    assert job.state == "failed"
    assert "permission denied" in str(job.error)


@pytest.mark.parametrize("text", ['[](a "', "[a](", "[[", "[", "<a ", "![", "[x](<"])
def test_hostile_markdown_takes_no_more_than_its_length(text: str) -> None:
    """Ten times as much takes about ten times as long: two megabytes are read in seconds."""
    from inkcre.sources.documents.documents import READERS

    began = time.process_time()
    for suffix in (".md", ".html"):
        READERS[suffix]((text * (1_000_000 // len(text))).encode(), Path("/x"))
    assert time.process_time() - began < 20
