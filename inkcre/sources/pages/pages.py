"""Reading web pages: what a reader came for, and what the page says of itself."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urldefrag, urljoin

from inkcre.runtime.depth import is_deep
from inkcre.sources.pages.light import find_readable
from inkcre.sources.pages.page import ReadPage
from inkcre.sources.pages.trees import Element, fold, parse_html

MAX_LINKS = 100
"""How many outgoing links of a page are kept."""

ABSENT_ON_PURPOSE = ("trafilatura", "inkcre.sources.pages.heavy")
"""What may be missing: nobody has installed it, or it was left out of a Worker."""

HEAD_BYTES = 4096
"""Within how many bytes a page says its encoding (https://html.spec.whatwg.org, 13.2.3.2: 1024,
which many exceed)."""


def read_page(content: bytes, *, url: str, content_type: str = "") -> ReadPage:
    """Read a page, with trafilatura where it is installed, else by ``inkcre.sources.pages.light``.

    What a page says of itself is taken as it says it. Where trafilatura finds less than half of
    what the other finds, it has missed something: pages of formulas, or of a few sentences.
    """
    html = decode_html(content, content_type)
    light = read_page_lightly(html, url=url)
    try:
        from inkcre.sources.pages.heavy import MAX_CHARACTERS, read_page_heavily
    except ModuleNotFoundError as error:
        if error.name not in ABSENT_ON_PURPOSE:
            raise  # it is installed, and something that it needs is not
        return light
    if len(html) > MAX_CHARACTERS:
        return light
    heavy = read_page_heavily(html, url=url)
    return replace(
        light,
        text=heavy.text if len(heavy.text) * 2 >= len(light.text) else light.text,
        title=light.title or heavy.title,
        byline=light.byline or heavy.byline,
        date=light.date or heavy.date,
    )


def read_page_lightly(html: str, *, url: str) -> ReadPage:
    """Read a page with nothing but the standard library."""
    document = parse_html(html)
    readable = find_readable(document)
    said = _metadata(document)
    base = document.find("base")
    here = (_absolute(url, base.attributes.get("href", "")) if base else None) or url
    canonical = said.get("canonical") or said.get("og:url")
    return ReadPage(
        text=readable.text(),
        title=_title(document, said),
        byline=_byline(document, said),
        date=_first(said, *DATES) or _time(document),
        canonical_url=_absolute(url, canonical) if canonical else None,
        language=_language(document),
        links=_links(readable, here, url),
        relative_links=_relative_links(document),
    )


NO_ENCODINGS = frozenset((
    "utf-16", "utf-16-le", "utf-16-be", "utf-7", "idna", "punycode", "undefined", "unicode_escape",
    "raw_unicode_escape",
))  # fmt: skip
"""What no page is written in that says so in ASCII, though Python can decode it."""

DATES = (
    "datepublished", "article:published_time", "og:published_time", "dc.date", "dcterms.created",
    "date", "parsely-pub-date", "pubdate", "datemodified", "article:modified_time",
)  # fmt: skip
TITLES = ("headline", "dc:title", "dcterm:title", "og:title", "twitter:title", "title")
AUTHORS = ("jsonld:author", "dc:creator", "dcterm:creator", "author", "article:author",
           "parsely-author")  # fmt: skip


def _metadata(document: Element) -> dict[str, str]:
    """Gather what a page says of itself, by names in small letters."""
    said: dict[str, str] = {}
    for element in document.walk():
        attributes = element.attributes
        if element.tag == "meta":
            names = attributes.get("property") or attributes.get("name") or ""
            for name in names.lower().replace("weibo:", "").split():
                said.setdefault(name, attributes.get("content", "").strip())
        elif element.tag == "link" and "canonical" in attributes.get("rel", "").lower().split():
            said.setdefault("canonical", attributes.get("href", "").strip())
        elif element.tag == "script" and "ld+json" in attributes.get("type", ""):
            for name, value in _json_ld("".join(c for c in element.children if isinstance(c, str))):
                said.setdefault(name, value)
    return {name: value for name, value in said.items() if value}


def _json_ld(text: str) -> Iterator[tuple[str, str]]:
    """Yield what an article says in JSON-LD: https://schema.org/Article."""
    # A page is somebody else's, and what parses it goes down the stack.
    if is_deep(text.encode("utf-8", "replace")):
        return
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    things = data if isinstance(data, list) else [data]
    for thing in things:
        if not isinstance(thing, dict):
            continue
        inner = thing.get("@graph")
        for one in [thing, *(inner if isinstance(inner, list) else [])]:
            if isinstance(one, dict) and re.search(
                r"Article|Posting|Report", str(one.get("@type"))
            ):
                yield from _article(one)


def _article(thing: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key in ("headline", "datePublished", "dateModified"):
        value = thing.get(key)
        if isinstance(value, str):
            yield key.lower(), value.strip()
    authors = thing.get("author")
    names = [
        a.get("name") if isinstance(a, dict) else a
        for a in (authors if isinstance(authors, list) else [authors])
    ]
    named = [name.strip() for name in names if isinstance(name, str)]
    if named:
        yield "jsonld:author", ", ".join(named)


def _first(said: Mapping[str, str], *names: str) -> str | None:
    return next((fold(said[name]) for name in names if said.get(name)), None)


def _title(document: Element, said: Mapping[str, str]) -> str | None:
    found = _first(said, *TITLES)
    if found:
        return found
    for tag in ("title", "h1"):
        element = document.find(tag)
        if element and element.text():
            return element.text().replace("\n", " ")
    return None


def _byline(document: Element, said: Mapping[str, str]) -> str | None:
    found = _first(said, *AUTHORS)
    if found and not found.startswith(("http://", "https://")):
        return found
    for element in document.walk():
        attributes = element.attributes
        is_author = (
            "author" in attributes.get("rel", "").split()
            or "author" in attributes.get("itemprop", "").split()
            or "byline" in f"{attributes.get('class', '')} {attributes.get('id', '')}".lower()
        )
        text = element.text() if is_author else ""
        if 0 < len(text) < 100:
            return text.replace("\n", " ")
    return None


def _time(document: Element) -> str | None:
    for element in document.walk():
        if element.tag == "time" and element.attributes.get("datetime"):
            return element.attributes["datetime"].strip()
    return None


def _language(document: Element) -> str | None:
    root = document.find("html")
    return (root.attributes.get("lang") or None) if root else None


def _links(readable: Element, base: str, url: str) -> tuple[str, ...]:
    own = urldefrag(url).url
    found: dict[str, None] = {}
    for element in readable.walk():
        href = element.attributes.get("href", "").strip() if element.tag == "a" else ""
        target = _absolute(base, href) if href and not href.startswith("#") else None
        if target and target != own:
            found.setdefault(target)
        if len(found) == MAX_LINKS:
            break
    return tuple(found)


def _relative_links(document: Element) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for element in document.walk():
        href = element.attributes.get("href", "").strip() if element.tag == "a" else ""
        if href and not re.match(r"[a-zA-Z][\w+.-]*:|//|#", href):
            found.setdefault(href)
        if len(found) == MAX_LINKS:
            break
    return tuple(found)


def _absolute(base: str, address: str) -> str | None:
    """Return an address of the web as a whole; None when it is none."""
    try:
        whole = urldefrag(urljoin(base, address)).url
    except ValueError:
        return None
    return whole if whole.startswith(("http://", "https://")) else None


def decode_html(content: bytes, content_type: str = "") -> str:
    """Decode a page by its mark, its header, or what it says itself; else as UTF-8, or Windows'."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    said = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    inside = re.search(
        rb"""<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*["']?([\w.:-]+)""",
        content[:HEAD_BYTES],
        re.IGNORECASE,
    )
    for name in (said[1] if said else "", inside[1].decode() if inside else ""):
        with suppress(LookupError, ValueError):
            if name and codecs.lookup(name).name not in NO_ENCODINGS:
                return content.decode(name, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        # What browsers take where nothing is said:
        # https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
        return content.decode("cp1252", "replace")
