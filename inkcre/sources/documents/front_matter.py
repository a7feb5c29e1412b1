"""What stands in front of Markdown: names and values, in YAML or TOML.

Values stay as they are written. A language's types would make 750 of 12:30, 668 of 01234 and False
of no, and nobody who wrote them meant that.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

MAX_VALUES = 100
"""How many values of one name are kept."""

MAX_DEPTH = 50

YAML_FRONT = re.compile(
    r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
TOML_FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)

YAML_KEY = re.compile(r"""(?:"[^"\n]+"|'[^'\n]+'|[^\s#:\-\[\]{}&*!|>'"%@`,?][^:\n]*)\s*:(?=\s|$)""")
TOML_KEY = re.compile(r"""(?:"[^"\n]+"|'[^'\n]+'|[\w-]+)\s*=""")

WIKI_VALUE = re.compile(r"(?m)((?:^|:|-)[ \t]+)(\[\[[^\[\]\n]+\]\])[ \t]*$")
"""A wiki link as a value, unquoted: to YAML it is a list in a list."""

BLOCK_SCALAR = re.compile(r"(?m)[|>][+-]?\d?[ \t]*$")
"""What begins a text of several lines, in which nothing is a value."""

MARKUP = frozenset("\"'[]{}&*!|>")
"""How values begin of which what is written is not what is meant."""

NULL = ("", "~", "null", "Null", "NULL")

PARSER_ERRORS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError,
)  # fmt: skip
"""What parsers raise on what nobody has thought of."""

Front = dict[str, list[str]]


def split_front(whole: str) -> tuple[Front, str]:
    """Split a document into its front matter, as names and values, and the rest.

    What only looks so, such as text between two rules, is part of the rest.
    """
    for pattern, load in ((YAML_FRONT, _load_yaml), (TOML_FRONT, _load_toml)):
        if found := pattern.match(whole):
            front = load(found[1]) if found[1].strip() else {}
            if front is not None:
                return front, whole[found.end() :].lstrip("\n")
    return {}, whole


def _load_yaml(source: str) -> Front | None:
    import yaml

    if not BLOCK_SCALAR.search(source):
        source = WIKI_VALUE.sub(_quote, source)
    try:
        return _read_yaml(source)
    except (yaml.YAMLError, *PARSER_ERRORS):
        return _load_by_keys(source, YAML_KEY, _read_yaml, (yaml.YAMLError, *PARSER_ERRORS))


def _quote(found: re.Match[str]) -> str:
    link = found[2].replace("'", "''")
    return f"{found[1]}'{link}'"


def _read_yaml(source: str) -> Front | None:
    """Return what is said; None if it is no mapping of names."""
    import yaml

    # By libyaml where it is there, which takes a tenth of the time; event by event, since what puts
    # them together goes down the stack, and with libyaml off its end.
    events = iter(yaml.parse(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    root = next((event for event in events if isinstance(event, yaml.NodeEvent)), None)
    if not isinstance(root, yaml.MappingStartEvent):
        return None
    front: Front = {}
    anchors: dict[str, list[str]] = {}
    for name in events:
        if isinstance(name, yaml.MappingEndEvent):
            break
        _values_of_yaml(name, events)  # a name may be a list, and is none of ours then
        value = next(events)
        values = _keep(_values_of_yaml(value, events))
        if isinstance(value, yaml.AliasEvent):
            values = anchors.get(value.anchor, [])
        elif value.anchor:
            anchors[value.anchor] = values
        if isinstance(name, yaml.ScalarEvent):
            front.setdefault(name.value, []).extend(values)
    return front


def _values_of_yaml(event: "yaml.Event", events: "Iterator[yaml.Event]") -> list[str]:
    """Return a value, or those of a list, to its end; what is nested deeper is not kept."""
    import yaml

    if isinstance(event, yaml.ScalarEvent):
        return [] if event.implicit[0] and event.value in NULL else [event.value]
    values: list[str] = []
    is_list = isinstance(event, yaml.SequenceStartEvent)
    depth = int(isinstance(event, yaml.CollectionStartEvent))
    while depth:
        inner = next(events)
        if isinstance(inner, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:  # the scanner takes the square of the time for it
                raise ValueError("nested too deeply")
        elif isinstance(inner, yaml.CollectionEndEvent):
            depth -= 1
        elif is_list and depth == 1:
            values += _values_of_yaml(inner, events)
    return values


def _load_toml(source: str) -> Front | None:
    try:
        return _read_toml(source)
    except PARSER_ERRORS:
        return _load_by_keys(source, TOML_KEY, _read_toml, PARSER_ERRORS)


def _read_toml(source: str) -> Front:
    import tomlkit

    return {
        str(name): _keep(_values_of_toml(value)) for name, value in tomlkit.parse(source).items()
    }


def _values_of_toml(value: object) -> Iterator[str]:
    from tomlkit.items import AbstractTable, AoT, Array, Item

    if isinstance(value, Array):
        for each in value:
            if not isinstance(each, Array):
                yield from _values_of_toml(each)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, str):
        yield str(value)
    elif isinstance(value, Item) and not isinstance(value, AbstractTable | AoT):
        yield value.as_string()


def _keep(values: Iterable[str]) -> list[str]:
    return [said for said in (value.strip() for value in values) if said][:MAX_VALUES]


def _load_by_keys(
    source: str,
    key: re.Pattern[str],
    read: Callable[[str], Front | None],
    errors: tuple[type[Exception], ...],
) -> Front | None:
    """Read each name by itself, where all of them together are broken: it costs only its own."""
    pieces = _split_at_keys(source, key)
    if pieces is None:
        return None
    front: Front = {}
    for piece in pieces:
        try:
            said = read(piece)
        except errors:
            said = _as_written(piece, key)
        for name, values in (said or {}).items():
            front.setdefault(name, []).extend(values)
    return front


def _split_at_keys(source: str, key: re.Pattern[str]) -> list[str] | None:
    """Return the lines of each name; None if there are more that belong to none: it is text."""
    pieces: list[str] = []
    strays = 0
    for line in source.splitlines(keepends=True):
        if key.match(line):
            pieces.append(line)
        elif pieces:
            pieces[-1] += line
            strays += not (line[:1].isspace() or line.startswith(("-", "#", "]", "}", "[")))
        elif line.strip() and not line.startswith("#"):
            return None
    return pieces if len(pieces) > strays else None


def _as_written(piece: str, key: re.Pattern[str]) -> Front:
    """Return a value of one line as it is written, such as a title with a colon in it."""
    line = piece.strip()
    found = key.match(line)
    if found is None or "\n" in line:
        return {}
    value = line[found.end() :].strip()
    return {found[0].rstrip(":= \t").strip("\"'"): [value]} if value[:1] not in MARKUP else {}
