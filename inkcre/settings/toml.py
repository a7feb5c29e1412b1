"""TOML files: read once, located on demand.

``tomllib`` gives no positions of keys and values, so :func:`find_spans` runs a private second
instance of its parser with the four rules that meet keys and values wrapped. That costs about
three times a plain parse, so it happens only when a position is asked for: on the way to an
error message or a report. The parser is private to CPython: when its shape is not the known
one there are no spans, and places read "line unknown".
"""

import importlib.util
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

TOO_DEEP = "the file is nested too deeply"
TOO_LARGE = "an integer has more than 64 bits"
MAX_DEPTH = 100

Keys = tuple[str | int, ...]
"""Where a value stands in a document: table keys, and indexes in arrays."""

MAX_FILE_BYTES = 1_048_576
"""A settings file is written by people; one larger than this is something else."""


Rule = Callable[..., Any]
"""A function of tomllib's own parser, which has no types that one could import."""


class Span(NamedTuple):
    """Offsets in the normalised text: where the key starts, where the value starts and ends."""

    key: int
    value: int
    end: int


class Place(NamedTuple):
    """A one-based line and column (in characters), and how many characters are meant."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class TomlDocument:
    """A parsed TOML file and the text that it was parsed from."""

    path: Path
    text: str = field(repr=False)
    data: dict[str, object] = field(repr=False)

    @cached_property
    def spans(self) -> dict[Keys, Span]:
        """Map each key path to its offsets; empty when the parser's shape is not known."""
        try:
            return find_spans(self.text)
        except (ImportError, OSError, AttributeError, TypeError, ValueError, IndexError):
            return {}

    def span(self, keys: Keys) -> Span | None:
        """Return the offsets of the value at ``keys``."""
        return self.spans.get(keys)

    def value(self, keys: Keys) -> Any:
        """Return what stands at ``keys``."""
        value: Any = self.data  # what stands where nobody here can know
        for key in keys:
            value = value[key]
        return value

    def place(self, start: int, end: int) -> Place:
        """Turn offsets into a line, a column and a length that stays on that line."""
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", start)
        line_end = len(self.text) if line_end < 0 else line_end
        length = max(1, min(end, line_end) - start)
        return Place(self.text.count("\n", 0, start) + 1, start - line_start + 1, length)

    def line(self, number: int) -> str:
        """Return the text of a one-based line."""
        return self.text.split("\n")[number - 1]


class TomlSyntaxError(Exception):
    """Tell where a text stops being TOML; never carries the text itself."""

    def __init__(self, reason: str, place: Place | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


def parse_document(path: Path, content: bytes) -> TomlDocument:
    """Parse the bytes of a TOML file, with or without a byte order mark, LF or CRLF.

    Raises:
        TomlSyntaxError: the bytes are not UTF-8 or not TOML.
    """
    try:
        # tomllib does the same; positions are in this text.
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        place = Place(before.count(b"\n") + 1, column, 1)
        raise TomlSyntaxError("the file is not UTF-8", place) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text) from None
    except RecursionError:
        raise TomlSyntaxError(TOO_DEEP, None) from None
    except ValueError:  # Python reads no number of more than 4300 digits
        raise TomlSyntaxError(TOO_LARGE, None) from None
    _require_bounds(data)
    return TomlDocument(path, text, data)


def _require_bounds(data: dict[str, object]) -> None:
    """Refuse what no settings need: deep nesting, and integers that TOML does not promise."""
    level: list[object] = [data]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise TomlSyntaxError(TOO_LARGE, None)
        level = inner
    if level:
        raise TomlSyntaxError(TOO_DEEP, None)


def _syntax_error(message: str, text: str) -> TomlSyntaxError:
    """Read the place out of tomllib's message: before CPython 3.14 it stands nowhere else."""
    reason, _, tail = message.rpartition(" (at ")
    reason = re.sub(r"\(('[^']*'(, '[^']*')*),?\)", _dotted, reason)
    words = tail.rstrip(")").replace(",", "").split()
    if tail == "end of document)":
        return TomlSyntaxError(reason, Place(text.count("\n") + 1, 1, 1))
    if len(words) == 4 and words[0] == "line" and words[2] == "column":
        return TomlSyntaxError(reason, Place(int(words[1]), int(words[3]), 1))
    return TomlSyntaxError(message, None)


def _dotted(match: re.Match[str]) -> str:
    """Write a key as TOML does where the parser's message has Python's tuple."""
    names = re.findall(r"'([^']*)'", match[1])
    return f"[{'.'.join(names)}]"


def find_spans(text: str) -> dict[Keys, Span]:
    """Map the path of every key, table header and array element in ``text`` to its offsets.

    A table header's "value" is the header itself. ``text`` has LF line ends and is valid TOML.
    """
    recorder = _Recorder(_private_parser(), text)
    recorder.run()
    return recorder.spans


def _private_parser() -> ModuleType:
    """Load a second instance of the parser, so that wrapping it changes nobody else's."""
    spec = importlib.util.find_spec("tomllib._parser")
    if spec is None or spec.loader is None:
        raise ImportError("tomllib._parser")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Recorder:
    """Follow the parser through a text and note where things stand.

    ``prefix`` is the path of the table or inline table being filled; ``elements`` is the index
    of the next element of the array being filled, or None outside of arrays.
    """

    def __init__(self, parser: ModuleType, text: str) -> None:
        self.parser = parser
        self.text = text
        self.spans: dict[Keys, Span] = {}
        self.prefix: Keys = ()
        self.elements: int | None = None
        self.array_tables: dict[Keys, int] = {}

    def run(self) -> None:
        parser = self.parser
        wrappers: dict[str, Rule] = {
            "key_value_rule": self._wrap_key_value_rule(parser.key_value_rule),
            "parse_key_value_pair": self._wrap_pair(parser.parse_key_value_pair),
            "create_dict_rule": self._wrap_table(parser.create_dict_rule),
            "create_list_rule": self._wrap_array_table(parser.create_list_rule),
            "parse_array": self._wrap_array(parser.parse_array),
            "parse_value": self._wrap_value(parser.parse_value),
        }
        for name, wrapper in wrappers.items():
            setattr(parser, name, wrapper)
        parser.loads(self.text)

    def _note(self, keys: Keys, span: Span) -> None:
        self.spans[keys] = span

    def _note_parents(self, keys: Keys, position: int, end: int) -> None:
        for length in range(len(self.prefix) + 1, len(keys)):
            self.spans.setdefault(keys[:length], Span(position, position, end))

    def _resolve(self, header: tuple[str, ...]) -> Keys:
        """Insert the current index after each key that names an array of tables."""
        keys: Keys = ()
        for key in header:
            keys += (key,)
            if keys in self.array_tables:
                keys += (self.array_tables[keys],)
        return keys

    def _wrap_key_value_rule(self, rule: Rule) -> Rule:
        def key_value_rule(
            src: str, pos: int, out: object, header: tuple[str, ...], *rest: object
        ) -> object:
            self.prefix = self._resolve(header)
            return rule(src, pos, out, header, *rest)

        return key_value_rule

    def _wrap_pair(self, rule: Rule) -> Rule:
        def parse_key_value_pair(src: str, pos: int, *rest: object) -> object:
            after_key, key = self.parser.parse_key(src, pos)
            value = self.parser.skip_chars(src, after_key + 1, self.parser.TOML_WS)
            outer, outer_elements = self.prefix, self.elements
            keys = outer + key
            self._note_parents(keys, pos, after_key)
            self.prefix, self.elements = keys, None
            result = rule(src, pos, *rest)
            self.prefix, self.elements = outer, outer_elements
            self._note(keys, Span(pos, value, result[0]))
            return result

        return parse_key_value_pair

    def _wrap_table(self, rule: Rule) -> Rule:
        def create_dict_rule(src: str, pos: int, out: object) -> tuple[int, tuple[str, ...]]:
            end, header = rule(src, pos, out)
            self.prefix, keys = (), self._resolve(header)
            self._note_parents(keys, pos, end)
            self._note(keys, Span(pos, pos, end))
            return end, header

        return create_dict_rule

    def _wrap_array_table(self, rule: Rule) -> Rule:
        def create_list_rule(src: str, pos: int, out: object) -> tuple[int, tuple[str, ...]]:
            end, header = rule(src, pos, out)
            self.prefix, keys = (), self._resolve(header[:-1]) + header[-1:]
            index = self.array_tables.get(keys, -1) + 1
            self.array_tables[keys] = index
            self._note_parents(keys, pos, end)
            self.spans.setdefault(keys, Span(pos, pos, end))
            self._note((*keys, index), Span(pos, pos, end))
            return end, header

        return create_list_rule

    def _wrap_array(self, rule: Rule) -> Rule:
        def parse_array(src: str, pos: int, *rest: object) -> object:
            outer, self.elements = self.elements, 0
            result = rule(src, pos, *rest)
            self.elements = outer
            return result

        return parse_array

    def _wrap_value(self, rule: Rule) -> Rule:
        def parse_value(src: str, pos: int, *rest: object) -> object:
            if self.elements is None:
                return rule(src, pos, *rest)
            outer, index = self.prefix, self.elements
            keys = (*outer, index)
            self.prefix, self.elements = keys, None
            result = rule(src, pos, *rest)
            self.prefix, self.elements = outer, index + 1
            self._note(keys, Span(pos, pos, result[0]))
            return result

        return parse_value
