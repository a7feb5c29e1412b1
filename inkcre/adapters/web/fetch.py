"""Pages by the platform's own ``fetch``, where there is one: on Cloudflare Workers.

A Worker cannot find out which address a name has, and cannot connect to one of its choice with
TLS. Its ``fetch`` reaches the open Internet only; addresses that are written as numbers are
refused here all the same, in whatever spelling, and so is every redirect to one.
https://developers.cloudflare.com/workers/runtime-apis/fetch/
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import ClassVar

from inkcre.adapters.web.addresses import Target, parse_url, require_public
from inkcre.adapters.web.redirects import Deadline, HopAnswer, follow
from inkcre.errors import Refused, TimedOut, Unavailable
from inkcre.javascript import JsProxy, StreamChunks, make_object, wait_for
from inkcre.ports.web import Page, WebCapabilities
from inkcre.sections.web import FetchSettings

LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")
"""Names that no public resolver gives an address to (RFC 6761, RFC 6762, RFC 8375)."""

DONE_BY_FETCH = ("content-encoding", "content-length")
"""What a ``fetch`` has undone: the content comes decompressed."""


class FetchWeb:
    """The platform's client, kept to the open web."""

    capabilities: ClassVar[WebCapabilities] = WebCapabilities(pins_addresses=False)

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page."""
        return follow(url, self._ask, self._settings, headers)

    @contextmanager
    def _ask(
        self, target: Target, headers: Mapping[str, str], deadline: Deadline
    ) -> Iterator[HopAnswer]:
        import js
        from pyodide.ffi import JsException

        self._check(_as_fetch_reads(target))
        wanted = {
            # By us, who look at each address on the way before it is asked.
            "redirect": "manual",
            "headers": make_object({k: v for k, v in headers.items() if k != "accept-encoding"}),
            "signal": js.AbortSignal.timeout(int(1000 * deadline.remaining())),
        }
        try:
            response = wait_for(js.fetch(target.url, make_object(wanted)))
            chunks = StreamChunks(response.body) if response.body else None
            try:
                yield HopAnswer(response.status, _headers(response), chunks or ())
            finally:
                if chunks is not None:
                    with suppress(JsException):
                        chunks.close()
        except JsException as error:
            if "Timeout" in str(error) or "abort" in str(error).lower():
                raise TimedOut("page: not all of it came in time") from error
            raise Unavailable(f"page: no answer from {target.host}") from error

    def _check(self, target: Target) -> None:
        name = target.host.rstrip(".")
        if name in self._settings.private_hosts:
            return
        if any(name == local or name.endswith(f".{local}") for local in LOCAL_NAMES):
            raise Refused(f"address: {target.host} is not on the open Internet")
        if ":" in name or name.replace(".", "").isdigit():
            require_public(target, [name], open_hosts=())


def _as_fetch_reads(target: Target) -> Target:
    """Take the URL apart as ``fetch`` will: numbers in any spelling become an address."""
    import js
    from pyodide.ffi import JsException

    try:
        return parse_url(str(js.URL.new(target.url).href))
    except JsException:
        raise Refused("address: not a URL") from None


def _headers(response: JsProxy) -> dict[str, str]:
    pairs = ((str(pair[0]).lower(), str(pair[1])) for pair in response.headers)
    return {name: value for name, value in pairs if name not in DONE_BY_FETCH}
