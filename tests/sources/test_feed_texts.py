"""What feeds say: text as it is meant, links where they lead, names that stay."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import json
from typing import Any

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from inkcre.ports.web import Page
from inkcre.sources.addresses import find_address
from inkcre.sources.base import Item
from inkcre.sources.types.feed_texts import unescape_entities
from inkcre.sources.types.feeds import read_feed
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of

URL = "https://example.org/dir/feed.xml"


def rss(item: str, channel: str = "<title>T</title>") -> bytes:
    """Return a feed of RSS with one item."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}<item>{item}</item></channel></rss>'.encode()


def atom(entry: str) -> bytes:
    """Return a feed of Atom with one entry."""
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>{entry}</entry></feed>'.encode()


def read(
    content: bytes, base: str = URL, known: tuple[str, ...] = ()
) -> tuple[Item, dict[str, Any]]:
    """Return the first entry of a feed, and what its block says."""
    items = list(read_feed(Page(base, 200, {}, content), URL, lambda: known))
    return items[1], json.loads(items[1].star.block.content or "")


def around(item: Item, relation: str) -> list[str | None]:
    """Return the contents of the blocks to which an item has a relation."""
    return [
        arc.to_block.block.content
        for arc in item.star.out_relations
        if arc.relation.content == relation
    ]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ('<title type="text">Why Vec&lt;T&gt; beats List&lt;T&gt;</title>', "Why Vec<T> beats List<T>"),
        ("<title>Use the &lt;dialog&gt; element</title>", "Use the <dialog> element"),
        ("<title>AT&amp;amp;T</title>", "AT&amp;T"),  # RFC 4287, 3.1.1.1: literally
        ('<title type="html">AT&amp;amp;T &amp;lt;b&amp;gt; rules</title>', "AT&T <b> rules"),
        ('<title type="html">A &lt;b&gt;bold&lt;/b&gt; &amp;#8217;</title>', "A bold ’"),
        ('<title type="html"><![CDATA[1 < 2 &amp; 3 > 2]]></title>', "1 < 2 & 3 > 2"),
        ('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a <b>c</b> &lt;d&gt; &amp;amp;</div></title>', "a c <d> &amp;"),
        ("<title type='text'>a  &#10; b</title>", "a b"),
    ],
)  # fmt: skip
def test_type_tells_what_a_title_is_in_atom(title: str, shown: str) -> None:
    """And never a "<" in it."""
    assert read(atom(f"<id>urn:1</id>{title}"))[1]["title"] == shown


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("<![CDATA[Don&#8217;t &amp; won&rsquo;t]]>", "Don’t & won’t"), ("AT&amp;amp;T &amp;lt;b&amp;gt; rules", "AT&T <b> rules"),
        ("Why Vec&lt;T&gt; beats List&lt;T&gt;", "Why Vec<T> beats List<T>"), ("Use the &lt;dialog&gt; element", "Use the <dialog> element"),
        ("<![CDATA[Vec<T> &amp; List<T>]]>", "Vec<T> & List<T>"), ("A &lt;b&gt;bold&lt;/b&gt; title", "A bold title"),
        ("Fish &amp; chips", "Fish & chips"), ("a?x=1&amp;copy=2", "a?x=1&copy=2"), ("1 &lt; 2", "1 < 2"), ("R&amp;D; or &amp;nosuch;", "R&D; or &nosuch;"),
        ("&amp;#x1F600; &amp;hearts;", "😀 ♥"),
    ],
)  # fmt: skip
def test_titles_of_rss_have_no_entities_left(title: str, shown: str) -> None:
    """RSS has no types: entities are meant as such, and tags if they are HTML's and closed."""
    assert read(rss(f"<guid>urn:1</guid><title>{title}</title>"))[1]["title"] == shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (rss("<guid>urn:1</guid><description>Tom &amp;amp; Jerry &amp;quot;hi&amp;quot;</description>"), {"text": 'Tom & Jerry "hi"'}),
        (rss("<guid>urn:1</guid><description>a &amp;lt;b&amp;gt; c</description>"), {"text": "a <b> c"}),
        (rss("<guid>urn:1</guid><description>a &lt;b&gt;c&lt;/b&gt; &amp;amp;</description>"), {"html": "a <b>c</b> &amp;"}),
        (rss("<guid>urn:1</guid><description>line\nline &lt; 3</description>"), {"text": "line\nline < 3"}),
        (atom('<id>urn:1</id><content type="html">AT&amp;amp;T</content>'), {"text": "AT&T"}),
        (atom('<id>urn:1</id><content type="text">Vec&lt;T&gt; &amp;amp;</content>'), {"text": "Vec<T> &amp;"}),
        (atom("<id>urn:1</id><summary>Vec&lt;T&gt;</summary>"), {"text": "Vec<T>"}),
        (atom('<id>urn:1</id><content type="html">&lt;p&gt;a&lt;/p&gt;</content>'), {"html": "<p>a</p>"}),
        (atom('<id>urn:1</id><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a <i>b</i></div></content>'), {"html": "a <i>b</i>"}),
    ],
)  # fmt: skip
def test_text_of_an_entry_is_html_only_where_it_has_elements(
    content: bytes, said: dict[str, str]
) -> None:
    """What is kept as text has no entities left, but those that it writes about."""
    found = read(content)[1]
    assert {name: found[name] for name in ("text", "html") if name in found} == said


def test_names_have_no_entities_left() -> None:
    """Categories and authors, and what a feed says of itself."""
    item, _ = read(
        rss(
            "<guid>urn:1</guid><category><![CDATA[R&amp;D]]></category><category>C &amp; C++</category>"
            "<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'><![CDATA[M&uuml;ller &lt;x&gt;]]></dc:creator>"
        )
    )
    assert around(item, "category") == ["R&D", "C & C++"]
    assert around(item, "author") == ["Müller <x>"]
    item, _ = read(
        atom(
            "<id>urn:1</id><category term='x' label='a&lt;b&gt; &amp;amp;'/><author><name>A &lt;B&gt;</name></author>"
        )
    )
    assert around(item, "category") == ["a<b> &amp;"]
    assert around(item, "author") == ["A <B>"]
    content = rss(
        "<guid>urn:1</guid>",
        "<title>T &amp;amp; U &lt;V&gt;</title><description>a &amp;lt;b&amp;gt; &lt;i&gt;c&lt;/i&gt;</description>",
    )
    feed = next(iter(read_feed(Page(URL, 200, {}, content), URL)))
    assert around(feed, "title") == ["T & U <V>"]
    assert around(feed, "description") == ["a <b> c"]


def test_entities_are_only_what_html_knows() -> None:
    """With their semicolon."""
    assert (
        unescape_entities("&amp; &lt;b&gt; &#39; &#X41; &copy &notit; &;&#; &#xffffffff;")
        == "& <b> ' A &copy &notit; &;&#; &#xffffffff;"
    )


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("p/r", "https://example.org/dir/p/r"), (" \n https://x.example/a b \t", "https://x.example/a%20b"), ("https://x.example/\n a", "https://x.example/%20a"),
        ("HTTPS://x.example/A", "https://x.example/A"), ("//x.example", "https://x.example"), ("?a", "https://example.org/dir/feed.xml?a"),
        ("mailto:a@b", None), ("", None), ("http://[", None), ("javascript:x", None),
    ],
)  # fmt: skip
def test_addresses_are_taken_as_browsers_take_them(value: str, address: str | None) -> None:
    """Blanks around them are none of theirs."""
    assert find_address(URL, value) == address


def test_blanks_cost_no_link() -> None:
    """Neither an entry's nor an enclosure's."""
    item, said = read(
        rss(
            '<guid isPermaLink="false">1</guid><link>\n  https://x.example/a b\n </link><enclosure url=" https://x.example/a b.mp3 " type="audio/mpeg"/>'
        )
    )
    assert said["link"] == "https://x.example/a%20b"
    assert around(item, "enclosure") == ["https://x.example/a%20b.mp3"]
    item, said = read(
        atom('<id>urn:1</id><link href=" p/q "/><link rel="enclosure" href="\n/a.mp3"/>')
    )
    assert said["link"] == "https://example.org/dir/p/q"
    assert around(item, "enclosure") == ["https://example.org/a.mp3"]


@pytest.mark.parametrize("guid", ["123", "a b", "?p=1", "/2026/post", "12:30", "post#1"])
@pytest.mark.parametrize("attribute", ["", ' isPermaLink="true"', ' isPermaLink="false"'])
def test_guid_that_is_no_address_is_not_made_one(guid: str, attribute: str) -> None:
    """It is the entry's name wherever the feed is found, and leads nowhere."""
    content = rss(f"<guid{attribute}>{guid}</guid><title>t</title>")
    for base in (URL, "https://elsewhere.example/x/y"):
        item, said = read(content, base)
        assert (item.key, said["id"], "link" in said) == (f"entry:{guid}", guid, False)


def test_guid_that_is_an_address_is_the_link() -> None:
    """Unless there is another one, or it says that it is none."""
    assert read(rss("<guid>https://x.example/1</guid>"))[1]["link"] == "https://x.example/1"
    assert (
        read(rss("<guid>https://x.example/1</guid><link>/2</link>"))[1]["link"]
        == "https://example.org/2"
    )
    assert "link" not in read(rss('<guid isPermaLink="false">https://x.example/1</guid>'))[1]
    assert read(rss("<guid>p</guid><link>p</link>"))[1] == {
        "id": "p",
        "link": "https://example.org/dir/p",
    }


def test_entry_of_before_keeps_its_name() -> None:
    """A version of before made an address of each GUID: what it has kept does not come twice."""
    before = "entry:https://example.org/dir/123"
    for base in (URL, "https://elsewhere.example/x/y"):
        item, said = read(rss("<guid>123</guid><title>t</title>"), base, (before, "entry:other"))
        assert (item.key, said["id"]) == (before, "https://example.org/dir/123")
        assert "link" not in said
    same = "<guid>123</guid><title>a</title></item><item><guid>123</guid><title>b</title>"
    item, _ = read(rss(same), known=(f"{before} {'0' * 64}",))
    assert item.key.startswith(f"{before} ")


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_redirected_feed_is_read_where_it_was_found(base: Components, pages: Pages) -> None:
    """Its links are relative to that; its entries, and the feed, keep their names."""
    item = '<guid>1</guid><title>t</title><link>p/r</link><description>&lt;a href="q"&gt;x&lt;/a&gt;</description>'
    pages.put("/new/dir/feed.xml", rss(item))
    source_id = add_source(
        base, "rss", url=pages.put("/old/feed", b"", 301, location="/new/dir/feed.xml")
    )
    assert result_of(collect(base, source_id))["added"] == 2
    (entry,), _ = list_blocks(base.database, resolver="feed entry", limit=10)
    said = json.loads(entry.content)
    assert said["link"] == f"{pages.url}/new/dir/p/r"
    assert f'href="{pages.url}/new/dir/q"' in said["html"]
    (feed,), _ = list_blocks(base.database, resolver="feed", limit=10)
    assert feed.content == f"{pages.url}/old/feed"
    pages.put("/old/feed", b"", 301, location="/other/feed.xml")
    pages.put("/other/feed.xml", rss(item))
    again = result_of(collect(base, source_id, full=True))
    assert (again["added"], again["updated"]) == (0, 1)


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_good_answers_are_taken(base: Components, pages: Pages) -> None:
    """In whatever letters their type is; also one that a proxy has changed on the way (203)."""
    text = "A sentence with several words that goes on for a while, so that it is found. " * 5
    html = f"<title>t</title><article><p>{text}</p></article>".encode()
    for number, (status, kind) in enumerate(
        (
            (200, "Text/HTML"),
            (203, "text/html"),
            (200, "TEXT/HTML; Charset=UTF-8"),
            (200, "Application/XHTML+XML"),
        )
    ):
        url = pages.put(f"/page{number}", html + str(number).encode(), status, content_type=kind)
        job = collect(base, add_source(base, "webpage", url=url))
        assert job.state == "finished", job
        assert result_of(job)["added"] == 1
    url = pages.put(
        "/feed",
        rss("<guid>1</guid><link>/page0</link><title>t</title>"),
        203,
        content_type="Application/RSS+XML",
    )
    job = collect(base, add_source(base, "rss", url=url, full_text=True))
    assert result_of(job)["added"] == 2
