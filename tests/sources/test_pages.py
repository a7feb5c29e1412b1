"""Reading pages: against what Readability finds in the same ones."""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest

from inkcre.context import Components
from inkcre.jobs.jobs import get_job
from inkcre.sources.pages.page import ReadPage
from inkcre.sources.pages.pages import decode_html, read_page, read_page_lightly
from tests.conftest import ROOT
from tests.on_base import enqueue_collect
from tests.pages import Pages
from tests.sources.conftest import add_source, run_jobs

ARCHIVE = ROOT / "tests" / "data" / "pages.zip"
URL = "http://fakehost/test/page.html"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def tokens(text: str) -> Counter[str]:
    """Return the words of a text, and how often each is there."""
    return Counter(re.findall(r"\w+", text.lower()))


def score(found: str, expected: str) -> float:
    """Return the F1 of two texts' words."""
    ours, theirs = tokens(found), tokens(expected)
    shared = sum((ours & theirs).values())
    if not shared:
        return float(ours == theirs)
    precision, recall = shared / sum(ours.values()), shared / sum(theirs.values())
    return 2 * precision * recall / (precision + recall)


def read_archive() -> Iterator[tuple[str, bytes, str, dict[str, object]]]:
    """Yield names, pages, the texts expected of them, and what they say of themselves."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in sorted({path.partition("/")[0] for path in archive.namelist()}):
            parser = _Text()
            parser.feed(archive.read(f"{name}/expected.html").decode())
            parser.close()
            said = json.loads(archive.read(f"{name}/expected-metadata.json"))
            yield name, archive.read(f"{name}/source.html"), "".join(parser.pieces), said


def _lightly(content: bytes) -> ReadPage:
    return read_page_lightly(decode_html(content), url=URL)


def _with_trafilatura(content: bytes) -> ReadPage:
    return read_page(content, url=URL)


@pytest.mark.parametrize(
    ("read", "goal"), [(_with_trafilatura, 0.90), (_lightly, 0.75)], ids=["trafilatura", "light"]
)
def test_text_is_what_readability_finds(
    read: Callable[[bytes], ReadPage], goal: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Per page, and in the mean; trafilatura in processes, the light reader anywhere."""
    scores = {name: score(read(page).text, expected) for name, page, expected, _ in read_archive()}
    assert len(scores) == 51
    mean = sum(scores.values()) / len(scores)
    with capsys.disabled():
        print(f"\ntoken F1, {read.__name__.strip('_')}:")
        for name, value in sorted(scores.items(), key=lambda item: item[1]):
            print(f"  {value:.3f}  {name}")
        print(f"  {mean:.3f}  mean of {len(scores)}")
    assert mean >= goal


def test_pages_say_who_wrote_them_and_when() -> None:
    """Titles, authors and languages as Readability finds them, for most pages."""
    rows = [(_lightly(page), said) for _, page, _, said in read_archive()]
    titles = [read.title == said["title"] for read, said in rows if said.get("title")]
    bylines = [read.byline == said["byline"] for read, said in rows if said.get("byline")]
    languages = [read.language == said["lang"] for read, said in rows if said.get("lang")]
    assert sum(titles) / len(titles) > 0.8
    assert sum(bylines) / len(bylines) > 0.6
    assert all(languages)


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_every_page_is_collected_from_a_server(base: Components, pages: Pages) -> None:
    """All 51, served and collected twice: the second time nothing is new."""
    sources = []
    for name, page, _, _ in read_archive():
        url = pages.put(f"/{name}", page, content_type="text/html; charset=utf-8")
        sources.append(add_source(base, "webpage", url=url))
    for expected in (1, 0):
        jobs = [enqueue_collect(base, source_id, full=False) for source_id in sources]
        run_jobs(base)
        for job in jobs:
            ended = get_job(base.database, job.id)
            assert ended.state == "finished", ended
            assert isinstance(ended.result, dict)
            assert ended.result["added"] == expected
            assert ended.result["updated"] == 0


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("grün".encode(), "", "grün"),
        ("grün".encode("latin-1"), "text/html; charset=iso-8859-1", "grün"),
        (b"<meta charset=koi8-r>" + "да".encode("koi8-r"), "text/html", "<meta charset=koi8-r>да"),
        ("\ufeffgrün".encode(), "text/html; charset=latin-1", "grün"),
        ("grün".encode("utf-16"), "", "grün"),
        ("grün".encode("cp1252"), "", "grün"),
        (b"a\xff", "text/html; charset=no-such", "aÿ"),
        ("grün".encode(), "text/html; charset=utf-16", "grün"),
    ],
)
def test_encoding_is_found(content: bytes, content_type: str, text: str) -> None:
    """By the mark, the header, the page, or else as most pages are."""
    assert decode_html(content, content_type) == text


def test_links_are_whole_and_each_once() -> None:
    """Relative to the page's base, without fragments, of the web only."""
    html = (
        "<base href='/b/'><body><article><p>"
        + "A text, with commas, that is long enough to be read. " * 10
        + "<a href='one'>1</a><a href='one#part'>1</a><a href='https://example.org/two'>2</a>"
        "<a href='javascript:alert(1)'>x</a><a href='mailto:a@b'>x</a><a href='#top'>x</a>"
        "<a href='http://[bad'>x</a></p></article>"
    )
    read = read_page_lightly(html, url="https://example.com/a/page")
    assert read.links == ("https://example.com/b/one", "https://example.org/two")
