"""Small pieces of the information base."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inkcre.core import INKCRE
from inkcre.errors import Invalid
from inkcre.graph.digests import block_digest
from inkcre.graph.forms import BlockForm, RelationForm
from inkcre.graph.resolvers import Resolver, find_resolver
from inkcre.sql.cursors import decode_cursor, encode_cursor
from inkcre.sql.timestamps import format_timestamp
from inkcre.sql.values import MAX_ID

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.integers(0, MAX_ID))
def test_cursor_comes_back(last_id: int) -> None:
    """Any id survives."""
    assert decode_cursor(encode_cursor(last_id)) == last_id


@given(st.text())
def test_no_text_breaks_the_cursor(text: str) -> None:
    """Anything is a cursor of ours or refused as invalid."""
    with suppress(Invalid):
        assert 0 <= decode_cursor(text) <= MAX_ID


@given(
    st.tuples(TEXT, st.none() | TEXT.filter(bool), TEXT),
    st.tuples(TEXT, st.none() | TEXT.filter(bool), TEXT),
)
def test_digest_tells_blocks_apart(
    one: tuple[str, str | None, str], two: tuple[str, str | None, str]
) -> None:
    """Two blocks have one digest only if they are one."""
    assert (block_digest(*one) == block_digest(*two)) is (one == two)


def test_digest_is_stable() -> None:
    """It is written in databases and exports, so it stays what it is."""
    import hashlib

    assert block_digest("text", None, "x") == hashlib.sha256(b"text\x00\x00x").hexdigest()


def test_moment_is_written_in_utc_with_six_digits() -> None:
    """Whatever the zone, the text sorts as the moments do."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5)))
    assert format_timestamp(moment) == "2026-01-01T22:04:05.000000Z"
    assert format_timestamp(datetime(2026, 1, 1, 22, 4, 5, 7, UTC)) == "2026-01-01T22:04:05.000007Z"


def test_first_block_has_relations_as_any() -> None:
    """Ids begin at 1."""
    assert RelationForm(from_=1, to_=1, content="").from_ == 1
    with pytest.raises(ValidationError):
        RelationForm(from_=0, to_=1, content="")


def test_former_name_of_a_storage_is_taken() -> None:
    """The former server called it URL."""
    assert (
        BlockForm(resolver="webpage", storage="URL", content="https://a.example").storage == "url"
    )


BLOCK = BlockForm(resolver="text", content="")


RESOLVERS = INKCRE.load_all("resolvers", Resolver)


def test_base_has_resolvers_each_of_a_name_of_its_own() -> None:
    """Those that the former version had, and files."""
    names = [resolver.name for resolver in RESOLVERS]
    assert sorted(names) == ["file", "image", "text", "video", "webpage"]


def test_unknown_resolver_reads_nothing_and_adds_nothing() -> None:
    """It is never fatal."""
    resolver = find_resolver("somebody.elses", RESOLVERS)
    assert resolver.read_text(BLOCK) is None
    assert resolver.break_down(BLOCK) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nothing here", []),
        ("see https://a.example/x.", ["https://a.example/x"]),
        (
            "(https://a.example/x?y=1#z), “http://b.example”",
            ["https://a.example/x?y=1#z", "http://b.example"],
        ),
        ("https://a.example https://a.example", ["https://a.example"]),
        ("ftp://a.example javascript:https", []),
    ],
)
def test_text_mentions_the_pages_whose_addresses_stand_in_it(
    content: str, expected: list[str]
) -> None:
    """Each once, without the sentence's punctuation."""
    star = find_resolver("text", RESOLVERS).break_down(BlockForm(resolver="text", content=content))
    found = [arc.to_block.block.content for arc in star.out_relations] if star else []
    assert found == expected


@pytest.mark.parametrize(
    ("storage", "content"), [("file", f"sha256:{'0' * 64}"), ("url", "https://a.example/x.txt")]
)
def test_text_that_lies_elsewhere_mentions_nothing(storage: str, content: str) -> None:
    """Its content is where to find it, and not what it says."""
    block = BlockForm(resolver="text", storage=storage, content=content)
    assert find_resolver("text", RESOLVERS).read_text(block) is None
    assert find_resolver("text", RESOLVERS).break_down(block) is None
