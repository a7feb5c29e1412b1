"""HTML as a tree, made by the standard library's parser: for where no other can be installed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

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
"""How much of a page is looked at."""


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
        """Give the first element of a tag."""
        return next((e for e in self.walk() if e.tag == tag), None)

    def text(self) -> str:
        """Give the text as a reader sees it: a line a block, spaces folded."""
        return fold("".join(self._pieces()))

    def _pieces(self) -> Iterator[str]:
        stack: list[Element | str | None] = [self]
        is_pre = 0
        while stack:
            piece = stack.pop()
            if piece is None:
                is_pre -= 1
            elif isinstance(piece, str):
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


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document")
        self._open = [self.root]
        self._raw = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            self._end_until("p", stop=BLOCKS - {"p"})
        elif tag in CLOSES:
            ended = CLOSES[tag]
            while self._open[-1].tag in ended:
                self._open.pop()
        parent = self._open[-1]
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=parent)
        parent.children.append(element)
        if tag not in VOID and len(self._open) < MAX_DEPTH:
            self._open.append(element)

    def _end_until(self, tag: str, stop: frozenset[str]) -> None:
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index].tag == tag:
                del self._open[index:]
                return
            if self._open[index].tag in stop:
                return

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._open[-1].tag == tag and tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index].tag == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        if data:
            self._open[-1].children.append(data)


def parse_html(text: str) -> Element:
    """Parse HTML, however broken; no more than ``MAX_CHARACTERS`` of it."""
    builder = _Builder()
    builder.feed(text[:MAX_CHARACTERS])
    builder.close()
    return builder.root
