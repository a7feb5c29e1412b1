"""Positions of keys and values, against an independent parser (toml-rs, in Rust)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toml_rs

from inkcre.settings.toml import Keys, Place, TomlDocument, parse_document
from tests.settings.documents import located_documents


def start(place: int | tuple[int, int]) -> int:
    """Return where a range starts."""
    return place if isinstance(place, int) else place[0]


Found = tuple[int, int, int | None, int | None]
"""Line and column of the value, then of the key; None where there is no key or it is dotted."""


def their_places(nodes: Any, data: Any, path: Keys = ()) -> Iterator[tuple[Keys, Found]]:
    """Walk what the other parser noted of each key and element with a value."""
    items: Any = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        node = nodes[key]
        where = (*path, key)
        if not (
            isinstance(node, dict) and "value" in node and {"key_raw", "value_raw"} & set(node)
        ):
            yield from their_places(node, value, where)  # a table under a header
            continue
        if "value_line" in node:
            has_key = "key_line" in node
            yield (
                where,
                (
                    start(node["value_line"]),
                    start(node["value_col"]),
                    start(node["key_line"]) if has_key else None,
                    start(node["key_col"]) if has_key else None,
                ),
            )
        if isinstance(value, (dict, list)):
            yield from their_places(node["value"], value, where)


def check_places(path: Path, content: bytes) -> int:
    """Check that both parsers put every key and value at the same line and column."""
    document = parse_document(path, content)
    text = document.text
    checked = 0
    path.write_bytes(text.encode())
    with path.open("rb") as file:
        theirs = toml_rs.load_with_metadata(file)
    for keys, (line, column, key_line, key_column) in their_places(
        theirs.meta["nodes"], document.data
    ):
        span = document.span(keys)
        assert span, keys
        value = document.place(span.value, span.end)
        if span.key == span.value and text[span.key] == "[" and is_array_of_tables(document, keys):
            assert value.line == line, keys  # the header of its first table, brackets and all
            checked += 1
            continue
        assert in_bytes(document, value) == (line, column), keys
        checked += 1
        written = text[span.key : span.value].rstrip().removesuffix("=").rstrip()
        is_dotted = "." in written.replace('"', "").replace("'", "")
        if key_line is not None and span.key != span.value and not is_dotted:
            key = document.place(span.key, span.value)
            assert in_bytes(document, key) == (key_line, key_column), keys
    return checked


def in_bytes(document: TomlDocument, place: Place) -> tuple[int, int]:
    """Return a place with its column in bytes, as the other parser counts; ours are characters."""
    before = document.line(place.line)[: place.column - 1]
    return place.line, len(before.encode()) + 1


def is_array_of_tables(document: TomlDocument, keys: Keys) -> bool:
    """Tell an array of tables, or one of its tables, from a list in brackets."""
    named = keys
    while isinstance(named[-1], int):
        named = named[:-1]
    outer = document.spans[named]
    return bool(outer.key == outer.value)


def test_every_key_is_where_another_parser_says(tmp_path: Path) -> None:
    """Line and column of each key, value and element of each document, kept or made up."""
    located = 0
    for path, content in located_documents():
        located += check_places(tmp_path / path.as_posix().replace("/", "-"), content)
    assert located >= 4_000


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "'é' = 'ü' # x\nb = [\n  'é', 2,\n]",
        "[a]\n  b = 1\n[[c]]\nd = 1\n[[c]]\nd = { e = [1, { f = 2 }] }",
        "[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\nc = 2\n[[d]]\n[[d.b]]\nc = 3\n[[a]]\n[[a.b]]\nc = 4\n[[d]]\n[[a.b]]\nc = 5",
        '"a b" = 1\n\'c\' = """\nx\n"""\nd = 5',
        "a.b.c = 1\na.b.d = [[1], [2, [3]]]",
        "\ufeffa = 1\r\n[b]\r\nc = 2\r\n",
    ],
)
def test_awkward_places(text: str, tmp_path: Path) -> None:
    """Accents, several lines, nesting, quotes, dots, marks and CRLF."""
    assert check_places(tmp_path / "x.toml", text.encode()) > 0
