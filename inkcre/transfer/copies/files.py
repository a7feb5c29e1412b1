"""Copying a base's files into another's storage, and a look at whether all of them are there.

It can be done again: what is there is left as it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Integer, Text, bindparam, select

from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.graph.files.files import Shelf, digest_of_key, file_key, open_shelf
from inkcre.graph.files.media_types import sniff_type
from inkcre.graph.forms import FILE_CONTENT
from inkcre.graph.storages import PREFIX
from inkcre.graph.tables import blocks
from inkcre.ports.database import Database
from inkcre.ports.storage import FileContent, FileInfo, FileKey, Storage
from inkcre.sql.rows import Values

READ_NAMED = Values(
    select(blocks.c.content)
    .where(blocks.c.storage == "file", blocks.c.content > bindparam("after", type_=Text))
    .group_by(blocks.c.content)
    .order_by(blocks.c.content)
    .limit(bindparam("limit", type_=Integer)),
    str,
)
"""Read a page of what blocks call their files, each once."""

PAGE = 1000


class Damaged(Exception):
    """A file is not what its name says."""


class FileReader(Protocol):
    """Where files are read from: a storage, or a backup."""

    def head(self, key: FileKey) -> FileInfo:
        """Tell what is known of a file.

        Raises:
            NotFound: there is no such file.
        """

    def get(self, key: FileKey) -> FileContent:
        """Open a file.

        Raises:
            NotFound: there is no such file.
            Damaged: as it is read: it cannot be.
        """


@dataclass
class CopiedFiles:
    """How far the copying of files has come."""

    seen: int = 0
    copied: int = 0
    bytes: int = 0
    bad: list[str] = field(default_factory=list)
    """Files that are not what they are called, by that name; they were not copied."""


def named_files(database: Database) -> Iterator[str]:
    """Yield what blocks call their files, each once, in order."""
    after = ""
    while names := READ_NAMED.read(database, after=after, limit=PAGE):
        yield from names
        after = names[-1]


def find_key(name: str) -> FileKey:
    """Return the key of what a block calls its file.

    Raises:
        NotFound: no file can be called so.
    """
    if not FILE_CONTENT.fullmatch(name):
        raise NotFound(f"file {name}: not found")
    return file_key(name.removeprefix(PREFIX))


def copy_files(
    named_by: Database, files: FileReader, target: Components, *, trusts: bool
) -> Iterator[CopiedFiles]:
    """Copy the files that blocks name and that are not there yet; yield how far it is after each.

    What no block names is not the base's, or not any more. Each file is compared with the digest
    that it is called by, on its way or where it is. One that is there is read to be compared too,
    unless ``trusts``: it was when it was put. One that the source lacks is passed by.
    """
    done = CopiedFiles()
    shelf = open_shelf(target.database, target.storage, target.tenure)
    for name in named_files(named_by):
        try:
            info = files.head(find_key(name))
        except NotFound:
            continue
        done.seen += 1
        if not _is_there(target.storage, info, trusts=trusts):
            try:
                _copy_file(files, shelf, info)
                done.copied += 1
                done.bytes += info.size
            except Damaged:
                done.bad.append(name)
        yield done


def _is_there(target: Storage, info: FileInfo, *, trusts: bool) -> bool:
    try:
        if target.head(info.key).size != info.size:
            return False
        if not trusts:
            for _ in compare_digest(target.get(info.key)):
                pass
    except (NotFound, Damaged):
        return False
    return True


def _copy_file(files: FileReader, target: Shelf, info: FileInfo) -> None:
    found = files.get(info.key)
    chunks = compare_digest(found)
    first = next(chunks, b"")
    # A folder keeps no types, and a bucket does.
    media_type = found.info.content_type or sniff_type(first)
    # Noted as an upload is: a sweep of the target may be at the same file.
    target.hold(digest_of_key(info.key))
    target.storage.put(info.key, _after(first, chunks), content_type=media_type)


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def compare_digest(found: FileContent) -> Iterator[bytes]:
    """Yield a file's bytes, and at their end raise if they are not what the file is called."""
    digest = hashlib.sha256()
    for chunk in found.chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != digest_of_key(found.info.key):
        raise Damaged


def look_for_files(named_by: Database, storage: Storage) -> Iterator[tuple[str, bool]]:
    """Yield what blocks call their files, and whether these are in a storage."""
    for name in named_files(named_by):
        try:
            storage.head(find_key(name))
        except NotFound:
            yield name, False
        else:
            yield name, True
