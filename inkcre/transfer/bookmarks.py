"""Bookmarks of browsers, as lines that an import reads.

They come in a form that Netscape left behind, as HTML whose elements are never closed:
https://learn.microsoft.com/previous-versions/windows/internet-explorer/ie-developer/platform-apis/aa753582(v=vs.85)
Read here and not as a page: a file of some thousand bookmarks is larger than a page may be, most of
it pictures.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape

from inkcre.graph.forms import Star
from inkcre.graph.stars import Arc, page, star, text
from inkcre.sources.addresses import find_address
from inkcre.sources.encodings import decode
from inkcre.sources.pages.pages import decode_html
from inkcre.sources.pages.trees import TAG, after, read_attributes

BEGINNING = re.compile(r"\s*<!DOCTYPE\s+NETSCAPE-Bookmark-file", re.IGNORECASE)
SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]{0,30}:)", re.IGNORECASE)
NO_ADDRESS = "without an address"

MILLISECONDS, MICROSECONDS = 10**11, 10**14
"""Times above these are none of seconds since 1970: some programs count otherwise."""


def is_bookmarks(head: bytes) -> bool:
    """Tell whether a file that begins so is one of bookmarks."""
    return BEGINNING.match(decode(head, "utf-8")) is not None


def bookmark_lines(content: bytes, left_out: Counter[str]) -> Iterator[bytes]:
    """Yield bookmarks as lines of JSON; count by scheme those that are of no page of the web.

    Whatever is not closed, or not there, costs no other.
    """
    for bookmark in _read(decode_html(content)):
        url = find_address("", bookmark.address)
        if url is None:
            scheme = SCHEME.match(bookmark.address)
            left_out[scheme[1].lower() if scheme else NO_ADDRESS] += 1
            continue
        made = _make_star(url, bookmark)
        yield made.model_dump_json(exclude_none=True).encode() + b"\n"


@dataclass
class _Bookmark:
    """A bookmark as it is written."""

    address: str
    folder: str
    """The names of the folders that it is in, the outermost first; empty: it is in none."""

    attributes: Mapping[str, str]
    title: str = ""
    description: str = ""


@dataclass
class _Place:
    """Where in a file a reader is."""

    folders: list[str] = field(default_factory=list)
    """The names of the lists that are open; those without one are empty."""

    name: str = ""
    """Of the list that is to be opened."""

    last: _Bookmark | None = None
    kind: str = ""
    """The tag of what the text that comes is of; empty: of nothing."""

    pieces: list[str] = field(default_factory=list)

    def end_text(self) -> None:
        """Give the text that has come to what it is of."""
        said = "".join(self.pieces)
        if self.kind == "h3":
            self.name = " ".join(said.split())
        elif self.last and self.kind == "a":
            self.last.title = " ".join(said.split())
        elif self.last and self.kind == "dd":
            self.last.description = "\n".join(line.strip() for line in said.splitlines()).strip()
        self.kind, self.pieces = "", []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> _Bookmark | None:
        """Take an element that begins; return the bookmark before it, if another thing begins."""
        if tag in ("p", "br"):
            self.pieces.append("\n")
            return None
        if tag not in ("a", "h3", "dd", "dl", "dt", "hr"):
            return None  # a letter that is bold in a title, and the like
        self.end_text()
        done = None
        if tag in ("a", "h3", "dl"):
            done, self.last = self.last, None
        if tag == "a":
            folder = "/".join(filter(None, self.folders))
            self.last = _Bookmark(attributes.get("href", ""), folder, attributes)
        elif tag == "dl":
            self.folders.append(self.name)
            self.name = ""
        self.kind = tag if tag in ("a", "h3", "dd") else ""
        return done

    def end(self, tag: str) -> None:
        """Take an element that ends."""
        if tag in ("a", "h3", "dd", "dl"):
            self.end_text()
        if tag == "dl" and self.folders:
            self.folders.pop()


def _read(written: str) -> Iterator[_Bookmark]:
    here, position = _Place(), 0
    while position < len(written):
        start = written.find("<", position)
        start = len(written) if start < 0 else start
        if here.kind:
            here.pieces.append(unescape(written[position:start]))
        found = TAG.match(written, start)
        if written.startswith("<!--", start):
            position = after(written, "-->", start + 4)
        elif written.startswith(("<!", "<?"), start):
            position = after(written, ">", start)
        elif found is None:
            here.pieces.append(written[start : start + 1])
            position = start + 1
        else:
            attributes, position, _ = read_attributes(written, found.end())
            tag = found[2].lower()
            if found[1]:
                here.end(tag)
            elif done := here.begin(tag, attributes):
                yield done
    here.end_text()
    if here.last is not None:
        yield here.last


def _make_star(url: str, bookmark: _Bookmark) -> Star:
    added = _read_time(bookmark.attributes.get("add_date", ""))
    tags = [tag.strip() for tag in bookmark.attributes.get("tags", "").split(",")]
    said = [
        ("title", bookmark.title),
        ("description", bookmark.description),
        ("folder", bookmark.folder),
        ("added", added.date().isoformat() if added else ""),
        *(("tags", tag) for tag in tags),
    ]
    arcs: list[Arc] = [(relation, text(value)) for relation, value in said if value]
    centre = page(url).model_copy(update={"created_at": added})
    return star(centre, arcs)


def _read_time(written: str) -> datetime | None:
    """Return when a bookmark was added; None where that is not said, or cannot have been."""
    if not written.isdecimal() or len(written) > 17 or int(written) == 0:
        return None
    seconds = int(written)
    for above, parts in ((MICROSECONDS, 1_000_000), (MILLISECONDS, 1000)):
        if seconds >= above:
            seconds //= parts
            break
    return datetime.fromtimestamp(seconds, UTC)
