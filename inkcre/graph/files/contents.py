"""The content of a block, wherever it lives: in its row, in a file, at an address of others."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import BigInteger, Text, bindparam, func, select

from inkcre.errors import BadAnswer, NotFound, Unsupported
from inkcre.graph.files.files import NAMED, file_key
from inkcre.graph.files.media_types import HEAD_BYTES, TEXT, sniff_type
from inkcre.graph.forms import clean_name
from inkcre.graph.records import Block
from inkcre.graph.storages import PREFIX
from inkcre.graph.tables import blocks, relations
from inkcre.ports.database import Database
from inkcre.ports.storage import FileKey, Storage
from inkcre.ports.web import Web
from inkcre.sql.rows import Values
from inkcre.sql.values import MAX_NAME_LENGTH

SELECT_NAME = Values(
    # Cut by the database: any text may be related so, also one of megabytes.
    select(func.substr(blocks.c.content, 1, MAX_NAME_LENGTH))
    .select_from(relations.join(blocks, blocks.c.id == relations.c.to_))
    .where(
        relations.c.from_ == bindparam("block", type_=BigInteger),
        relations.c.content == bindparam("relation", type_=Text),
        blocks.c.resolver == "text",
        blocks.c.storage.is_(None),
    )
    .order_by(relations.c.id)
    .limit(1),
    str,
)
"""Read the first name that a file came with."""


class ContentSource(Protocol):
    """Where bytes are read from."""

    def read(self, start: int, end: int) -> Iterable[bytes]:
        """Return the bytes from ``start`` up to before ``end``."""


@dataclass(frozen=True, slots=True)
class BlockContent:
    """What a block's content is, and where to read it."""

    media_type: str
    size: int
    """In bytes."""

    etag: str
    """Of the bytes alone; two blocks of one content have the same."""

    name: str | None
    """What a file was called when it came."""

    source: ContentSource


@dataclass(frozen=True, slots=True)
class _Held:
    content: bytes

    def read(self, start: int, end: int) -> Iterable[bytes]:
        return (self.content[start:end],)


@dataclass(frozen=True, slots=True)
class _Kept:
    storage: Storage
    key: FileKey

    def read(self, start: int, end: int) -> Iterable[bytes]:
        # The port refuses a range without a byte, and a file may be empty.
        if start >= end:
            return ()
        return self.storage.get(self.key, start=start, end=end).chunks


def find_content(database: Database, storage: Storage, web: Web, block: Block) -> BlockContent:
    """Find the content of a block.

    Raises:
        NotFound: there is no such file.
        Refused: it is at an address that may not be fetched.
        BadAnswer: it is at an address where it cannot be had.
        Unsupported: nothing is known of its storage.
    """
    if block.storage is None:
        return _held(block.content.encode(), TEXT)
    if block.storage == "file":
        return _find_file(database, storage, block)
    if block.storage == "url":
        return _fetch(web, block.content)
    raise Unsupported(f'block {block.id}: its storage "{block.storage}" cannot be read here')


def _held(content: bytes, media_type: str) -> BlockContent:
    digest = hashlib.sha256(content).hexdigest()
    return BlockContent(media_type, len(content), digest, None, _Held(content))


def _find_file(database: Database, storage: Storage, block: Block) -> BlockContent:
    digest = block.content.removeprefix(PREFIX)
    key = file_key(digest)
    try:
        info = storage.head(key)
    except NotFound:
        raise NotFound(f"file {block.content}: not found") from None
    # A folder keeps no types (capabilities.keeps_content_type): there they are told anew.
    media_type = info.content_type or _sniff(storage, key, info.size)
    name = find_name(database, block.id)
    return BlockContent(media_type, info.size, digest, name, _Kept(storage, key))


def _sniff(storage: Storage, key: FileKey, size: int) -> str:
    return sniff_type(storage.get(key, end=min(size, HEAD_BYTES)).read() if size else b"")


def find_name(database: Database, block_id: int) -> str | None:
    """Return what a block's file was called when it first came; None when that was not said."""
    return clean_name(SELECT_NAME.read_first(database, block=block_id, relation=NAMED))


def _fetch(web: Web, url: str) -> BlockContent:
    page = web.fetch(url)
    if not page.is_found:
        raise BadAnswer(f"page: its server answered {page.status}")
    said = page.headers.get("content-type", "")
    return _held(page.content, said or sniff_type(page.content))
