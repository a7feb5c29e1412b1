"""One web page, watched for changes."""

import hashlib
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from inkcre.errors import BadAnswer
from inkcre.graph.forms import Star
from inkcre.graph.stars import Arc, page, star, text
from inkcre.sources.base import Item, Seen, SourceBase, SourceConfig
from inkcre.sources.pages.page import ReadPage
from inkcre.sources.pages.pages import read_page
from inkcre.sources.types.fetch import FetchState, fetch_if_changed, remember

ACCEPT = "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.5"


class WebpageConfig(SourceConfig):
    """Which page."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)]
    """The page's address."""

    links: bool = True
    """Whether the pages that it links to are added, as blocks that only name them."""


class WebpageState(FetchState):
    """What the page was last."""

    digest: str | None = None


class WebpageSource(SourceBase[WebpageConfig, WebpageState]):
    """A web page: its readable text, what it says of itself, and where it links to."""

    name: ClassVar[str] = "webpage"
    config_model = WebpageConfig
    imports: ClassVar[tuple[str, ...]] = ("inkcre.sources.pages.heavy",)
    state_model = WebpageState

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the page's text, if it has changed."""
        url = self.config.url
        found = fetch_if_changed(self.context, url, self.state, full=full, accept=ACCEPT)
        if found is None:
            return
        kind = found.headers.get("content-type", "")
        # Many servers name no type: then it is read as a page.
        if kind and not kind.startswith(("text/", "application/xhtml")):
            raise BadAnswer(f"{url}: is {kind}, not a page", hint="give the address of a page")
        digest = hashlib.sha256(found.content).hexdigest()
        if digest != self.state.digest or full:
            read = read_page(found.content, url=found.url, content_type=kind)
            yield Item(url, _make_star(url, read, has_links=self.config.links))
        self.state.digest = digest
        remember(self.state, found)


def _make_star(url: str, read: ReadPage, *, has_links: bool) -> Star:
    said = (
        ("title", read.title),
        ("author", read.byline),
        ("date", read.date),
        ("language", read.language),
    )
    arcs: list[Arc] = [(relation, text(value)) for relation, value in said if value]
    if read.canonical_url and read.canonical_url != url:
        arcs.append(("canonical", page(read.canonical_url)))
    if has_links:
        arcs += [("links to", page(link)) for link in read.links]
    # The text is the centre, so that it follows the page in place.
    return star(text(read.text), into=[("text content", star(page(url), arcs))])
