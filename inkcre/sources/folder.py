"""A folder of this machine: its text, Markdown, HTML and PDF files.

Nothing watches it: each collect walks it, reads every file, and looks whether its bytes are still
those of the last time.
"""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, Any, ClassVar
from urllib.parse import unquote

from pydantic import Field

from inkcre.errors import Invalid, Misconfigured
from inkcre.infobase.sourcing import Item, Seen, SourceBase, SourceConfig, SourceState
from inkcre.infobase.stars import Arc, page, star, text
from inkcre.sources.pages import decode_html, read_page

logger = logging.getLogger("inkcre.sources")

MAX_FILES = 100_000
MAX_FRONT_VALUES = 100
MAX_LINKS = 500
MARKDOWN_LINK = re.compile(
    r"(?<!!)\[[^\]\n]{0,300}\]\(\s*<?([^)\s>]{1,1000})>?(?:\s+[\"'][^)]*)?\)"
)
WIKI_LINK = re.compile(r"\[\[([^\]|#\n]{1,300})(?:[|#][^\]\n]{0,300})?\]\]")
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


class FolderSource(SourceBase[FolderConfig, SourceState]):
    """A folder: its text, Markdown, HTML and PDF files, with their links and changes."""

    name: ClassVar[str] = "folder"
    config_model = FolderConfig
    gives_all: ClassVar[bool] = True

    @classmethod
    def examine(cls, config: FolderConfig, folders: Sequence[PurePath]) -> None:
        """Return if the folder may be read.

        Raises:
            Invalid: it is in none of ``folders``.
        """
        _find_root(config, folders)

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:  # noqa: ARG002 - it always walks
        """Yield every file that can be read, those that have not changed only by name."""
        root = _find_root(self.config, self.surroundings.folders)
        stamps = self.surroundings.stamps()
        paths = {self._key(root, path): path for path in _walk(root, self.surroundings.check)}
        named = _by_name(paths)
        for key, path in paths.items():
            self.surroundings.check()
            content = self._read(path)
            if content is None:
                if key in stamps:
                    yield Seen(key)
                continue
            stamp = hashlib.sha256(content).hexdigest()
            read = READERS[path.suffix.lower()]
            if read is _read_pdf and stamps.get(key) == stamp:
                yield Seen(key)  # reading one takes seconds
                continue
            document = read(content, path)
            if document is None:
                yield Seen(key)
            elif document.text.strip():
                yield _make_item(key, document, stamp, paths, named)

    def _key(self, root: Path, path: Path) -> str:
        return (
            path.relative_to(root)
            .as_posix()
            .encode("utf-8", "surrogateescape")
            .decode("utf-8", "replace")
        )

    def _read(self, path: Path) -> bytes | None:
        try:
            if path.stat().st_size > self.config.max_bytes:
                logger.warning("%s: larger than %d bytes", path, self.config.max_bytes)
                return None
            return path.read_bytes()
        except OSError as error:
            logger.warning("%s: %s", path, error.strerror)
            return None


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


def _walk(root: Path, check: Callable[[], None]) -> Iterator[Path]:
    """Yield the files that can be read, in order; hidden ones and links to elsewhere are left out.

    Raises:
        Misconfigured: a folder cannot be listed; what is in it cannot be told from what is gone.
    """

    def refuse(error: OSError) -> None:
        raise Misconfigured(
            f"{error.filename}: {(error.strerror or 'cannot be listed').lower()}",
            hint="look whether the folder is there, and its rights",
        )

    found = 0
    for folder, names, files in os.walk(root, onerror=refuse):
        check()
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in READERS:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                continue
            found += 1
            if found > MAX_FILES:
                raise Misconfigured(
                    f"{root}: more than {MAX_FILES} files", hint="name a part of it"
                )
            yield path


def _by_name(paths: dict[str, Path]) -> dict[str, str]:
    """Give keys by the names by which wikis link: without folder and ending, in small letters."""
    named: dict[str, str] = {}
    for key in paths:
        named.setdefault(PurePosixPath(key).stem.lower(), key)
    return named


def _make_item(
    key: str, document: Document, stamp: str, paths: dict[str, Path], named: dict[str, str]
) -> Item:
    links: dict[tuple[str, str], None] = {}
    for reference in document.references:
        target = _resolve(key, reference, paths, named)
        if target is not None and target != key:
            links.setdefault(("links to", target))
    arcs = [("path", text(key)), *document.arcs]
    return Item(key, star(text(document.text), arcs), stamp, tuple(links)[:MAX_LINKS])


def _resolve(key: str, reference: str, paths: dict[str, Path], named: dict[str, str]) -> str | None:
    """Give the key of the file that another refers to."""
    plain = unquote(reference).partition("#")[0].partition("?")[0]
    joined = os.path.normpath(PurePosixPath(key).parent / plain) if plain else ""
    for candidate in (joined, f"{joined}.md"):
        if candidate in paths:
            return candidate
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


def _load_yaml(source: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _load_toml(source: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(source)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _values(value: Any) -> list[str]:
    """Give what is said as text: a value, or those of a list; what is nested deeper is left out."""
    values = value if isinstance(value, list) else [value]
    plain = [
        v for v in values[:MAX_FRONT_VALUES] if v is not None and not isinstance(v, (dict, list))
    ]
    return [said for said in (str(v).strip() for v in plain) if said]


def _read_html(content: bytes, path: Path) -> Document:
    read = read_page(content, url=path.as_uri())
    said = (("title", read.title), ("author", read.byline), ("date", read.date))
    arcs: list[Arc] = [(relation, text(value)) for relation, value in said if value]
    arcs += [("links to", page(link)) for link in read.links]
    html = decode_html(content)
    inside = re.findall(r"<a\s[^>]*?href\s*=\s*[\"']([^\"'#:]{1,1000})[\"'#]", html, re.IGNORECASE)
    return Document(read.text, arcs, inside)


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
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s: no PDF that can be read: %s", path, error)
        return None
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
