"""What is in a feed, RSS or Atom, through feedparser: https://feedparser.readthedocs.io/."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from inkcre.errors import BadAnswer
from inkcre.graph.forms import NodeForm, Star
from inkcre.graph.stars import Arc, block, page, star, text
from inkcre.ports.web import Page
from inkcre.sources.addresses import find_address
from inkcre.sources.base import Item
from inkcre.sources.encodings import decode_xml
from inkcre.sources.items.revisions import short_key
from inkcre.sources.left_out import LeftOut
from inkcre.sources.types.feed_texts import (
    find_end,
    prepare,
    read_body,
    read_line,
)
from inkcre.sources.types.moments import read_moment
from inkcre.sql.text import clean

if TYPE_CHECKING:
    from feedparser import FeedParserDict

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

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""How a URI begins (RFC 3986, section 3.1)."""

FEED_KEY = "feed:"
"""The feed's own item; no entry's key begins so."""


@dataclass(frozen=True)
class _Context:
    """What the entries of a feed have in common."""

    feed: NodeForm
    base: str
    """What relative addresses are relative to: where the feed was found in the end."""

    is_atom: bool
    named: Callable[[str], str]
    """Gives the identity of what a feed calls by a name."""


def read_feed(
    found: Page,
    url: str,
    known: Callable[[], Collection[str]] = tuple,
    left_out: LeftOut | None = None,
) -> Iterator[Item]:
    """Yield a feed and its entries, however broken its XML is.

    Args:
        found: the feed, and where redirects have led.
        url: what the feed is called.
        known: gives the keys of the entries that were given before.
        left_out: counts what is not given.

    Raises:
        BadAnswer: this is no feed at all.
    """
    content = decode_xml(found.content, found.headers.get("content-type", "")).encode()
    parsed = _parse(content, found, url)
    feed = block("feed", url, "url")
    is_atom = str(parsed.get("version") or "").startswith("atom")
    context = _Context(feed, found.url, is_atom, _Names(url, known).name)
    ends = find_end(content)
    # A feed that is cut before its first entry may be cut in its title.
    is_complete = ends == "whole" or bool(parsed.entries)
    yield Item(FEED_KEY, _describe_feed(parsed.feed, context), is_complete=is_complete)
    items = [_read_entry(entry, context) for entry in parsed.entries[:MAX_ENTRIES]]
    if left_out is not None:
        left_out.add("too many", len(parsed.entries) - MAX_ENTRIES)
        left_out.add("empty", items.count(None))
    if ends == "in an entry" and items and items[-1] and len(parsed.entries) <= MAX_ENTRIES:
        items[-1] = replace(items[-1], is_complete=False)
    keys = Counter(item.key for item in items if item is not None)
    for item in items:
        if item is not None:
            # Some feeds call several entries by one name: then each of them is what it says.
            yield item if keys[item.key] == 1 else replace(item, key=_key_by_content(item))


def _parse(content: bytes, found: Page, url: str) -> "FeedParserDict":
    if content.count(b"<!--") + content.count(b"&lt;!--") > MAX_COMMENTS:
        raise BadAnswer(f"{url}: more comments than any feed has")
    import feedparser  # takes a while, and much of an isolate's memory
    from feedparser.mixin import _FeedParserMixin

    # It would make an address of a GUID that is none, another one wherever the feed is found.
    # https://github.com/kurtmckee/feedparser/blob/main/feedparser/mixin.py
    _FeedParserMixin.can_be_relative_uri.discard("id")
    headers = {
        "content-type": "application/xml; charset=utf-8",  # it is now
        "content-language": found.headers.get("content-language", ""),
        # What feedparser resolves relative addresses by:
        # https://feedparser.readthedocs.io/en/latest/resolving-relative-links.html
        "content-location": found.url,
    }
    try:
        # A stream: what is given as bytes might be an address, or a path, and be read.
        parsed = feedparser.parse(
            BytesIO(prepare(_UNKEEPABLE.sub(b"\xef\xbf\xbd", content))),
            response_headers=headers,
        )
    except PARSER_ERRORS as error:
        raise BadAnswer(f"{url}: no feed that can be read, {_first_line(error)}") from error
    if not (parsed.get("version") or parsed.get("entries") or parsed.feed.get("title")):
        why = parsed.get("bozo_exception")
        raise BadAnswer(
            f"{url}: no feed" + (f", {_first_line(why)}" if why else ""),
            hint="give the address of an RSS or Atom feed, not of a page",
        )
    return parsed


class _Names:
    """What entries are called: by their GUIDs, as they are."""

    def __init__(self, url: str, known: Callable[[], Collection[str]]) -> None:
        self._url = url
        self._known = known
        self._resolved: set[str] | None = None

    def name(self, guid: str) -> str:
        """Return what an entry is called; one that a former version has kept, as it was then.

        That made an address of each GUID that is none.
        """
        if SCHEME.match(guid):
            return guid
        if self._resolved is None:
            keys = self._known()
            # Of several entries of one name each is kept under the name and a digest.
            self._resolved = {*keys, *(key.rpartition(" ")[0] for key in keys)}
        try:
            resolved = urljoin(self._url, guid)
        except ValueError:
            return guid
        return resolved if short_key(f"entry:{resolved}") in self._resolved else guid


def _key_by_content(item: Item) -> str:
    return f"{item.key} {hashlib.sha256((item.star.block.content or '').encode()).hexdigest()}"


def _first_line(why: object) -> str:
    return clean(str(why)).partition("\n")[0][:200]


def _describe_feed(said: Mapping[str, object], context: _Context) -> Star:
    arcs: list[Arc] = []
    for name, relation in (("title", "title"), ("subtitle", "description")):
        value = read_line(said, name, is_atom=context.is_atom)
        if value:
            arcs.append((relation, text(value)))
    link = find_address(context.base, said.get("link"))
    if link:
        arcs.append(("page", page(link)))
    return star(context.feed, arcs)


def _read_entry(entry: dict[str, object], context: _Context) -> Item | None:
    """Make an item of an entry; None of one that says nothing."""
    guid = clean(str(entry.get("id") or "")).strip()
    link = _find_link(entry, guid, context)
    title = read_line(entry, "title", is_atom=context.is_atom)
    body = _body(entry, is_atom=context.is_atom)
    identity = (context.named(guid) if guid else link) or ""
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
    arcs: list[Arc] = [("feed", context.feed)]
    arcs += [("author", text(name)) for name in _authors(entry, is_atom=context.is_atom)]
    arcs += [("category", text(name)) for name in _categories(entry, is_atom=context.is_atom)]
    arcs += [("enclosure", one) for one in _enclosures(entry, context.base)]
    if link:
        arcs.append(("page", page(link)))
    centre = block(ENTRY, content)
    # Without an identity an entry is what it says: another edition is another entry.
    return Item(f"entry:{identity or content}", star(centre, arcs))


def _find_link(entry: Mapping[str, object], guid: str, context: _Context) -> str | None:
    said = clean(str(entry.get("link") or "")).strip()
    # What feedparser takes for a link is a GUID that does not say that it is none.
    return None if said == guid and not SCHEME.match(guid) else find_address(context.base, said)


def _parts(entry: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """Return what feedparser makes of an element that an entry may have, or may have often."""
    value = entry.get(name)
    if isinstance(value, Mapping):
        return [value]
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _body(entry: Mapping[str, object], *, is_atom: bool) -> dict[str, str]:
    """Return an entry's text, as HTML if it is; the longest that the entry has."""
    pieces = [*_parts(entry, "content"), *_parts(entry, "summary_detail")]
    best = max(pieces, key=lambda piece: len(str(piece.get("value") or "")), default={})
    if not best.get("value"):
        best = {"value": entry.get("summary")}
    return read_body(best, is_atom=is_atom)


def _moment(entry: dict[str, object], name: str) -> str | None:
    said = dict.get(entry, name)  # feedparser's own gives another time instead
    return read_moment(str(said or ""), dict.get(entry, f"{name}_parsed"))


def _authors(entry: Mapping[str, object], *, is_atom: bool) -> list[str]:
    names = [str(one.get("name") or one.get("email") or "") for one in _parts(entry, "authors")]
    names = names if any(names) else [str(entry.get("author") or "")]
    return _once(read_line({"": name}, "", is_atom=is_atom) for name in names)


def _categories(entry: Mapping[str, object], *, is_atom: bool) -> list[str]:
    said = (tag.get("label") or tag.get("term") for tag in _parts(entry, "tags"))
    return _once(read_line({"": name}, "", is_atom=is_atom) for name in said)


def _once(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name][:MAX_ARCS]


def _enclosures(entry: Mapping[str, object], base: str) -> Iterator[NodeForm]:
    for one in _parts(entry, "enclosures")[:MAX_ARCS]:
        address = find_address(base, one.get("href"))
        if address:
            kind = str(one.get("type") or "").partition("/")[0]
            yield block(MEDIA.get(kind, "file"), address, "url")
