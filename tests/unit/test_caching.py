"""The cache of fetched pages: when its server is asked, and for what."""

from datetime import UTC, datetime, timedelta

import pytest

from inkcre.adapters.cached import MAX_CACHED_BYTES, STALE_SECONDS, CachedWeb
from inkcre.assembly.assembly import build_components, build_keyvalue, build_web
from inkcre.errors import Unavailable
from inkcre.ports.keyvalue import KeyValue
from inkcre.sections.schema import load_settings
from tests.conftest import sqlite_settings
from tests.pages import Pages, serve_pages

TTL = 3600


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by, or back."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    """Return a clock."""
    return Time()


@pytest.fixture
def pages():  # type: ignore[no-untyped-def]
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


def cached(time: Time, keyvalue: KeyValue | None = None) -> CachedWeb:
    """Make a client with a cache in memory."""
    settings = sqlite_settings(":memory:", **{"web.private_hosts": ["127.0.0.1"], "cache.enabled": True, "cache.ttl_seconds": TTL})  # fmt: skip
    web = build_web(settings, keyvalue or build_keyvalue(settings, None), clock=time)
    assert isinstance(web, CachedWeb)
    return web


def test_fresh_page_is_not_asked_for(pages: Pages, time: Time) -> None:
    """It is what it was, with the headers that matter, until its time is over."""
    url = pages.put("/a", b"first\n\nline", content_type="text/html", x_other="1")
    web = cached(time)
    first = web.fetch(url)
    pages.put("/a", b"second")
    time.pass_seconds(TTL - 1)
    again = web.fetch(url)
    assert (again.content, again.status, again.url) == (first.content, 200, url)
    assert again.headers["content-type"] == "text/html"
    assert len(pages.asked) == 1
    time.pass_seconds(2)
    assert web.fetch(url).content == b"second"


def test_stale_page_is_asked_for_if_it_has_changed(pages: Pages, time: Time) -> None:
    """By its etag and its date; what has not is fresh again, and 304 is not seen by anybody."""
    url = pages.put("/a", b"x", etag='W/"1"', last_modified="Tue, 24 Nov 2026 00:00:00 GMT")
    web = cached(time)
    web.fetch(url)
    time.pass_seconds(TTL + 1)
    pages.put("/a", b"", 304, etag='W/"1"')
    for _ in range(2):
        page = web.fetch(url)
        assert (page.status, page.content) == (200, b"x")
    assert len(pages.asked) == 2
    headers = pages.asked[1][1]
    assert headers["if-none-match"] == 'W/"1"'
    assert headers["if-modified-since"] == "Tue, 24 Nov 2026 00:00:00 GMT"
    time.pass_seconds(TTL + STALE_SECONDS + 1)
    pages.put("/a", b"new")
    assert web.fetch(url).content == b"new"


@pytest.mark.parametrize("name", ["error", "large", "no-store", "own headers"])
def test_what_is_not_cached(pages: Pages, time: Time, name: str) -> None:
    """An error, what is large, what its server forbids, and what was asked for specially."""
    if name == "error":
        url = pages.put("/a", b"x", 500)
    elif name == "large":
        url = pages.put("/a", bytes(MAX_CACHED_BYTES + 1))
    elif name == "no-store":
        url = pages.put("/a", b"x", cache_control="private, No-Store")
    else:
        url = pages.put("/a", b"x")
    web = cached(time)
    for _ in range(2):
        web.fetch(url, headers={"x-a": "1"} if name == "own headers" else None)
    assert len(pages.asked) == 2


def test_clock_that_goes_back_does_not_keep_a_page(pages: Pages, time: Time) -> None:
    """A page from the future is asked for again."""
    url = pages.put("/a", b"x")
    web = cached(time)
    web.fetch(url)
    time.pass_seconds(-10)
    web.fetch(url)
    assert len(pages.asked) == 2


def test_value_of_another_version_is_none(pages: Pages, time: Time) -> None:
    """Whatever stands in the cache."""
    url = pages.put("/a", b"x")
    for value in (b"", b"{}", b"[]\n", b"no json\nx", b"\xff"):
        keyvalue = build_keyvalue(sqlite_settings(":memory:"), None)
        web = cached(time, keyvalue)
        web.fetch(url)
        (key,) = keyvalue.list().keys
        keyvalue.put(key, value)
        assert web.fetch(url).content == b"x"


class Away:
    """A place of values that does not answer."""

    def get(self, *_: object, **__: object) -> bytes:
        raise Unavailable("keyvalue: no answer")

    put = delete = list = get


def test_cache_that_is_away_is_passed_by(pages: Pages, time: Time) -> None:
    """The page is fetched as if there were none."""
    url = pages.put("/a", b"x")
    web = cached(time, Away())  # type: ignore[arg-type]
    assert web.fetch(url).content == b"x"


def test_cache_is_off_in_dev_and_on_elsewhere() -> None:
    """The profiles say so."""
    for profile, is_on in (("dev", False), ("server", True), ("workers", True)):
        overrides = {"database.url": "postgresql://x/y"} if profile == "server" else {}
        settings = load_settings(profile, overrides=overrides, environ={})
        assert settings.cache.enabled is is_on
        web = build_components(settings, bindings={}).web
        assert isinstance(web, CachedWeb) is is_on
