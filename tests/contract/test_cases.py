"""Feeds and pages that readers have stored wrong, by public reports, in every home."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import json
import secrets
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.cases import read_case
from tests.contract.conftest import Json
from tests.contract.test_sources import add_source, related
from tests.pages import Pages, serve_pages

RSS = "application/rss+xml"


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """Serve pages on loopback, which every home may fetch by this one address."""
    with serve_pages() as served:
        yield served


def collect_now(api: httpx.Client, type_: str, url: str) -> list[Json]:
    """Collect a new source; give the blocks that it brings."""
    source = add_source(api, type=type_, config={"url": url})
    blocks: list[Json] = api.get(f"/source/{source['id']}/collect").json()
    return blocks


def put_case(pages: Pages, name: str, content_type: str) -> str:
    """Serve a file of a case under a path of its own; give its address."""
    path = f"/{secrets.token_hex(4)}/{name.rpartition('/')[2]}"
    return pages.put(path, read_case(name), content_type=content_type)


FEEDS = {
    "atom-title-text/atom.xml": ["Why Vec<T> beats List<T>", "Use the <dialog> element"],
    "feed-entities/feed.xml": ["Don’t & won’t"],
    "feed-entities/atom.xml": ["AT&T <b> rules"],
    "feed-encodings/blank-line-cp1251.xml": ["Привет мир"],
    "feed-encodings/declared-cp1251-is-utf8.xml": ["Привет мир"],
    "feed-encodings/euc-kr-cp949.xml": ["똠방각하 펲"],
    "feed-encodings/shift_jis-cp932.xml": ["①②髙橋～"],
}
TEXTS = {"feed-entities/feed.xml": 'Tom & Jerry "hi"', "feed-entities/atom.xml": "AT&T"}


def test_entries_have_the_titles_that_were_written(api: httpx.Client, pages: Pages) -> None:
    """Whatever letters and entities they were written in."""
    for name, titles in FEEDS.items():
        _, *entries = collect_now(api, "rss", put_case(pages, name, RSS))
        said = [json.loads(entry["content"]) for entry in entries]
        assert [one["title"] for one in said] == titles, name
        if text := TEXTS.get(name):
            assert said[0].get("text", said[0].get("html")) == text, said
        if name == "feed-entities/feed.xml":
            assert [b["content"] for b in related(api, entries[0]["id"], "category")] == ["R&D"]


def test_links_of_a_feed_that_moved_lead_to_where_it_is(api: httpx.Client, pages: Pages) -> None:
    """An address without a host is that of the host which has answered in the end."""
    end = put_case(pages, "feed-redirect-base/feed.xml", RSS)
    start = pages.put(f"/{secrets.token_hex(4)}/feed", b"", status=301, location=end)
    _, entry = collect_now(api, "rss", start)
    [page] = related(api, entry["id"], "page")
    assert page["content"] == f"{end.rpartition('/')[0]}/p/r"


PAGES = {
    "latin1-is-cp1252.html": "“quoted” – €5",
    "gb2312-is-gbk.html": "朱镕基 囧",
    "shift_jis-is-cp932.html": "①②髙橋",
    "euc-kr-is-cp949.html": "똠방각하",
    "x-sjis.html": "日本語",
    "windows-874.html": "ภาษาไทย",
    "charset-in-comment.html": "Größe",
}


def test_pages_have_the_letters_that_were_written(api: httpx.Client, pages: Pages) -> None:
    """By the labels of encodings as browsers read them."""
    for name, words in PAGES.items():
        charset = "; charset=ISO-8859-1" if name.startswith("latin1") else ""
        url = put_case(pages, f"page-encodings/{name}", f"text/html{charset}")
        [text] = collect_now(api, "webpage", url)
        assert words in text["content"], name
