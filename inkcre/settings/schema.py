"""What the settings engine is told of an application: everything that it knows of one.

No function of the engine has a model, a prefix or a file name of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

from inkcre.application import Alias
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node, describe_model
from inkcre.settings.origins import Origins
from inkcre.settings.rules import Rules

M = TypeVar("M", bound=SettingsModel)
M_co = TypeVar("M_co", bound=SettingsModel, covariant=True)


Elsewhere = Callable[[KeyPath], Iterable[object]]
"""Returns what other profiles than the chosen one have at a path."""


@dataclass(frozen=True)
class Grown(Generic[M_co]):
    """The schema that some settings ask for, by what they enable."""

    schema: "Schema[M_co]"
    problems: tuple[Diagnostic, ...] = ()
    """What keeps the settings from being used."""

    notes: tuple[Diagnostic, ...] = ()
    """What does not."""

    widen: "Callable[[], Schema[M_co]] | None" = None
    """Returns the schema of settings files: with what other profiles enable as well."""


@dataclass(frozen=True)
class Schema(Generic[M_co]):
    """What settings an application has, and how its files and variables are called."""

    title: str
    """What the application is called where people read it."""

    model: type[M_co]
    command: str
    """What is typed to run it: ``inkcre``."""

    prefix: str
    """What its variables begin with, its underscore included: ``INKCRE_``."""

    filename: str
    """What its settings file is called: ``inkcre.toml``."""

    rules: Rules = field(default_factory=Rules)
    """What is asked of merged settings beyond their types."""

    aliases: Mapping[str, Alias] = field(default_factory=dict)
    """Further variables that set something, by name: those of a former version."""

    switches: Mapping[str, str] = field(default_factory=dict)
    """Further variables that choose a profile when they are true: its name, by theirs."""

    unread: frozenset[KeyPath] = field(default=frozenset(), repr=False)
    """Tables that may stand in files and are not looked at."""

    grow: "Callable[[Origins, Elsewhere], Grown[M_co]] | None" = None
    """Returns the schema that merged settings ask for; None where they cannot ask for another."""

    open_table: str = ""
    """The table that has those of what settings enable, which are not known before."""

    def is_open(self, path: KeyPath) -> bool:
        """Tell whether a setting is in a table that another schema may know."""
        return len(path) > 2 and path[0] == self.open_table and self.root.find(path[:2]) is None

    def is_unread(self, path: KeyPath) -> bool:
        """Tell whether a setting is in a table that is not looked at."""
        return any(path[: len(table)] == table for table in self.unread)

    @cached_property
    def root(self) -> Node:
        """The model as data."""
        return describe_model(self.model)

    @property
    def profile_variable(self) -> str:
        """The variable that names the profile."""
        return f"{self.prefix}PROFILE"

    @property
    def config_variable(self) -> str:
        """The variable that names the settings file."""
        return f"{self.prefix}CONFIG"

    @property
    def choosing(self) -> tuple[str, str]:
        """The variables that choose where to look, and are not settings."""
        return self.profile_variable, self.config_variable

    def variable_name(self, path: KeyPath) -> str:
        """Name the variable that sets ``path``."""
        return self.prefix + "__".join(path).upper()

    def path_of_variable(self, name: str) -> KeyPath:
        """Part a variable's name.

        Variables have no case; bindings are named in capitals by custom.
        """
        path = tuple(name.removeprefix(self.prefix).lower().split("__"))
        return (path[0], path[1].upper(), *path[2:]) if path[0] == "bindings" and path[1:] else path
