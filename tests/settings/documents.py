"""TOML documents to locate keys in: those kept here, and as many as wanted that are made up."""

import random
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

KEPT = ROOT / "tests" / "data" / "toml"
OURS = ("profiles", "inkcre")
"""Not ``inkcre.toml`` of the checkout, which belongs to whoever keeps a base there."""

NAMES = (
    "a",
    "name",
    "kebab-case",
    "snake_case",
    "X",
    "0",
    "1e3",
    "true",
    "ключ",
    "键",
    "a b",
    "a.b",
    "'",
    "[",
    "#",
    "=",
)
COMMENTS = ("", "", "", " # a comment", "#tight", "\t# [x] = 'y'", " # é 😀", " ")
SPACES = ("", " ", " ", " ", "  ", "\t")
TEXTS = ("", "x", "#", "a = 1", "[t]", "}{][,", "é", "资料库", "😀", "'", "two words", "1979-05-27")
NUMBERS = ("0", "-1", "+7", "1_000", "0xdead_BEEF", "0o17", "0b1_0", "1.5", "-2e-3", "6.0E+2", "inf", "-inf", "true", "false")  # fmt: skip
TIMES = ("1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5-07:00", "1979-05-27t07:32:00", "1979-05-27", "07:32:00")  # fmt: skip
MAX_DEPTH = 3


def documents() -> list[tuple[str, bytes]]:
    """Return every kept document with its name: the corpus, and what the package is made of."""
    paths = [*KEPT.glob("*.toml"), ROOT / "pyproject.toml"]
    paths += [path for folder in OURS for path in (ROOT / folder).rglob("*.toml")]
    return [(path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in sorted(paths)]


def made_up(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield valid documents of varied form, the same for the same seed; named by their numbers."""
    for number in range(count):
        text = Writer(random.Random(f"{seed}/{number}")).document()
        if number % 3 == 1:
            text = text.replace("\n", "\r\n")
        mark = "\ufeff" if number % 5 == 2 else ""
        yield f"{seed}/{number}", f"{mark}{text}".encode()


def located_documents() -> Iterator[tuple[Path, bytes]]:
    """Yield what tests of places read, with names that failures show."""
    for name, content in (*documents(), *made_up(seed=2026, count=12)):
        yield Path(name), content


class Writer:
    """Writes one document; whatever may be written in several ways is drawn."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._count = 0

    def document(self) -> str:
        """Write pairs, then tables and arrays of tables with what stands below them."""
        parts = [self._pairs()]
        parts += [self._section((self._key(),), 0) for _ in range(self._dice.randint(2, 5))]
        text = "".join(parts)
        return text.removesuffix("\n") if self._dice.random() < 0.2 else text

    def _pick(self, choices: tuple[str, ...]) -> str:
        return self._dice.choice(choices)

    def _space(self) -> str:
        return self._pick(SPACES)

    def _key(self) -> str:
        """Write a key that no other of the document is like, in one of three quotings."""
        self._count += 1
        name = f"{self._pick(NAMES)}{self._count}"
        styles = [f'"{name}"']
        if "'" not in name:
            styles.append(f"'{name}'")
        if name.isascii() and name.replace("-", "").replace("_", "").isalnum():
            styles += [name] * 6
        return self._dice.choice(styles)

    def _dotted(self, keys: tuple[str, ...]) -> str:
        return f"{self._pick(('', '', ' '))}.{self._pick(('', '', ' '))}".join(keys)

    def _pairs(self) -> str:
        """Write lines of pairs; some share the beginning of a dotted key."""
        lines: list[str] = []
        for _ in range(self._dice.randint(0, 6)):
            shared = tuple(self._key() for _ in range(self._dice.choice((0, 0, 0, 1, 2))))
            for _ in range(self._dice.randint(1, 3) if shared else 1):
                key = self._dotted((*shared, self._key()))
                end = self._pick(COMMENTS)
                value = self._value(0)
                lines.append(f"{self._space()}{key}{self._space()}={self._space()}{value}{end}\n")
            lines.append(self._pick(("", "", "\n", "# between\n", "  \t\n")))
        return "".join(lines)

    def _section(self, keys: tuple[str, ...], depth: int) -> str:
        """Write a table, or some of an array, each with tables below it."""
        is_array = self._dice.random() < 0.4
        opening, closing = ("[[", "]]") if is_array else ("[", "]")
        parts: list[str] = []
        for _ in range(self._dice.randint(1, 3) if is_array else 1):
            header = f"{opening}{self._space()}{self._dotted(keys)}{self._space()}{closing}"
            parts.append(f"{self._space()}{header}{self._pick(COMMENTS)}\n{self._pairs()}")
            below = range(self._dice.randint(0, 2) if depth < MAX_DEPTH else 0)
            parts += [self._section((*keys, self._key()), depth + 1) for _ in below]
        return "".join(parts)

    def _value(self, depth: int) -> str:
        kinds = ["text", "number", "time"]
        kinds += ["array", "table"] if depth < MAX_DEPTH else []
        match self._dice.choice(kinds):
            case "text":
                return self._text()
            case "number":
                return self._pick(NUMBERS)
            case "time":
                return self._pick(TIMES)
            case "array":
                return self._array(depth)
            case _:
                return self._table(depth)

    def _text(self) -> str:
        text = self._pick(TEXTS)
        styles = [f'"{text}"', f'"{text}\\t\\u00e9\\U0001F600\\""', f'"""{text}"""']
        styles += [f'"""\n{text}\n  ""{text}\\\n\n   x"""', f"'''\n{text}\\\n'''"]
        if "'" not in text:
            styles += [f"'{text}'", f"'{text}\\'"]
        return self._dice.choice(styles)

    def _array(self, depth: int) -> str:
        """Write an array: on a line, or with lines, comments and a comma after the last."""
        items = [self._value(depth + 1) for _ in range(self._dice.randint(0, 4))]
        if self._dice.random() < 0.5:
            comma = f"{self._space()},{self._space()}"
            return f"[{self._space()}{comma.join(items)}{self._space()}]"
        lines = "".join(f"  {item},{self._pick(COMMENTS)}\n" for item in items)
        return f"[{self._pick(COMMENTS)}\n{lines}# before the end\n]"

    def _table(self, depth: int) -> str:
        """Write an inline table, on one line but for what its values need."""
        pairs: list[str] = []
        for _ in range(self._dice.randint(0, 3)):
            keys = tuple(self._key() for _ in range(self._dice.choice((1, 1, 2))))
            value = self._value(depth + 1)
            pairs.append(f"{self._dotted(keys)}{self._space()}={self._space()}{value}")
        comma = f"{self._space()},{self._space()}"
        return f"{{{self._space()}{comma.join(pairs)}{self._space()}}}"
