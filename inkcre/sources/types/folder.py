"""A folder of this machine: its text, Markdown, HTML and PDF files.

Nothing watches it: each collect walks it, reads every file, and looks whether its bytes are still
those of the last time.
"""

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inkcre.errors import Invalid
from inkcre.graph.stars import star, text
from inkcre.sources.absence import is_much
from inkcre.sources.base import (
    Absence,
    Decided,
    Item,
    Seen,
    SourceBase,
    SourceConfig,
    SourceState,
)
from inkcre.sources.documents.documents import MAX_LINKS, READERS, Document, read_pdf
from inkcre.sources.documents.references import Files
from inkcre.sources.left_out import Reason
from inkcre.sources.types.attachments import WHOLE, Attachments, file_key, path_key
from inkcre.sources.types.places import RAW, Places, key_of

logger = logging.getLogger("inkcre.sources")

MAX_FILES = 100_000
READER_ERRORS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError,
)  # fmt: skip
"""What parsers raise on files that nobody has thought of: such a file is passed over, and others
are read."""


class FolderConfig(SourceConfig):
    """Which folder, and which of its files."""

    path: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]
    """The folder; one of ``sources.folders``, or inside of one."""

    max_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000_000
    """The largest file of which the text is read; larger ones are passed over."""

    max_attachment_bytes: Annotated[int, Field(ge=0, le=10_000_000_000)] = 100_000_000
    """The largest file that is kept because a document embeds or links to it; 0: none is."""


class FolderState(SourceState):
    """Which folders were listed last."""

    folders: Annotated[dict[str, str], Field(default_factory=dict, repr=False)]
    """The device and inode of each, by its path below the root. Not shown: there may be many."""


class FolderSource(SourceBase[FolderConfig, FolderState]):
    """A folder: its text, Markdown, HTML and PDF files, with their links and changes."""

    name: ClassVar[str] = "folder"
    config_model = FolderConfig
    place: ClassVar[tuple[str, ...]] = ("path",)
    state_model = FolderState
    imports: ClassVar[tuple[str, ...]] = (
        "yaml", "tomlkit", "markdown_it", "inkcre.sources.pages.heavy",
    )  # fmt: skip
    gives_all: ClassVar[bool] = True
    doubts: ClassVar[Literal["remnants"]] = "remnants"

    @classmethod
    def examine(cls, config: FolderConfig, folders: Sequence[PurePath]) -> None:
        """Raise unless the folder may be read.

        Raises:
            Invalid: it is in none of ``folders``.
        """
        _find_root(config, folders)

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield every file that can be read, those that have not changed only by name."""
        root = _find_root(self.config, self.context.folders)
        stamps = self.context.stamps()
        self._places = places = Places(self.state.folders)
        walk = places.walk(root, self.context.check, endings=READERS, most=MAX_FILES)
        paths = {key_of(PurePosixPath(path.relative_to(root))): path for path in walk}
        elsewhere = {key for key in stamps if path_key(key) in places.placeholders}
        yield from map(Seen, elsewhere)
        folders = self._find_files(stamps, paths, elsewhere)
        attachments = Attachments(
            self.context, stamps, places.others, max_bytes=self.config.max_attachment_bytes,
            full=full,
        )  # fmt: skip
        for key, path in paths.items():
            self.context.check()
            content = self._read(path)
            # It is there, though it cannot be read now: what is not given would be deleted.
            if content is None:
                if key in stamps:
                    yield Seen(key)
                continue
            stamp = hashlib.sha256(content).hexdigest()
            read = READERS[path.suffix.lower()]
            # Others are read again though they are the same: what they link to may have come or
            # gone.
            if read is read_pdf and stamps.get(key) == stamp and not full:
                yield Seen(key)  # reading one takes seconds
                continue
            why: Reason = "not installed"
            try:
                document = read(content, path)
            except READER_ERRORS as error:
                logger.warning("%s: cannot be read: %s", path, error)
                document, why = None, "unreadable"
            if document is not None and document.text.strip():
                is_same = stamps.get(key) == stamp
                said = _find_said(key, document, folders)
                yield from attachments.take(said.files)
                yield _make_item(key, document, stamp, said, attachments, is_same=is_same)
                continue
            self.context.left_out.add(why if document is None else "empty")
            if key in stamps:  # it may be so for a moment only
                yield Seen(key)
        self.context.left_out.add("link", places.links)
        places.look_again(root)

    def _find_files(
        self, stamps: Mapping[str, str], paths: Mapping[str, Path], elsewhere: Collection[str]
    ) -> list[Files]:
        """Note what was known and is lost; return the files that documents may refer to.

        A link to what is missing leads there still: who says it has not taken it back.
        """
        places = self._places
        lost = stamps.keys() - paths.keys() - {*map(file_key, places.others)}
        really_lost = lost.difference(elsewhere)
        places.note_known(map(path_key, stamps.keys() - really_lost), map(path_key, really_lost))
        waiting = self._find_waiting(lost, len(stamps))
        documents = {key for key in waiting if path_key(key) == key}
        return [
            Files(paths.keys(), places.others, RAW),
            Files(documents, {*map(path_key, waiting)}, RAW),
        ]

    def _find_waiting(self, lost: set[str], total: int) -> set[str]:
        """Return those of some keys that were not found which are not sure to be gone."""
        if not lost or is_much(len(lost), total):
            return lost
        places, missing = self._places, {*self.context.missing()}
        return {
            key
            for key in lost
            for path in [path_key(key)]
            if path in places.placeholders or key in missing or places.judge(path) != "gone"
        }

    def judge_absence(self, key: str) -> Absence:
        """Tell whether the folders on the way to a file are still those that they were."""
        path = path_key(key)
        is_there = path != key and path in self._places.others
        return "unsaid" if is_there else self._places.judge(path)

    def settle(self, decided: Decided) -> None:
        """Remember which folders there are, but those in whose place there is another for now."""
        self.state.folders = self._places.remember(map(path_key, decided.missing))

    def _read(self, path: Path) -> bytes | None:
        try:
            return _read_file(path, self.config.max_bytes)
        except OSError as error:
            logger.warning("%s: %s", path, error.strerror or error)
            is_large = error.errno == errno.EFBIG
            self.context.left_out.add("too large" if is_large else "unreadable")
            return None


def _read_file(path: Path, max_bytes: int) -> bytes:
    """Read a file, and nothing else: no link, and no pipe, which would be waited for.

    Raises:
        OSError: it is none, or is larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - of a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("is no file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes")
    return content


def _find_root(config: FolderConfig, folders: Sequence[PurePath]) -> Path:
    try:
        root = Path(config.path).expanduser().resolve()
        allowed = [Path(folder).resolve() for folder in folders]
    except (OSError, RuntimeError) as error:
        raise Invalid(f"cannot be looked at: {error}", field="config.path") from None
    if not any(root.is_relative_to(folder) for folder in allowed):
        raise Invalid(
            "a folder that may not be read",
            field="config.path",
            hint="name it, or one that it is in, in sources.folders",
        )
    return root


@dataclass(frozen=True)
class _Said:
    """What a document refers to, by keys of paths, each once and in order."""

    documents: Sequence[str]
    files: Sequence[str]
    """Attachments; some are documents too."""

    left_out: int


def _find_said(key: str, document: Document, folders: Sequence[Files]) -> _Said:
    found = dict.fromkeys(
        target
        for each in document.references
        for target in [next(filter(None, (files.find(key, each) for files in folders)), None)]
        if target is not None
    )
    documents = [target.key for target in found if target.is_document]
    files = [
        target.key
        for target in found
        if not target.is_document or PurePosixPath(target.key).suffix.lower() in WHOLE
    ]
    left_out = sum(max(0, len(each) - MAX_LINKS) for each in (documents, files))
    return _Said(documents[:MAX_LINKS], files[:MAX_LINKS], left_out)


def _make_item(
    key: str,
    document: Document,
    stamp: str,
    said: _Said,
    attachments: Attachments,
    *,
    is_same: bool,
) -> Item:
    links = [("links to", other) for other in said.documents]
    links += [("attachment", file_key(path)) for path in said.files if attachments.has(path)]
    # What is not kept is at least named, unless its text is here.
    named = [
        path.removeprefix(RAW)
        for path in said.files
        if not attachments.has(path) and path not in said.documents
    ]
    arcs = [
        ("path", text(key.removeprefix(RAW))),
        *document.arcs,
        *(("attachment", text(path)) for path in named),
    ]
    centre = star(text(document.text), arcs)
    return Item(key, centre, stamp, tuple(links), is_same=is_same, parts_left_out=said.left_out)
