"""What is read of a page, whoever reads it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadPage:
    """A page as it was read."""

    text: str
    title: str | None = None
    byline: str | None = None
    date: str | None = None
    """As the page says it, mostly ISO 8601."""

    canonical_url: str | None = None
    language: str | None = None
    links: tuple[str, ...] = ()
    """Where the readable part links to, without fragments, each once."""

    relative_links: tuple[str, ...] = ()
    """What all of it links to without naming a host: files beside it."""
