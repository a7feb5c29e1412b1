"""Stars of many arcs: what is written in parts is what would be written at once."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.graph.blocks import delete_block
from inkcre.graph.digests import block_digest
from inkcre.transfer import imports, json_text, line_batches, wide_stars
from inkcre.transfer.exports import export_lines
from inkcre.transfer.imports import Progress, import_lines
from tests.conftest import lay_sqlite_base, sqlite_settings

Open = Callable[[], Components]


@pytest.fixture
def open_base(tmp_path: Path) -> Iterator[Open]:
    """Return what opens a new base each time."""
    opened: list[Components] = []

    def open_base() -> Components:
        path = tmp_path / f"{len(opened)}.sqlite3"
        lay_sqlite_base(path)
        opened.append(build_components(sqlite_settings(path)))
        return opened[-1]

    yield open_base
    for base in opened:
        base.database.close()


def read_in_small_parts(patch: pytest.MonkeyPatch) -> None:
    """Read every line as a wide one: an arc or two at a time, and a few bytes."""
    patch.setattr(wide_stars, "WIDE_BYTES", 0)
    patch.setattr(wide_stars, "WIDE_ARCS", -1)
    patch.setattr(wide_stars, "PART_CHARACTERS", 150)
    patch.setattr(line_batches, "PART_CHARACTERS", 150)
    patch.setattr(json_text, "CHUNK_BYTES", 7)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every line as a wide one."""
    read_in_small_parts(monkeypatch)


def block(content: str, **said: Any) -> dict[str, Any]:
    """Return a star without arcs."""
    return {"block": {"resolver": "text", "content": content, **said}}


def arc(other: dict[str, Any], content: object = "has") -> dict[str, Any]:
    """Return an arc to another star."""
    return {"relation": {"content": content}, "to_block": other}


def imported(base: Components, *lines: bytes) -> Progress:
    """Import lines, and return how it went."""
    *_, progress = import_lines(base.database, lines, base.clock)
    return progress


def kept(base: Components) -> list[Any]:
    """Return what a base exports, without its times and in no order."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("created_at", "updated_at")}
        if isinstance(value, list):
            return sorted((plain(v) for v in value), key=repr)
        return value

    return sorted((plain(json.loads(line)) for line in export_lines(base.database)), key=repr)


CONTENTS = st.sampled_from(["a", "b", 'c"\\', "é", "\U0001f600", "x" * 40])
NODES = st.one_of(
    CONTENTS.map(block),
    CONTENTS.map(lambda content: block(content, is_given=False)),
    CONTENTS.map(lambda content: {"block": {"digest": digest_of(content)}}),
    st.sampled_from([{"block": {"id": 7}}, {"block": {"id": 1}}]),
)


def digest_of(content: str) -> str:
    """Return the digest of a block of text."""
    return block_digest("text", None, content)


@st.composite
def stars(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """Draw a star, with its keys in any order; some are wrong."""
    star = dict(draw(NODES))
    for key, end in (("out_relations", "to_block"), ("in_relations", "from_block")):
        if draw(st.booleans()):
            others = stars(depth=depth - 1) if depth else NODES
            contents = st.sampled_from(["has", "has", "knows", "", 7])
            star[key] = [
                {"relation": {"content": draw(contents)}, end: draw(others)}
                for _ in range(draw(st.integers(0, 5)))
            ]
    return dict(draw(st.permutations(list(star.items()))))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(star=stars())
def test_parts_are_the_whole(open_base: Open, star: dict[str, Any]) -> None:
    """The same is kept of a line, and the same is said of a bad one, however it is read."""
    line = json.dumps(star, ensure_ascii=False).encode()
    bases = open_base(), open_base()
    for base in bases:
        imported(base, json.dumps(block("there already")).encode())
    at_once = imported(bases[0], line)
    with pytest.MonkeyPatch.context() as patched:
        read_in_small_parts(patched)
        in_parts = imported(bases[1], line)
    assert kept(bases[0]) == kept(bases[1])
    assert (at_once.lines, at_once.created_blocks, at_once.created_relations) == (
        in_parts.lines, in_parts.created_blocks, in_parts.created_relations
    )  # fmt: skip
    assert [bad.number for bad in at_once.bad] == [bad.number for bad in in_parts.bad]
    assert in_parts.missing == 0


MANY = [arc(block(str(number))) for number in range(9)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "line: Input should be an object"),
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ('{"block": ', "not JSON: Expecting value at column 11"),
        ('{"block" 1}', "not JSON: Expecting ':' delimiter at column 10"),
        ('{"block": {} "a": 1}', "not JSON: Expecting ',' delimiter at column 14"),
        ('{"out_relations": [', "not JSON: Expecting value at column 20"),
        ('{"out_relations": [1 2]}', "not JSON: Expecting ',' delimiter at column 22"),
        ('{"block": 1, "block": 2}', "block: is there twice"),
        (json.dumps(block("a")) + " 1", "not JSON: Extra data at column 49"),
        (json.dumps({**block("a"), "more": 1}), "more: "),
        (json.dumps({**block("a"), "out_relations": 5}), "out_relations: "),
        (json.dumps({"out_relations": MANY}), "block: "),
        (json.dumps({**block("a"), "out_relations": [*MANY, arc(block("b"), 7)]}),
         "out_relations.9.relation.content: "),
        (json.dumps({**block("a"), "out_relations": [*MANY, arc({"block": {"id": 77}})]}),
         "block 77: not found"),
        (json.dumps({**block("a"), "out_relations": [*MANY, arc(block("b", storage="none"))]}),
         "storage: "),
        ("[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("small_parts")
def test_bad_star_leaves_nothing(open_base: Open, line: str, reason: str) -> None:
    """Not even the parts before its mistake."""
    base = open_base()
    progress = imported(base, line.encode(), json.dumps(block("good")).encode())
    [bad] = progress.bad
    assert bad.number == 1
    assert bad.reason.startswith(reason), bad
    assert (progress.lines, progress.created_blocks) == (1, 1)


@pytest.mark.usefixtures("small_parts")
def test_text_that_is_no_utf_8_is_a_bad_line(open_base: Open) -> None:
    """Wherever the wrong byte is."""
    line = json.dumps({**block("a"), "out_relations": MANY}).encode().replace(b"8", b"\xff")
    [bad] = imported(open_base(), line).bad
    assert bad.reason == "not UTF-8 text"


@pytest.mark.usefixtures("small_parts")
def test_arc_may_name_a_block_of_another_part(open_base: Open) -> None:
    """By its digest, before the block itself comes."""
    base = open_base()
    named = arc({"block": {"digest": digest_of("8")}}, "names")
    progress = imported(base, json.dumps({**block("a"), "out_relations": [named, *MANY]}).encode())
    assert (progress.bad, progress.lines) == ([], 1)
    assert (progress.created_blocks, progress.created_relations) == (10, 10)


@pytest.mark.usefixtures("small_parts")
def test_block_that_goes_meanwhile_is_told(
    open_base: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts before it stay, and the rest of the line is not tried."""
    base = open_base()
    arcs = [*MANY, arc({"block": {"id": 1}}), *MANY]
    imported(base, json.dumps(block("goes")).encode())
    write_batch = imports._write_batch

    def delete_first(*parameters: Any) -> None:
        write_batch(*parameters)
        monkeypatch.setattr(imports, "_write_batch", write_batch)
        delete_block(base.database, 1)

    monkeypatch.setattr(imports, "_write_batch", delete_first)
    progress = imported(base, json.dumps({**block("a"), "out_relations": arcs}).encode())
    assert [bad.reason for bad in progress.bad] == ["block 1: not found"]
    assert (progress.lines, progress.missing) == (0, 0)
    assert 1 < progress.created_blocks <= 10
