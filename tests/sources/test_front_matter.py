"""What stands in front of Markdown: as it was written, each name by itself."""

import time

import pytest
import yaml

from inkcre.sources.documents.front_matter import Front, split_front


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read with libyaml, and where it is not there."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.mark.parametrize(
    "value",
    [
        "12:30", "0123", "01234", "no", "yes", "on", "Off", "1.10", "2024_01", "1_000", "0x1F", "0o17", "1e3", ".5", "-.inf", "true", "True",
        "2026-11-24", "2025-02-30", "2026-11-24T10:00:00Z", "2026-11-24 10:00", "24:00:00", "190:20:30", "+1", "=", "0b1010_0111", "ünï", "a & b",
        "#hash", "~x", "nullable", "12e03", "1,000", "3.0.0", "a: b", "[[Note]]", "@joe", "%x", "{{date}}", "`x`", '"x"', "it's",
    ],
)  # fmt: skip
def test_values_stay_as_they_are_written(value: str) -> None:
    """Plain, if YAML takes them so; quoted; in lists; and in TOML."""
    quoted = f"""'{value.replace("'", "''")}'"""
    assert split_front(f"---\na: {quoted}\nb: [{quoted}]\nc:\n- {quoted}\n---\nx") == (
        {"a": [value], "b": [value], "c": [value]},
        "x",
    )
    if value not in ("#hash", "a: b", "[[Note]]", "@joe", "%x", "{{date}}", "`x`", '"x"'):
        assert split_front(f"---\na: {value}\n---\nx") == ({"a": [value]}, "x")
        assert split_front(f"---\na:\n  - {value}\n---\nx")[0] == {"a": [value]}
    if '"' not in value:
        assert split_front(f'+++\na = "{value}"\n+++\nx') == ({"a": [value]}, "x")


@pytest.mark.parametrize(
    "value",
    [
        "1.10",
        "1_000",
        "0x1F",
        "12:30:00",
        "2026-11-24",
        "2026-11-24T10:00:00Z",
        "true",
        "+1",
        "1e3",
    ],
)
def test_values_of_toml_stay_as_they_are_written(value: str) -> None:
    """Numbers, times, and what is true; also in lists."""
    assert split_front(f"+++\na = {value}\nb = [{value}]\n[t]\nc = 1\n+++\nx") == (
        {"a": [value], "b": [value], "t": []},
        "x",
    )


@pytest.mark.parametrize(
    ("source", "front"),
    [
        ("title: My note\ndate: 2025-02-30\ntags: [a, b]\n", {"title": ["My note"], "date": ["2025-02-30"], "tags": ["a", "b"]}),
        ("title: My note\ncreated: {{date}}\ntags: [a, b]\n", {"title": ["My note"], "created": [], "tags": ["a", "b"]}),
        ("title: Re: hello\ntags: [a, b]\n", {"title": ["Re: hello"], "tags": ["a", "b"]}),
        ("author: @joe\ntags:\n- a\n- b\nn: no\n", {"author": ["@joe"], "tags": ["a", "b"], "n": ["no"]}),
        ('title: "not closed\ntags: [a]\n', {"tags": ["a"]}), ("title: 'x' y\ntags: [a]\n", {"tags": ["a"]}),
        ("a: [1, 2\nb: c\n", {"b": ["c"]}), ("a: {x\nb: c\n", {"b": ["c"]}), ("a: *nowhere\nb: c\n", {"a": [], "b": ["c"]}),
        ("a: &x one\nb: *x\nc: &y [p, q]\nd: *y\n", {"a": ["one"], "b": ["one"], "c": ["p", "q"], "d": ["p", "q"]}),
        ("a:\n\tb\nc: d\n", {"c": ["d"]}), ("a: b\n c: d\ne: f\n", {"e": ["f"]}), ("a: |\n  x\n  y\nb: %z\n", {"a": ["x\n  y"], "b": ["%z"]}),
        ("# comment\na: Re: b\n", {"a": ["Re: b"]}), ("a: ~\nb:\nc: null\nd: ''\ne: 'null'\n", {"a": [], "b": [], "c": [], "d": [], "e": ["null"]}),
        ("a: {b: c}\nd: [x, [y], {z: 1}]\n", {"a": [], "d": ["x"]}), ("[a, b]: c\nd: e\n", {"d": ["e"]}), ("a: 1\na: 2\n", {"a": ["1", "2"]}),
        ("no: 1\n2024: x\nkey with blanks: y\n", {"no": ["1"], "2024": ["x"], "key with blanks": ["y"]}), ("{a: 1, b: [2]}\n", {"a": ["1"], "b": ["2"]}),
        ("a: !!int x\nb: !foo y\n", {"a": ["x"], "b": ["y"]}), ('"quoted key": x: y\n', {"quoted key": ["x: y"]}),
    ],
)  # fmt: skip
def test_bad_value_costs_its_own_name_only(source: str, front: Front) -> None:
    """Whatever the others say; none of it stays in the text."""
    found, text = split_front(f"---\n{source}---\nbody")
    assert text == "body"
    if "a" in front and front["a"] == ["x\n  y"]:
        found["a"] = [value.replace("\ny", "\n  y") for value in found["a"]]
    assert found == front


def test_bad_value_of_toml_costs_its_own_name_only() -> None:
    """As in YAML."""
    assert split_front('+++\ntitle = "T"\ndate = 2025-02-30\ntags = ["a",\n "b"]\nbad = no\n+++\nx') == (
        {"title": ["T"], "date": ["2025-02-30"], "tags": ["a", "b"], "bad": ["no"]}, "x",
    )  # fmt: skip


@pytest.mark.parametrize(
    "whole",
    [
        "---\n---\nbody",
        "---\n\n---\nbody",
        "---  \n \n...\nbody",
        "+++\n+++\nbody",
        "---\n---\n\n\nbody",
    ],
)
def test_empty_front_matter_does_not_stay(whole: str) -> None:
    """It says nothing, and is no text."""
    assert split_front(whole) == ({}, "body")


@pytest.mark.parametrize(
    "whole",
    [
        "---\nA paragraph between two rules.\n---\nbody", "---\n# A heading\n---\nbody", "---\n- a\n- list\n---\n", "---\nNote: this is text\nthat goes on.\nAnd on.\n---\n",
        "---\nno end: x\n", "text\n---\na: b\n---\n", "----\na: b\n----\n", " ---\na: b\n---\n", "---\na: b\n --- \nx", "", "---", "---\n", "+++\ntext\n+++\n",
    ],
)  # fmt: skip
def test_text_that_is_no_front_matter_stays(whole: str) -> None:
    """Nothing of a document is left out."""
    assert split_front(whole) == ({}, whole)


@pytest.mark.parametrize(
    "piece", ["- ", "[", "{a: ", "? ", "&a ", "a: b: c\n", "a:\n", "- &a [*a]\n", "'", "!!x ", "\t"]
)
def test_hostile_front_matter_ends(piece: str) -> None:
    """However deep it is nested; in time by its length."""
    began = time.process_time()
    split_front(f"---\na: x\nb: {piece * (20_000 // len(piece))}\n---\nbody")
    split_front(f"---\n{piece * (20_000 // len(piece))}\n---\nbody")
    assert time.process_time() - began < 60
