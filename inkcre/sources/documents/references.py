"""What a document refers to, among the files of its folder.

Two grammars: a wiki link has the name of a note, wherever that lies; an address is relative to the
document, and written as the web writes addresses.

- https://help.obsidian.md/links
- https://spec.commonmark.org/0.31.2/#links
"""

import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Literal, NamedTuple
from urllib.parse import unquote

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
BEHIND_NAME = re.compile(r"[#^]")
"""What begins a heading or a block of a note; no name has it."""


class Reference(NamedTuple):
    """What a document says that it refers to."""

    target: str
    kind: Literal["name", "address"]


@dataclass(frozen=True)
class Referent:
    """A file that is referred to."""

    key: str
    is_document: bool
    """Whether it is read itself; others are attachments."""


def name_reference(inside: str) -> Reference | None:
    """Return what a wiki link refers to, by what is in its brackets; None: to its own document."""
    # In tables the bar before the shown text is escaped.
    name = BEHIND_NAME.split(re.split(r"\\?\|", inside, maxsplit=1)[0], maxsplit=1)[0].strip()
    return Reference(name, "name") if name else None


def address_reference(address: str) -> Reference | None:
    """Return what an address refers to beside its document; None: something else, or itself."""
    is_here = address.startswith("#") or SCHEME.match(address)
    return Reference(address, "address") if address and not is_here else None


class Files:
    """The files of a folder, by what documents call them."""

    def __init__(self, documents: Collection[str], others: Collection[str], mark: str) -> None:
        """Take the keys of the documents, and of all files; ``mark`` begins one of an odd name."""
        self._documents = documents
        self._others = others
        self._mark = mark
        self._known: dict[tuple[str, Reference], Referent | None] = {}

    def find(self, key: str, reference: Reference) -> Referent | None:
        """Return the file that a document refers to; None: it is not there, or is the document."""
        folder = key.rpartition("/")[0] or "."
        asked = (folder, reference)
        if asked not in self._known:
            find = self._find_name if reference.kind == "name" else self._find_address
            self._known[asked] = find(folder, reference.target)
        found = self._known[asked]
        return None if found is None or found.key == key else found

    def _find_address(self, folder: str, address: str) -> Referent | None:
        path = re.split(r"[#?]", address, maxsplit=1)[0]
        for said in dict.fromkeys((unquote(path), path, unquote(address), address)):
            if said and not said.endswith("/"):
                found = self._find_path(folder, said) or self._find_name(folder, said)
                if found is not None:
                    return found
        return None

    def _find_path(self, folder: str, path: str) -> Referent | None:
        joined = os.path.normpath(f".{path}" if path.startswith("/") else f"{folder}/{path}")
        # A key of an odd name begins as no path does, and so does what was joined to it.
        for each in (joined, joined.removeprefix(self._mark)):
            if found := self._by_path(each) or self._by_path(f"{each}.md"):
                return found
        return None

    def _by_path(self, path: str) -> Referent | None:
        if path in self._documents:
            return Referent(path, is_document=True)
        folded = _fold(path)
        if key := self._document_paths.get(folded):
            return Referent(key, is_document=True)
        key = self._attachment_paths.get(folded)
        return Referent(key, is_document=False) if key else None

    def _find_name(self, folder: str, name: str) -> Referent | None:
        """Find by name: beside the document, from the root, or else the nearest that ends so."""
        if "\0" in name:
            return None
        if name.startswith(("./", "../", "/")):
            return self._find_path(folder, name)
        roots = (".", folder) if "/" in name else (folder,)
        for root in roots:
            if found := self._by_path(os.path.normpath(f"{root}/{name}")):
                return found
        wanted = _fold(name)
        last = wanted.rpartition("/")[2]
        candidates = [
            key for key in self._named.get(last, ()) if _ends_with(_fold(key), wanted, last)
        ]
        nearest = min(candidates, key=lambda key: _rank(folder, key, last), default=None)
        return Referent(nearest, nearest in self._documents) if nearest is not None else None

    @cached_property
    def _document_paths(self) -> dict[str, str]:
        return {_fold(key.removeprefix(self._mark)): key for key in self._documents}

    @cached_property
    def _attachment_paths(self) -> dict[str, str]:
        return {
            _fold(key.removeprefix(self._mark)): key
            for key in self._others
            if key not in self._documents and not PurePosixPath(key).name.startswith(".")
        }

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        """Keys by the last parts of paths, with and without the endings of documents."""
        named: dict[str, list[str]] = {}
        for folded, key in self._document_paths.items():
            for name in _names(PurePosixPath(folded)):
                named.setdefault(name, []).append(key)
        for folded, key in self._attachment_paths.items():
            named.setdefault(PurePosixPath(folded).name, []).append(key)
        return named


def _names(path: PurePosixPath) -> Iterator[str]:
    yield path.name
    yield path.stem


def _ends_with(path: str, wanted: str, last: str) -> bool:
    """Tell whether a path ends with what is wanted, with its ending or without."""
    if wanted == last:
        return True
    whole = f"/{path}"
    return whole.endswith(f"/{wanted}") or whole.rpartition(".")[0].endswith(f"/{wanted}")


def _rank(folder: str, key: str, last: str) -> tuple[bool, int, bool, int, str]:
    """Tell which of several is meant: of just that name, the nearest, a note, the least deep."""
    path = PurePosixPath(key)
    here, there = PurePosixPath(folder).parts, path.parent.parts
    shared = sum(1 for _ in takewhile(_are_equal, zip(here, there, strict=False)))
    steps = len(here) + len(there) - 2 * shared
    return _fold(path.name) != last, steps, path.suffix.lower() != ".md", len(there), key


def _are_equal(parts: tuple[str, str]) -> bool:
    return parts[0] == parts[1]


def _fold(name: str) -> str:
    """Return a name as it is compared: however letters are composed, large or small."""
    return unicodedata.normalize("NFC", name).casefold()
