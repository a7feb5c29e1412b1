"""Positions in TOML files."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkcre.settings import toml
from inkcre.settings.toml import Keys, find_spans, parse_document
from tests.settings.documents import documents, located_documents, made_up


def paths_of(value: Any, path: Keys = ()) -> Iterator[Keys]:
    """Yield the path of every key and element."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from paths_of(inner, (*path, key))


def value_at(data: Any, path: Keys) -> Any:
    """Follow a path."""
    for key in path:
        data = data[key]
    return data


def check_spans(text: str) -> int:
    """Check that spans and parsed data agree everywhere; give how many there are."""
    data = tomllib.loads(text)
    spans = find_spans(text)
    assert set(spans) == set(paths_of(data))
    for path, span in spans.items():
        if span.key != span.value:
            assert tomllib.loads(f"x = {text[span.value : span.end]}")["x"] == value_at(data, path)
            name = str(path[-1])
            assert name in text[span.key : span.value] or "\\" in text[span.key : span.value]
    return len(spans)


def test_every_document_is_located() -> None:
    """Each key, header and element of each has a place, and what stands there is the value."""
    located = 0
    for path, content in located_documents():
        located += check_spans(parse_document(path, content).text)
    assert located >= 4_000


def test_documents_are_many_and_always_the_same() -> None:
    """Neither what is kept nor what is made up depends on the machine or the moment."""
    assert len(documents()) >= 50
    assert list(made_up(7, 3)) == list(made_up(7, 3))
    assert list(made_up(7, 3)) != list(made_up(8, 3))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a = 1",
        "a.b.c = 1\na.b.d = 2",
        "[a]\n[a.b]\nc = 1\n[d]",
        "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\nz = 4\n[[a.c]]\nz = 5\n[[a]]\n[[a.c]]\nz = 6",
        "a = { b = { c = [1, { d = 2 }] }, e = [] }",
        'a = [[1, 2], [3], [], ["x", [{ y = 1 }]]]',
        '"a.b" = 1\n\'c d\' = 2\n"\\u00e9" = 3',
        "a = \"\"\"\nx = 1\n\"\"\"\nb = '''[c]'''",
        "  a   =    1   # b = 2\n\t[ c . d ]\n e = [ # f\n 1, # g\n 2 ]",
        "a = 1979-05-27T07:32:00Z\nb = 1e3\nc = inf\nd = 0xff",
    ],
)
def test_awkward_toml_is_located(text: str) -> None:
    """Dotted keys, arrays of tables, nesting, quoting, comments."""
    check_spans(text)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc"]), min_size=1, max_size=6)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 9) | st.booleans() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def write_toml(value: Any) -> str:
    """Write a value the way TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {write_toml(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_generated_toml_is_located(data: dict[str, Any]) -> None:
    """Whatever is written, its spans and its data agree."""
    text = "\n".join(f'"{key}" = {write_toml(value)}' for key, value in data.items())
    check_spans(text)


def test_place_counts_lines_and_columns_from_one() -> None:
    """The caret's place is what an editor shows, in characters, whatever the line ends."""
    document = parse_document(Path("x.toml"), "# é\r\n[a]\r\n  b = 'ü'\r\n".encode())
    span = document.span(("a", "b"))
    assert span
    assert document.place(span.value, span.end) == (3, 7, 3)
    assert document.line(3) == "  b = 'ü'"


def test_byte_order_mark_is_not_a_character() -> None:
    """A file from a certain editor is read like any other."""
    document = parse_document(Path("x.toml"), b"\xef\xbb\xbfa = 1\n")
    assert document.data == {"a": 1}
    assert document.spans[("a",)].key == 0


def test_unknown_parser_leaves_lines_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the private parser has another shape there are no places, and no failure."""
    from inkcre.settings.labels import label_toml

    def changed() -> object:
        raise AttributeError("parse_key_value_pair")

    monkeypatch.setattr(toml, "_private_parser", changed)
    document = parse_document(Path("x.toml"), b"a = 1\n")
    assert document.spans == {}
    assert label_toml(document, ("a",), at_key=False, masked=False).name == "x.toml (line unknown)"


def test_wrapping_the_parser_leaves_tomllib_alone() -> None:
    """The wrapped parser is a second instance."""
    import importlib

    parser = importlib.import_module("tomllib._parser")
    before = parser.parse_value
    find_spans("a = 1")
    assert parser.parse_value is before
