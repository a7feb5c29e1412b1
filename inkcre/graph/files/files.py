"""Files: what is too large or too little text for a row, kept once by what it is.

A file's key is made of the SHA-256 of its content, so the same file is there once, and a file that
is there never changes. A block of storage ``file`` names one as ``sha256:`` and 64 hexadecimal
digits. Who takes a file in notes it, puts it and then writes the block: ``notes`` tells why a file
that a block names is not lost between them, and ``claims`` whose the storage is.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from inkcre.errors import Invalid, NotFound, SurroundingsError, Unavailable
from inkcre.graph.blocks import create_block
from inkcre.graph.file_notes import HOLD, SELECT_NAMED, being_swept, select_digests
from inkcre.graph.files import claims
from inkcre.graph.files.claims import require
from inkcre.graph.files.media_types import resolver_for, sniff_type
from inkcre.graph.forms import BlockForm, Star, clean_name
from inkcre.graph.graphs import write_graph
from inkcre.graph.records import Block
from inkcre.graph.storages import PREFIX
from inkcre.ports.database import Database
from inkcre.ports.storage import FileInfo, FileKey, Standing, Storage, Tenure, first_part

FILES = claims.FILES
INCOMING = "incoming"
"""The folders of what is kept, and of what has not all come yet; in the second each base has one of
its own."""

FRESH = timedelta(days=1)
"""How old a file may be that is there already when its first block comes. An older one is put
again: where a copy of this base let it go before, and has not heard of the block, it is seen to be
in use by that."""

SMALL_BYTES = 1024 * 1024
"""A file of so much is put under its key at once; of a larger one the key is not known until all
of it has come and been put elsewhere."""

NAMED = "named"
"""What a file's block is to the text of a name that it came with."""


def file_key(digest: str) -> FileKey:
    """Return the key of the file whose content has a digest."""
    return FileKey(f"{FILES}/{digest[:2]}/{digest}")


def digest_of_key(key: str) -> str:
    """Return the digest that a key is made of."""
    return key.rpartition("/")[2]


@dataclass
class Arrival:
    """A file that has come and been put, or is held, but is under no key of its own yet."""

    digest: str
    size: int
    media_type: str
    held: bytes | None
    """All of it, if it is small."""

    staged: FileKey | None
    """Where it is, if it is not."""


@contextmanager
def receive_file(
    storage: Storage, chunks: Iterable[bytes], base: str, *, media_type: str | None = None
) -> Iterator[Arrival]:
    """Take a file in for a base, and clear up behind it; nothing is gathered but its first part.

    ``media_type``: that of another storage, where the file was before. None: what its content says.
    """
    first, rest = first_part(chunks, SMALL_BYTES)
    digest = hashlib.sha256(first)
    media_type = media_type or sniff_type(first)
    if rest is None:
        yield Arrival(digest.hexdigest(), len(first), media_type, first, None)
        return
    size = len(first)

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in rest:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    staged = FileKey(f"{INCOMING}/{base}/{uuid.uuid4().hex}")
    storage.put(staged, chain((first,), counted()), content_type=media_type)
    arrival = Arrival(digest.hexdigest(), size, media_type, None, staged)
    try:
        yield arrival
    finally:
        if arrival.staged is not None:
            with suppress(SurroundingsError):  # a sweep finds it
                storage.delete([arrival.staged])


def keep_file(storage: Storage, arrival: Arrival) -> FileInfo | None:
    """Put what has come under its key unless it is there; give what is known of it if it was."""
    key = file_key(arrival.digest)
    found = _find(storage, key, arrival.size)
    if found is None:
        _put(storage, key, arrival)
    return found


def _put(storage: Storage, key: FileKey, arrival: Arrival) -> None:
    if arrival.held is not None:
        storage.put(key, arrival.held, content_type=arrival.media_type)
    elif arrival.staged is not None:
        storage.move(arrival.staged, key)
        arrival.staged = None
    else:
        raise Unavailable(f"file {PREFIX}{arrival.digest}: somebody else deleted it")
    # Before its block is written: a block that was acknowledged survives a power cut, and is not to
    # outlive its file.
    storage.sync(key)


def _find(storage: Storage, key: FileKey, size: int) -> FileInfo | None:
    """Return what is known of a file that is there, and is not one that a power cut has emptied."""
    try:
        found = storage.head(key)
    except NotFound:
        return None
    return found if found.size == size else None


@dataclass(frozen=True)
class Shelf:
    """A storage in which this base may keep files."""

    database: Database
    storage: Storage
    standing: Standing

    def hold(self, digest: str) -> None:
        """Note a file that is about to be put, so that no sweep takes it.

        Raises:
            Unavailable: a sweep is at it just now; once it has ended the file can be sent again.
        """
        if not self.database.atomic([HOLD(digest=digest, storage=self.standing.storage)])[0]:
            raise being_swept(digest)

    def has_named(self, digest: str) -> bool:
        """Tell whether a block names a file."""
        return bool(select_digests(self.database, SELECT_NAMED, [digest]))


OpenShelf = Callable[[], Shelf]
"""Looks whose the storage is when the first file comes."""


@dataclass(frozen=True)
class UnnamedFile:
    """A file that is kept, and noted, until the block comes that names it."""

    digest: str
    resolver: str
    """That of its block."""


KeepFile = Callable[[Iterable[bytes]], UnnamedFile]
"""Keeps a file for somebody who writes its block himself."""


def keep_unnamed(shelf: Shelf, chunks: Iterable[bytes], now: datetime) -> UnnamedFile:
    """Keep a file as ``add_file`` does, for somebody who writes its block himself, and soon.

    As long as nobody has, it is noted: a sweep takes it when ``storage.keep_days`` are over.

    Raises:
        Unavailable: a sweep is at it just now.
    """
    with receive_file(shelf.storage, chunks, shelf.standing.base) as arrival:
        shelf.hold(arrival.digest)
        found = keep_file(shelf.storage, arrival)
        is_old = found is not None and now - found.modified_at > FRESH
        if is_old and not shelf.has_named(arrival.digest):
            _put(shelf.storage, file_key(arrival.digest), arrival)
    return UnnamedFile(arrival.digest, resolver_for(arrival.media_type))


def open_shelf(database: Database, storage: Storage, tenure: Tenure) -> Shelf:
    """Look whose a storage is.

    Raises:
        StorageTaken: it belongs to another base.
    """
    return Shelf(database, storage, require(database, storage, tenure))


def add_file(
    database: Database,
    storage: Storage,
    chunks: Iterable[bytes],
    *,
    name: str | None,
    now: datetime,
    tenure: Tenure | None = None,
) -> tuple[Block, bool]:
    """Keep a file, and add a block for it; give the block, and whether it was added.

    The same file twice is kept once, and is one block. A name is a text block that the file's
    block is related to; a file can have several.

    Raises:
        Invalid: of the name nothing is left that a file can be called; nothing was written.
        StorageTaken: the storage belongs to another base; nothing was written.
        Unavailable: a sweep is at it just now; once it has ended the file can be sent again.
    """
    kept_name = clean_name(name)
    if name and kept_name is None:
        raise Invalid("has nothing in it that a file can be called", field="name")
    shelf = open_shelf(database, storage, tenure or Tenure())
    with receive_file(storage, chunks, shelf.standing.base) as arrival:
        shelf.hold(arrival.digest)
        found = keep_file(storage, arrival)
        form = BlockForm(
            resolver=resolver_for(arrival.media_type),
            storage="file",
            content=f"{PREFIX}{arrival.digest}",
        )
        block, is_new = _write_block(database, form, kept_name, now)
        # The block is there, and no sweep has the file. One may have had it and have ended, if
        # this took very long: it can be seen whether the file is there.
        if keep_file(storage, arrival) and found and is_new and now - found.modified_at > FRESH:
            _put(storage, file_key(arrival.digest), arrival)
    return block, is_new


def _write_block(
    database: Database, form: BlockForm, name: str | None, now: datetime
) -> tuple[Block, bool]:
    if name is None:
        return create_block(database, form, now)
    text = {"block": {"resolver": "text", "content": name}}
    arcs = [{"relation": {"content": NAMED}, "to_block": text}]
    # One batch for both: a file is never there without the name that it came with.
    star = Star.model_validate({"block": form.model_dump(), "out_relations": arcs})
    graph = write_graph(database, star, now)
    block = graph.blocks[0]
    return block, block.id in graph.created.blocks
