"""A cache of fetched pages over the key-value port."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from inkcre.errors import SurroundingsError
from inkcre.ports.clock import Clock
from inkcre.ports.keyvalue import KeyValue, ValueKey
from inkcre.ports.web import Page, Web, WebCapabilities

logger = logging.getLogger("inkcre.cache")

MAX_CACHED_BYTES = 900_000
"""Pages that are larger are fetched anew each time; every place of values keeps as much."""

STALE_SECONDS = 7 * 86400
"""How long a page is kept after its time, to ask its server whether it is still that."""

KEPT_HEADERS = ("content-type", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page and when it was fetched or found unchanged, in seconds since 1970."""

    page: Page
    fetched_at: float

    def encode(self) -> bytes:
        """Write it as a line of JSON and the page's content."""
        kept = {name: self.page.headers[name] for name in KEPT_HEADERS if name in self.page.headers}
        line = {"url": self.page.url, "headers": kept, "fetched_at": self.fetched_at}
        return json.dumps(line).encode() + b"\n" + self.page.content

    @staticmethod
    def decode(value: bytes) -> "CachedPage":
        """Read what ``encode`` wrote."""
        line, _, content = value.partition(b"\n")
        said = json.loads(line)
        return CachedPage(Page(said["url"], 200, said["headers"], content), said["fetched_at"])

    def validators(self) -> dict[str, str]:
        """Return headers that ask for the page only if it has changed (RFC 9110, section 13)."""
        asked = {"etag": "if-none-match", "last-modified": "if-modified-since"}
        return {asked[n]: v for n, v in self.page.headers.items() if n in asked}


class CachedWeb:
    """Gives pages from the cache while they are fresh, and asks their server again afterwards.

    A cache that is away is passed by. Whatever the server says of caching but ``no-store`` is not
    looked at: how long a page is fresh is the operator's choice.
    """

    def __init__(self, web: Web, keyvalue: KeyValue, *, ttl_seconds: int, clock: Clock) -> None:
        self._web = web
        self._keyvalue = keyvalue
        self._ttl_seconds = ttl_seconds
        self._clock = clock

    @property
    def capabilities(self) -> WebCapabilities:
        """Return what the client behind the cache declares."""
        return self._web.capabilities

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page; one that is asked for with headers of one's own is not cached."""
        if headers:
            return self._web.fetch(url, headers=headers)
        key = ValueKey(f"page:{hashlib.sha256(url.encode()).hexdigest()}")
        now = self._clock().timestamp()
        cached = self._look_up(key)
        # Not below 0: where the clock was set back, a page from the future would be fresh for ever.
        if cached and 0 <= now - cached.fetched_at < self._ttl_seconds:
            return cached.page
        page = self._web.fetch(url, headers=cached.validators() if cached else None)
        if page.status == 304 and cached:
            page = replace(cached.page, headers={**cached.page.headers, **_validators_of(page)})
        is_small = len(page.content) <= MAX_CACHED_BYTES
        is_free = "no-store" not in page.headers.get("cache-control", "").lower()
        if page.status == 200 and is_small and is_free:
            self._keep(key, CachedPage(page, now))
        return page

    def _look_up(self, key: ValueKey) -> CachedPage | None:
        try:
            value = self._keyvalue.get(key)
        except SurroundingsError as error:
            logger.warning("the cache is passed by: %s", error)
            return None
        try:
            return CachedPage.decode(value) if value is not None else None
        except (ValueError, KeyError, TypeError):  # of another version
            return None

    def _keep(self, key: ValueKey, cached: CachedPage) -> None:
        ttl_seconds = self._ttl_seconds + STALE_SECONDS
        try:
            self._keyvalue.put(key, cached.encode(), ttl_seconds=ttl_seconds)
        except SurroundingsError as error:
            logger.warning("the cache is passed by: %s", error)


def _validators_of(page: Page) -> dict[str, str]:
    return {name: page.headers[name] for name in KEPT_HEADERS[1:] if name in page.headers}
