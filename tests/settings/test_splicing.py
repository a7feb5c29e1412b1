"""Editing TOML: what was asked changes, and nothing else does."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from inkcre.settings.toml import parse_document
from inkcre.settings.toml_edit import (
    NotEditable,
    Splice,
    apply_splice,
    comments_within,
    set_value,
    unset_value,
)

NAME = Path("x.toml")


def put(content: bytes, path: tuple[str, ...], value: Any) -> bytes:
    """Set a value."""
    return set_value(parse_document(NAME, content), content, path, value)


def take(content: bytes, path: tuple[str, ...]) -> bytes:
    """Unset a value."""
    return unset_value(parse_document(NAME, content), content, path)


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        # in the place of a value: its comment, its spacing and its kind of quotes stay
        ("a  =  1   # why\n", "a", 2, "a  =  2   # why\n"),
        ("[t]\na = 'x' # why", "t.a", "y", "[t]\na = 'y' # why"),
        ("a = 'x'\n", "a", "it's", 'a = "it\'s"\n'),
        ('a = """\nx\ny"""\n', "a", 1, "a = 1\n"),
        ("t = { a = 1 , b = 2 }\n", "t.a", 5, "t = { a = 5 , b = 2 }\n"),
        ("t.a = 1\n", "t.a", [1, 2], "t.a = [1, 2]\n"),
        ("a = [ # one\n 1, # two\n]\nb = 1\n", "a", 2, "# one\n# two\na = 2\nb = 1\n"),
        # into a table: below its last key, above the comment of the next
        ("[t]\na = 1 # x\n\n# about u\n[u]\n", "t.b", 2, "[t]\na = 1 # x\nb = 2\n\n# about u\n[u]\n"),
        ("[t]\n  a = 1\n", "t.b", 2, "[t]\n  a = 1\n  b = 2\n"),
        ("[t]\n[u]\n", "t.b", 2, "[t]\nb = 2\n[u]\n"),
        ("[t] # x", "t.b", 2, "[t] # x\nb = 2"),
        ("[t]\na = [\n[1],\n]\n", "t.b", 2, "[t]\na = [\n[1],\n]\nb = 2\n"),
        ("t = {}\n", "t.b", 2, "t = { b = 2 }\n"),
        ("t = { a = 1 } # x\n", "t.b.c", 2, "t = { a = 1, b.c = 2 } # x\n"),
        ("t.a = 1\nu = 1\n", "t.b", 2, "t.a = 1\nt.b = 2\nu = 1\n"),
        ("[p]\nt.a = {x = 1}\n[u]\n", "p.t.b", 2, "[p]\nt.a = {x = 1}\nt.b = 2\n[u]\n"),
        # a new table, at the end
        ("a = 1", "t.b", 2, "a = 1\n\n[t]\nb = 2\n"),
        ("a = 1\n", "t.b", 2, "a = 1\n\n[t]\nb = 2\n"),
        ("[t.u]\na = 1\n", "t.b", 2, "[t.u]\na = 1\n\n[t]\nb = 2\n"),
        ("[t]\na = 1\n", "t.u.b", 2, "[t]\na = 1\n\n[t.u]\nb = 2\n"),
        ("", "t.b", 2, "[t]\nb = 2\n"),
        ("", "t.a b", 2, '[t]\n"a b" = 2\n'),
        # above all tables
        ("a = 1\n[t]\n", "b", 2, "a = 1\nb = 2\n[t]\n"),
        ("# file\n\n[t]\n", "b", 2, "# file\nb = 2\n\n[t]\n"),
        ("# about t\n[t]\n", "b", 2, "b = 2\n\n# about t\n[t]\n"),
        ("", "b", 2, "b = 2\n"),
        ("# file", "b", 2, "# file\nb = 2\n"),
        # line ends and marks are the file's own
        ("[t]\r\na = 1\r\n", "t.b", 2, "[t]\r\na = 1\r\nb = 2\r\n"),
        ("\ufeff[t]\na = 1\n", "t.a", 2, "\ufeff[t]\na = 2\n"),
        ("[t]\na = 1\r\n# é\r\n", "u.a", 2, "[t]\na = 1\r\n# é\r\n\n[u]\na = 2\n"),
    ],
)  # fmt: skip
def test_set_writes_one_value(before: str, path: str, value: Any, after: str) -> None:
    """The text after is the text before with one value more or other."""
    assert put(before.encode(), tuple(path.split(".")), value).decode() == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a = 1\nb = 2\n", "a", "b = 2\n"),
        ("a = 1 # why\nb = 2\n", "a", "# why\nb = 2\n"),
        ("[t]\n  a = 1 # why\n", "t.a", "[t]\n  # why\n"),
        ("[t]\na = [ # one\n 1, # two\n] # three\n", "t.a", "[t]\n# one\n# two\n# three\n"),
        ("t.a = 1\nt.b = 2\n", "t.a", "t.b = 2\n"),
        ("t = { a = 1, b = 2, c = 3 }\n", "t.a", "t = { b = 2, c = 3 }\n"),
        ("t = { a = 1, b = 2, c = 3 }\n", "t.b", "t = { a = 1, c = 3 }\n"),
        ("t = { a = 1, b = 2, c = 3 }\n", "t.c", "t = { a = 1, b = 2 }\n"),
        ("t = {a = 1} # x", "t.a", "t = {} # x"),
        ("t = { a = { b = 1, c = 2 }, d = 3 }", "t.a.b", "t = { a = { c = 2 }, d = 3 }"),
        ("[t]\r\na = 1\r\nb = 2\r\n", "t.a", "[t]\r\nb = 2\r\n"),
        ("a = 1", "a", ""),
    ],
)
def test_unset_takes_one_value_and_no_comment(before: str, path: str, after: str) -> None:
    """The line goes, what people wrote beside it stays."""
    assert take(before.encode(), tuple(path.split("."))).decode() == after


@pytest.mark.parametrize(
    ("text", "path"),
    [("t = 5\n", "t.a"), ("[t.a]\n", "t.a"), ("[[t]]\na = 1\n", "t.a"), ("t = [1]\n", "t.a")],
)
def test_set_refuses_what_stands_in_the_way(text: str, path: str) -> None:
    """A value where a table would have to be, and the reverse."""
    with pytest.raises(NotEditable):
        put(text.encode(), tuple(path.split(".")), 1)


def test_unset_refuses_what_is_no_value() -> None:
    """A table, or nothing at all, or a list whose comments would have no place."""
    for text, path in (("[t]\n", ("t",)), ("", ("a",)), ("t = {a = [ # x\n1]}\n", ("t", "a"))):
        with pytest.raises(NotEditable):
            take(text.encode(), path)


def test_comments_are_told_from_text() -> None:
    """A number sign in any kind of string is no comment."""
    text = "\"#\\\"#\" '#' \"\"\"#\n\\\"\"\"\"# one\n'''#'# ''''# two  \n# three"
    assert list(comments_within(text)) == ["# one", "# two", "# three"]


SECTIONS = ["http", "app", "http.cors", "profiles.dev.http"]
PATHS = [
    ("profile",), ("target",), ("http", "port"), ("http", "host"), ("http", "cors", "max_age_seconds"),
    ("app", "title"), ("app", "docs"), ("checks", "silence"), ("profiles", "dev", "http", "port"),
    ("profiles", "dev", "app", "docs"), ("bindings", "KV", "id"), ("workers", "limits", "cpu_ms"),
]  # fmt: skip
VALUES: st.SearchStrategy[Any] = (
    st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.lists(st.text("ab'\"#\n\\ {}é", max_size=4), max_size=3)
)
COMMENT = st.text("ab #'\"=[]{}é", max_size=8).map(lambda text: f"# {text}")
SPACE = st.sampled_from(["", " ", "\t", "  "])


class Writer:
    """Write a settings file the way people do: comments everywhere, any spacing."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []

    def noise(self) -> None:
        """Put comments and empty lines."""
        self.lines.extend(self.draw(st.lists(COMMENT | st.just(""), max_size=2)))

    def pair(self, path: tuple[str, ...], value: Any) -> None:
        """Put a key and its value, a list on several lines with comments of its own."""
        self.noise()
        written = tomlkit.item(value).as_string()
        if isinstance(value, list) and self.draw(st.booleans()):
            items = [f"{tomlkit.item(item).as_string()}, # of\n" for item in value]
            written = f"[ # in\n{''.join(items)}]"
        gap = f"{self.draw(SPACE)}={self.draw(SPACE)}"
        tail = self.draw(st.just("") | COMMENT.map(lambda text: f" {text}"))
        self.lines.append(f"{self.draw(SPACE)}{'.'.join(path)}{gap}{written}{tail}")

    def headers(self, tree: dict[tuple[str, ...], Any]) -> None:
        """Put tables below headers."""
        for table in dict.fromkeys(path[:-1] for path in tree):
            self.noise()
            self.lines.append(f"[{'.'.join(table)}]{self.draw(st.sampled_from(['', ' # header']))}")
            for path, value in tree.items():
                if path[:-1] == table:
                    self.pair(path[-1:], value)

    def inline(self, tree: dict[tuple[str, ...], Any]) -> None:
        """Put tables in braces."""
        for name in dict.fromkeys(path[0] for path in tree):
            inside = [
                f"{'.'.join(path[1:])} = {tomlkit.item(value).as_string()}"
                for path, value in tree.items()
                if path[0] == name
            ]
            self.noise()
            self.lines.append(f"{name} = {{ {', '.join(inside)} }} # inline")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Write a settings file in one of the forms that TOML has for tables."""
    tree: dict[tuple[str, ...], Any] = draw(
        st.dictionaries(st.sampled_from(PATHS), VALUES, max_size=6)
    )
    writer = Writer(draw)
    form = draw(st.sampled_from(["dotted", "headers", "inline"]))
    first = {path: value for path, value in tree.items() if form == "dotted" or len(path) == 1}
    rest = {path: value for path, value in tree.items() if path not in first}
    for path, value in first.items():
        writer.pair(path, value)
    if form == "headers":
        writer.headers(rest)
    elif form == "inline":
        writer.inline(rest)
    writer.noise()
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return "\n".join(writer.lines).replace("\n", newline) + draw(st.sampled_from(["", newline]))


def comments_of(text: str) -> Iterator[str]:
    """Return all comments of a file."""
    kept = text.replace("\r\n", "\n")
    at = 0
    while at < len(kept):
        character = kept[at]
        if character in "\"'":
            quote = kept[at : at + 3] if kept[at : at + 3] in ('"""', "'''") else character
            at += len(quote)
            while not kept.startswith(quote, at):
                at += 2 if kept[at] == "\\" and quote[0] == '"' else 1
            at += len(quote)
        elif character == "#":
            end = kept.find("\n", at)
            end = len(kept) if end < 0 else end
            yield kept[at:end].rstrip()
            at = end
        else:
            at += 1


def is_subsequence(kept: list[str], whole: list[str]) -> bool:
    """Tell whether lines stand in a text, in their order."""
    rest = iter(whole)
    return all(line in rest for line in kept)


class EditsMachine(RuleBasedStateMachine):
    """Any sequence of set and unset, on any file, against a plain dictionary."""

    @initialize(text=documents())
    def start(self, text: str) -> None:
        """Begin with a file."""
        self.content = text.encode()
        self.comments = list(comments_of(text))
        self.model = tomllib.loads(text)

    @rule(path=st.sampled_from(PATHS), value=VALUES)
    def set(self, path: tuple[str, ...], value: Any) -> None:
        """Set a value; only lines of its own change."""
        before = self.content
        self.content = put(self.content, path, value)
        table = self.model
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value
        self.check_lines(before, path)

    @rule(path=st.sampled_from(PATHS))
    def unset(self, path: tuple[str, ...]) -> None:
        """Unset a value, where there is one."""
        before = self.content
        table: Any = self.model
        for key in path[:-1]:
            table = table.get(key, {})
        if path[-1] not in table:
            with pytest.raises(NotEditable):
                take(self.content, path)
            return
        self.content = take(self.content, path)
        del table[path[-1]]
        self.check_lines(before, path)

    def check_lines(self, before: bytes, path: tuple[str, ...]) -> None:
        """Every line that is not of the value's own stands as it stood, byte for byte."""
        document = parse_document(NAME, before)
        span = document.span(path)
        lines = before.decode("utf-8-sig").split("\n")
        if span:
            first = document.text.count("\n", 0, span.key)
            last = document.text.count("\n", 0, span.end)
            del lines[first : last + 1]
        after = self.content.decode("utf-8-sig").split("\n")
        ends = [line.rstrip("\r") for line in lines], [line.rstrip("\r") for line in after]
        if b"{" not in before:  # else a key may have been put into the line of another
            assert is_subsequence(*ends)

    @invariant()
    def the_file_says_what_the_model_says(self) -> None:
        """The parsed file is the dictionary."""
        found = tomllib.loads(self.content.decode("utf-8-sig"))
        assert without_empty(found) == without_empty(self.model)

    @invariant()
    def every_comment_is_kept(self) -> None:
        """None is lost, none is made, whatever was set and unset."""
        assert sorted(comments_of(self.content.decode("utf-8-sig"))) == sorted(self.comments)


def without_empty(value: Any) -> Any:
    """Leave empty tables out."""
    if not isinstance(value, dict):
        return value
    inner = {key: without_empty(item) for key, item in value.items()}
    return {key: item for key, item in inner.items() if item != {}}


TestEdits = EditsMachine.TestCase
TestEdits.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)


@given(documents(), st.sampled_from(PATHS), VALUES)
@settings(deadline=None)
def test_setting_what_is_there_already_changes_no_byte(
    text: str, path: tuple[str, ...], value: Any
) -> None:
    """A second time is no change."""
    once = put(text.encode(), path, value)
    assert put(once, path, value) == once


@pytest.mark.parametrize(
    "splice",
    [
        Splice(4, 5, "6\nc = 7"),
        Splice(4, 5, "["),
        Splice(10, 11, "5"),
        Splice(0, 6, ""),
    ],
    ids=["more than was asked", "no TOML", "another place", "something else lost"],
)
def test_change_that_did_anything_else_is_refused(splice: Splice) -> None:
    """Whatever place was found, what is written says what was asked for and nothing else."""
    content = b"a = 1\nb = 2\n"
    with pytest.raises(NotEditable, match="cannot be changed from here"):
        apply_splice(content, splice, {"a": 5, "b": 2})
    assert apply_splice(content, Splice(4, 5, "5"), {"a": 5, "b": 2}) == b"a = 5\nb = 2\n"
