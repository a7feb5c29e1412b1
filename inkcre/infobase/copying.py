"""Copying a base into another: its files, its rows, and a look at whether all of it is there.

Everything can be done again: what is there is left as it is. So a copy that was cut off goes on
where it was, whatever was the last thing it did. Copy a base at rest.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Text, func, select

from inkcre.errors import NotFound
from inkcre.infobase.blocks import list_blocks
from inkcre.infobase.constructs import json_rows
from inkcre.infobase.files import FILES, digest_of_key, file_key
from inkcre.infobase.sniffing import sniff_type
from inkcre.infobase.storages import PREFIX
from inkcre.infobase.tables import blocks, relations
from inkcre.infobase.transfer import export_lines, relation_pages
from inkcre.ports.components import Components
from inkcre.ports.database import Database, Statement
from inkcre.ports.storage import FileContent, FileInfo, Storage

_digests = json_rows("digests", digest=Text())
SELECT_PRESENT = Statement(
    select(_digests.c.digest).select_from(
        _digests.join(blocks, blocks.c.digest == _digests.c.digest)
    )
)
"""Read which of some blocks are there."""

_ends = json_rows("relations", from_=Text(), to_=Text(), content=Text())
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
COUNT_PRESENT = Statement(
    select(func.count()).select_from(
        _ends.join(_from, _from.c.digest == _ends.c.from_)
        .join(_to, _to.c.digest == _ends.c.to_)
        .join(
            relations,
            (relations.c.from_ == _from.c.id)
            & (relations.c.to_ == _to.c.id)
            & (relations.c.content == _ends.c.content),
        )
    )
)
"""Count which of some relations are there."""


class _Damaged(Exception):
    """A file is not what its name says."""


@dataclass
class CopiedFiles:
    """How far the copying of files has come."""

    seen: int = 0
    copied: int = 0
    bytes: int = 0
    bad: list[str] = field(default_factory=list)
    """Files that are not what they are called, by that name; they were not copied."""


def copy_files(source: Storage, target: Storage, *, trusts: bool) -> Iterator[CopiedFiles]:
    """Copy the files that are not there yet; yield how far it is after each.

    Each is compared with the digest that it is called by, on its way or where it is. One that is
    there is read to be compared too, unless ``trusts``: it was when it was put.
    """
    done = CopiedFiles()
    cursor = None
    while True:
        page = source.list(FILES, cursor=cursor)
        for info in page.files:
            done.seen += 1
            if not _is_there(target, info, trusts=trusts):
                try:
                    _copy_file(source, target, info)
                    done.copied += 1
                    done.bytes += info.size
                except _Damaged:
                    done.bad.append(f"{PREFIX}{digest_of_key(info.key)}")
            yield done
        cursor = page.cursor
        if cursor is None:
            return


def _is_there(target: Storage, info: FileInfo, *, trusts: bool) -> bool:
    try:
        if target.head(info.key).size != info.size:
            return False
        if not trusts:
            for _ in _compared(target.get(info.key)):
                pass
    except (NotFound, _Damaged):
        return False
    return True


def _copy_file(source: Storage, target: Storage, info: FileInfo) -> None:
    found = source.get(info.key)
    chunks = _compared(found)
    first = next(chunks, b"")
    media_type = found.info.content_type or sniff_type(first)
    target.put(info.key, _after(first, chunks), content_type=media_type)


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _compared(found: FileContent) -> Iterator[bytes]:
    """Yield a file's bytes, and at their end raise if they are not what the file is called."""
    digest = hashlib.sha256()
    for chunk in found.chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != digest_of_key(found.info.key):
        raise _Damaged


def missing_lines(source: Database, target: Database) -> Iterator[bytes]:
    """Yield what has to be imported: the blocks that are not there yet, and all relations."""

    def leave_out(digests: list[str]) -> set[str]:
        given = json.dumps([{"digest": digest} for digest in digests])
        return {row[0] for row in target.read(SELECT_PRESENT(digests=given))}

    return export_lines(source, leave_out=leave_out)


def look_for_files(source: Components, target: Components) -> Iterator[tuple[str, bool]]:
    """Yield what each block of the source calls its file, and whether that is in the target."""
    cursor = None
    while True:
        page, cursor = list_blocks(source.database, storage="file", limit=1000, cursor=cursor)
        for content in dict.fromkeys(block["content"] for block in page):
            try:
                target.storage.head(file_key(content.removeprefix(PREFIX)))
            except NotFound:
                yield content, False
            else:
                yield content, True
        if cursor is None:
            return


@dataclass
class Verified:
    """How many rows were looked for, and how many of them are missing."""

    blocks: int = 0
    relations: int = 0
    missing: int = 0


def verify_rows(source: Database, target: Database) -> Verified:
    """Look for every block, by the digest of what it says now, and for every relation."""
    found = Verified()

    def look(digests: list[str]) -> set[str]:
        given = json.dumps([{"digest": digest} for digest in digests])
        found.blocks += len(digests)
        found.missing += len(digests) - len(target.read(SELECT_PRESENT(digests=given)))
        return set(digests)

    for _ in export_lines(source, leave_out=look, has_relations=False):
        pass
    for page in relation_pages(source):
        given = [{"from_": row[2], "to_": row[3], "content": row[6]} for row in page]
        ((present,),) = target.read(COUNT_PRESENT(relations=json.dumps(given)))
        found.relations += len(page)
        found.missing += len(page) - int(present)
    return found
