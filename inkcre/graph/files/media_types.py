"""What a file is, by its first bytes and never by its name.

The signatures are those of https://mimesniff.spec.whatwg.org/, sections 5 to 7, and of a few kinds
of files that people keep and browsers do not show.
"""

import codecs
import re

HEAD_BYTES = 1445
"""How much is looked at: the standard's resource header."""

TEXT = "text/plain; charset=utf-8"
UNKNOWN = "application/octet-stream"

# By hand: of 53 heads, those of the tests and of this table, three libraries name 28, 34 and 24 as
# we do (docs/architecture.md).
PREFIXES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
)
"""What a file of a kind begins with."""

RIFF = {b"WEBPVP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
"""What an ISO media file is by its brand (ISO/IEC 14496-12, section 4.3); else ``video/mp4``."""

# The standard's "binary data bytes": https://mimesniff.spec.whatwg.org/#binary-data-byte
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# Possessive, for a pattern that goes back took for ever over 200 comments.
_COMMENTS = rb"\s*(?:<!--(?:(?!-->).)*+-->\s*)*+"
_MARKUP = re.compile(
    _COMMENTS
    + rb"(?:(?P<html><(?:!doctype html|html|head|body|title|script|iframe|h1|div|font|table|a|style"
    rb"|b|br|p)[\s>/])|(?P<svg>(?:<\?xml[^>]*\?>\s*)?(?:<!doctype svg[^>]*>\s*)?"
    + _COMMENTS
    + rb"<svg[\s>])|(?P<xml><\?xml))",
    re.IGNORECASE | re.DOTALL,
)
MARKUP = {"html": "text/html", "svg": "image/svg+xml", "xml": "text/xml"}


def sniff_type(head: bytes) -> str:
    """Return the media type of a file that begins with ``head``, of which ``HEAD_BYTES`` count."""
    head = head[:HEAD_BYTES]
    if head.startswith(b"RIFF"):
        for mark, media_type in RIFF.items():
            if head.startswith(mark, 8):
                return media_type
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "video/mp4")
    for prefix, media_type in PREFIXES:
        if head.startswith(prefix):
            return media_type
    is_cut = len(head) == HEAD_BYTES
    return UNKNOWN if _BINARY.search(head) else _sniff_text(head, is_cut=is_cut)


def _sniff_text(head: bytes, *, is_cut: bool) -> str:
    content = head.removeprefix(codecs.BOM_UTF8)
    found = _MARKUP.match(content)
    kind = MARKUP[found.lastgroup] if found and found.lastgroup else "text/plain"
    try:
        # A head that was cut may end in the middle of a letter, and is UTF-8 all the same.
        codecs.getincrementaldecoder("utf-8")().decode(content, final=not is_cut)
    except UnicodeDecodeError:
        return kind
    return kind if kind == "image/svg+xml" else f"{kind}; charset=utf-8"


def resolver_for(media_type: str) -> str:
    """Return the resolver of a block whose content is a file of a type."""
    kind = media_type.partition("/")[0]
    return kind if kind in ("text", "image", "video") else "file"
