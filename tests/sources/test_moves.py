"""A deletion by hand is of what was deleted, whatever that is called."""

from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import delete_block
from tests.sources.conftest import add_source, collect, result_of
from tests.sources.test_folder import arcs, find, write
from tests.sources.test_items import make, relate


def delete(base: Components, content: str) -> None:
    """Delete a block as somebody does."""
    block = find(base, content)
    assert block
    delete_block(base.database, block.id)


def test_deleted_note_stays_away_under_another_name(base: Components, notes: Path) -> None:
    """However often it is renamed or edited; ``--restore`` brings it back, with what was its own."""
    write(notes, a="gone", b="b to [[a]]")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    mine, gone = make(base, "mine"), find(base, "gone")
    assert gone
    relate(base, mine, gone, "about")
    delete(base, "gone")
    (notes / "a.md").rename(notes / "c.md")
    result = result_of(collect(base, source_id))
    assert (result["added"], result["deleted"], result["withheld"]) == (0, 0, 1)
    (notes / "c.md").rename(notes / "d.md")
    write(notes, b="b to [[d]]")
    assert result_of(collect(base, source_id))["withheld"] == 1
    write(notes, d="gone, and edited")
    assert result_of(collect(base, source_id))["withheld"] == 1
    assert find(base, "gone") is None
    write(notes, d="gone")
    (notes / "d.md").rename(notes / "e.md")
    assert result_of(collect(base, source_id, restore=True))["added"] == 1
    back = find(base, "gone")
    assert back
    assert arcs(base, back)["path"] == ["e.md"]
    assert arcs(base, mine) == {"about": ["gone"]}


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_copy_of_a_deleted_note_is_another(base: Components, notes: Path) -> None:
    """As one that is made of the same template: it is not what was deleted."""
    write(notes, monday="# Template", other="other")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    delete(base, "# Template")
    write(notes, tuesday="# Template", a="# Template")
    result = result_of(collect(base, source_id))
    assert (result["added"], result["withheld"]) == (2, 1)
    assert result_of(collect(base, source_id))["unchanged"] == 4
    (notes / "monday.md").unlink()
    assert result_of(collect(base, source_id))["deleted"] == 1
    assert find(base, "# Template")


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_deleted_notes_move_with_their_folder(base: Components, notes: Path) -> None:
    """Each deletion goes with one file, and what was not deleted moves as it does."""
    (notes / "sub").mkdir()
    write(notes / "sub", **{f"n{number}": f"note {number // 2}" for number in range(8)})
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    for number in range(3):
        delete(base, f"note {number}")
    (notes / "sub").rename(notes / "other")
    result = result_of(collect(base, source_id))
    assert (result["added"], result["deleted"], result["withheld"]) == (2, 2, 6)
    assert [find(base, f"note {number}") is None for number in range(4)] == [True] * 3 + [False]
