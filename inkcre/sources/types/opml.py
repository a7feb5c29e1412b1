"""OPML, in which readers of feeds keep their lists: http://opml.org/spec2.opml."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from inkcre.errors import Invalid

MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Feed:
    """A feed in a list."""

    url: str
    title: str | None = None


def read_opml(content: bytes) -> list[Feed]:
    """Return the feeds of a list, each once, from all its folders.

    Raises:
        Invalid: this is no OPML.
    """
    if len(content) > MAX_BYTES:
        raise Invalid(f"larger than {MAX_BYTES} bytes", field="opml")
    # A list of feeds has no use for a document type, in which entities could multiply.
    # Without NUL, which UTF-16 has beside each letter.
    if re.search(rb"<!(DOCTYPE|ENTITY)", content.replace(b"\0", b""), re.IGNORECASE):
        raise Invalid("has a document type, which no list of feeds needs", field="opml")
    try:
        root = ET.fromstring(content)  # noqa: S314 - as above
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Invalid(f"not XML: {error}", field="opml") from None
    if root.tag.lower() != "opml":
        raise Invalid(f"not OPML, but <{root.tag}>", field="opml")
    found: dict[str, Feed] = {}
    for outline in root.iter():
        said = {name.lower(): value.strip() for name, value in outline.attrib.items()}
        url = said.get("xmlurl", "")
        if outline.tag.lower() == "outline" and url.startswith(("http://", "https://")):
            found.setdefault(url, Feed(url, said.get("title") or said.get("text") or None))
    return list(found.values())


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
