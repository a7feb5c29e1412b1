"""What can be told of a feed's texts: whether it is all there, and what an entry says."""

import json
import re
from collections.abc import Iterator
from typing import Literal

from inkcre.sources.pages.trees import parse_html

End = Literal["whole", "between entries", "in an entry"]

ROOT = re.compile(rb"<([A-Za-z_][\w.:-]{0,63})")
ENTRY_BEGINS = re.compile(rb"<(?:[\w.-]{1,32}:)?(?:item|entry)\b", re.IGNORECASE)
ENTRY_ENDS = re.compile(rb"</(?:[\w.-]{1,32}:)?(?:item|entry)\s{0,32}>", re.IGNORECASE)


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
