"""Following redirects, and reading answers, within limits: what both adapters do alike."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain

from inkcre.adapters.web.addresses import Target, join_url, parse_url
from inkcre.errors import BadAnswer, TimedOut
from inkcre.ports.web import USER_AGENT, Page
from inkcre.sections.web import WebLimits

REDIRECTS = (301, 302, 303, 307, 308)
BODILESS = (204, 304)
CHUNK_BYTES = 64 * 1024
ANY_HEADER = zlib.MAX_WBITS | 32
"""gzip or zlib, as its header says: https://docs.python.org/3/library/zlib.html#zlib.decompress."""

NO_HEADER = -zlib.MAX_WBITS
GZIP = b"\x1f\x8b"
COMPRESSIONS = frozenset((
    "aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "pack200-gzip",
    "x-compress", "x-gzip", "zstd",
))  # fmt: skip
"""https://www.iana.org/assignments/http-parameters, "HTTP Content Coding Registry"."""

HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": USER_AGENT,
}


@dataclass(frozen=True, slots=True)
class HopAnswer:
    """One answer of a server, its content not read yet."""

    status: int
    headers: Mapping[str, str]
    parts: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, on the monotonic clock, by which all has to be done."""

    at: float

    def remaining(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimedOut: none.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimedOut("page: not all of it came in time")
        return left


Ask = Callable[[Target, Mapping[str, str], Deadline], AbstractContextManager[HopAnswer]]
"""Ask one server once."""


def follow(url: str, ask: Ask, limits: WebLimits, headers: Mapping[str, str] | None = None) -> Page:
    """Fetch a page, and where it redirects to.

    Raises:
        Refused: an address on the way may not be fetched.
        TimedOut: not all of it came in time.
        BadAnswer: it is too large, or redirects too often.
    """
    deadline = Deadline(time.monotonic() + limits.timeout_seconds)
    sent = {**HEADERS, **{name.lower(): value for name, value in (headers or {}).items()}}
    target = parse_url(url)
    for _ in range(limits.max_redirects + 1):
        with ask(target, sent, deadline) as answer:
            location = _as_utf8(answer.headers.get("location"))
            if answer.status not in REDIRECTS or location is None:
                content = (
                    b"" if answer.status in BODILESS else _read(answer, limits.max_bytes, deadline)
                )
                return Page(target.url, answer.status, answer.headers, content)
        target = join_url(target, location)
    raise BadAnswer(f"page: redirects more than {limits.max_redirects} times")


def _as_utf8(location: str | None) -> str | None:
    """Read a header's bytes, which HTTP has as Latin-1, as what servers mean (RFC 3987)."""
    if location is None or location.isascii():
        return location
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location


def _read(answer: HopAnswer, max_bytes: int, deadline: Deadline) -> bytes:
    content = bytearray()
    parts = _bounded(answer.parts, max_bytes, deadline)
    for part in _decompress(parts, answer.headers.get("content-encoding", "")):
        content += part
        if len(content) > max_bytes:
            raise _too_large(max_bytes)
        deadline.remaining()
    return bytes(content)


def _bounded(parts: Iterable[bytes], max_bytes: int, deadline: Deadline) -> Iterator[bytes]:
    """Count what comes over the wire too: a compressed flood may decompress to nothing."""
    seen = 0
    for part in parts:
        seen += len(part)
        if seen > max_bytes:
            raise _too_large(max_bytes)
        deadline.remaining()
        yield part


def _too_large(max_bytes: int) -> BadAnswer:
    return BadAnswer(f"page: larger than {max_bytes} bytes", hint="raise web.max_bytes")


def _decompress(parts: Iterable[bytes], said: str) -> Iterator[bytes]:
    """Undo a content's coding a bounded piece at a time (RFC 9110, section 8.4.1).

    Servers name much there that is no compression, such as UTF-8, none or aws-chunked.
    """
    codings = [name for each in said.split(",") if (name := each.strip().lower()) in COMPRESSIONS]
    if not codings:
        yield from parts
    elif codings in (["gzip"], ["x-gzip"]):
        yield from _inflate(parts, ANY_HEADER)
    elif codings == ["deflate"]:
        begun, parts = _look_at_begin(parts)
        yield from _inflate(parts, ANY_HEADER if _has_header(begun) else NO_HEADER)
    else:
        raise BadAnswer("page: compressed in a way that was not asked for")


def _look_at_begin(parts: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """Return at least two bytes of a content if it has them, and all of its parts again."""
    rest = iter(parts)
    begun = b""
    while len(begun) < 2 and (part := next(rest, None)) is not None:
        begun += part
    return begun, chain((begun,), rest)


def _has_header(begun: bytes) -> bool:
    """Tell whether a content says how it is compressed; many servers send "deflate" bare.

    https://www.rfc-editor.org/rfc/rfc1950#section-2.2
    """
    is_zlib = begun[0] & 0x0F == 8 and int.from_bytes(begun[:2]) % 31 == 0 if begun else True
    return is_zlib or begun.startswith(GZIP)


def _inflate(parts: Iterable[bytes], header: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(header)
    is_begun = False
    try:
        for part in parts:
            rest = part
            while rest:
                if inflater.eof:
                    # One compressed file after another is one (RFC 1952, section 2.2); what else is
                    # behind it is none of it: many pad it with NUL.
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    if not GZIP.startswith(rest[:2]):
                        return
                    inflater = zlib.decompressobj(header)
                is_begun = True
                # At most so much at a time: a gigabyte may come in a megabyte.
                yield inflater.decompress(rest, CHUNK_BYTES)
                rest = inflater.unconsumed_tail or inflater.unused_data
    except zlib.error as error:
        raise BadAnswer("page: its compression is broken") from error
    if is_begun and not inflater.eof:
        raise BadAnswer("page: its compression ends too early")
