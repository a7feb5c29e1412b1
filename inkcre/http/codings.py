"""Coded request bodies, decoded as they come: RFC 9110, section 8.4.

A coding is no part of what is sent: a file is kept without it, and limits count what comes out.
"""

import zlib
from collections.abc import Iterable, Iterator

from starlette.types import Message, Receive, Scope

from inkcre.errors import Invalid, UnknownCoding

GZIP, DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
"""How zlib is told of them: https://docs.python.org/3/library/zlib.html#zlib.decompress"""

CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": DEFLATE}
"""The second is the first by its old name: section 8.4.1.3."""

STEP_BYTES = 256 * 1024
"""How much is decoded at once: a bomb is met by whoever counts, before it has gone off."""

_ABOUT_THE_CODED = (b"content-encoding", b"content-length")


def find_coding(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return how a body is coded; None: it is not.

    Raises:
        UnknownCoding: in a way that is not known here, or in several.
    """
    values = [value for name, value in headers if name == b"content-encoding"]
    if not values:
        return None
    named = b",".join(values).decode("latin-1").lower().split(",")
    codings = [one for each in named if (one := each.strip(" \t")) not in ("", "identity")]
    if len(codings) > 1 or any(one not in CODINGS for one in codings):
        raise UnknownCoding(
            "Content-Encoding: none that is read here",
            hint="send the body by itself, or in one coding of gzip and deflate",
        )
    return codings[0] if codings else None


def forget_coding(scope: Scope) -> None:
    """Take from a request's headers what is true of its coded body only."""
    scope["headers"] = [each for each in scope["headers"] if each[0] not in _ABOUT_THE_CODED]


def decoding(receive: Receive, coding: str) -> Receive:
    """Return what receives a body without its coding, in small steps.

    It raises ``Invalid`` where the body is not so coded, or ends too early.
    """
    decoder = _Decoder(coding)
    parts: Iterator[bytes] = iter(())
    is_more, is_told = True, False

    async def receive_decoded() -> Message:
        nonlocal parts, is_more, is_told
        while not is_told:
            if part := next(parts, b""):
                return {"type": "http.request", "body": part, "more_body": True}
            if not is_more:
                decoder.require_end()
                is_told = True
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts = decoder.feed(message.get("body", b""))
            is_more = message.get("more_body", False)
        return await receive()

    return receive_decoded


class _Decoder:
    """What takes a coding off."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._bits = CODINGS[coding]
        self._zlib = zlib.decompressobj(self._bits)
        self._is_fresh = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what a part holds, never more than a step at once."""
        while data:
            if self._zlib.eof:
                # Another gzip file behind the first: RFC 1952, section 2.2.
                if self._bits != GZIP:
                    raise self._broken()
                self._zlib = zlib.decompressobj(self._bits)
            try:
                part = self._zlib.decompress(data, STEP_BYTES)
            except zlib.error:
                raise self._broken() from None
            self._is_fresh = False
            data = self._zlib.unconsumed_tail or self._zlib.unused_data
            if part:
                yield part
        # What is left inside of the decoder when all of its input is taken.
        while not self._zlib.eof and (part := self._zlib.decompress(b"", STEP_BYTES)):
            yield part

    def require_end(self) -> None:
        """Raise unless the coded body is whole; nothing at all is nothing.

        Raises:
            Invalid: it is not.
        """
        if not self._zlib.eof and not self._is_fresh:
            raise self._broken()

    def _broken(self) -> Invalid:
        return Invalid(f"not {self._coding}, or not all of it", field="body")
