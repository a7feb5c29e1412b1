"""What a function is lent: whatever it names in its signature by type, for one invocation.

    def add_link(form: LinkForm, database: Database, settings: Settings[LinksSettings]) -> Link: ...

The same for routes, jobs, commands and probes, in every home. Nothing else can be reached.
"""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, get_args, get_origin, get_type_hints

from inkcre.application import Application
from inkcre.context import Components
from inkcre.errors import OperatorError
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings as AllSettings
from inkcre.settings.section import Section

S = TypeVar("S", bound=Section)
T = TypeVar("T")

Function = Callable[..., T]
"""A function with whatever parameters."""

Take = Callable[[Components], object]
"""Takes out of the components what one parameter is lent."""

OF_A_SECTION = "section of settings"
"""Marks a parameter that is lent a section of the settings."""

Settings = Annotated[S, OF_A_SECTION]
"""``Settings[LinksSettings]``: a section of the settings, as it was loaded."""


class NotLent(OperatorError):
    """Tell that a function asks for something that nobody lends."""

    code = "not_lent"


LENT: Mapping[object, Take] = {
    AllSettings: lambda components: components.settings,
    Application: lambda components: components.application,
    Clock: lambda components: components.clock,
    # For those who run a job while somebody waits: it is lent in its turn.
    Components: lambda components: components,
    Database: lambda components: components.database,
    KeyValue: lambda components: components.keyvalue,
    Storage: lambda components: components.storage,
    Tenure: lambda components: components.tenure,
    Web: lambda components: components.web,
    Zone: lambda components: components.zone,
}
"""What can be lent, by type."""

PUBLIC = "Database, Storage, KeyValue, Web or Clock"
"""Those that ``inkcre.framework`` has."""

OPENED: frozenset[object] = frozenset({Components, Database, KeyValue, Storage, Tenure, Web})
"""What takes components to be built, and a base to be there."""


@dataclass(frozen=True)
class Parameters(Generic[T]):
    """The parameters of a function: those that are lent, and the others."""

    function: Function[T]
    lent: Mapping[str, Take]
    """What each takes out of the components, by its name."""

    types: Mapping[str, object]
    """The types of those that are lent, by their names."""

    sections: Mapping[str, type[Section]]
    """The sections that are asked for, by the parameters' names."""

    others: Mapping[str, inspect.Parameter]
    """The others, their annotations resolved."""

    @property
    def needs_base(self) -> bool:
        """Whether something is lent that takes a base to be there."""
        return any(asked in OPENED for asked in self.types.values())

    def lend(self, components: Components) -> dict[str, object]:
        """Return what the function is lent, by the parameters' names."""
        return {name: take(components) for name, take in self.lent.items()}

    def require_sections(self, known: Collection[type[Section]], *, of: str) -> None:
        """Raise unless an application's settings have every section that is asked for.

        Args:
            known: the sections of its parts.
            of: what it is called.

        Raises:
            NotLent: they have not.
        """
        for name, model in self.sections.items():
            if model not in known:
                raise NotLent(
                    f"{describe(self.function)}: parameter {name}: {model.__name__} is no section"
                    f" of {of}",
                    hint="name the section in the `settings` of one of its parts",
                )


def describe(function: Function[object]) -> str:
    """Name a function, as errors do."""
    return f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"


def find_parameters(function: Function[T]) -> Parameters[T]:
    """Look at what a function names in its signature.

    Raises:
        NotLent: an annotation names nothing.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise NotLent(
            f"{describe(function)}: its annotations name {error.name}, which cannot be found",
            hint="import it where the function is defined, not below TYPE_CHECKING",
        ) from error
    lent: dict[str, Take] = {}
    types: dict[str, object] = {}
    sections: dict[str, type[Section]] = {}
    others: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, parameter.annotation)
        model = _find_section(hint)
        if model is not None:
            sections[name], lent[name], types[name] = model, _take_section(model), hint
        elif hint is Components and not _is_ours(function):
            raise not_lent(function, name, hint)  # whoever has them reaches everything
        elif _is_lent(hint):
            lent[name], types[name] = LENT[hint], hint
        elif isinstance(hint, type) and issubclass(hint, Section):
            raise not_lent(function, name, hint)  # FastAPI would take it from the request
        else:
            others[name] = parameter.replace(annotation=hint)
    return Parameters(function, lent, types, sections, others)


def _is_ours(function: Function[object]) -> bool:
    return function.__module__.partition(".")[0] == __name__.partition(".")[0]


def _is_lent(hint: object) -> bool:
    try:
        return hint in LENT
    except TypeError:  # what cannot be hashed is no type of ours
        return False


def _find_section(hint: object) -> type[Section] | None:
    if get_origin(hint) is not Annotated:
        return None
    model, *marks = get_args(hint)
    return model if marks == [OF_A_SECTION] else None


def _take_section(model: type[Section]) -> Take:
    return lambda components: components.settings.section(model)


def refuse_unknown(parameters: Parameters[T], known: Callable[[object], bool]) -> None:
    """Raise if a function has a parameter that is neither lent nor what its callers give.

    Args:
        parameters: those of the function.
        known: whether an annotation is of what its callers give.

    Raises:
        NotLent: naming the parameter and the function.
    """
    for name, parameter in parameters.others.items():
        if parameter.default is parameter.empty and not known(parameter.annotation):
            raise not_lent(parameters.function, name, parameter.annotation)


def not_lent(function: Function[object], name: str, annotation: object) -> NotLent:
    """Make the error that tells of a parameter that nobody lends."""
    where = f"{describe(function)}: parameter {name}"
    if annotation is inspect.Parameter.empty:
        return NotLent(f"{where}: has no type", hint="write one: what is lent is found by it")
    shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return NotLent(f"{where}: {shown} is a section", hint=f"write Settings[{shown}]")
    return NotLent(
        f"{where}: {shown} is not lent to anybody",
        hint=f"name {PUBLIC}, or Settings[…] of a section",
    )
