"""Files as lines of an export, in parts, each ``{"file": {…}}``: nothing is held whole.

They follow the blocks that name them. A file that came is compared with the digest that it is
called by before it is kept.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from inkcre.errors import DatabaseDamaged, NotFound
from inkcre.graph.files.files import Shelf, keep_file, receive_file
from inkcre.graph.files.media_types import sniff_type
from inkcre.graph.forms import FILE_CONTENT
from inkcre.graph.storages import PREFIX
from inkcre.ports.database import Database
from inkcre.ports.storage import Storage
from inkcre.sql.values import Form
from inkcre.transfer.copies.files import Damaged, compare_digest, find_key, named_files
from inkcre.transfer.exports import find_extent, read_blocks
from inkcre.transfer.line_forms import WrongLine, read_form, write_line
from inkcre.transfer.losses import Losses

PART_BYTES = 768 * 1024
"""How much of a file is in one line: a mebibyte in base64."""


MediaType = Annotated[str, Field(max_length=256, pattern=r"^[!-~]+/[!-~]+(; ?[!-~]+)*$")]
"""https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1"""


class FilePart(Form):
    """A part of a file."""

    digest: Annotated[str, Field(pattern=f"^{FILE_CONTENT.pattern}$")]
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)]
    media_type: MediaType | None = None
    """In the first part, where it is another than the content says."""

    content: str


class FileLine(Form):
    """A line of a file."""

    file: FilePart


def read_part(line: bytes) -> tuple[FilePart, bytes]:
    """Read a line of a file: what it says, and the bytes.

    Raises:
        WrongLine: it makes no sense; says why.
    """
    otherwise = "no part of a file in base64"
    part = read_form(FileLine, line, otherwise=otherwise).file
    try:
        return part, base64.b64decode(part.content, validate=True)
    except (binascii.Error, ValueError):
        raise WrongLine(otherwise) from None


@dataclass
class ExportedFiles:
    """Which files an export has, and which it lacks."""

    number: int = 0
    bytes: int = 0
    lacking: list[str] = field(default_factory=list)
    """Each with the reason."""


def file_lines(
    database: Database, storage: Storage, done: ExportedFiles, losses: Losses | None = None
) -> Iterator[bytes]:
    """Yield the lines of all files that blocks name; count them in ``done``.

    Each is read twice: one that is damaged has no line. Those of blocks that are damaged have none;
    ``losses`` is told of an index that is.
    """
    for name in _names(database, Losses() if losses is None else losses):
        try:
            size = _compare(storage, name)
        except NotFound:
            done.lacking.append(f"{name}: a block names it, and it is not there")
            continue
        except Damaged:
            done.lacking.append(f"{name}: is damaged")
            continue
        yield from _lines(storage, name, size)
        done.number += 1
        done.bytes += size


def _names(database: Database, losses: Losses) -> Iterator[str]:
    after = ""
    try:
        for after in named_files(database):
            yield after
    except DatabaseDamaged:
        losses.others.append("files: their index could not be read; all were read past it")
        blocks = read_blocks(database, find_extent(database).last_block, Losses())
        yield from sorted({b.content for b in blocks if b.storage == "file" and b.content > after})


def _compare(storage: Storage, name: str) -> int:
    found = storage.get(find_key(name))
    return sum(len(chunk) for chunk in compare_digest(found))


def _lines(storage: Storage, name: str, size: int) -> Iterator[bytes]:
    parts = max(1, -(-size // PART_BYTES))
    found = storage.get(find_key(name))
    for number, content in enumerate(_cut(found.chunks), start=1):
        said: dict[str, object] = {"digest": name, "part": number, "parts": parts}
        kept = found.info.content_type
        # What everybody tells by the content is not said: not every storage keeps it.
        if number == 1 and kept and kept != sniff_type(content):
            said["media_type"] = kept
        yield write_line("file", {**said, "content": base64.b64encode(content).decode()})


def _cut(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield bytes in parts of the length that lines have; at least one."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    yield bytes(held)


@dataclass
class ArrivingFile:
    """A file of which the first part has come; the others are read where that one was."""

    number: int
    """Of its first line."""

    first: bytes
    rest: Iterator[tuple[int, bytes]]
    size: int = 0
    lines: int = 0

    def keep(self, shelf: Shelf) -> None:
        """Keep the file.

        Raises:
            WrongLine: a part is missing, or the file is not what it is called; nothing was kept.
            Unavailable: a sweep is at it just now.
        """
        part, content = read_part(self.first)
        chunks = self._chunks(part, content)
        base = shelf.standing.base
        with receive_file(shelf.storage, chunks, base, media_type=part.media_type) as arrival:
            # Before it is put: under its own digest it would be a file that no block names.
            if f"{PREFIX}{arrival.digest}" != part.digest:
                raise WrongLine(f"file {part.digest}: is damaged")
            shelf.hold(arrival.digest)
            keep_file(shelf.storage, arrival)
            self.size = arrival.size

    def _chunks(self, first: FilePart, content: bytes) -> Iterator[bytes]:
        self._require(first, first, 1)
        yield content
        for number in range(2, first.parts + 1):
            _, line = next(self.rest, (0, b""))
            if not line:
                raise WrongLine(f"file {first.digest}: part {number} of {first.parts} is missing")
            part, content = read_part(line)
            self._require(first, part, number)
            yield content

    def _require(self, first: FilePart, part: FilePart, number: int) -> None:
        self.lines += 1
        if (part.digest, part.part, part.parts) != (first.digest, number, first.parts):
            raise WrongLine(f"file {first.digest}: part {number} of {first.parts} is missing")
