"""Files as lines of an export, in parts, each ``{"file": {…}}``: nothing is held whole.

They follow the blocks that name them. A file that came is compared with the digest that it is
called by before it is kept.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, ValidationError

from inkcre.errors import NotFound
from inkcre.graph.files.files import Shelf, keep_file, receive_file
from inkcre.graph.forms import FILE_CONTENT
from inkcre.graph.storages import PREFIX
from inkcre.ports.database import Database
from inkcre.ports.storage import Storage
from inkcre.sql.values import Form
from inkcre.transfer.copies.files import Damaged, compare_digest, find_key, named_files
from inkcre.wording import say_fault

PART_BYTES = 768 * 1024
"""How much of a file is in one line: a mebibyte in base64."""

BEGINNING = b'{"file":'
"""What a line of a file begins with."""


class FilePart(Form):
    """A part of a file."""

    digest: Annotated[str, Field(pattern=f"^{FILE_CONTENT.pattern}$")]
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)]
    content: str


class FileLine(Form):
    """A line of a file."""

    file: FilePart


class WrongPart(Exception):
    """Tell that a line is no part of a file, or not the next one."""


def read_part(line: bytes) -> tuple[FilePart, bytes]:
    """Read a line of a file: what it says, and the bytes.

    Raises:
        WrongPart: it makes no sense; says why.
    """
    try:
        part = FileLine.model_validate(json.loads(line)).file
        return part, base64.b64decode(part.content, validate=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(name) for name in found["loc"])
        raise WrongPart(f"{where}: {say_fault(found)}") from None
    except (binascii.Error, ValueError, RecursionError):
        raise WrongPart("no part of a file in base64") from None


@dataclass
class ExportedFiles:
    """Which files an export has, and which it lacks."""

    number: int = 0
    bytes: int = 0
    lacking: list[str] = field(default_factory=list)
    """Each with the reason."""


def file_lines(database: Database, storage: Storage, done: ExportedFiles) -> Iterator[bytes]:
    """Yield the lines of all files that blocks name; count them in ``done``.

    Each is read twice: one that is damaged has no line.
    """
    for name in named_files(database):
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


def _compare(storage: Storage, name: str) -> int:
    found = storage.get(find_key(name))
    return sum(len(chunk) for chunk in compare_digest(found))


def _lines(storage: Storage, name: str, size: int) -> Iterator[bytes]:
    parts = max(1, -(-size // PART_BYTES))
    found = storage.get(find_key(name))
    held = bytearray()
    number = 0
    for chunk in found.chunks:
        held += chunk
        while len(held) > PART_BYTES:
            number += 1
            yield _line(name, number, parts, held[:PART_BYTES])
            del held[:PART_BYTES]
    yield _line(name, number + 1, parts, held)


def _line(name: str, part: int, parts: int, content: bytes | bytearray) -> bytes:
    said: dict[str, object] = {"digest": name, "part": part, "parts": parts}
    said["content"] = base64.b64encode(content).decode()
    return json.dumps({"file": said}, separators=(",", ":")).encode() + b"\n"


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
            WrongPart: a part is missing, or the file is not what it is called; nothing was kept.
            Unavailable: a sweep is at it just now.
        """
        part, content = read_part(self.first)
        chunks = self._chunks(part, content)
        with receive_file(shelf.storage, chunks, shelf.standing.base) as arrival:
            # Before it is put: under its own digest it would be a file that no block names.
            if f"{PREFIX}{arrival.digest}" != part.digest:
                raise WrongPart(f"file {part.digest}: is damaged")
            shelf.hold(arrival.digest)
            keep_file(shelf.storage, arrival)
            self.size = arrival.size

    def _chunks(self, first: FilePart, content: bytes) -> Iterator[bytes]:
        self._require(first, first, 1)
        yield content
        for number in range(2, first.parts + 1):
            _, line = next(self.rest, (0, b""))
            part, content = read_part(line)
            self._require(first, part, number)
            yield content

    def _require(self, first: FilePart, part: FilePart, number: int) -> None:
        self.lines += 1
        if (part.digest, part.part, part.parts) != (first.digest, number, first.parts):
            raise WrongPart(f"file {first.digest}: part {number} of {first.parts} is missing")
