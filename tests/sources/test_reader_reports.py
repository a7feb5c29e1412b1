"""Reports of people whose readers and importers stored something wrong: here it is right.

Each case is the input of a report, cut to what matters, and what is to be stored of it.
"""

import json
from pathlib import Path

import pytest

from inkcre.graph.forms import NodeForm
from inkcre.ports.web import Page
from inkcre.sources.documents.documents import READERS
from inkcre.sources.types.feeds import read_feed
from inkcre.sources.types.moments import read_moment

URL = "https://example.org/feed"
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>"
    "<entry><id>1</id>{}<content>text</content></entry></feed>"
)
RSS = "<rss version='2.0'><channel><title>F</title><item><guid>1</guid>{}</item></channel></rss>"


def first_entry(content: str | bytes) -> dict[str, str]:
    """Return what the first entry of a feed says."""
    page = Page(URL, 200, {}, content if isinstance(content, bytes) else content.encode())
    _, entry, *_ = read_feed(page, URL)
    said: dict[str, str] = json.loads(entry.star.block.content or "")
    return said


TITLES: dict[str, tuple[str | bytes, str]] = {
    "https://github.com/miniflux/v2/issues/999": (
        RSS.format("<title>Ocado to axe &amp;#39;Low Price&amp;#39;</title>"),
        "Ocado to axe 'Low Price'",
    ),
    "https://github.com/miniflux/v2/issues/416": (
        RSS.format("<title>&quot;I'm just doing D&D, but on AT&T&quot;</title>"),
        '"I\'m just doing D&D, but on AT&T"',
    ),
    "https://github.com/miniflux/v2/issues/122": (
        RSS.format("<title>tr&ecirc;s&nbsp;fc-rDNS & filters</title>"),
        "três fc-rDNS & filters",
    ),
    "https://github.com/miniflux/v2/issues/940": (
        RSS.format("<title>&lt;/kubernetes&gt;</title>"),
        "</kubernetes>",
    ),
    "https://github.com/miniflux/v2/issues/3149": (
        ATOM.format("<title type='html'>&lt;![CDATA[Lettre ouverte]]&gt;</title>"),
        "Lettre ouverte",
    ),
    "https://github.com/FreshRSS/FreshRSS/issues/1336": (
        b"\xef\xbb\xbf" + RSS.format("<title>Größe</title>").encode(),
        "Größe",
    ),
    "https://github.com/lwindolf/liferea/issues/701": (
        "  \n<?xml version='1.0' encoding='UTF-8'?>" + RSS.format("<title>Табун</title>"),
        "Табун",
    ),
    "https://github.com/FreshRSS/FreshRSS/issues/7522": (
        RSS.format("<title>whole</title>") + "\n<script>counted()</script>\n",
        "whole",
    ),
    "https://github.com/FreshRSS/FreshRSS/issues/5779": (
        RSS.format("<title>odd</title><thumbs><1536x1536>https://e.org/a</1536x1536></thumbs>"),
        "odd",
    ),
    "https://github.com/miniflux/v2/issues/492": (
        RSS.format("<title>before \x13 after</title>"),
        "before \x13 after",
    ),
}


@pytest.mark.parametrize("report", TITLES)
def test_title_of_a_reported_feed(report: str) -> None:
    """Entities, ampersands, sections, marks of encodings and what stands around a feed."""
    content, title = TITLES[report]
    assert first_entry(content)["title"] == title


def test_section_that_was_written_as_text_is_what_is_in_it() -> None:
    """As a whole value only: a text that tells of sections says what it says."""
    body = "<description>&lt;![CDATA[&lt;p&gt;Body&lt;/p&gt;]]&gt;</description>"
    assert first_entry(RSS.format(body))["html"] == "<p>Body</p>"
    about = "<title type='text'>Use &lt;![CDATA[ and ]]&gt; in XML</title>"
    assert first_entry(ATOM.format(about))["title"] == "Use <![CDATA[ and ]]> in XML"
    unended = "&lt;![CDATA[" * 50_000
    assert first_entry(RSS.format(f"<title>long</title><description>{unended}</description>"))


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        # https://github.com/Ranchero-Software/NetNewsWire/issues/2109
        ("Mon, May 25 2020 04:45:26 +0000", "2020-05-25T04:45:26Z"),
        # https://github.com/mmcdole/gofeed/issues/237
        ("Mon, 21 Apr 2025 06:00:00 EDT", "2025-04-21T10:00:00Z"),
        # https://github.com/kurtmckee/feedparser/issues/29
        ("Wed, 01 Jul 15 00:00:00 +0200", "2015-06-30T22:00:00Z"),
        # https://github.com/RssBandit/RssBandit/issues/469
        ("02 Apr 05 16:13 -0500", "2005-04-02T21:13:00Z"),
        # https://github.com/superdesk/superdesk/issues/3269
        ("Fri, 19 Nov 2021 01:45:08 +02:00", "2021-11-18T23:45:08Z"),
        ("1637280000", "2021-11-19T00:00:00Z"),
        ("1637280000123", "2021-11-19T00:00:00Z"),
        ("Fri, 19 Nov 2021 24:00:00 GMT", "2021-11-20T00:00:00Z"),
        ("2021-11-19T24:00:00Z", "2021-11-20T00:00:00Z"),
        ("Fri, 31 Dec 2021 23:59:60 GMT", "2022-01-01T00:00:00Z"),
        ("Fri, 19 Nov 2021 06:00:00 AM EST", "2021-11-19T11:00:00Z"),
        ("Fri, 19 Nov 2021 12:30 PM GMT", "2021-11-19T12:30:00Z"),
        ("Fri, 19 Nov 2021 12:30 AM GMT", "2021-11-19T00:30:00Z"),
        ("Fri, 19 Nov 2021 18:30:00 PM GMT", "2021-11-19T18:30:00Z"),
    ],
)
def test_moment_of_an_entry(said: str, moment: str) -> None:
    """In forms that feeds have, be they a standard's or not."""
    assert (
        first_entry(RSS.format(f"<pubDate>{said}</pubDate><title>t</title>"))["published"] == moment
    )


@pytest.mark.parametrize(
    "said", ["", "soon", "99:99", "24:00:00", "1" * 400, "24:00 of 0000-00-00"]
)
def test_what_is_no_moment_is_none(said: str) -> None:
    """And nothing is made up."""
    assert read_moment(said, None) is None


def read_note(content: str) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Return what is said of a note, and what it refers to."""
    document = READERS[".md"](content.encode(), Path("/vault/note.md"))
    assert document
    said = [(name, said.content) for name, said in document.arcs if isinstance(said, NodeForm)]
    return said, [reference.target for reference in document.references]


def test_tags_of_a_note() -> None:
    r"""None in code or in an address, none that is a number, and none behind a backslash.

    https://github.com/usememos/memos/issues/629, https://github.com/usememos/memos/issues/1715
    and https://github.com/usememos/memos/issues/6035
    """
    said, _ = read_note(
        "```\n#fenced\n```\n`#inline` \\#NAS http://1.example/?1#tag2 #1 # P05 123#456\n"
        "#real, #nested/tag #日本語"
    )
    assert [value for name, value in said if name == "tags"] == ["real", "nested/tag", "日本語"]


def test_wiki_links_in_front_matter() -> None:
    """Without quotes they are lists in lists to YAML, and were gone.

    https://github.com/alangrainger/obsidian-frontmatter-modified-date/issues/70
    """
    said, references = read_note(
        '---\nbefore:\n  - [[2026-04-08 Board Meeting]]\n  - "[[Quoted]]"\nof: [[Ada\'s note]]\n'
        "list: [[a, b], [c]]\n---\nbody"
    )
    assert said == [
        ("before", "[[2026-04-08 Board Meeting]]"), ("before", "[[Quoted]]"), ("of", "[[Ada's note]]"),
    ]  # fmt: skip
    assert references == ["2026-04-08 Board Meeting", "Quoted", "Ada's note"]
    said, _ = read_note("---\ntext: |\n  - [[as it is]]\n---\nbody")
    assert said == [("text", "- [[as it is]]")]


def test_tags_in_one_text_are_each_a_tag() -> None:
    """As older notes have them: https://github.com/akosbalasko/yarle/issues/560."""
    said, _ = read_note("---\ntags: one, two\nTitle: one, two\n---\nbody #two")
    assert said == [("tags", "one"), ("tags", "two"), ("Title", "one, two")]
