"""Markdown's links and tags, by CommonMark (markdown-it-py) and what Obsidian has added to it.

- https://spec.commonmark.org/0.31.2/
- https://help.obsidian.md/links
- https://help.obsidian.md/tags
"""

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from inkcre.sources.documents.references import Reference, address_reference, name_reference

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MARKS = ("[", "<", "#")
"""What there is in text that has a link or a tag."""

WIKI_LINK = re.compile(r"!?\[\[([^\[\]\n]{1,1000})\]\]")
TAG = re.compile(r"""#([^\u2000-\u206f\u2e00-\u2e7f'!"#$%&()*+,.:;<=>?@^`{|}~\[\]\\\s]{1,500})""")
"""Letters, digits, signs of other scripts, ``_``, ``-`` and ``/``."""

BEGINNING = re.compile(r"[\\`!\[\]<#]")
"""With what an escape, code, an image, a link, HTML or a tag begins, or a link's text ends."""

MAX_CHARACTERS = 20_000
"""How much of a paragraph is looked at as one: brackets that are never closed take more time the
more of them there are."""

MAX_BRACKETS = 20_000
"""Behind so many, which no document has, links and tags are not looked for."""

MAX_NESTING = 50


@dataclass(frozen=True)
class Linked:
    """What a text links to, in order."""

    addresses: list[str] = field(default_factory=list)
    """Of the web."""

    references: list[Reference] = field(default_factory=list)
    """Files beside it, images and what is embedded included."""

    tags: list[str] = field(default_factory=list)
    """Without their ``#``."""


def read_links(body: str) -> Linked:
    """Read the links and tags of a text; what is in code, comments and HTML is none."""
    linked = Linked()
    if not _may_link(body):
        return linked
    parser = _make_parser()
    env: MutableMapping[str, object] = {}
    brackets = 0
    for block in parser.parse(body, env):
        if block.type != "inline" or not _may_link(block.content):
            continue
        for part in _parts(block.content):
            brackets += part.count("[")
            if brackets > MAX_BRACKETS:
                return linked
            tokens: list[Token] = []
            parser.inline.parse(part, parser, env, tokens)
            for token in tokens:
                _take(token, linked)
    return linked


def _may_link(text: str) -> bool:
    return any(mark in text for mark in MARKS)


def _parts(content: str) -> Iterator[str]:
    start = 0
    while len(content) - start > MAX_CHARACTERS:
        end = content.rfind("\n", start + 1, start + MAX_CHARACTERS) + 1 or start + MAX_CHARACTERS
        yield content[start:end]
        start = end
    yield content[start:] if start else content


def _take(token: "Token", linked: Linked) -> None:
    if token.type == "tag":
        linked.tags.append(token.content)
        return
    if token.type == "wiki":
        reference = name_reference(token.content)
    elif token.type in ("link_open", "image"):
        address = str(token.attrs.get("href" if token.type == "link_open" else "src") or "")
        if token.type == "link_open" and address.lower().startswith(("http://", "https://")):
            linked.addresses.append(address)
            return
        reference = address_reference(address)
    else:
        return
    if reference is not None:
        linked.references.append(reference)


@cache
def _make_parser() -> "MarkdownIt":
    """Make what finds links, and nothing that only shows text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.disable(["emphasis", "entity", "newline", "balance_pairs", "fragments_join"])
    parser.disable(["lheading"])  # its text is a paragraph as well
    parser.inline.ruler.at("text", _read_text)
    parser.inline.ruler.before("link", "wiki", _read_wiki_link)
    parser.inline.ruler.before("link", "tag", _read_tag)
    # Addresses stay as they are written: what is stored is theirs.
    setattr(parser, "normalizeLink", str)
    setattr(parser, "validateLink", lambda _: True)
    return parser


def _read_text(state: "StateInline", silent: bool) -> bool:
    """Step over what begins nothing here; with markdown-it's own it took three times as long."""
    found = BEGINNING.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _read_wiki_link(state: "StateInline", silent: bool) -> bool:
    found = WIKI_LINK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("wiki", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _read_tag(state: "StateInline", silent: bool) -> bool:
    """Read a tag: behind a blank, and no number alone."""
    if state.src[state.pos] != "#" or (state.pos and not state.src[state.pos - 1].isspace()):
        return False
    found = TAG.match(state.src, state.pos)
    name = found[1].strip("/") if found else ""
    if found is None or not name or name.isdecimal():
        return False
    if not silent:
        state.push("tag", "", 0).content = name
    state.pos = found.end()
    return True
