"""Large JSON, read value by value: of its text no more is there at once than the next value needs.

What Python makes of JSON is several times as large as its bytes; and its text alone is four times
as large where one character lies outside of the basic plane.
"""

import codecs
import json
import re
from collections.abc import Iterator

from inkcre.transfer.line_forms import WrongLine

CHUNK_BYTES = 64 * 1024

_BLANKS = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class JsonText:
    """JSON in UTF-8 (RFC 8259). Each method raises ``WrongLine`` where it is none."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._taken = 0
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text, self._at, self._passed = "", 0, 0

    @property
    def position(self) -> int:
        """How many characters have been read."""
        return self._passed + self._at

    def peek(self) -> str:
        """Return the next character that is no blank, or nothing at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            assert found
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._take_more():
                return ""

    def value(self) -> object:
        """Read a value whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._take_more():
                    raise self._wrong(error.msg, error.pos) from None
            else:
                # A number that ends where the text does may go on.
                if end < len(self._text) or not self._take_more():
                    self._at = end
                    return value

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; whoever asks reads the value of each before the next."""
        for _ in self._parts("{", "}"):
            if self.peek() != '"':
                raise self._wrong("Expecting property name enclosed in double quotes")
            key = str(self.value())
            self._pass(":", "Expecting ':' delimiter")
            yield key

    def elements(self) -> Iterator[None]:
        """Go through an array; whoever asks reads each element before the next."""
        return self._parts("[", "]")

    def end(self) -> None:
        """Make sure that nothing comes any more."""
        if self.peek():
            raise self._wrong("Extra data")

    def _parts(self, opening: str, closing: str) -> Iterator[None]:
        self._pass(opening, "Expecting value")
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            yield
            if self.peek() == closing:
                self._at += 1
                return
            self._pass(",", "Expecting ',' delimiter")

    def _pass(self, character: str, otherwise: str) -> None:
        if self.peek() != character:
            raise self._wrong(otherwise)
        self._at += 1

    def _take_more(self) -> bool:
        """Add as much text as is left, so that a long value is tried seldom."""
        if self._taken >= len(self._content):
            return False
        rest = self._text[self._at :]
        begin, self._taken = self._taken, self._taken + max(CHUNK_BYTES, len(rest))
        piece = self._content[begin : self._taken]
        try:
            more = self._decode(piece, self._taken >= len(self._content))
        except UnicodeDecodeError:
            raise WrongLine("not UTF-8 text") from None
        self._passed += self._at
        self._text, self._at = rest + more, 0
        return True

    def _wrong(self, reason: str, at: int | None = None) -> WrongLine:
        column = self._passed + (self._at if at is None else at) + 1
        return WrongLine(f"not JSON: {reason} at column {column}")
