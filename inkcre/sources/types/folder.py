"""A folder of this machine: its text, Markdown, HTML and PDF files.

Nothing watches it: each collect walks it, reads every file, and looks whether its bytes are still
those of the last time.
"""

import errno
import hashlib
import logging
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import chain, product
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, ClassVar, Literal
from urllib.parse import unquote

from pydantic import Field

from inkcre.errors import Invalid
from inkcre.graph.stars import Arc, page, star, text
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
from inkcre.sources.left_out import Reason
from inkcre.sources.pages.pages import decode_html, read_page
from inkcre.sources.types.places import RAW, Places, key_of

logger = logging.getLogger("inkcre.sources")

MAX_FILES = 100_000
MAX_FRONT_VALUES = 100
MAX_LINKS = 500
PLAIN = (str, int, float, bool, date)
"""What front matter may say; aliases in lists of lists would multiply."""

READER_ERRORS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError,
)  # fmt: skip
"""What parsers raise on files that nobody has thought of: such a file is passed over, and others
are read."""

MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\[\]\n]{0,300}\]\([ ]{0,9}<?([^()\s<>\[\]]{1,1000})[)>\s]")
WIKI_LINK = re.compile(r"\[\[([^\[\]|#\n]{1,300})[\]|#]")
"""Neither steps over the beginning of another link, so that no text takes more than its length."""

YAML_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
TOML_FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)


class FolderConfig(SourceConfig):
    """Which folder, and which of its files."""

    path: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]
    """The folder; one of ``sources.folders``, or inside of one."""

    max_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000_000
    """The largest file that is read; larger ones are passed over."""


@dataclass(frozen=True)
class Document:
    """What is in a file."""

    text: str
    arcs: Sequence[Arc] = ()
    references: Sequence[str] = ()
    """What it refers to: paths relative to it, or names of other files without their endings."""


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
    imports: ClassVar[tuple[str, ...]] = ("yaml", "inkcre.sources.pages.heavy")
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
        for key in places.placeholders & stamps.keys():
            yield Seen(key)
        places.note_known(stamps, places.placeholders | paths.keys())
        # A link to what is missing leads there still: who says it has not taken it back.
        targets = [paths.keys(), self._find_waiting(stamps, paths.keys())]
        named = _by_name(targets)
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
            if read is _read_pdf and stamps.get(key) == stamp and not full:
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
                yield _make_item(key, document, stamp, targets, named, is_same=is_same)
                continue
            self.context.left_out.add(why if document is None else "empty")
            if key in stamps:  # it may be so for a moment only
                yield Seen(key)
        self.context.left_out.add("link", places.links)
        places.look_again(root)

    def _find_waiting(self, stamps: Mapping[str, str], found: Collection[str]) -> set[str]:
        """Return the keys of files that were not found and are not sure to be gone."""
        lost = stamps.keys() - found
        if not lost or is_much(len(lost), len(stamps)):
            return lost
        kept = self._places.placeholders | {*self.context.missing()}
        return {key for key in lost if key in kept or self._places.judge(key) != "gone"}

    def judge_absence(self, key: str) -> Absence:
        """Tell whether the folders on the way to a file are still those that they were."""
        return self._places.judge(key)

    def settle(self, decided: Decided) -> None:
        """Remember which folders there are, but those in whose place there is another for now."""
        self.state.folders = self._places.remember(decided.missing)

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


def _by_name(targets: Sequence[Collection[str]]) -> dict[str, str]:
    """Return keys by the names by which wikis link: without folder and ending, in small letters."""
    named: dict[str, str] = {}
    for key in chain(*targets):
        named.setdefault(PurePosixPath(key).stem.lower(), key)
    return named


def _make_item(
    key: str,
    document: Document,
    stamp: str,
    targets: Sequence[Collection[str]],
    named: dict[str, str],
    *,
    is_same: bool,
) -> Item:
    links: dict[tuple[str, str], None] = {}
    for reference in document.references:
        target = _resolve(key, reference, targets, named)
        if target is not None and target != key:
            links.setdefault(("links to", target))
    arcs = [("path", text(key.removeprefix(RAW))), *document.arcs]
    centre = star(text(document.text), arcs)
    left_out = max(0, len(links) - MAX_LINKS)
    return Item(
        key, centre, stamp, tuple(links)[:MAX_LINKS], is_same=is_same, parts_left_out=left_out
    )


def _resolve(
    key: str, reference: str, targets: Sequence[Collection[str]], named: dict[str, str]
) -> str | None:
    """Return the key of the file that another refers to, among the first targets that have it."""
    plain = unquote(reference).partition("#")[0].partition("?")[0]
    joined = os.path.normpath(PurePosixPath(key).parent / plain) if plain else ""
    for keys, candidate in product(targets, (joined, f"{joined}.md")):
        # A key that is no UTF-8 begins as no path does, and so does what was joined to it.
        for name in (candidate, candidate.removeprefix(RAW)):
            if name in keys:
                return name
    return named.get(PurePosixPath(plain).stem.lower()) if "/" not in plain else None


def _read_text(content: bytes, _: Path) -> Document:
    return Document(_decode(content))


def _read_markdown(content: bytes, _: Path) -> Document:
    front, body = _split_front(_decode(content))
    arcs: list[Arc] = [
        (str(name), text(value)) for name, values in front.items() for value in values
    ]
    targets = [found[1] for found in MARKDOWN_LINK.finditer(body)]
    outside = dict.fromkeys(t for t in targets if t.startswith(("http://", "https://")))
    arcs += [("links to", page(url)) for url in list(outside)[:MAX_LINKS]]
    inside = [t for t in targets if "://" not in t and not t.startswith(("#", "mailto:"))]
    return Document(body, arcs, [*inside, *(m[1].strip() for m in WIKI_LINK.finditer(body))])


def _split_front(whole: str) -> tuple[dict[str, list[str]], str]:
    """Split a document into its front matter, as names and values, and the rest."""
    for pattern, load in ((YAML_FRONT, _load_yaml), (TOML_FRONT, _load_toml)):
        found = pattern.match(whole)
        if found:
            said = load(found[1])
            if isinstance(said, dict):
                return {str(name): _values(value) for name, value in said.items()}, whole[
                    found.end() :
                ].lstrip("\n")
    return {}, whole


def _load_yaml(source: str) -> object:
    import yaml

    try:
        return yaml.safe_load(source)
    except (yaml.YAMLError, *READER_ERRORS):
        return None


def _load_toml(source: str) -> object:
    import tomllib

    try:
        return tomllib.loads(source)
    except READER_ERRORS:
        return None


def _values(value: object) -> list[str]:
    """Return what is said as text: a value, or those of a list; what is nested deeper is not."""
    values = value if isinstance(value, list) else [value]
    plain = [one for one in values[:MAX_FRONT_VALUES] if isinstance(one, PLAIN)]
    return [said for said in (str(one).strip() for one in plain) if said]


def _read_html(content: bytes, path: Path) -> Document:
    read = read_page(content, url=path.as_uri())
    said = (("title", read.title), ("author", read.byline), ("date", read.date))
    arcs: list[Arc] = [(relation, text(value)) for relation, value in said if value]
    arcs += [("links to", page(link)) for link in read.links]
    return Document(read.text, arcs, read.relative_links)


def _read_pdf(content: bytes, path: Path) -> Document | None:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ModuleNotFoundError:
        logger.warning("%s: passed over; install inkcre[pdf] to read PDF files", path)
        return None
    try:
        reader = PdfReader(BytesIO(content))
        pages = [one.extract_text() for one in reader.pages]
        title = reader.metadata.title if reader.metadata else None
    except PyPdfError as error:
        raise ValueError(str(error)) from error
    arcs: list[Arc] = [("title", text(str(title)))] if title else []
    return Document("\n\n".join(pages).strip(), arcs)


def _decode(content: bytes) -> str:
    return decode_html(content).replace("\r\n", "\n")


READERS: dict[str, Callable[[bytes, Path], Document | None]] = {
    ".txt": _read_text,
    ".text": _read_text,
    ".rst": _read_text,
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
}
"""What reads a file, by its ending."""
