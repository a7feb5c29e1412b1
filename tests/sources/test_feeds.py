"""Feeds: real, awkward and broken ones, each collected twice."""

from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.errors import BadAnswer
from inkcre.graph.blocks import list_blocks
from inkcre.ports.web import Page
from inkcre.sources.types.feeds import read_feed
from tests.conftest import ROOT
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of

URL = "https://example.org/feed"
FEEDS = sorted((ROOT / "tests" / "data" / "feeds").rglob("*.*"))
TYPES = {".rss": "application/rss+xml", ".atom": "application/atom+xml", ".xml": "text/xml"}


def test_there_are_feeds() -> None:
    """The collection is not empty by mistake."""
    assert len(FEEDS) == 171


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_every_feed_ends_as_data_or_as_a_failed_job_that_says_why(
    base: Components, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    """None raises out of a job; and a second time none adds or changes anything."""
    ended: dict[str, int] = {}
    for number, feed in enumerate(FEEDS):
        url = pages.put(f"/{number}", feed.read_bytes(), content_type=TYPES[feed.suffix])
        source_id = add_source(base, "rss", url=url)
        first = collect(base, source_id)
        ended[first.state] = ended.get(first.state, 0) + 1
        if first.state == "failed":
            assert str(first.error).startswith("bad_answer: "), (feed, first)
            assert "no feed" in str(first.error)
            continue
        assert first.state == "finished", (feed, first)
        assert result_of(first)["added"] >= 1, feed
        for full in (False, True):
            again = result_of(collect(base, source_id, full=full))
            assert (again["added"], again["updated"], again["deleted"]) == (0, 0, 0), feed
    with capsys.disabled():
        print(f"\n{len(FEEDS)} feeds, twice: {ended}; the second time nothing new")
    assert ended["finished"] > 160


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02\xff",
        b"<html><body>hello</body></html>",
        b"{}",
        b"file:///etc/passwd",
        b"http://127.0.0.1:1/feed",
        b"/etc/passwd",
        b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>",
    ],
    ids=["empty", "bytes", "page", "json", "file", "url", "path", "external-entity"],
)
def test_what_is_no_feed_is_said_so(content: bytes) -> None:
    """And nothing else is read or fetched in its place."""
    with pytest.raises(BadAnswer) as caught:
        list(read_feed(Page(URL, 200, {}, content), URL))
    assert "no feed" in caught.value.message
    assert "root:" not in caught.value.message


def test_entities_do_not_multiply() -> None:
    """A billion laughs are none."""
    entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    bomb = (
        f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY l0 'ha'>{entities}]>"
        "<rss version='2.0'><channel><title>&l9;</title></channel></rss>"
    )
    try:
        items = list(read_feed(Page(URL, 200, {}, bomb.encode()), URL))
    except BadAnswer:
        return
    assert sum(len(item.star.model_dump_json()) for item in items) < 10_000


def test_entries_of_one_name_are_kept_apart(base: Components, pages: Pages) -> None:
    """Some feeds call all their entries by one GUID: each is what it says, also the next time."""
    items = "".join(f"<item><guid>same</guid><title>{n}</title></item>" for n in range(5))
    rss = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"
    source_id = add_source(base, "rss", url=pages.put("/same", rss.encode()))
    assert result_of(collect(base, source_id))["added"] == 6
    again = result_of(collect(base, source_id))
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 6)


def test_text_that_no_database_keeps_is_cleaned(base: Components, pages: Pages) -> None:
    """NUL, halves of characters, texts without end: data all the same."""
    strange = "<item><guid>&#0;a&#xD800;</guid><title>x&#0;y &#xDFFF;</title><category>" + (
        "k" * 5000 + "</category></item>"
    )
    rss = f"<rss version='2.0'><channel><title>t</title>{strange}</channel></rss>"
    source_id = add_source(base, "rss", url=pages.put("/strange", rss.encode()))
    job = collect(base, source_id)
    assert job.state == "finished", job


def test_feed_of_a_thousand_entries_is_written_in_groups(base: Components, pages: Pages) -> None:
    """And a second time none of them is."""
    items = "".join(
        f"<item><guid>{n}</guid><title>{n}</title><description>{'x' * 500} {n}</description></item>"
        for n in range(1000)
    )
    rss = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"
    source_id = add_source(base, "rss", url=pages.put("/large", rss.encode()))
    assert result_of(collect(base, source_id))["added"] == 1001
    again = result_of(collect(base, source_id))
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 1001)


def test_two_feeds_share_an_entry_until_one_edits_it(base: Components, pages: Pages) -> None:
    """What both have is one block; an edit in one feed leaves the other's as it was."""

    def put(path: str, title: str) -> str:
        rss = (
            "<rss version='2.0'><channel><title>t</title>"
            f"<item><guid>https://example.org/1</guid><title>{title}</title></item></channel></rss>"
        )
        return pages.put(path, rss.encode())

    one = add_source(base, "rss", url=put("/one", "shared"))
    two = add_source(base, "rss", url=put("/two", "shared"))
    collect(base, one)
    collect(base, two)
    entries, _ = list_blocks(base.database, resolver="feed entry", limit=10)
    assert len(entries) == 1
    put("/one", "edited")
    assert result_of(collect(base, one))["updated"] == 1
    titles = {b.content for b in list_blocks(base.database, resolver="feed entry", limit=10)[0]}
    assert len(titles) == 2
    put("/two", "edited")
    assert result_of(collect(base, two))["updated"] == 1
    entries, _ = list_blocks(base.database, resolver="feed entry", limit=10)
    kept = [b for b in entries if "edited" in b.content]
    assert len(kept) == 1


def test_feeds_are_where_their_readme_says() -> None:
    """The README's example collects one of them."""
    assert (Path(ROOT) / "tests/data/feeds/valid/peps-1.rss").is_file()
