"""The web port: pages of others, fetched by a client that goes nowhere else than the open web.

An address comes from whoever may write a block, so it is an address of an attacker. The client
speaks ``http`` and ``https`` only, reaches no machine that is not on the open Internet, follows
redirects under the same rules, and takes no more time, bytes and redirects than it is told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

USER_AGENT = "InKCre/0.1 (information base; fetches pages for its user)"
"""What the client calls itself."""

FOUND = (200, 203)


@dataclass(frozen=True)
class WebCapabilities:
    """What an adapter declares of itself."""

    pins_addresses: bool
    """Whether it finds out itself which address a name has, and connects to the one that it looked
    at. If not, the platform must keep names from leading to private machines."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a web server answered, whatever its status but a redirect that was followed."""

    url: str
    """Where it was found in the end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """By names in small letters; several of one name are joined by commas."""

    content: bytes = b""
    """Without its transfer's compression."""

    @property
    def is_found(self) -> bool:
        """Whether the content is what was asked for; with 203 a proxy has changed it on the way."""
        return self.status in FOUND

    @property
    def media_type(self) -> str:
        """What kind of content it is said to be, without parameters, in small letters."""
        return (
            re.split(r"[;,]", self.headers.get("content-type", ""), maxsplit=1)[0].strip().lower()
        )


class Web(Protocol):
    """Pages by their addresses."""

    @property
    def capabilities(self) -> WebCapabilities:
        """What the adapter declares of itself."""

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page with GET, following redirects; ``headers`` go with every request.

        Raises:
            Refused: the address, or one that it redirects to, may not be fetched.
            Unavailable: nobody answers there, or the name is unknown.
            TimedOut: not all of it came in time.
            BadAnswer: what came is no HTTP, is larger than is taken, has another length than it
                says, is compressed in an unknown way, or redirects too often.
        """
