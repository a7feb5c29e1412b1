"""What an import reads: lines of UTF-8 or bookmarks of a browser, be they compressed or not."""

import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from inkcre.cli.streams import UnreadableInput
from inkcre.errors import Unsupported

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""How compressed files begin: RFC 1952, RFC 8878."""

HEAD_BYTES = 512
"""Within how many bytes a file says that it is of bookmarks."""

MAX_BOOKMARKS_BYTES = 256 * 1024 * 1024

MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""How text begins that is UTF-16 or UTF-32, if it has a mark."""


@dataclass(frozen=True)
class Lines:
    """The lines of a file."""

    lines: Iterator[bytes]
    size: int | None
    """That of the file, if it tells how far they are."""

    are: str = "lines"
    """What they stand for."""

    left_out: Counter[str] = field(default_factory=Counter)
    """What has no line, by reason, as far as they were read."""


def open_lines(name: str, stack: ExitStack, max_bytes: int) -> Lines:
    """Return the lines of a file, each cut at ``max_bytes``; of bookmarks, those that they become.

    ``-`` is standard input. What is compressed with gzip or Zstandard is known by its first bytes,
    whatever it is called. The stack closes what was opened.

    Raises:
        UnreadableInput: it cannot be read, or is text of another encoding.
        Unsupported: it needs a package that is not installed.
    """
    from inkcre.transfer.bookmarks import is_bookmarks

    try:
        stream, size = _open(name, stack)
        head = stream.peek(4)[:4]
        opened = _decompress(name, stream, head, stack)
        if opened is not stream:
            size = None
        head = opened.peek(HEAD_BYTES)[:HEAD_BYTES]
    except (OSError, EOFError) as error:
        raise _unreadable(name, error) from error
    if is_bookmarks(head):
        left_out = Counter[str]()
        return Lines(_read_bookmarks(name, opened, left_out), None, "bookmarks", left_out)
    # JSON begins with a character of ASCII: a zero among the first bytes is no UTF-8 (RFC 8259).
    if head.startswith(MARKS) or b"\x00" in head[:4]:
        raise UnreadableInput(
            f"{name}: is UTF-16 or UTF-32, and not UTF-8",
            hint=f"convert it: iconv -f UTF-16 -t UTF-8 {name}",
        )
    return Lines(_read(name, opened, max_bytes), size)


def _open(name: str, stack: ExitStack) -> tuple[BufferedReader, int | None]:
    if name == "-":
        return cast("BufferedReader", sys.stdin.buffer), None
    path = Path(name)
    return stack.enter_context(path.open("rb")), path.stat().st_size


def _decompress(name: str, stream: BufferedReader, head: bytes, stack: ExitStack) -> BufferedReader:
    opened: IO[bytes] | gzip.GzipFile
    if head.startswith(GZIP):
        opened = gzip.GzipFile(fileobj=stream)
    elif head.startswith(ZSTD):
        opened = _open_zstd(name, stream)
    else:
        return stream
    # Read in larger pieces than either does by itself.
    return stack.enter_context(BufferedReader(opened, 1024 * 1024))  # type: ignore[arg-type]


def _open_zstd(name: str, stream: BufferedReader) -> IO[bytes]:
    try:
        if sys.version_info >= (3, 14):
            from compression.zstd import ZstdFile
        else:
            from backports.zstd import ZstdFile
    except ImportError:
        raise Unsupported(
            f"{name}: is compressed with Zstandard, and nothing here reads that",
            hint="pip install 'inkcre[zstd]', or unpack it first: zstd -dc FILE | inkcre import -",
        ) from None
    return cast("IO[bytes]", ZstdFile(stream))


def _read(name: str, stream: BufferedReader, max_bytes: int) -> Iterator[bytes]:
    while True:
        try:
            line = stream.readline(max_bytes)
        except (OSError, EOFError) as error:  # cut off, or damaged
            raise _unreadable(name, error) from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":  # of a package that need not be there
                raise
            raise _unreadable(name, OSError(str(error))) from error
        if not line:
            return
        yield line


def _read_bookmarks(name: str, stream: BufferedReader, left_out: Counter[str]) -> Iterator[bytes]:
    from inkcre.transfer.bookmarks import bookmark_lines

    content = bytearray()  # as one, for that form has no lines
    for part in _read(name, stream, 1024 * 1024):
        content += part
        if len(content) > MAX_BOOKMARKS_BYTES:
            raise UnreadableInput(f"{name}: bookmarks of more than {MAX_BOOKMARKS_BYTES} bytes")
    yield from bookmark_lines(bytes(content), left_out)


def _unreadable(name: str, error: OSError | EOFError) -> UnreadableInput:
    if isinstance(error, OSError) and error.strerror:
        return UnreadableInput.of(name, error)
    return UnreadableInput(f"{name}: {str(error)[:1].lower()}{str(error)[1:]}")
