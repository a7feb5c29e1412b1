"""OPML, in which readers of feeds keep their lists: http://opml.org/spec2.opml."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from inkcre.errors import Invalid
from inkcre.sources.addresses import find_address
from inkcre.sources.encodings import decode_xml
from inkcre.sources.pages.trees import parse_html
from inkcre.sources.types.feed_texts import ENTITY, unescape_entities

MAX_BYTES = 10_000_000
MAX_ADDRESS = 2048

DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,500}\?>", re.IGNORECASE)
BARE_DOCTYPE = re.compile(r"<!DOCTYPE[^\[<>]{0,500}>", re.IGNORECASE)
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
AMPERSAND = re.compile(rf"({ENTITY.pattern})|&")
OF_XML = frozenset(("&amp;", "&lt;", "&gt;", "&quot;", "&apos;"))

READERS_SCHEME = re.compile(r"\A(?:feed|rss|pcast|itpc):(?://)?(?=(https?:)?)", re.IGNORECASE)
"""How addresses begin that a browser is to give to a reader of feeds."""


@dataclass(frozen=True)
class Feed:
    """A feed in a list."""

    url: str
    title: str | None = None


@dataclass(frozen=True)
class FeedList:
    """What is in a list of feeds."""

    feeds: list[Feed]
    """Each once, in order."""

    left_out: list[str]
    """What it has besides that cannot be collected, each in words."""


def read_opml(content: bytes) -> FeedList:
    """Read a list of feeds, from all its folders, however broken its XML is.

    Raises:
        Invalid: this is no OPML.
    """
    if len(content) > MAX_BYTES:
        raise Invalid(f"larger than {MAX_BYTES} bytes", field="opml")
    found: dict[str, Feed] = {}
    left_out: list[str] = []
    for said in _read_outlines(_clean(decode_xml(content))):
        title = unescape_entities(said.get("text") or said.get("title") or "") or None
        written = said.get("xmlurl", "")
        url = _find_url(written)
        if url is not None:
            found.setdefault(url, Feed(url, title))
        elif written or said.get("type", "").lower() in ("rss", "atom"):
            left_out.append(f"{_shown(title or 'a feed')}: {_why(written)}")
    return FeedList(list(found.values()), left_out)


def _find_url(written: str) -> str | None:
    begins = READERS_SCHEME.match(written)
    if begins:
        written = written[begins.end() :] if begins[1] else f"http://{written[begins.end() :]}"
    url = find_address("", written)
    return url if url is not None and len(url) <= MAX_ADDRESS else None


def _why(written: str) -> str:
    if not written:
        return "has no address"
    if len(written) > MAX_ADDRESS:
        return f"its address is longer than {MAX_ADDRESS} characters"
    return f"{_shown(written)} is no address of the web"


def _shown(said: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in said[:200])


def _clean(text: str) -> str:
    """Mend what is no XML, but is meant as such: blank lines before it, raw ampersands, entities.

    Raises:
        Invalid: it has a document type that says something, or entities, which could multiply.
    """
    bare = BARE_DOCTYPE.sub("", DECLARATION.sub("", text.removeprefix("\ufeff")), count=1)
    if re.search("<!(DOCTYPE|ENTITY)", bare, re.IGNORECASE):
        raise Invalid("has a document type, which no list of feeds needs", field="opml")
    return NO_XML.sub("", AMPERSAND.sub(_escape, bare)).strip()


def _escape(found: re.Match[str]) -> str:
    reference = found[1]
    if reference is None:
        return "&amp;"
    if reference.startswith("&#") or reference in OF_XML:
        return found[0]
    said = unescape(reference)
    return said if said != reference else f"&amp;{reference[1:]}"


def _read_outlines(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the attributes of each outline, by names in small letters.

    Raises:
        Invalid: it is no OPML.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type
    except (ET.ParseError, ValueError) as error:
        broken = parse_html(text)
        opml = broken.find("opml")
        outlines = (
            [each.attributes for each in opml.walk() if each.tag == "outline"] if opml else []
        )
        if not outlines:
            raise Invalid(f"not XML: {error}", field="opml") from None
    else:
        if root.tag.lower() != "opml":
            raise Invalid(f"not OPML, but <{root.tag}>", field="opml")
        outlines = [each.attrib for each in root.iter() if each.tag.lower() == "outline"]
    for outline in outlines:
        yield {name.lower(): value.strip() for name, value in outline.items()}


def write_opml(feeds: Iterable[Feed]) -> str:
    """Write a list of feeds."""
    lines = [
        f'    <outline type="rss" text={quoteattr(feed.title or feed.url)}'
        f" xmlUrl={quoteattr(feed.url)}/>"
        for feed in feeds
    ]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<opml version="2.0">',
            "  <head><title>InKCre</title></head>",
            "  <body>",
            *lines,
            "  </body>",
            "</opml>",
            "",
        ]
    )
