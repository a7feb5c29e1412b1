"""Change one value in the text of a TOML file, and not a byte of anything else.

The text is spliced at the positions that the parser noted. tomlkit writes the values and keys; it
does not edit the document, because it puts a new key below the comment of the table that follows,
drops a value's comment with the value, writes LF into a CRLF file, and cannot remove from a table
that stands in two places (all seen with 0.15.2).
"""

import copy
import math
import tomllib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from inkcre.settings.toml import Span, TomlDocument
from inkcre.settings.toml_values import toml_key, toml_value

BYTE_ORDER_MARK = "\ufeff"

Path = tuple[str, ...]


class NotEditable(Exception):
    """Tell why a text cannot be changed in this way."""


@dataclass(frozen=True)
class Splice:
    """Put ``text`` in the place of what stands between two offsets of the normalised text."""

    start: int
    end: int
    text: str


def set_value(document: TomlDocument, content: bytes, path: Path, value: object) -> bytes:
    """Return the file's bytes with ``value`` at ``path``, which is added where it is missing.

    Args:
        document: what ``content`` was parsed to.
        content: the file's bytes.
        path: the keys of the value.
        value: what TOML can say.

    Raises:
        NotEditable: the text has something else on the way to ``path``.
    """
    expected = copy.deepcopy(document.data)
    table = expected
    for key in path[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            raise NotEditable(f"{toml_key(path[:-1])} is not a table there")
        table = inner
    if isinstance(table.get(path[-1]), dict):
        raise NotEditable(f"{toml_key(path)} is a table there")
    table[path[-1]] = value
    return apply_splice(content, _plan_set(document, path, value), expected)


def unset_value(document: TomlDocument, content: bytes, path: Path) -> bytes:
    """Return the file's bytes without the value at ``path``; its comment stays.

    Raises:
        NotEditable: there is no value at ``path``.
    """
    span = document.span(path)
    if span is None or span.key == span.value:
        raise NotEditable(f"{toml_key(path)} is not a value there")
    expected = copy.deepcopy(document.data)
    table = expected
    for key in path[:-1]:
        inner = table[key]
        assert isinstance(inner, dict)  # it has a span
        table = inner
    del table[path[-1]]
    return apply_splice(content, _plan_unset(document, path, span), expected)


def apply_splice(content: bytes, splice: Splice, expected: dict[str, object]) -> bytes:
    """Return a file's bytes with a splice made, if the result says what is expected.

    Raises:
        NotEditable: it says something else, or is no TOML.
    """
    raw = content.decode("utf-8-sig")
    first = raw.find("\n")
    newline = "\r\n" if first > 0 and raw[first - 1] == "\r" else "\n"
    start, end = (_original_offset(raw, offset) for offset in (splice.start, splice.end))
    changed = raw[:start] + splice.text.replace("\n", newline) + raw[end:]
    _require(changed, expected)
    mark = BYTE_ORDER_MARK if content.startswith(BYTE_ORDER_MARK.encode()) else ""
    return (mark + changed).encode()


def _original_offset(raw: str, offset: int) -> int:
    """Turn an offset in the text with LF into one in the text as it is in the file."""
    pairs: list[int] = []
    at = raw.find("\r\n")
    while at >= 0:
        pairs.append(at - len(pairs))
        at = raw.find("\r\n", at + 2)
    return offset + bisect_left(pairs, offset)


def _require(text: str, expected: dict[str, object]) -> None:
    """Refuse a change that did anything but what was asked, whatever the reason."""
    try:
        is_right = _without_empty(tomllib.loads(text)) == _without_empty(expected)
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise NotEditable("the file is written in a way that cannot be changed from here")


def _without_empty(value: object) -> object:
    """Leave tables out that have nothing in them: a dotted key takes its tables along.

    Not a number becomes a word, since it is not even equal to itself.
    """
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return "nan" if isinstance(value, float) and math.isnan(value) else value
    inner = {key: _without_empty(item) for key, item in value.items()}
    return {key: item for key, item in inner.items() if item != {}}


def _plan_set(document: TomlDocument, path: Path, value: object) -> Splice:
    span = document.span(path)
    if span:
        return _replace(document, span, value)
    table = next(path[:n] for n in range(len(path) - 1, -1, -1) if _is_table(document, path[:n]))
    place = document.span(table)
    if place is None:
        at_top = len(path) == 1
        return _insert_at_top(document, path, value) if at_top else _append(document, path, value)
    inline = _innermost_inline(document, table)
    if inline:
        return _insert_inline(document, inline, _line(path[len(inline) :], value))
    if document.text[place.key] != "[":
        return _insert_dotted(document, table, path, value)
    if table == path[:-1] and _is_own_header(document, table, place):
        return _insert_in_table(document, place, _line(path[-1:], value))
    return _append(document, path, value)


def _line(path: Path, value: object) -> str:
    return f"{toml_key(path)} = {toml_value(value)}"


def _headers(document: TomlDocument) -> list[int]:
    """Return the offsets of table headers, and not of the arrays in arrays that look like them."""
    offsets = []
    for keys, span in document.spans.items():
        named = keys
        while isinstance(named[-1], int):
            named = named[:-1]
        outer = document.spans[named]
        if outer.key == outer.value and document.text[span.key] == "[":
            offsets.append(span.key)
    return offsets


def _is_table(document: TomlDocument, path: Path) -> bool:
    table: object = document.data
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    return isinstance(table, dict)


def _is_own_header(document: TomlDocument, table: Path, place: Span) -> bool:
    """Tell ``[a]`` from the ``[a.b]`` that only implies it."""
    return not any(
        span.key == place.key and len(keys) > len(table) for keys, span in document.spans.items()
    )


def _replace(document: TomlDocument, span: Span, value: object) -> Splice:
    old = document.text[span.value : span.end]
    is_literal = old.startswith("'") and not old.startswith("'''")
    can_be = is_literal and isinstance(value, str) and "'" not in value and value.isprintable()
    new = f"'{value}'" if can_be else toml_value(value)
    hoisted = "".join(f"{comment}\n" for comment in comments_within(old))
    if not hoisted:
        return Splice(span.value, span.end, new)
    line_start = document.text.rfind("\n", 0, span.key) + 1
    kept = document.text[line_start : span.value]
    return Splice(line_start, span.end, f"{hoisted}{kept}{new}")


def _insert_at_top(document: TomlDocument, path: Path, value: object) -> Splice:
    """Put a key that belongs to no table after its kind, else below the file's first comment."""
    written = _line(path, value)
    end = min(_headers(document), default=len(document.text))
    siblings = [s for s in _pairs(document) if s.key < end]
    if siblings:
        return _insert_after(document, max(siblings, key=lambda s: s.end), written)
    lines = document.text[:end].split("\n")
    leading = next((n for n, text in enumerate(lines) if not text.startswith("#")), len(lines))
    is_comment_of_table = leading == len(lines) - 1 and end < len(document.text)
    offset = 0 if is_comment_of_table else sum(len(text) + 1 for text in lines[:leading])
    offset = min(offset, len(document.text))
    lead = "" if offset == 0 or document.text[offset - 1] == "\n" else "\n"
    tail = "\n" if document.text[offset : offset + 1] not in ("", "\n") else ""
    return Splice(offset, offset, f"{lead}{written}\n{tail}")


def _pairs(document: TomlDocument) -> Iterator[Span]:
    """Yield where each key stands with its value."""
    for keys, span in document.spans.items():
        if span.key != span.value and isinstance(keys[-1], str):
            yield span


def _insert_after(document: TomlDocument, sibling: Span, written: str) -> Splice:
    """Put a line below the one on which another value ends, indented as that one begins."""
    line_start = document.text.rfind("\n", 0, sibling.key) + 1
    lead = document.text[line_start : sibling.key]
    indent = lead if not lead.strip() else ""
    end = document.text.find("\n", sibling.end)
    end = len(document.text) if end < 0 else end
    return Splice(end, end, f"\n{indent}{written}")


def _insert_in_table(document: TomlDocument, header: Span, written: str) -> Splice:
    following = (start for start in _headers(document) if start > header.key)
    limit = min(following, default=len(document.text))
    siblings = [s for s in _pairs(document) if header.key < s.key < limit]
    return _insert_after(document, max(siblings, key=lambda s: s.end, default=header), written)


def _innermost_inline(document: TomlDocument, table: Path) -> Path:
    """Return the longest beginning of a table's path that is written in braces; () for none."""
    for length in range(len(table), 0, -1):
        span = document.spans[table[:length]]
        if span.key != span.value:
            return table[:length]
    return ()


def _insert_inline(document: TomlDocument, table: Path, written: str) -> Splice:
    place = document.spans[table]
    inside = [s for k, s in document.spans.items() if k[: len(table)] == table != k]
    if inside:
        end = max(span.end for span in inside)
        return Splice(end, end, f", {written}")
    return Splice(place.value, place.end, f"{{ {written} }}")


def _insert_dotted(document: TomlDocument, table: Path, path: Path, value: object) -> Splice:
    """Put a key after one that has the same dotted beginning."""
    siblings = {
        keys: span
        for keys, span in document.spans.items()
        if keys[: len(table)] == table and span.key != span.value
    }
    keys, sibling = max(siblings.items(), key=lambda item: item[1].end)
    names = _depth(tomllib.loads(f"{document.text[sibling.key : sibling.value]}0"))
    header_length = len(keys) - names
    return _insert_after(document, sibling, _line(path[header_length:], value))


def _depth(tree: object) -> int:
    return 1 + _depth(next(iter(tree.values()))) if isinstance(tree, dict) else 0


def _append(document: TomlDocument, path: Path, value: object) -> Splice:
    """Put a new table at the end."""
    text = document.text
    end = len(text)
    gap = "" if not text.strip() else ("\n" if text.endswith("\n") else "\n\n")
    return Splice(end, end, f"{gap}[{toml_key(path[:-1])}]\n{_line(path[-1:], value)}\n")


def _plan_unset(document: TomlDocument, path: Path, span: Span) -> Splice:
    text = document.text
    inline = _inline_table_around(document, path, span)
    comments = list(comments_within(text[span.value : span.end]))
    if inline is not None:
        if comments:
            raise NotEditable(f"{toml_key(path)} has comments, and they would have no place")
        return _remove_inline(inline, span)
    line_start = text.rfind("\n", 0, span.key) + 1
    line_end = text.find("\n", span.end)
    line_end = len(text) if line_end < 0 else line_end
    indent = text[line_start : span.key]
    kept = [*comments, *comments_within(text[span.end : line_end])]
    if kept:
        return Splice(line_start, line_end, "\n".join(f"{indent}{comment}" for comment in kept))
    return Splice(line_start, min(line_end + 1, len(text)), "")


def _inline_table_around(document: TomlDocument, path: Path, span: Span) -> list[Span] | None:
    """Return the members of the inline table that a key stands in, in order; None outside one."""
    for length in range(len(path) - 1, 0, -1):
        outer = document.span(path[:length])
        if outer and outer.key != outer.value and outer.value < span.key < outer.end:
            members = [
                s
                for keys, s in document.spans.items()
                if keys[:length] == path[:length] != keys and s.key != s.value
            ]
            tops = [s for s in members if not any(o.key < s.key < o.end for o in members)]
            return sorted(tops)
    return None


def _remove_inline(members: list[Span], span: Span) -> Splice:
    at = members.index(span)
    if at + 1 < len(members):
        return Splice(span.key, members[at + 1].key, "")
    if at:
        return Splice(members[at - 1].end, span.end, "")
    return Splice(span.key, span.end, "")


def comments_within(text: str) -> Iterator[str]:
    """Yield the comments in the text of a value, or in what follows one on its line."""
    at = 0
    while at < len(text):
        if text[at] == "#":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield text[at:end].rstrip()
            at = end
        elif text[at] in "\"'":
            at = _skip_string(text, at)
        else:
            at += 1


def _skip_string(text: str, at: int) -> int:
    quote = text[at : at + 3] if text[at : at + 3] in ('"""', "'''") else text[at]
    at += len(quote)
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and quote[0] == '"' else 1
    at += len(quote)
    while len(quote) == 3 and text[at : at + 1] == quote[0]:
        at += 1  # up to two quotes may stand before the closing three
    return at
