"""HTML as a tree, with nothing but the standard library: for where no parser can be installed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
))  # fmt: skip
RAW = frozenset(("script", "style", "template", "noscript", "iframe", "object", "svg"))
"""What holds no text for readers."""

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
CLOSES: dict[str, frozenset[str]] = {
    "li": frozenset(("li",)),
    "dt": frozenset(("dt", "dd")),
    "dd": frozenset(("dt", "dd")),
    "tr": frozenset(("tr", "td", "th")),
    "td": frozenset(("td", "th")),
    "th": frozenset(("td", "th")),
    "option": frozenset(("option",)),
}
"""Which open elements an opening one ends, when they are its siblings."""

MAX_DEPTH = 256
"""What is nested deeper is taken for children of the deepest."""

MAX_CHARACTERS = 2_000_000
MAX_ELEMENTS = 50_000
"""How much of a page is looked at."""

MAX_ATTRIBUTES = 50
"""How many attributes of an element are kept."""

LITERAL = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed"))
"""In what there are no tags but its own end."""


@dataclass(eq=False)
class Element:
    """An element: its children are elements and texts, in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)
    parent: "Element | None" = None

    def walk(self) -> Iterator["Element"]:
        """Yield this element and all below, in order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack += [c for c in reversed(element.children) if isinstance(c, Element)]

    def find(self, tag: str) -> "Element | None":
        """Return the first element of a tag."""
        return next((e for e in self.walk() if e.tag == tag), None)

    def text(self) -> str:
        """Return the text as a reader sees it: a line a block, spaces folded."""
        return fold("".join(self._pieces()))

    def _pieces(self) -> Iterator[str]:
        stack: list[Element | str | None] = [self]
        is_pre = 0
        while stack:
            piece = stack.pop()
            if piece is None:
                is_pre -= 1
            elif isinstance(piece, str):
                # A line end in HTML is a space. U+0001 stands for those that readers see.
                yield piece.replace("\n", "\x01") if is_pre else piece.replace("\n", " ")
            else:
                edge = "\n" if piece.tag in BLOCKS or piece.tag == "br" else ""
                stack.append(edge)
                if piece.tag == "pre":
                    stack.append(None)
                    is_pre += 1
                stack += reversed(piece.children)
                if piece.tag in ("td", "th"):
                    edge = " "
                yield edge.replace("\n", "\x01")


def fold(text: str) -> str:
    """Fold spaces; a line ends at each U+0001."""
    lines = (" ".join(line.split()) for line in text.split("\x01"))
    return "\n".join(line for line in lines if line)


class _Builder:
    """Puts elements together as their tags come."""

    def __init__(self) -> None:
        self.root = Element("document")
        self._open = [self.root]

    def start(self, tag: str, attributes: dict[str, str], *, is_empty: bool) -> None:
        """Open an element; what cannot hold it is closed before."""
        if tag == "p":
            self._end_until("p", stop=BLOCKS - {"p"})
        elif tag in CLOSES:
            while self._open[-1].tag in CLOSES[tag]:
                self._open.pop()
        parent = self._open[-1]
        element = Element(tag, attributes, parent=parent)
        parent.children.append(element)
        if tag not in VOID and not is_empty and len(self._open) < MAX_DEPTH:
            self._open.append(element)

    def end(self, tag: str) -> None:
        """Close the innermost element of a tag, with all that is in it."""
        self._end_until(tag, stop=frozenset())

    def _end_until(self, tag: str, stop: frozenset[str]) -> None:
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index].tag == tag:
                del self._open[index:]
                return
            if self._open[index].tag in stop:
                return

    def add(self, text: str) -> None:
        """Add text."""
        if text:
            self._open[-1].children.append(text)


TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>\x00]*)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""",
)
_TO_END = re.compile(r"[^>]*>?")


def parse_html(text: str) -> Element:
    """Parse HTML, however broken; no more than ``MAX_CHARACTERS`` and ``MAX_ELEMENTS`` of it.

    Not by ``html.parser``: with markup that never ends it takes time by the square of the length
    (https://github.com/python/cpython/issues/135462).
    """
    text = text[:MAX_CHARACTERS]
    builder = _Builder()
    position, elements = 0, 0
    while position < len(text) and elements < MAX_ELEMENTS:
        start = text.find("<", position)
        if start < 0:
            start = len(text)
        builder.add(unescape(text[position:start]))
        position, element = _read_markup(text, start, builder)
        elements += element
    return builder.root


def _read_markup(text: str, start: int, builder: _Builder) -> tuple[int, int]:
    """Read what begins with "<"; give where it ends, and how many elements it has opened."""
    if text.startswith("<!--", start):
        return after(text, "-->", start + 4), 0
    if text.startswith(("<!", "<?"), start):
        return after(text, ">", start), 0
    found = TAG.match(text, start)
    if found is None:
        builder.add(text[start : start + 1])
        return start + 1, 0
    tag = found[2].lower()
    attributes, end, is_empty = read_attributes(text, found.end())
    if found[1]:
        builder.end(tag)
        return end, 0
    builder.start(tag, attributes, is_empty=is_empty)
    if tag in LITERAL and not is_empty:
        close = re.compile(f"</{tag}", re.IGNORECASE).search(text, end)
        stop = close.start() if close else len(text)
        builder.add(unescape(text[end:stop]) if tag in ("title", "textarea") else text[end:stop])
        return stop, 1
    return end, 1


def after(text: str, mark: str, start: int) -> int:
    """Return where a mark ends that begins at ``start`` or later; the text's end without one."""
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def read_attributes(text: str, start: int) -> tuple[dict[str, str], int, bool]:
    """Return the attributes of a tag, where the tag ends, and whether it ends in ``/>``."""
    attributes: dict[str, str] = {}
    position = start
    while found := _ATTRIBUTE.match(text, position):
        if len(attributes) < MAX_ATTRIBUTES:
            value = found[2] or found[3] or found[4] or ""
            attributes.setdefault(found[1].lower(), unescape(value))
        position = found.end()
    rest = _TO_END.match(text, position)
    end = rest.end() if rest else position
    return attributes, end, text[max(start, end - 2) : end] == "/>"
