"""Feeds: RSS and Atom, through feedparser: https://feedparser.readthedocs.io/."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Annotated, ClassVar, Literal
from urllib.parse import urljoin

from pydantic import Field

from inkcre.errors import BadAnswer
from inkcre.graph.forms import NodeForm, Star
from inkcre.graph.records import Block
from inkcre.graph.stars import Arc, block, page, star, text
from inkcre.sources.base import Decided, Item, Seen, SourceBase, SourceConfig
from inkcre.sources.left_out import LeftOut
from inkcre.sources.pages.pages import read_page
from inkcre.sources.pages.trees import parse_html
from inkcre.sources.types.feed_texts import find_end, text_of_entry
from inkcre.sources.types.fetch import FetchState, fetch_again, fetch_if_changed, remember
from inkcre.sql.text import clean

ACCEPT = "application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8, */*;q=0.5"
MEDIA = {"image": "image", "video": "video"}
"""Resolvers of enclosures, by the first half of their media types."""

MAX_ENTRIES = 10_000
MAX_COMMENTS = 2000
"""How many comments a feed may have; of those that never end feedparser takes the square of the
time, and half a megabyte of them took it ten seconds."""

MAX_ARCS = 100
"""How many authors, categories, and enclosures of an entry are kept, of each."""

ENTRY = "feed entry"
"""The resolver of an entry's block."""

PARSER_ERRORS = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError,
)  # fmt: skip
"""What feedparser raises on documents that nobody has thought of; it has no errors of its own."""

_UNKEEPABLE = re.compile(
    rb"&#(?:0+|x0+|x0*d[89a-f][0-9a-f]{2}|0*5[5-7]\d{3})(?:;|(?![0-9a-f]))", re.IGNORECASE
)
"""References to NUL and to halves of surrogate pairs (and, in decimal, to a few beside them, which
nobody has written in a feed yet): feedparser fails on them."""

FEED_KEY = "feed:"
"""The feed's own item; no entry's key begins so."""


class RssConfig(SourceConfig):
    """Which feed, and how much of it."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)]
    """The feed's address."""

    full_text: bool = False
    """Whether the page of each new entry is fetched too, and its readable text kept."""


class RssSource(SourceBase[RssConfig, FetchState]):
    """A feed, RSS or Atom: its entries, as blocks that follow their editions."""

    name: ClassVar[str] = "rss"
    config_model = RssConfig
    place: ClassVar[tuple[str, ...]] = ("url",)
    imports: ClassVar[tuple[str, ...]] = ("feedparser", "inkcre.sources.pages.heavy")
    state_model = FetchState
    doubts: ClassVar[Literal["less"]] = "less"

    @property
    def organizes(self) -> bool:
        """Whether the pages of entries are fetched, each in a job of its own."""
        return self.config.full_text

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the feed itself and its entries, if it has changed."""
        url = self.config.url
        found = fetch_if_changed(self.context, url, self.state, full=full, accept=ACCEPT)
        if found is None:
            return
        yield from read_feed(found.content, found.headers, url, self.context.left_out)
        remember(self.state, found)
        # A cut answer may have the mark of the whole one, which would never be sent then.
        if find_end(found.content) != "whole":
            fetch_again(self.state)

    def read_text(self, content: str) -> str:
        """Return the text of an entry, without markup; it is all that may become less."""
        return text_of_entry(content)

    def settle(self, decided: Decided) -> None:
        """Fetch the feed again the next time, if any of it was doubted."""
        if decided.doubted:
            fetch_again(self.state)

    def organize(self, block: Block) -> Star | None:
        """Fetch the page of an entry; give its readable text."""
        url = _link_of(block)
        if url is None:
            return None
        answer = fetch_if_changed(self.context, url, FetchState(), full=True, accept="text/html")
        kind = answer.headers.get("content-type", "") if answer else ""
        if answer is None or "html" not in kind:
            return None
        read = read_page(answer.content, url=answer.url, content_type=kind)
        if not read.text:
            return None
        return star(page(url), [("text content", text(read.text))])


def _link_of(block: Block) -> str | None:
    """Return the address of an entry's page; None of what is no entry, or was changed."""
    if block.resolver != ENTRY or block.storage is not None:
        return None
    try:
        said = json.loads(block.content)
    except ValueError:
        return None
    link = said.get("link") if isinstance(said, dict) else None
    return _address(link, link)


def read_feed(
    content: bytes, headers: Mapping[str, str], url: str, left_out: LeftOut
) -> Iterator[Item]:
    """Yield a feed and its entries, however broken its XML is.

    Raises:
        BadAnswer: this is no feed at all.
    """
    if content.count(b"<!--") + content.count(b"&lt;!--") > MAX_COMMENTS:
        raise BadAnswer(f"{url}: more comments than any feed has")
    import feedparser  # takes a while, and much of an isolate's memory

    kept = {n: v for n, v in headers.items() if n in ("content-type", "content-language")}
    # What feedparser resolves relative addresses by:
    # https://feedparser.readthedocs.io/en/latest/resolving-relative-links.html
    kept["content-location"] = url
    try:
        # A stream: what is given as bytes might be an address, or a path, and be read.
        parsed = feedparser.parse(
            BytesIO(_UNKEEPABLE.sub(b"\xef\xbf\xbd", content)), response_headers=kept
        )
    except PARSER_ERRORS as error:
        raise BadAnswer(f"{url}: no feed that can be read, {_first_line(error)}") from error
    if not (parsed.get("version") or parsed.get("entries") or parsed.feed.get("title")):
        why = parsed.get("bozo_exception")
        raise BadAnswer(
            f"{url}: no feed" + (f", {_first_line(why)}" if why else ""),
            hint="give the address of an RSS or Atom feed, not of a page",
        )
    feed = block("feed", url, "url")
    ends = find_end(content)
    # A feed that is cut before its first entry may be cut in its title.
    is_complete = ends == "whole" or bool(parsed.entries)
    yield Item(FEED_KEY, _describe_feed(parsed.feed, feed, url), is_complete=is_complete)
    left_out.add("too many", len(parsed.entries) - MAX_ENTRIES)
    items = [_read_entry(entry, feed, url) for entry in parsed.entries[:MAX_ENTRIES]]
    left_out.add("empty", items.count(None))
    if ends == "in an entry" and items and items[-1] and len(parsed.entries) <= MAX_ENTRIES:
        items[-1] = replace(items[-1], is_complete=False)
    keys = Counter(item.key for item in items if item is not None)
    for item in items:
        if item is not None:
            # Some feeds call several entries by one name: then each of them is what it says.
            yield item if keys[item.key] == 1 else replace(item, key=_key_by_content(item))


def _key_by_content(item: Item) -> str:
    return f"{item.key} {hashlib.sha256((item.star.block.content or '').encode()).hexdigest()}"


def _first_line(why: object) -> str:
    return clean(str(why)).partition("\n")[0][:200]


def _describe_feed(said: Mapping[str, object], feed: NodeForm, url: str) -> Star:
    arcs: list[Arc] = []
    for name, relation in (("title", "title"), ("subtitle", "description")):
        value = _plain(said.get(name))
        if value:
            arcs.append((relation, text(value)))
    link = _address(url, said.get("link"))
    if link:
        arcs.append(("page", page(link)))
    return star(feed, arcs)


def _read_entry(entry: dict[str, object], feed: NodeForm, url: str) -> Item | None:
    """Make an item of an entry; None of one that says nothing."""
    link = _address(url, entry.get("link"))
    title = _plain(entry.get("title"))
    body = _body(entry)
    identity = clean(str(entry.get("id") or "")).strip() or link or ""
    if not (identity or title or body):
        return None
    said = {
        "id": identity or None,
        "link": link,
        "title": title or None,
        "published": _moment(entry, "published") or _moment(entry, "created"),
        "updated": _moment(entry, "updated"),
        **body,
    }
    content = json.dumps({n: v for n, v in said.items() if v is not None}, ensure_ascii=False)
    arcs: list[Arc] = [("feed", feed)]
    arcs += [("author", text(name)) for name in _authors(entry)]
    arcs += [("category", text(name)) for name in _categories(entry)]
    arcs += [("enclosure", one) for one in _enclosures(entry, url)]
    if link:
        arcs.append(("page", page(link)))
    centre = block(ENTRY, content)
    # Without an identity an entry is what it says: another edition is another entry.
    return Item(f"entry:{identity or content}", star(centre, arcs))


def _parts(entry: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """Return what feedparser makes of an element that an entry may have, or may have often."""
    value = entry.get(name)
    if isinstance(value, Mapping):
        return [value]
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _body(entry: Mapping[str, object]) -> dict[str, str]:
    """Return an entry's text, as HTML if it is; the longest that the entry has."""
    pieces = [*_parts(entry, "content"), *_parts(entry, "summary_detail")]
    best = max(pieces, key=lambda piece: len(str(piece.get("value") or "")), default={})
    value = clean(str(best.get("value") or entry.get("summary") or "")).strip()
    if not value:
        return {}
    is_html = "html" in str(best.get("type", "")) and "<" in value
    return {"html": value} if is_html else {"text": value}


def _plain(value: object) -> str:
    """Return text without markup, on one line."""
    said = clean(str(value or ""))
    if "<" in said:
        said = parse_html(said).text()
    return " ".join(said.split())


def _moment(entry: dict[str, object], name: str) -> str | None:
    parsed = dict.get(entry, f"{name}_parsed")  # feedparser's own gives another time instead
    if not isinstance(parsed, tuple):
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return moment.isoformat().replace("+00:00", "Z")
    except ValueError:
        return None


def _authors(entry: Mapping[str, object]) -> list[str]:
    names = [_plain(one.get("name") or one.get("email")) for one in _parts(entry, "authors")]
    names = names if any(names) else [_plain(entry.get("author"))]
    return _once(names)


def _categories(entry: Mapping[str, object]) -> list[str]:
    return _once(_plain(tag.get("label") or tag.get("term")) for tag in _parts(entry, "tags"))


def _once(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name][:MAX_ARCS]


def _enclosures(entry: Mapping[str, object], url: str) -> Iterator[NodeForm]:
    for one in _parts(entry, "enclosures")[:MAX_ARCS]:
        address = _address(url, one.get("href"))
        if address:
            kind = str(one.get("type") or "").partition("/")[0]
            yield block(MEDIA.get(kind, "file"), address, "url")


def _address(base: object, value: object) -> str | None:
    """Return an address of the web as a whole; None when it is none."""
    said = clean(str(value or "")).strip()
    try:
        whole = urljoin(str(base), said) if said else ""
    except ValueError:
        return None
    return whole if whole.startswith(("http://", "https://")) and " " not in whole else None
