"""The parts of sources that need no base: OPML, mappings, signatures, stars."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkcre.errors import Forbidden, Invalid
from inkcre.graph.stars import block, star, text
from inkcre.sources.types.mapping import BlockMapping, Mapping, RelationMapping, fill, find
from inkcre.sources.types.opml import Feed, read_opml, write_opml
from inkcre.sources.types.signatures import verify
from inkcre.sql.text import clean


def test_opml_comes_back_as_it_was() -> None:
    """With its titles, also strange ones."""
    feeds = [Feed("https://example.org/a?b=1&c=2", 'A "feed" <&>'), Feed("https://example.org/b")]
    read = read_opml(write_opml(feeds).encode()).feeds
    assert read == [feeds[0], Feed("https://example.org/b", "https://example.org/b")]


def test_opml_of_others_is_read() -> None:
    """From folders, in any letters, each feed once; what is no feed is left out."""
    content = b"""<?xml version="1.0"?><opml version="1.1"><body><outline text="folder">
      <outline type="rss" title="One" xmlURL="https://example.org/1"/>
      <outline text="Again" xmlUrl="https://example.org/1"/></outline>
      <outline text="page" htmlUrl="https://example.org/"/>
      <outline text="two" xmlUrl=" https://example.org/2 "/>
      <outline text="bad" xmlUrl="file:///etc/passwd"/></body></opml>"""
    found = read_opml(content)
    assert found.feeds == [
        Feed("https://example.org/1", "One"), Feed("https://example.org/2", "two"),
    ]  # fmt: skip
    assert found.left_out == ["bad: file:///etc/passwd is no address of the web"]


def outlines(attributes: str, before: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    """Return an OPML file with one outline."""
    return (
        f'{before}<opml version="2.0"><head/><body><outline {attributes}/></body></opml>'.encode()
    )


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("feed://a.example/f", "http://a.example/f"), ("feed:https://a.example/f", "https://a.example/f"),
        ("FEED:http://a.example/f", "http://a.example/f"), ("feed://https://a.example/f", "https://a.example/f"),
        ("HTTPS://a.example/F", "https://a.example/F"), ("Http://a.example", "http://a.example"),
        ("itpc://a.example/f", "http://a.example/f"), ("&#10; https://a.example/f&#9;", "https://a.example/f"),
        ("https://a.example/a b", "https://a.example/a%20b"), ("https://a.example/f?a=1&b=2", "https://a.example/f?a=1&b=2"),
        ("https://a.example/?x=1&copy=2&amp;section=3", "https://a.example/?x=1&copy=2&section=3"),
    ],
)  # fmt: skip
def test_addresses_of_opml_are_taken_as_they_are_meant(written: str, url: str) -> None:
    """Those for readers of feeds, in any letters, with ampersands that are not escaped."""
    assert read_opml(outlines(f'xmlUrl="{written}" text="A"')).feeds == [Feed(url, "A")]


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (outlines('xmlUrl="https://a.example" text="A&nbsp;B"'), "A\xa0B"),
        (outlines('xmlUrl="https://a.example" text="Q&A"'), "Q&A"),
        (outlines('xmlUrl="https://a.example" text="Q&amp;A &amp;#8217; &lt;b&gt;"'), "Q&A ’ <b>"),
        (outlines('xmlUrl="https://a.example" text="&nosuch;"'), "&nosuch;"),
        (outlines('xmlUrl="https://a.example" text="shown" title="other"'), "shown"),
        (outlines('xmlUrl="https://a.example" text="" title="other"'), "other"),
        (outlines('xmlUrl="https://a.example" text="A"', "\n\n<?xml version='1.0' encoding='UTF-8'?>"), "A"),
        (outlines('xmlUrl="https://a.example" text="A"', "\ufeff<?xml version='1.0'?>\n"), "A"),
        (outlines('xmlUrl="https://a.example" text="A"', "<?xml version='1.0'?><!DOCTYPE opml>"), "A"),
        (outlines('xmlUrl="https://a.example" text="A"', '<!DOCTYPE opml PUBLIC "-//x" "http://x/opml.dtd">'), "A"),
        (outlines('xmlUrl="https://a.example" text="A"', ""), "A"),
        (outlines('xmlUrl="https://a.example" text="a < b"'), "a < b"),
        (outlines('xmlUrl="https://a.example" text="a\x08b"'), "ab"),
        (outlines("xmlUrl=https://a.example text=A "), "A"),
        (outlines('xmlUrl="https://a.example" text="A"').removesuffix(b"</body></opml>"), "A"),
        (outlines('xmlUrl="https://a.example" x:y="1" text="A"'), "A"),
        (outlines('xmlUrl="https://a.example" text="A" text="B"'), "A"),
        (b'<?xml version="1.0" encoding="no-such"?><opml><outline xmlUrl="https://a.example" text="A"/></opml>', "A"),
    ],
)  # fmt: skip
def test_opml_is_read_as_leniently_as_feeds(content: bytes, title: str) -> None:
    """What readers of feeds have written over the years."""
    assert read_opml(content).feeds == [Feed("https://a.example", title)]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('xmlUrl="gopher://a.example" text="A"', "A: gopher://a.example is no address of the web"),
        ('xmlUrl="/feed.xml"', "a feed: /feed.xml is no address of the web"),
        ('type="rss" text="A" htmlUrl="https://a.example"', "A: has no address"),
        (f'xmlUrl="https://a.example/{"x" * 2048}" text="A"', "A: its address is longer than 2048 characters"),
    ],
)  # fmt: skip
def test_what_is_left_out_of_opml_is_named(attributes: str, said: str) -> None:
    """Each with its title, and why."""
    found = read_opml(outlines(attributes))
    assert (found.feeds, found.left_out) == ([], [said])


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"<opml", b"<html/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><opml/>",
     "<!DOCTYPE x [<!ENTITY a 'b'>]><opml/>".encode("utf-16"), b"<!ENTITY a 'b'><opml/>", b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_opml_is_refused(content: bytes) -> None:
    """With a reason, and nothing expanded."""
    with pytest.raises(Invalid):
        read_opml(content)


MESSAGE: dict[str, Any] = {
    "a": {"b": [1, {"c": "x"}, None]}, "t/u": "slash", "m~n": "tilde", "list": ["p", "q"], "n": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", [MESSAGE]),
        ("/a/b/0", [1]),
        ("/a/b/1/c", ["x"]),
        ("/a/b/*", [1, {"c": "x"}, None]),
        ("/a/b/*/c", ["x"]),
        ("/t~1u", ["slash"]),
        ("/m~0n", ["tilde"]),
        ("/list/*", ["p", "q"]),
        ("/list/2", []),
        ("/list/-1", []),
        ("/list/x", []),
        ("/nowhere/at/all", []),
        ("/*/b/0", [1]),
    ],
)
def test_pointers_lead_where_they_say(pointer: str, found: list[Any]) -> None:
    """As in RFC 6901, and ``*`` to everything."""
    assert list(find(MESSAGE, pointer)) == found


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("/list/*", ["p", "q"]),
        ("/a/b/0", ["1"]),
        ("/n", []),
        ("{/list/0} and {/list/1}", ["p and q"]),
        ("{/list/0} and {/none}", ["p and "]),
        ("{/none}", []),
        ("constant", ["constant"]),
        ("/a/b/1", ['{"c": "x"}']),
    ],
)
def test_templates_are_filled(template: str, values: list[str]) -> None:
    """Text as it is, other values as JSON, nothing where there is nothing."""
    assert fill(template, MESSAGE) == values


def test_message_of_several_becomes_several_items() -> None:
    """Each with a key of its own, so that each is idempotent."""
    mapping = Mapping(
        items="/list/*", block=BlockMapping(content=""),
        relations=(RelationMapping(relation="kind", content="constant"),),
    )  # fmt: skip
    items = list(mapping.map(MESSAGE, "m1"))
    assert [item.key for item in items] == ["m1:0", "m1:1"]
    assert [item.star.block.content for item in items] == ["p", "q"]
    keyed = Mapping(items="/list/*", key="", block=BlockMapping(content=""))
    assert [item.key for item in keyed.map(MESSAGE, "m1")] == ["p", "q"]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=20))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_message_is_mapped_or_refused(message: Any) -> None:
    """Whatever others send."""
    mapping = Mapping(
        key="/id", block=BlockMapping(content="{/a}: {/b/*}"),
        relations=(RelationMapping(relation="is", content="/*/0"),),
    )  # fmt: skip
    try:
        items = list(mapping.map(message, "m"))
    except Invalid:
        return
    assert all(item.star.block.resolver == "text" for item in items)


SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=30)))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_headers_but_the_right_ones_are_refused(headers: dict[str, str]) -> None:
    """Nothing but a refusal comes of them."""
    with pytest.raises(Forbidden):
        verify(SECRET, headers, b"{}", datetime.now(UTC))


@given(st.text(st.characters(exclude_categories=())))
@settings(max_examples=200)
def test_cleaned_text_can_be_kept(said: str) -> None:
    """Whatever it was; what can be kept stays as it is."""
    cleaned = clean(said)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    if "\0" not in said and not any("\ud800" <= c <= "\udfff" for c in said):
        assert cleaned == said


def test_star_says_each_thing_once() -> None:
    """Of two arcs that say the same one stays, and too long a relation is cut."""
    made = star(text("a"), [("is", text("b")), ("is", text("b")), ("x" * 600, block("r", "c"))])
    assert [arc.relation.content[:3] for arc in made.out_relations] == ["is", "xxx"]
