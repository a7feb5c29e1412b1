"""Bytes of others as text: by the labels and tables of browsers.

What the web calls latin1, gb2312 or Shift_JIS is more than what Python calls so, and who reads it
by Python's names stores another text than the one that was written.
https://encoding.spec.whatwg.org/
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from functools import partial

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose little-endian mark begins it.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""What a text begins with that says its encoding itself."""

UNMARKED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
"""How XML begins without a mark: https://www.w3.org/TR/xml/#sec-guessing-no-ext-info."""

WIDE = frozenset(("utf-16le", "utf-16be"))
MULTIBYTE = frozenset((
    "gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr",
))  # fmt: skip
"""Encodings of which a few letters may look like UTF-8."""

NO_TEXT = frozenset(("replacement", "x-user-defined"))
"""Names of the standard for what is not to be read, or not as text."""

HEAD_BYTES = 4096
"""Within how many bytes a document says its encoding (https://html.spec.whatwg.org, 13.2.3.2: 1024,
which many exceed)."""

CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
DECLARATION = re.compile(
    rb"\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']?([A-Za-z0-9][\w.:+-]{0,60})", re.IGNORECASE
)
UTF8_LETTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
UTF8_LONG = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")


def find_encoding(label: str) -> str | None:
    """Return the standard's name of an encoding that a label stands for; None of an unknown one."""
    import webencodings  # by the first who decodes: most starts read nothing of others

    known = webencodings.lookup(label[:100]) if label.isascii() else None
    return None if known is None or known.name in NO_TEXT else str(known.name)


def decode(content: bytes, label: str) -> str:
    """Decode as browsers do: a mark counts before the label, what is no text becomes U+FFFD.

    With a label that nobody knows it is UTF-8, or else Windows-1252.
    """
    for mark, codec in MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(codec, "replace")
    name = find_encoding(label)
    return _decode_by(name, content) if name else _decode_unnamed(content)


def decode_plain(content: bytes) -> str:
    """Decode a text that can say its encoding by a mark only; else it is UTF-8.

    Raises:
        ValueError: it is not, and to guess would be to store another text than was written.
    """
    for mark, codec in MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(codec)
    # UTF-16 of Latin letters is UTF-8 too: every second one is NUL then.
    if content.count(0) * 4 > len(content):
        raise ValueError("no text in UTF-8, and no mark says what else it is")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"no text in UTF-8 (byte {error.start}), and no mark says what else it is"
        ) from None


def decode_xml(content: bytes, content_type: str = "") -> str:
    """Decode XML by its mark, its header or its declaration; what is UTF-8 is UTF-8 all the same.

    Many feeds are UTF-8, and are called something else by a server or a template that is older.
    """
    for mark, codec in (*MARKS, *UNMARKED):
        if content.startswith(mark):
            skip = 0 if (mark, codec) in UNMARKED else len(mark)
            return content[skip:].decode(codec, "replace")
    labels = [label for label in (charset_of(content_type), _declared(content)) if label]
    names = [name for name in map(find_encoding, labels) if name and name not in WIDE]
    readable = [text for name in names if (text := _decode_wholly(name, content)) is not None]
    if _is_utf8(content, names[0] if names else None, is_readable=bool(readable)):
        return content.decode()
    if readable:
        return readable[0]
    # What the standard does not know Python may, as cp437.
    for text in filter(None, (_decode_by_python(label, content) for label in labels)):
        return text
    legacy = [name for name in names if name != "utf-8"]
    return _decode_by(legacy[0], content) if legacy else _decode_unnamed(content)


def charset_of(content_type: str) -> str:
    """Return the label in a Content-Type header; the empty text: it has none."""
    found = CHARSET.search(content_type)
    return found[1] if found else ""


def _declared(content: bytes) -> str:
    found = DECLARATION.match(content[:HEAD_BYTES])
    return found[1].decode() if found else ""


def _is_utf8(content: bytes, name: str | None, *, is_readable: bool) -> bool:
    """Tell whether a text is UTF-8, whatever it is said to be: by letters of several bytes."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    if content.isascii():
        return name != "iso-2022-jp"
    # Two bytes may be a letter of Chinese, three at a time are hardly ever.
    return name not in MULTIBYTE or not is_readable or UTF8_LONG.search(content) is not None


def _decode_unnamed(content: bytes) -> str:
    """Decode what says nothing of itself: as UTF-8 if there is more of it than of what is none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        letters = UTF8_LETTER.findall(content)
        others = len(content.translate(None, bytes(range(128)))) - sum(map(len, letters))
        if len(letters) > others:
            return content.decode("utf-8", "replace")
        # What browsers take where nothing is said:
        # https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
        return _decode_by("windows-1252", content)


def _decode_wholly(name: str, content: bytes) -> str | None:
    text = _decode_by(name, content)
    return None if "\ufffd" in text else text


def _decode_by_python(label: str, content: bytes) -> str | None:
    try:
        # Of text alone: others decode to bytes, or run what they are given.
        is_table = codecs.lookup(label).name.startswith(("cp", "hp", "kz", "koi8", "mac", "ptcp"))
        return content.decode(label) if is_table else None
    except (LookupError, ValueError):
        return None


def _decode_by(name: str, content: bytes) -> str:
    """Decode by an encoding of the standard, with what Python's own has not."""
    if name == "euc-jp":
        return "".join(_decode_euc_jp(content))
    if name == "iso-2022-jp":
        return "".join(_decode_iso_2022_jp(content))
    import webencodings

    codec = PYTHON_CODECS.get(name) or webencodings.lookup(name).codec_info.name
    handler = f"inkcre.{name}"
    codecs.register_error(handler, partial(_fill, LACKING.get(name, {})))
    text = content.decode(codec, handler)
    return text.translate(OTHERS[name]) if name in OTHERS else text


PYTHON_CODECS = {"gbk": "gb18030"}
"""Which of Python's decodes all of an encoding, if it is not the one of the same name."""

LACKING = {
    "gbk": {b"\x80": "€"},
    "gb18030": {b"\x80": "€"},
    "big5": {b"\xa3\xe1": "€"},
    "windows-1255": {b"\xca": "\u05ba"},
}
"""What the standard gives a meaning, and Python's codec none, besides controls."""

_GB18030 = {
    **dict(zip(range(0xE78D, 0xE797), "︐︒︑︓︔︕︖︗︘︙", strict=True)),
    0xE81E: "龴", 0xE826: "龵", 0xE82B: "龶", 0xE82C: "龷", 0xE832: "龸", 0xE843: "龹",
    0xE854: "龺", 0xE864: "龻", 0xE5E5: "\u3000", 0xE7C7: "ḿ",
}  # fmt: skip
OTHERS: dict[str, dict[int, str]] = {
    "gbk": _GB18030,
    "gb18030": _GB18030,
    "koi8-u": {ord("╝"): "ў", ord("╬"): "Ў"},
    "big5": dict(zip(map(ord, "•､‾∼♁☉¥¢£￭"), "‧﹑¯～⊕⊙￥￠￡▓", strict=True)),  # noqa: RUF001 - as they are
}
"""Letters that Python's codec takes for others than the standard does."""


def _fill(known: Mapping[bytes, str], error: UnicodeError) -> tuple[str, int]:
    """Give what stands in the place of bytes that one of Python's codecs does not know."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    start = error.start
    for bytes_, said in known.items():
        if error.object.startswith(bytes_, start):
            return said, start + len(bytes_)
    byte = error.object[start]
    # Browsers keep controls as they are: https://encoding.spec.whatwg.org/#single-byte-decoder.
    is_control = error.encoding == "charmap" and 0x80 <= byte <= 0x9F
    return (chr(byte), start + 1) if is_control else ("\ufffd", error.end)


EUC_JP = re.compile(
    rb"(?P<kanji>(?:[\xa1-\xfe]{2})+)|(?P<kana>(?:\x8e[\xa1-\xdf])+)"
    rb"|(?P<more>(?:\x8f[\xa1-\xfe]{2})+)|(?P<ascii>[\x00-\x7f]+)|(?P<none>[\x80-\xff])"
)


def _decode_euc_jp(content: bytes) -> Iterator[str]:
    """Decode EUC-JP through Windows' Japanese, whose table of two bytes the standard has."""
    for found in EUC_JP.finditer(content):
        piece = found[0]
        if found["kanji"]:
            yield _decode_jis(bytes(byte & 0x7F for byte in piece))
        elif found["kana"]:
            yield piece[1::2].decode("cp932", "replace")
        elif found["more"]:
            yield piece.decode("euc_jp", "replace")
        else:
            yield piece.decode("ascii", "replace")


ESCAPES = re.compile(rb"\x1b(\([BJI]|\$[@B])")


def _decode_iso_2022_jp(content: bytes) -> Iterator[str]:
    """Decode ISO-2022-JP, in which sequences say what the bytes behind them are."""
    pieces = ESCAPES.split(content)
    yield pieces[0].decode("ascii", "replace")
    for said, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if said in (b"$@", b"$B"):
            yield _decode_jis(piece)
        elif said == b"(I":
            yield bytes(byte | 0x80 for byte in piece).decode("cp932", "replace")
        elif said == b"(J":
            yield piece.decode("ascii", "replace").translate({0x5C: "¥", 0x7E: "‾"})
        else:
            yield piece.decode("ascii", "replace")


def _decode_jis(pairs: bytes) -> str:
    """Decode rows and cells of JIS X 0208 as Windows' Japanese writes them."""
    written = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            written += b"\x81\xad"  # what has no letter there either
            continue
        lead = (row - 0x21) // 2
        written.append(lead + (0x81 if lead < 0x1F else 0xC1))
        if row % 2:
            written.append(cell + (0x1F if cell < 0x60 else 0x20))
        else:
            written.append(cell + 0x7E)
    return written.decode("cp932", "replace")
