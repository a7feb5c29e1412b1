"""Reading web pages: what a reader came for, and what the page says of itself."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urldefrag, urljoin

from inkcre.runtime.depth import is_deep
from inkcre.sources.encodings import HEAD_BYTES, WIDE, charset_of, decode, find_encoding
from inkcre.sources.pages.light import find_readable
from inkcre.sources.pages.page import ReadPage
from inkcre.sources.pages.trees import TAG, Element, after, fold, parse_html, read_attributes

MAX_LINKS = 100
"""How many outgoing links of a page are kept."""

ABSENT_ON_PURPOSE = ("trafilatura", "inkcre.sources.pages.heavy")
"""What may be missing: nobody has installed it, or it was left out of a Worker."""


def read_page(content: bytes, *, url: str, content_type: str = "") -> ReadPage:
    """Read a page, with trafilatura where it is installed, else by ``inkcre.sources.pages.light``.

    What a page says of itself is taken as it says it. Where trafilatura finds less than half of
    what the other finds, it has missed something: pages of formulas, or of a few sentences. What is
    no HTML is not read as such.
    """
    if re.match(r"\s*text/plain\b", content_type, re.IGNORECASE):
        plain = decode(content, charset_of(content_type))
        return ReadPage(plain.replace("\r\n", "\n").strip())
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


XML_ENCODING = re.compile(r"<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']?([\w.:+-]+)", re.IGNORECASE)

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
    said = charset_of(content_type)
    name = find_encoding(said)
    # Nobody says in ASCII that it is UTF-16: https://html.spec.whatwg.org, 13.2.3.2.
    if name is None or (name in WIDE and b"\0" not in content[:HEAD_BYTES]):
        said = _declared_encoding(content[:HEAD_BYTES].decode("latin-1")) or ""
    return decode(content, said)


def _declared_encoding(head: str) -> str | None:
    """Return the label of the first known encoding that a page's head names.

    What is in comments does not count: https://html.spec.whatwg.org, "prescan a byte stream".
    """
    position = 0
    while (start := head.find("<", position)) >= 0:
        if head.startswith("<!--", start):
            position = after(head, "-->", start + 2)
        elif head.startswith(("<!", "<?"), start):
            position = after(head, ">", start)
            label = XML_ENCODING.match(head) if start == 0 else None
            if label and find_encoding(label[1]):
                return "utf-8" if find_encoding(label[1]) in WIDE else label[1]
        elif tag := TAG.match(head, start):
            attributes, position, _ = read_attributes(head, tag.end())
            label_of_meta = _meta_encoding(attributes) if tag[0].lower() == "<meta" else ""
            if name := find_encoding(label_of_meta):
                return "utf-8" if name in WIDE else name
        else:
            position = start + 1
    return None


def _meta_encoding(attributes: Mapping[str, str]) -> str:
    if "charset" in attributes:
        return attributes["charset"]
    is_header = attributes.get("http-equiv", "").strip().lower() == "content-type"
    return charset_of(attributes.get("content", "")) if is_header else ""
