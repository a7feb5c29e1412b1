"""What an application asks of merged settings, as data that the engine is passed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.nodes import KeyPath
from inkcre.settings.origins import Origins


@runtime_checkable
class Constraint(Protocol):
    """A rule about merged settings."""

    @property
    def paths(self) -> tuple[KeyPath, ...]:
        """The settings that the rule is about."""

    @property
    def sentence(self) -> str:
        """The rule in words."""

    def find_violation(self, origins: Origins) -> Diagnostic | None:
        """Return the problem when the settings break the rule, with every place that conflicts."""


class Advice(Protocol):
    """A check of settings that may be loaded all the same."""

    @property
    def id(self) -> str:
        """Its stable id."""

    @property
    def title(self) -> str:
        """What it looks for."""

    def mentions(self, key: str) -> bool:
        """Tell whether the check is about a setting."""


def settle_nothing(origins: Origins) -> Origins:
    """Let nothing follow from anything."""
    return origins


@dataclass(frozen=True)
class Rules:
    """The rules of an application."""

    constraints: tuple[Constraint, ...] = ()
    """Checked when settings are loaded."""

    list_checks: Callable[[], Iterable[Advice]] = tuple
    """Lists what those name who explain a setting. A call: who loads settings needs none of it."""

    settle: Callable[[Origins], Origins] = settle_nothing
    """Adds what follows from one setting for another that nobody chose."""
