"""One web page, watched for changes."""

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inkcre.errors import BadAnswer
from inkcre.graph.forms import Star
from inkcre.graph.stars import Arc, page, star, text
from inkcre.sources.base import Decided, Item, Seen, SourceBase, SourceConfig
from inkcre.sources.pages.page import ReadPage
from inkcre.sources.pages.pages import read_page
from inkcre.sources.types.fetch import FetchState, fetch_again, fetch_if_changed, remember

PASSWORD_FIELD = re.compile(rb"<input\b[^>]{0,500}\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
ERROR_TITLE = re.compile(
    r"\b(?:[45]\d\d\b.{0,3}(?:error|not|bad|forbidden|unauthori[sz]ed|service|gateway|internal)"
    r"|(?:page|file) not found|not found$|forbidden|(?:access|permission) denied|unauthori[sz]ed"
    r"|(?:log|sign) ?in\b|bad gateway|(?:service|temporarily) unavailable|internal server error"
    r"|under maintenance|just a moment|attention required|are you a robot)|^(?:error|[45]\d\d)\b",
    re.IGNORECASE,
)
"""Titles of pages that servers give in the place of others."""

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
    guise: str | None = None
    """What it was taken for, if not for a page: see ``find_guise``."""


class WebpageSource(SourceBase[WebpageConfig, WebpageState]):
    """A web page: its readable text, what it says of itself, and where it links to."""

    name: ClassVar[str] = "webpage"
    config_model = WebpageConfig
    place: ClassVar[tuple[str, ...]] = ("url",)
    imports: ClassVar[tuple[str, ...]] = ("inkcre.sources.pages.heavy",)
    state_model = WebpageState
    doubts: ClassVar[Literal["less"]] = "less"

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the page's text, if it has changed."""
        url = self.config.url
        found = fetch_if_changed(self.context, url, self.state, full=full, accept=ACCEPT)
        if found is None:
            return
        said, kind = found.headers.get("content-type", ""), found.media_type
        # Many servers name no type: then it is read as a page.
        if kind and not kind.startswith(("text/", "application/xhtml")):
            raise BadAnswer(f"{url}: is {kind}, not a page", hint="give the address of a page")
        digest = hashlib.sha256(found.content).hexdigest()
        if digest != self.state.digest or full:
            read = read_page(found.content, url=found.url, content_type=said)
            guise = find_guise(found.content, read)
            # A page may always look so.
            doubt = None if guise in (None, self.state.guise) else f"it looks like {guise}"
            self._former_guise, self.state.guise = self.state.guise, guise
            yield Item(url, _make_star(url, read, has_links=self.config.links), doubt=doubt)
        self.state.digest = digest
        remember(self.state, found)

    def settle(self, decided: Decided) -> None:
        """Fetch the page again the next time, if this edition of it was doubted."""
        if decided.doubted:
            fetch_again(self.state)
            self.state.digest, self.state.guise = None, self._former_guise


def find_guise(content: bytes, read: ReadPage) -> str | None:
    """Tell what else a page looks like that its server gave with status 200; None: a page."""
    if PASSWORD_FIELD.search(content):
        return "a page that asks for a password"
    return "a page that tells of an error" if ERROR_TITLE.search(read.title or "") else None


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
