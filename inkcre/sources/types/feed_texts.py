"""What can be told of a feed's texts: whether it is all there, and what an entry says.

Whether a value is HTML is told by the type that it is given (RFC 4287, section 3.1), in RSS, which
has none, by custom: descriptions are HTML, and so is what has tags of HTML that are closed, or
entities. A ``<`` in a value tells nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from html.entities import html5
from typing import Literal

from inkcre.sources.pages.trees import Element, parse_html
from inkcre.sql.text import clean

End = Literal["whole", "between entries", "in an entry"]

ROOT = re.compile(rb"<([A-Za-z_][\w.:-]{0,63})")
ENTRY_BEGINS = re.compile(rb"<(?:[\w.-]{1,32}:)?(?:item|entry)\b", re.IGNORECASE)
ENTRY_ENDS = re.compile(rb"</(?:[\w.-]{1,32}:)?(?:item|entry)\s{0,32}>", re.IGNORECASE)


ENTITY = re.compile(r"&(?:#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6})|[a-zA-Z][a-zA-Z0-9]{1,31});")
"""A reference as HTML has it, with the semicolon that makes it sure."""


LONE_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)",
    re.DOTALL,
)
"""An ampersand that begins no reference, and before it what has ampersands of its own."""

ESCAPED_START, ESCAPED_END = b"&lt;![CDATA[", b"]]&gt;"


def escape_lone_ampersands(content: bytes) -> bytes:
    """Write ``&`` as XML wants it where it stands for itself, as in ``D&D``."""
    return LONE_AMPERSAND.sub(lambda m: b"&amp;" if m[0] == b"&" else m[0], content)


def prepare(content: bytes) -> bytes:
    """Mend what many feeds have wrong and what feedparser takes for something else."""
    return escape_lone_ampersands(unwrap_sections(content))


def unwrap_sections(content: bytes) -> bytes:
    """Take the marks away of CDATA sections that were written as text, as all of a value.

    To HTML such a section is a comment, and the value would be gone.
    """
    pieces, at = [], 0
    while (start := content.find(ESCAPED_START, at)) >= 0:
        end = content.find(ESCAPED_END, start)
        if end < 0:
            break
        behind = end + len(ESCAPED_END)
        is_first = content[max(0, start - 64) : start].rstrip().endswith(b">")
        is_whole = is_first and content[behind : behind + 64].lstrip().startswith(b"</")
        inside = content[start + len(ESCAPED_START) : end]
        pieces += [content[at:start], inside if is_whole else content[start:behind]]
        at = behind
    return b"".join([*pieces, content[at:]])


def unescape_entities(value: str) -> str:
    """Replace the entities of HTML, and nothing that only looks like one, as in an address."""
    return ENTITY.sub(_unescape_one, value)


def _unescape_one(found: re.Match[str]) -> str:
    reference = found[0]
    is_known = reference.startswith("&#") or reference[1:] in html5
    return unescape(reference) if is_known else reference


def read_line(said: Mapping[str, object], name: str, *, is_atom: bool) -> str:
    """Return what a feed says under a name as text on one line, such as a title."""
    detail = said.get(f"{name}_detail")
    value, kind = said.get(name), ""
    if isinstance(detail, Mapping):
        value, kind = detail.get("value") or value, str(detail.get("type") or "")
    whole = clean(str(value or ""))
    if "html" in kind:
        whole = parse_html(whole).text()
    elif not is_atom:
        whole = unescape_entities(whole)
    return " ".join(whole.split())


def read_body(piece: Mapping[str, object], *, is_atom: bool) -> dict[str, str]:
    """Return what an entry says, as ``html`` if there are elements in it, else as ``text``."""
    value = clean(str(piece.get("value") or "")).strip()
    if "html" in str(piece.get("type") or ""):
        if any(isinstance(child, Element) for child in parse_html(value).children):
            return {"html": value}
        value = clean(unescape(value)).strip()
    elif not is_atom:
        value = unescape_entities(value)
    return {"text": value} if value else {}


def find_end(content: bytes) -> End:
    """Tell where a feed ends, be it RSS, RDF or Atom: behind its root element, or where it was cut.

    Feeds with other mistakes are whole: many have some, and are read all the same.
    """
    # UTF-16 has a zero beside each character that counts here.
    plain = b"".join(_outside(content.replace(b"\0", b"")))
    root = ROOT.search(plain)
    begins = _last(ENTRY_BEGINS, plain)
    if root is None or plain.rfind(b"</" + root[1]) > begins:
        return "whole"
    return "in an entry" if begins > _last(ENTRY_ENDS, plain) else "between entries"


def _outside(content: bytes) -> Iterator[bytes]:
    """Yield what is in no comment and no CDATA section; one that does not end has all the rest."""
    position = 0
    while True:
        found = [
            (at, end)
            for start, end in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"))
            if (at := content.find(start, position)) >= 0
        ]
        if not found:
            yield content[position:]
            return
        at, end = min(found)
        yield content[position:at]
        stop = content.find(end, at)
        if stop < 0:
            return
        position = stop + len(end)


def _last(pattern: re.Pattern[bytes], content: bytes) -> int:
    """Return where a pattern begins the last time; -1: nowhere."""
    return max((found.start() for found in pattern.finditer(content)), default=-1)


def text_of_entry(content: str) -> str:
    """Return the text of an entry's block, without markup; of another block all of it."""
    try:
        said = json.loads(content)
    except ValueError:
        return content
    if not isinstance(said, dict):
        return content
    html = said.get("html")
    return parse_html(html).text() if isinstance(html, str) else str(said.get("text") or "")
