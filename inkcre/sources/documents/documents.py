"""What is in a file: text, Markdown, HTML or PDF."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from inkcre.graph.stars import Arc, page, text
from inkcre.sources.documents.front_matter import Front, split_front
from inkcre.sources.documents.markdown import WIKI_LINK, read_links
from inkcre.sources.documents.references import Reference, address_reference, name_reference
from inkcre.sources.encodings import decode_plain
from inkcre.sources.pages.pages import read_page

logger = logging.getLogger("inkcre.sources")

MAX_LINKS = 500
"""How many links of each kind, and tags, of a document are kept."""

TAGS = "tags"
"""The relation to a tag: what front matter calls it, wherever it stands."""


@dataclass(frozen=True)
class Document:
    """What is in a file."""

    text: str
    arcs: Sequence[Arc] = ()
    references: Sequence[Reference] = ()


def read_text(content: bytes, _: Path) -> Document:
    """Read a text.

    Raises:
        ValueError: nobody knows in which encoding it is.
    """
    return Document(_decode(content))


def read_markdown(content: bytes, _: Path) -> Document:
    """Read Markdown: its text, what stands in front of it, its links and tags.

    Raises:
        ValueError: nobody knows in which encoding it is.
    """
    front, body = split_front(_decode(content))
    front = {name: _split_tags(name, values) for name, values in front.items()}
    linked = read_links(body)
    arcs = [(name, text(value)) for name, values in front.items() for value in values]
    arcs += [(TAGS, text(tag)) for tag in _new_tags(linked.tags, front)]
    arcs += [("links to", page(url)) for url in list(dict.fromkeys(linked.addresses))[:MAX_LINKS]]
    return Document(body, arcs, [*_references_of(front), *linked.references])


def _split_tags(name: str, values: list[str]) -> list[str]:
    """Return values, and the tags of a single text each by itself: ``tags: one, two``."""
    if name.casefold() != TAGS or len(values) != 1:
        return values
    return [tag for tag in (each.strip() for each in values[0].split(",")) if tag]


def _new_tags(tags: Sequence[str], front: Front) -> list[str]:
    """Return each tag once; large and small letters are the same, the first that comes counts."""
    said = {value.lstrip("#").casefold() for value in front.get(TAGS, ())}
    found = {tag.casefold(): tag for tag in reversed(tags)}
    return [tag for folded, tag in reversed(found.items()) if folded not in said][:MAX_LINKS]


def _references_of(front: Front) -> Iterator[Reference]:
    """Yield the notes that front matter names, by wiki links."""
    for value in (value for values in front.values() for value in values):
        for found in WIKI_LINK.finditer(value):
            if reference := name_reference(found[1]):
                yield reference


def read_html(content: bytes, path: Path) -> Document:
    """Read a page that was kept as a file."""
    read = read_page(content, url=path.as_uri())
    said = (("title", read.title), ("author", read.byline), ("date", read.date))
    arcs: list[Arc] = [(relation, text(value)) for relation, value in said if value]
    arcs += [("links to", page(link)) for link in read.links]
    return Document(
        read.text, arcs, list(filter(None, map(address_reference, read.relative_links)))
    )


def read_pdf(content: bytes, path: Path) -> Document | None:
    """Read the text of a PDF file; None where what reads one is not installed.

    Raises:
        ValueError: it is none.
    """
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ModuleNotFoundError:
        logger.warning("%s: passed over; install inkcre[pdf] to read PDF files", path)
        return None
    try:
        reader = PdfReader(BytesIO(content))
        pages = [one.extract_text() for one in reader.pages]
        title = reader.metadata.title if reader.metadata else None
    except PyPdfError as error:
        raise ValueError(str(error)) from error
    arcs: list[Arc] = [("title", text(str(title)))] if title else []
    return Document("\n\n".join(pages).strip(), arcs)


def _decode(content: bytes) -> str:
    return decode_plain(content).replace("\r\n", "\n")


READERS: dict[str, Callable[[bytes, Path], Document | None]] = {
    ".txt": read_text,
    ".text": read_text,
    ".rst": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}
"""What reads a file, by its ending."""
