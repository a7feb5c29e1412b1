"""Where problems point: definitions and TOML keys, quoted as far as they may be shown."""

from collections.abc import Sequence

from inkcre.settings.diagnostics import Label
from inkcre.settings.masks import MASK, is_revealing
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Definition, DotenvOrigin, Origin, TomlOrigin, display_path
from inkcre.settings.toml import Keys, Place, TomlDocument


def label_value(definition: Definition, root: Node) -> Label:
    """Point at a definition's value, which is masked unless the model says that it is no secret."""
    return _label(definition.origin, root.find(definition.path), at_key=False)


def label_item(definition: Definition, indexes: Sequence[int], root: Node) -> Label:
    """Point at an element of a list where the file has one, else at the whole value."""
    if indexes and isinstance(definition.origin, TomlOrigin):
        keys = (*definition.origin.keys, *indexes)
        if definition.origin.document.span(keys):
            return label_toml(definition.origin.document, keys, at_key=False, masked=False)
    return label_value(definition, root)


def label_key(definition: Definition) -> Label:
    """Point at a definition's key; the value is masked, since nobody knows what it is."""
    return _label(definition.origin, None, at_key=True)


def label_table(definition: Definition, table: KeyPath) -> Label:
    """Point at the table ``table`` through any definition inside it."""
    origin = definition.origin
    if not isinstance(origin, TomlOrigin):
        return Label(origin.describe())
    keys = origin.keys[: len(origin.keys) - (len(definition.path) - len(table))]
    if not keys:
        return Label(display_path(origin.document.path))
    return label_toml(origin.document, keys, at_key=True, masked=True)


def _label(origin: Origin, node: Node | None, *, at_key: bool) -> Label:
    if isinstance(origin, TomlOrigin):
        masked = at_key or node is None or node.is_secret or not node.is_leaf
        return label_toml(origin.document, origin.keys, at_key=at_key, masked=masked)
    if isinstance(origin, DotenvOrigin):
        return Label(display_path(origin.path), Place(origin.line, 1, 1))
    return Label(origin.describe())


def label_toml(document: TomlDocument, keys: Keys, *, at_key: bool, masked: bool) -> Label:
    """Quote the line on which a key or its value stands, and nothing else of the file.

    A value that looks like a secret is masked whole, of whichever setting, and so is such a key.
    """
    source = display_path(document.path)
    span = document.span(keys)
    if span is None:
        return Label(f"{source} (line unknown)")
    is_header = span.key == span.value
    # As it is read, and not as it is written: an escape hides what it looks like.
    masked = masked or is_revealing(str(document.value(keys)))
    start, end = (span.key, _key_end(document.text, span.key, span.value)) if at_key else span[1:]
    if is_header:
        start, end = span.key, span.end
    place = document.place(start, end)
    line_start = document.text.rfind("\n", 0, start) + 1
    line_end = line_start + len(document.line(place.line))
    key_start = max(span.key, line_start)
    lead = document.text[line_start:key_start]
    lead = lead if not lead.strip() else "… "
    shown_end = span.value if masked and not is_header else min(span.end, line_end)
    shown = lead + document.text[key_start:shown_end] + (MASK if masked and not is_header else "")
    length = len(MASK) if masked and not at_key and not is_header else place.length
    if is_revealing(".".join(map(str, keys))):
        return Label(source, place, MASK, 1, len(MASK))
    return Label(source, place, shown, len(lead) + (start - key_start) + 1, length)


def _key_end(text: str, key: int, value: int) -> int:
    return key + len(text[key:value].rstrip().removesuffix("=").rstrip()) or key + 1
