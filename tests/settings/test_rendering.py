"""How problems look: carets under what they mean, whatever the line is made of."""

import json

import pytest
from rich.cells import cell_len

from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.renderers import (
    MAX_CELLS,
    Role,
    cells,
    render_diagnostic,
    render_github,
    render_json,
    render_text,
    visible,
)
from inkcre.settings.toml import Place


def problem(shown: str, caret: int, length: int, **more: object) -> Diagnostic:
    """Make a problem on one line."""
    label = Label("x.toml", Place(7, caret, length), shown, caret, length)
    return Diagnostic("int_parsing", "a.b", "is wrong", (label,), **more)  # type: ignore[arg-type]


def quoted(shown: str, caret: int, length: int) -> tuple[str, str]:
    """Return the quoted line and the line of carets, without their gutters."""
    _, _, _, line, marks = render_diagnostic(problem(shown, caret, length)).splitlines()
    return line.partition(" | ")[2], marks.partition("| ")[2]


def marked(shown: str, caret: int, length: int) -> str:
    """Return what stands above the carets, counted in the cells of a terminal."""
    line, marks = quoted(shown, caret, length)
    start, end = marks.index("^"), len(marks)
    found, at = "", 0
    for character in line:
        if start <= at < end:
            found += character
        at += cell_len(character)  # rich's own table of widths, not ours
    return found


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ('port = "six"', '"six"'),
        ('title = "资料库" # 库', '"资料库"'),
        ("资料 = [1]", "[1]"),
        ("e\u0301 = [1]", "[1]"),  # a letter and its accent apart
        ("\U0001f600 = 'x'", "'x'"),
        ("k\N{FULLWIDTH LATIN SMALL LETTER A} = 5", "5"),
    ],
)
def test_carets_stand_below_what_is_meant(shown: str, text: str) -> None:
    """Wide characters take two cells, accents none."""
    assert marked(shown, shown.index(text) + 1, len(text)) == text


@pytest.mark.parametrize(
    "text", ["abc", "资料库", "e\u0301", "\uff4b", "\U0001f600", "é", "ก็", "한"]
)
def test_cells_are_those_of_another_table(text: str) -> None:
    """Rich, which lays out terminals for a living, counts the same."""
    assert cells(text) == cell_len(text)


def test_tab_is_as_wide_as_the_carets_think() -> None:
    """A tab is written as spaces, since nobody knows where it would lead."""
    line, marks = quoted('\tport\t= "x"', 9, 3)
    assert line == '    port    = "x"'
    assert marks.index("^") == line.index('"')


def test_what_a_terminal_would_obey_is_written_as_its_escape() -> None:
    """Escape sequences and characters that reorder a line do nothing."""
    line, _ = quoted("a\x1b[31m = '\u202e'", 1, 1)
    assert line == "a\\u001b[31m = '\\u202e'"
    assert visible("\U000e0001") == "\\U000e0001"
    said = render_diagnostic(Diagnostic("c", "s\x07", "m\x1b", notes=("n\x00",), help="h\r"))
    assert said.isprintable() or all(c == "\n" or c.isprintable() for c in said)


def test_long_line_is_quoted_around_its_caret() -> None:
    """The caret is under the same character, and the line fits."""
    shown = "x" * 5000 + '"bad"' + "y" * 5000
    line, marks = quoted(shown, 5001, 5)
    assert cells(line) <= MAX_CELLS + 2
    start = marks.index("^")
    assert line[start : start + len(marks) - start] == '"bad"'
    assert (line[0], line[-1]) == ("…", "…")
    whole, carets = quoted("a = " + "é" * 500, 5, 500)
    assert len(carets) <= len(whole) <= MAX_CELLS + 1


def test_colour_is_what_whoever_paints_makes_of_it() -> None:
    """Each piece is painted by its role; the text is otherwise the same."""
    used: set[Role] = set()

    def paint(role: Role, text: str) -> str:
        used.add(role)
        return text

    found = [
        problem('port = "six"', 8, 5, help="do"),
        Diagnostic("INK101", "a", "b", level="warning"),
    ]
    assert render_text(found, paint, command="inkcre") == render_text(found, command="inkcre")
    assert used == {"error", "warning", "title", "frame", "help"}


def test_warnings_are_counted_apart() -> None:
    """The last line says how many of each, and where to read on."""
    error, warning = Diagnostic("a", "s", "m"), Diagnostic("b", "s", "m", level="warning")
    assert render_text([error], command="inkcre").endswith(
        "1 problem in the settings; `inkcre explain a` tells more"
    )
    assert "2 problems and 1 warning in" in render_text([error, warning, error], command="inkcre")
    assert render_text([warning], command="inkcre").splitlines()[0] == "warning[b]: s: m"


def test_json_parts_errors_and_warnings() -> None:
    """Two lists, each with level, places and help."""
    found = [problem("x", 1, 1), Diagnostic("b", "s", "m", level="warning")]
    data = json.loads(render_json(found))
    assert [p["code"] for p in data["errors"]] == ["int_parsing"]
    assert [p["code"] for p in data["warnings"]] == ["b"]
    assert data["errors"][0]["places"] == [{"source": "x.toml", "line": 7, "column": 1}]


def test_github_annotation_names_file_and_line() -> None:
    """As GitHub's workflow commands want it, with their escapes."""
    text = render_github([problem("port = 6", 8, 1, help="50%, or\nless: so")])
    assert text == (
        "::error title=int_parsing%3A a.b,file=x.toml,line=7,col=8,endColumn=9"
        "::a.b: is wrong%0Ahelp: 50%25, or%0Aless: so"
    )
    assert render_github([Diagnostic("INK1", "s", "m", level="warning")]).startswith("::warning t")
