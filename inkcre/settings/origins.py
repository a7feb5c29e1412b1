"""Where a value comes from: the one structure that everything reads which speaks of origins.

The loader fills it; error messages, reports and the assembly read it. Nothing else knows the
order of layers.

Keys and names are not in the representations of these records, as values are not: somebody typed
them, and a traceback may show them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from inkcre.settings.masks import mask, mask_forms
from inkcre.settings.nodes import PLAIN, KeyPath, Node
from inkcre.settings.toml import Keys, Place, TomlDocument

NOTHING = Node(info=None, variants={PLAIN: {}})
"""The model of an application without settings."""


class Origin(Protocol):
    """Where one definition stands."""

    @property
    def layer(self) -> str:
        """The layer's name, as the documentation lists it."""

    @property
    def base(self) -> Path | None:
        """The folder that relative paths are relative to; None: the working folder."""

    def describe(self) -> str:
        """Name the place in its own spelling: ``inkcre.toml:3:1``, ``INKCRE_HTTP__PORT``."""


@dataclass(frozen=True)
class DefaultOrigin:
    """The model's own default."""

    layer: str = "default"
    base: Path | None = None

    def describe(self) -> str:
        """Name the place in its own spelling."""
        return "default"


@dataclass(frozen=True)
class TomlOrigin:
    """A key of a TOML file."""

    layer: str
    document: TomlDocument
    keys: Keys = field(repr=False)
    base: Path | None

    def describe(self) -> str:
        """Name the place in its own spelling."""
        place = self.place()
        name = display_path(self.document.path)
        return f"{name}:{place.line}:{place.column}" if place else f"{name} (line unknown)"

    def place(self) -> Place | None:
        """Locate the key."""
        span = self.document.span(self.keys)
        return self.document.place(span.key, span.end) if span else None


@dataclass(frozen=True)
class VariableOrigin:
    """An environment variable, or a Worker's variable or secret."""

    name: str = field(repr=False)
    layer: str = "environment"
    base: Path | None = None

    def describe(self) -> str:
        """Name the place in its own spelling."""
        return mask(self.name)


@dataclass(frozen=True)
class DotenvOrigin:
    """A line of a ``.env`` file."""

    name: str = field(repr=False)
    path: Path
    line: int
    base: Path | None
    layer: str = ".env"

    def describe(self) -> str:
        """Name the place in its own spelling."""
        return f"{display_path(self.path)}:{self.line} ({mask(self.name)})"


@dataclass(frozen=True)
class SecretFileOrigin:
    """A file that holds one secret, possibly named by a ``…_FILE`` variable."""

    path: Path = field(repr=False)
    variable: str | None = None
    layer: str = "secret file"
    base: Path | None = None

    def describe(self) -> str:
        """Name the place in its own spelling."""
        via = f" (via {self.variable})" if self.variable else ""
        return f"{display_path(self.path)}{via}"


@dataclass(frozen=True)
class OverrideOrigin:
    """A value given in code or by ``--set``."""

    name: str = field(repr=False)
    layer: str = "override"
    base: Path | None = None

    def describe(self) -> str:
        """Name the place in its own spelling."""
        return f"override {mask(self.name)}"


@dataclass(frozen=True)
class ConsequenceOrigin:
    """What another definition brings with it, where nobody said otherwise."""

    cause: Origin
    layer: str = "the base is in memory"
    base: Path | None = None

    def describe(self) -> str:
        """Name the place of the cause: whoever wants another value changes that one."""
        return self.cause.describe()


@dataclass(frozen=True)
class Definition:
    """One value given to one setting somewhere."""

    path: KeyPath = field(repr=False)
    value: object = field(repr=False)
    origin: Origin


@dataclass(frozen=True)
class Layer:
    """Definitions of one strength, in the order in which they stand."""

    name: str
    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class Origins:
    """Every definition of every setting: the one that holds, and the weaker ones behind it."""

    winners: Mapping[KeyPath, Definition] = field(default_factory=dict, repr=False)
    shadowed: Mapping[KeyPath, tuple[Definition, ...]] = field(default_factory=dict, repr=False)
    lineage: tuple[str, ...] = ()
    """The profile and those it extends, nearest first."""

    root: Node = field(default=NOTHING, repr=False)
    """The model that they are definitions of."""

    def of(self, path: KeyPath) -> Origin:
        """Return the origin of the leaf at ``path``; the model's default if nothing defines it."""
        definition = self.winners.get(path)
        return definition.origin if definition else DefaultOrigin()

    def weaker(self, path: KeyPath) -> tuple[Definition, ...]:
        """Return the definitions that the one at ``path`` hides, strongest first."""
        return self.shadowed.get(path, ())

    def nearest(self, path: KeyPath) -> Definition | None:
        """Return the definition at ``path``, or the closest one inside or around it."""
        for length in range(len(path), 0, -1):
            for candidate in self._within(path[:length]):
                return candidate
        return None

    def _within(self, path: KeyPath) -> Iterator[Definition]:
        if path in self.winners:
            yield self.winners[path]
        for key, definition in self.winners.items():
            if key[: len(path)] == path:
                yield definition


def display_path(path: Path) -> str:
    """Write a path as a person would: relative to the working folder when inside it."""
    try:
        return mask_forms(str(path.relative_to(Path.cwd())))
    except (ValueError, OSError):
        return mask_forms(str(path))
