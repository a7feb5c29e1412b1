"""Fetching what a source watches: only if it has changed, with its server's errors told apart."""

from email.utils import parsedate_to_datetime

from inkcre.errors import BadAnswer, Unavailable
from inkcre.ports.web import Page
from inkcre.sources.base import SourceContext, SourceState

BUSY = (408, 425, 429)
"""Statuses that pass by themselves, besides those of 500 and above."""

MAX_RETRY_SECONDS = 86400


class FetchState(SourceState):
    """What a server said of the last edition (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


def fetch_if_changed(
    context: SourceContext, url: str, state: FetchState, *, full: bool, accept: str
) -> Page | None:
    """Fetch a page; None when its server says that it is what it was. ``full`` asks for it anyway.

    Raises:
        Unavailable: the server is busy or broken, or not there; the job is tried again.
        BadAnswer: it answers with something else than a page.
    """
    headers = {"accept": accept}
    if not full:
        if state.etag:
            headers["if-none-match"] = state.etag
        if state.last_modified:
            headers["if-modified-since"] = state.last_modified
    page = context.web.fetch(url, headers=headers)
    if page.status == 304:
        context.left_out.keep_former()
        return None
    if page.status in BUSY or page.status >= 500:
        raise Unavailable(
            f"{url}: its server answered {page.status}",
            retry_after_seconds=_retry_after(context, page.headers.get("retry-after", "")),
        )
    if not page.is_found:
        raise BadAnswer(f"{url}: its server answered {page.status}", hint="look at the address")
    return page


def remember(state: FetchState, page: Page) -> None:
    """Keep what tells whether a page has changed."""
    state.etag = page.headers.get("etag")
    state.last_modified = page.headers.get("last-modified")


def fetch_again(state: FetchState) -> None:
    """Have the next collect fetch the page whatever its server says: this one was doubted."""
    state.etag = state.last_modified = None


def _retry_after(context: SourceContext, said: str) -> int:
    """Read ``Retry-After``, seconds or a date (RFC 9110, section 10.2.3); no more than a day."""
    if said.isascii() and said.isdecimal() and len(said) < 10:
        return min(int(said), MAX_RETRY_SECONDS)
    try:
        moment = parsedate_to_datetime(said[:64])
        seconds = (moment - context.clock()).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 1
    return int(min(max(seconds, 1), MAX_RETRY_SECONDS))
