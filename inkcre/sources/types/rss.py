"""Feeds: RSS and Atom, watched for changes."""

import json
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inkcre.graph.forms import Star
from inkcre.graph.records import Block
from inkcre.graph.stars import page, star, text
from inkcre.sources.addresses import find_address
from inkcre.sources.base import Decided, Item, Seen, SourceBase, SourceConfig
from inkcre.sources.pages.pages import read_page
from inkcre.sources.types.feed_texts import find_end, text_of_entry
from inkcre.sources.types.feeds import ENTRY, read_feed
from inkcre.sources.types.fetch import FetchState, fetch_again, fetch_if_changed, remember

ACCEPT = "application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8, */*;q=0.5"


class RssConfig(SourceConfig):
    """Which feed, and how much of it."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)]
    """The feed's address."""

    full_text: bool = False
    """Whether the page of each new entry is fetched too, and its readable text kept."""


class RssSource(SourceBase[RssConfig, FetchState]):
    """A feed, RSS or Atom: its entries, as blocks that follow their editions."""

    name: ClassVar[str] = "rss"
    config_model = RssConfig
    place: ClassVar[tuple[str, ...]] = ("url",)
    imports: ClassVar[tuple[str, ...]] = ("feedparser", "inkcre.sources.pages.heavy")
    state_model = FetchState
    doubts: ClassVar[Literal["less"]] = "less"

    @property
    def organizes(self) -> bool:
        """Whether the pages of entries are fetched, each in a job of its own."""
        return self.config.full_text

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the feed itself and its entries, if it has changed."""
        url = self.config.url
        found = fetch_if_changed(self.context, url, self.state, full=full, accept=ACCEPT)
        if found is None:
            return
        yield from read_feed(found, url, self.context.known, self.context.left_out)
        remember(self.state, found)
        # A cut answer may have the mark of the whole one, which would never be sent then.
        if find_end(found.content) != "whole":
            fetch_again(self.state)

    def read_text(self, content: str) -> str:
        """Return the text of an entry, without markup; it is all that may become less."""
        return text_of_entry(content)

    def settle(self, decided: Decided) -> None:
        """Fetch the feed again the next time, if any of it was doubted."""
        if decided.doubted:
            fetch_again(self.state)

    def organize(self, block: Block) -> Star | None:
        """Fetch the page of an entry; give its readable text."""
        url = _link_of(block)
        if url is None:
            return None
        answer = fetch_if_changed(self.context, url, FetchState(), full=True, accept="text/html")
        if answer is None or "html" not in answer.media_type:
            return None
        said = answer.headers.get("content-type", "")
        read = read_page(answer.content, url=answer.url, content_type=said)
        if not read.text:
            return None
        return star(page(url), [("text content", text(read.text))])


def _link_of(block: Block) -> str | None:
    """Return the address of an entry's page; None of what is no entry, or was changed."""
    if block.resolver != ENTRY or block.storage is not None:
        return None
    try:
        said = json.loads(block.content)
    except ValueError:
        return None
    link = said.get("link") if isinstance(said, dict) else None
    return find_address(link, link)
