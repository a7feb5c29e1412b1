"""Headers that say which state of a thing somebody has seen: RFC 9110, sections 8.8.3 and 13."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkcre.errors import MalformedHeader, PreconditionFailed
from inkcre.http.preconditions import MATCH, NONE_MATCH, Conditions, find_conditions

TAG = st.from_regex(r'\A"[\x21\x23-\x7e\x80-\xff]*"\Z')
LISTED = st.tuples(st.sampled_from(["", "W/"]), TAG)


@given(st.lists(LISTED, min_size=1), TAG, st.sampled_from([",", ", ", "\t, ,", " ,,"]))
def test_list_is_of_its_tags(listed: list[tuple[str, str]], tag: str, comma: str) -> None:
    """Whatever is in them, commas too: a strong one matches itself, a weak one nothing."""
    conditions = Conditions({MATCH: comma.join(map("".join, listed))})
    if ("", tag) in listed:
        conditions.require("x", tag)
    else:
        with pytest.raises(PreconditionFailed):
            conditions.require("x", tag)
    known = Conditions({NONE_MATCH: comma.join(map("".join, listed))})
    assert known.is_known(tag) == (tag in {one for _, one in listed})


@given(st.text(st.characters(max_codepoint=255)))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    """Nothing else comes of it, and If-None-Match is never refused."""
    with suppress(MalformedHeader, PreconditionFailed):
        Conditions({MATCH: text}).require("x", '"x"')
    Conditions({NONE_MATCH: text}).is_known('"x"')


def test_empty_list_is_refused() -> None:
    """Whoever sends the header has meant something by it."""
    with pytest.raises(MalformedHeader, match="If-Match"):
        Conditions({MATCH: ""})


@pytest.mark.parametrize("piece", ['"a",', ",", " ", '"', "W/", '"a"', '"a" ', ", ,"])
def test_long_header_takes_no_longer_than_it_is_long(piece: str) -> None:
    """Sixty thousand characters of it, and an end that does not fit."""
    began = time.perf_counter()
    with suppress(MalformedHeader):
        Conditions({MATCH: piece * (60_000 // len(piece)) + "x"})
    assert time.perf_counter() - began < 0.5


def test_request_without_conditions_has_none() -> None:
    """Which is most requests."""
    assert find_conditions({"headers": [(b"host", b"x"), (b"if-range", b'"a"')]}) is None
