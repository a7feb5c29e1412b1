"""Less is not newer: what a server cut, lost or gave in its place does not replace what is stored."""

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import list_blocks
from inkcre.sources.doubts import compare
from inkcre.sources.sources import DOUBTED, get_source
from inkcre.sources.types.feed_texts import find_end, text_of_entry
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of

LONG = "A sentence that says something of its own. " * 20


def rss(*entries: tuple[str, str, str]) -> str:
    """Write a feed of RSS."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title>"
        f"<description>{text}</description></item>"
        for guid, title, text in entries
    )
    return f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>"


def atom(*entries: tuple[str, str, str]) -> str:
    """Write a feed of Atom."""
    items = "".join(
        f"<entry><id>{guid}</id><title>{title}</title><content>{text}</content></entry>"
        for guid, title, text in entries
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{items}</feed>"


def rdf(*entries: tuple[str, str, str]) -> str:
    """Write a feed of RSS 1.0."""
    items = "".join(
        f"<item rdf:about='{guid}'><title>{title}</title><description>{text}</description></item>"
        for guid, title, text in entries
    )
    return (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        " xmlns='http://purl.org/rss/1.0/'><channel><title>F</title><items><rdf:Seq/></items>"
        f"</channel>{items}</rdf:RDF>"
    )


KINDS = {"rss": rss, "atom": atom, "rdf": rdf}


def entries(base: Components) -> dict[str, str]:
    """Return the texts of entries, by their titles."""
    import json

    blocks, _ = list_blocks(base.database, resolver="feed entry", limit=100)
    said = [json.loads(block.content) for block in blocks]
    return {one.get("title", ""): one.get("text") or one.get("html") or "" for one in said}


def gave(base: Components, source_id: int, **words: bool) -> tuple[int, int, int]:
    """Collect; return what was added, updated and doubted."""
    result = result_of(collect(base, source_id, **words))
    return result["added"], result["updated"], result.get("doubtful", 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["text", "title", "end"])
def test_feed_that_is_cut_in_an_entry_leaves_it_as_it_was(
    base: Components, pages: Pages, kind: str, where: str
) -> None:
    """However often it comes so; entries before are read, and one that is new waits."""
    write = KINDS[kind]
    first = [("urn:1", "One", LONG), ("urn:2", "Two", f"Two. {LONG}")]
    url = pages.put(f"/cut-{kind}", write(*first).encode(), etag='"same"')
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    stored = entries(base)
    edited = write(("urn:0", "New", LONG), ("urn:1", "One", f"Edited. {LONG}"), first[1])
    at = {"text": edited.index("Two. ") + 40, "title": edited.index("Two<") + 2}
    at["end"] = edited.index("</", edited.index("Two. "))
    pages.put(f"/cut-{kind}", edited[: at[where]].encode(), etag='"same"')
    assert gave(base, source_id) == (1, 1, 1)
    assert gave(base, source_id) == (0, 0, 1)
    assert gave(base, source_id, full=True) == (0, 0, 1)
    assert entries(base)["Two"] == stored["Two"]
    pages.put(f"/cut-{kind}", edited.encode(), etag='"same"')
    assert gave(base, source_id) == (0, 0, 0)
    # Asked for whatever its server says: a cut answer may have the mark of the whole one.
    assert "if-none-match" not in pages.asked[-1][1]


def test_new_entry_that_is_cut_waits_until_it_is_whole(base: Components, pages: Pages) -> None:
    """Its name may be cut as well, and would stay for good."""
    whole = rss(("urn:long-name", "One", LONG))
    url = pages.put("/new-cut", whole[: whole.index("-name")].encode())
    source_id = add_source(base, "rss", url=url)
    assert gave(base, source_id) == (1, 0, 0)  # the feed itself
    assert entries(base) == {}
    pages.put("/new-cut", whole[: whole.index("description>A")].encode())
    assert gave(base, source_id) == (0, 0, 1)
    pages.put("/new-cut", whole.encode())
    assert gave(base, source_id) == (1, 0, 0)
    assert entries(base) == {"One": LONG.strip()}


def test_title_of_a_feed_that_is_cut_before_its_entries_stays(
    base: Components, pages: Pages
) -> None:
    """Nothing tells where it was cut."""
    url = pages.put("/head-cut", rss(("urn:1", "One", LONG)).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    pages.put("/head-cut", b"<rss version='2.0'><channel><title>Ot")
    assert gave(base, source_id) == (0, 0, 1)
    texts, _ = list_blocks(base.database, resolver="text", limit=100)
    assert [block.content for block in texts] == ["F"]


def test_fewer_bytes_than_announced_say_nothing(base: Components, pages: Pages) -> None:
    """The client refuses them: the job has failed, and nothing was read."""
    content = rss(("urn:1", "One", LONG)).encode()
    url = pages.put("/short", content)
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)

    def answer(_: dict[str, str], write: object) -> None:
        assert callable(write)
        write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content[:-200])

    pages.answers["/short"] = answer
    job = collect(base, source_id)
    assert job.state != "finished"
    assert entries(base) == {"One": LONG.strip()}


@pytest.mark.parametrize(
    "shorter", ["", LONG[:90] + "…", LONG[:90] + " [...]", LONG[:90] + " Read more &#187;"]
)
def test_cut_text_of_an_entry_never_replaces_the_whole(
    base: Components, pages: Pages, shorter: str
) -> None:
    """A feed that is changed to give the beginnings only, or nothing: however often it comes."""
    url = pages.put("/shorter", rss(("urn:1", "One", LONG), ("urn:2", "Two", "Two")).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    pages.put("/shorter", rss(("urn:1", "One", shorter), ("urn:2", "Two", "2")).encode())
    assert gave(base, source_id) == (0, 1, 1)
    assert gave(base, source_id) == (0, 0, 1)
    assert entries(base) == {"One": LONG.strip(), "Two": "2"}


def test_much_less_text_is_taken_when_it_comes_twice(base: Components, pages: Pages) -> None:
    """In a row, and the same: then somebody has shortened it."""
    url = pages.put("/less", rss(("urn:1", "One", LONG)).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    for text in ("Taken back.", "Taken back, too."):
        pages.put("/less", rss(("urn:1", "One", text)).encode())
        assert gave(base, source_id) == (0, 0, 1)
        assert entries(base) == {"One": LONG.strip()}
        assert list(get_source(base.database, source_id).state[DOUBTED]) == ["entry:urn:1"]  # type: ignore[arg-type]
    pages.put("/less", rss(("urn:1", "One", LONG)).encode())
    assert gave(base, source_id) == (0, 0, 0)
    assert DOUBTED not in get_source(base.database, source_id).state
    pages.put("/less", rss(("urn:1", "One", "Taken back, too.")).encode())
    assert gave(base, source_id) == (0, 0, 1)
    assert gave(base, source_id) == (0, 1, 0)
    assert entries(base) == {"One": "Taken back, too."}


def test_less_text_that_is_still_much_is_an_edit(base: Components, pages: Pages) -> None:
    """A tenth is enough."""
    url = pages.put("/edit", rss(("urn:1", "One", LONG)).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    shorter = ("Other words. " * 100)[: len(LONG) // 10 + 1]
    pages.put("/edit", rss(("urn:1", "One", shorter)).encode())
    assert gave(base, source_id) == (0, 1, 0)


ARTICLE = f"<html><title>An article</title><body><article><p>{LONG}</p></article></body></html>"
LOGIN = (
    f"<html><title>An article</title><body><p>{LONG[:300]} Please enter your name.</p>"
    "<form><input name=u><input type='password' name=p></form></body></html>"
)
ERROR = (
    f"<html><title>503 Service Unavailable</title><body><p>{LONG[:300]} Later.</p></body></html>"
)
GONE = "<html><title>An article</title><body><p>Nothing here.</p></body></html>"


def page_text(base: Components) -> str:
    """Return the text of the one page that is there."""
    blocks, _ = list_blocks(base.database, resolver="text", limit=100)
    return max((block.content for block in blocks), key=len)


@pytest.mark.parametrize("other", [LOGIN, ERROR, GONE], ids=["login", "error", "less"])
def test_page_that_looks_like_another_is_doubted_once(
    base: Components, pages: Pages, other: str
) -> None:
    """What its server gives for a while is not its text; what it gives twice is."""
    url = pages.put("/page", ARTICLE.encode(), content_type="text/html", etag='"1"')
    source_id = add_source(base, "webpage", url=url)
    collect(base, source_id)
    before = page_text(base)
    assert before in LONG
    pages.put("/page", other.encode(), content_type="text/html", etag='"2"')
    assert gave(base, source_id) == (0, 0, 1)
    assert page_text(base) == before
    pages.put("/page", ARTICLE.encode(), content_type="text/html", etag='"1"')
    assert gave(base, source_id) == (0, 0, 0)
    pages.put("/page", other.encode(), content_type="text/html", etag='"2"')
    assert gave(base, source_id) == (0, 0, 1)
    assert gave(base, source_id) == (0, 1, 0)
    assert before not in page_text(base)
    # It always looks so now: what it says next is an edit.
    pages.put("/page", other.replace("Later", "Soon").replace("name.", "names.").encode(), etag="3")
    assert gave(base, source_id)[2] == 0


def test_page_that_is_empty_is_never_taken(base: Components, pages: Pages) -> None:
    """It says nothing, however often."""
    url = pages.put("/empty", ARTICLE.encode(), content_type="text/html")
    source_id = add_source(base, "webpage", url=url)
    collect(base, source_id)
    before = page_text(base)
    for empty in (b"", b"<html></html>"):
        pages.put("/empty", empty, content_type="text/html")
        assert gave(base, source_id) == (0, 0, 1)
        assert gave(base, source_id) == (0, 0, 1)
    assert page_text(base) == before


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_page_of_a_list_with_a_search_for_names_is_no_login(base: Components, pages: Pages) -> None:
    """A page that has always asked for a password may be edited."""
    page = LOGIN.replace("Please", "Do")
    url = pages.put("/always", page.encode(), content_type="text/html")
    source_id = add_source(base, "webpage", url=url)
    assert gave(base, source_id)[2] == 0
    pages.put("/always", page.replace("Do", "Always").encode(), content_type="text/html")
    assert gave(base, source_id) == (0, 1, 0)


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (rss(("1", "t", "x")), "whole"),
        (atom(("1", "t", "x")), "whole"),
        (rdf(("1", "t", "x")), "whole"),
        (rss(("1", "t", "x"))[:-4], "between entries"),
        (rss(("1", "t", "x"))[:-30], "in an entry"),
        (rss(("1", "t", "<![CDATA[</rss>"))[:-30], "in an entry"),
        (rss(("1", "t", "<![CDATA[<item>]]>")), "whole"),
        ("<?xml version='1.0'?><!-- <item> </rss> -->" + rss(("1", "t", "x"))[:-40], "in an entry"),
        ("<?xml version='1.0'?><!DOCTYPE rss><rss><channel><!-- <item>", "between entries"),
        ("<a:feed xmlns:a='x'><a:entry></a:entry></a:feed>\n\n", "whole"),
        ("<a:feed xmlns:a='x'><a:entry>", "in an entry"),
        ("", "whole"),
    ],
)
def test_end_of_a_feed(content: str, end: str) -> None:
    """Where it is, or where the feed was cut; also in UTF-16."""
    assert find_end(content.encode()) == end
    assert find_end(content.encode("utf-16")) == end


@pytest.mark.parametrize("piece", [b"<!--", b"<![CDATA[", b"<item>", b"</item", b"<", b"</rss"])
def test_hostile_feeds_take_no_more_than_their_length(piece: bytes) -> None:
    """Ten megabytes are looked at in seconds."""
    import time

    began = time.process_time()
    find_end(b"<rss>" + piece * (10_000_000 // len(piece)))
    assert time.process_time() - began < 10


def test_text_of_an_entry_is_without_markup() -> None:
    """Of HTML what a reader sees; of what is no entry all."""
    assert text_of_entry('{"html": "<p>a <b>b</b></p>"}') == "a b"
    assert text_of_entry('{"text": "a"}') == "a"
    assert text_of_entry('{"title": "a"}') == ""
    for other in ("no JSON", "[1]", "1"):
        assert text_of_entry(other) == other


@pytest.mark.parametrize(
    ("stored", "new", "is_less"),
    [
        ("one two three", "one two…", True),
        ("one two three", "one two", False),
        ("one two three", "one  two\n three [...]", False),
        ("one two three", "", True),
        ("one two three", " \n", True),
        ("", "", False),
        ("one two three", "two…", False),
        ("one two…", "one two three", False),
        ("one two…", "one two…", False),
        ("one two three", "One more: continue reading »", False),
        ("one two three", "one two Continue reading »", True),
    ],
)
def test_text_that_is_certainly_less(stored: str, new: str, *, is_less: bool) -> None:
    """Nothing, or the beginning of what is there with a mark that it is one."""
    assert (compare(stored, new) is not None) is is_less


def test_two_entries_of_one_name_take_nothing_from_each_other(
    base: Components, pages: Pages
) -> None:
    """In one document each is what it says; one that is there alone is the latest edition."""
    one, two = ("same", "One", LONG), ("same", "Two", f"Two. {LONG}")
    url = pages.put("/twice", rss(one).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    pages.put("/twice", rss(two, one).encode())
    collect(base, source_id)
    assert set(entries(base)) == {"One", "Two"}
    edited = ("same", "Two", f"Two, edited. {LONG}")
    pages.put("/twice", rss(edited, one).encode())
    assert gave(base, source_id) == (1, 0, 0)  # another entry: nothing says of which it is one
    pages.put("/twice", rss(two).encode())
    collect(base, source_id)
    assert {"One", "Two"} <= set(entries(base))


def test_entry_whose_name_changes_each_time_is_new_each_time(
    base: Components, pages: Pages
) -> None:
    """Nothing that is stored is taken for it, and so nothing is replaced."""
    url = pages.put("/names", rss(("urn:1", "One", LONG)).encode())
    source_id = add_source(base, "rss", url=url)
    collect(base, source_id)
    for number in (2, 3):
        pages.put("/names", rss((f"urn:{number}", "One", LONG[:100])).encode())
        assert gave(base, source_id) == (1, 0, 0)
    blocks, _ = list_blocks(base.database, resolver="feed entry", limit=100)
    assert len(blocks) == 3
