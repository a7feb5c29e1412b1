"""Resolvers: what a kind of block is, by name.

A block of an unknown resolver is stored and readable; nothing is known of its insides.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from inkcre.graph.forms import BlockForm, Star

URL = re.compile(r"https?://[^\s<>\"'`\\^{}|]+")
TRAILING = ".,;:!?)]}'\"»”\u2019"
"""Signs that end a sentence rather than an address."""

MAX_FOUND = 100
"""How many things are taken out of one block."""


def _none(_: BlockForm) -> None:
    return None


@dataclass(frozen=True)
class Resolver:
    """How to read a kind of block and how to break it down.

    ``read_text`` gives the text that a person would read in it; None when it has none of its own.
    ``break_down`` gives a star around the block; None when there is nothing to add.
    """

    name: str
    read_text: Callable[[BlockForm], str | None] = _none
    break_down: Callable[[BlockForm], Star | None] = _none


def find_resolver(name: str, resolvers: Iterable[Resolver]) -> Resolver:
    """Return the resolver of a name; an unknown one reads nothing and adds nothing."""
    return next((each for each in resolvers if each.name == name), None) or Resolver(name)


def _read_inline(block: BlockForm) -> str | None:
    return block.content if block.storage is None else None


def _link_mentioned_pages(block: BlockForm) -> Star | None:
    """A text mentions the web pages whose addresses stand in it."""
    text = _read_inline(block) or ""
    urls = dict.fromkeys(url.rstrip(TRAILING) for url in URL.findall(text))
    pages = [{"resolver": "webpage", "storage": "url", "content": url} for url in urls]
    arcs = [
        {"relation": {"content": "mentions"}, "to_block": {"block": page}}
        for page in pages[:MAX_FOUND]
    ]
    if not arcs:
        return None
    return Star.model_validate({"block": block.model_dump(), "out_relations": arcs})


TEXT = Resolver("text", _read_inline, _link_mentioned_pages)
WEBPAGE = Resolver("webpage")
IMAGE = Resolver("image")
VIDEO = Resolver("video")
FILE = Resolver("file")
